/// A model card: `README.md`, whose front matter tells programs what its text tells people.
public import Files

/// What is wrong with a card, or could be better.
public struct CardProblem: Sendable, Equatable, CustomStringConvertible {
  public let message: String
  /// Of the file, counted from 1.
  public let line: Int?
  /// Whether a hub refuses the card for it.
  public let isError: Bool

  public init(_ message: String, line: Int? = nil, isError: Bool = true) {
    self.message = message
    self.line = line
    self.isError = isError
  }

  public var description: String { (line.map { "line \($0): " } ?? "") + message }
}

/// A card taken apart.
///
///     ---
///     license: mit          ← front matter: YAML, within limits
///     ---
///     # An adapter          ← body: Markdown
///
/// Reading never fails: what is wrong with a card are its ``problems``.
public struct CardFile: Sendable {
  /// Empty where there is none, or none that can be read.
  public let frontMatter: JSON.Object
  /// Everything behind the front matter.
  public let body: String
  /// In the order of the file.
  public let problems: [CardProblem]

  /// Parses the text of a `README.md`.
  public init(_ text: String) {
    let parts = CardParts(text)
    body = parts.body
    guard let yaml = parts.yaml else {
      frontMatter = [:]
      problems = [parts.problem].compactMap(\.self)
      return
    }
    do {
      let document = try SafeYAML(yaml)
      switch document.value {
      case .object(let object):
        frontMatter = object
        problems = CardRules(object, lines: document.lines.mapValues { $0 + 1 }).problems
      case .null:
        frontMatter = [:]
        problems = [CardProblem("the front matter is empty", line: 1, isError: false)]
      case let other:
        frontMatter = [:]
        problems = [CardProblem("the front matter is \(other.kind), not keys and values", line: 2)]
      }
    } catch let failure as YAMLFailure {
      frontMatter = [:]
      problems = [
        CardProblem(
          "the front matter: \(escaped(failure.message, limit: 300))",
          line: failure.line.map { $0 + 1 })
      ]
    } catch {
      frontMatter = [:]
      problems = [
        CardProblem("the front matter cannot be read: \(escaped("\(error)", limit: 300))")
      ]
    }
  }

  /// Reads a file; one that is too large or not UTF-8 is a problem, not a failure.
  public init(contentsOf path: String) throws {
    let bytes = try readFile(path, limit: 16 << 20)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      self.init(problem: CardProblem("is not UTF-8; save it as UTF-8"))
      return
    }
    self.init(text)
  }

  private init(problem: CardProblem) {
    (frontMatter, body, problems) = ([:], "", [problem])
  }

  public var errors: [CardProblem] { problems.filter(\.isError) }
  public var warnings: [CardProblem] { problems.filter { !$0.isError } }

  /// The strings at a key that holds one or a list of them; those that are none are left out.
  public func strings(_ key: String) -> [String] {
    switch frontMatter[key] {
    case .string(let text): [text]
    case .array(let values):
      values.compactMap { if case .string(let text) = $0 { text } else { nil } }
    default: []
    }
  }
}

/// Where the front matter ends and the body begins.
private struct CardParts {
  var yaml: String?
  var body: String
  var problem: CardProblem?

  init(_ text: String) {
    let text =
      text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    // Line ends are made one before lines are cut: to Swift "\r\n" is one character.
    let lines = text.replacing("\r\n", with: "\n")
      .split(separator: "\n", omittingEmptySubsequences: false)
    func isFence(_ line: Substring) -> Bool {
      line.hasPrefix("---") && line.dropFirst(3).allSatisfy { $0 == " " || $0 == "\t" }
    }
    guard let first = lines.first, isFence(first) else {
      body = text
      problem = CardProblem(
        "has no front matter: lines between two --- at the very beginning that say tags, license …",
        line: 1, isError: false)
      return
    }
    guard let end = lines.dropFirst().firstIndex(where: isFence) else {
      body = ""
      problem = CardProblem("the front matter is opened and never closed by a line ---", line: 1)
      return
    }
    yaml = lines[1..<end].map { $0 + "\n" }.joined()
    body = lines[(end + 1)...].joined(separator: "\n")
  }
}
