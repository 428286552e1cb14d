/// YAML as JSON values, from a stranger: nothing it can say makes reading slow, large or deep.
package import Files
internal import Yams

/// What is wrong with a YAML text, and on which of its lines.
package struct YAMLFailure: Error, Equatable {
  package let message: String
  package let line: Int?

  package init(message: String, line: Int?) {
    self.message = message
    self.line = line
  }
}

/// One YAML document, read within limits.
///
/// The library resolves aliases while it reads and hashes what it resolved, so that ten lines can
/// keep it busy for ever. Therefore aliases are hidden from it: the `*` that begins one becomes a
/// character that the text does not hold, and what then looks like an alias is expanded here, where
/// each node is counted.
package struct SafeYAML {
  package static let sizeLimit = 256 * 1024
  static let depthLimit = 50
  static let expansionLimit = 1_000
  /// Of what a line's form lets suspect, before it is parsed: keeps recursion off the stack's end.
  private static let suspicionLimit = 400

  package let value: JSON
  /// The lines of the keys of the document's mapping, counted from 1.
  package let lines: [String: Int]

  package init(_ text: String) throws {
    guard text.utf8.count <= Self.sizeLimit else {
      throw YAMLFailure(
        message: "is \(text.utf8.count) bytes long, the limit is \(Self.sizeLimit)", line: nil)
    }
    try Self.checkSuspectedDepth(text)
    let sentinel = Self.sentinel(for: text)
    let parser: Parser
    let root: Node?
    do {
      parser = try Parser(
        yaml: Self.hidingAliases(in: text, behind: sentinel), resolver: .basic, encoding: .utf8)
      root = try parser.singleRoot()
    } catch let error as YamlError {
      throw YAMLFailure(error, sentinel)
    }
    // Nodes hold their anchors weakly: the parser owns them.
    (value, lines) = try withExtendedLifetime(parser) {
      var reader = NodeReader(sentinel: sentinel)
      guard let root else { return (.null, [:]) }
      let value = try reader.value(root, depth: 0)
      var lines: [String: Int] = [:]
      for (key, _) in root.mapping ?? [:] {
        if let scalar = key.scalar { lines[scalar.string] = scalar.mark?.line }
      }
      return (value, lines)
    }
  }

  /// Refuses what could be nested deeper than any honest text, by brackets and by indentation.
  private static func checkSuspectedDepth(_ text: String) throws {
    var brackets = 0
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let indicators = line.utf8.prefix { byte in
        [0x20, 0x09, UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":")].contains(byte)
      }.count
      var deepest = brackets
      for byte in line.utf8 {
        switch byte {
        case UInt8(ascii: "["), UInt8(ascii: "{"):
          brackets += 1
          deepest = max(deepest, brackets)
        case UInt8(ascii: "]"), UInt8(ascii: "}"): brackets = max(0, brackets - 1)
        default: break
        }
      }
      guard deepest <= suspicionLimit, indicators <= 2 * suspicionLimit else {
        throw YAMLFailure(
          message: "may be nested deeper than \(depthLimit) levels", line: index + 1)
      }
    }
  }

  /// A character for private use that the text does not hold.
  private static func sentinel(for text: String) -> Character {
    let used = Set(text.unicodeScalars.filter { (0xE000...0xF8FF).contains($0.value) })
    let free = (0xE000...0xF8FF as ClosedRange<UInt32>).lazy.compactMap { Unicode.Scalar($0) }
      .first { !used.contains($0) }
    return Character(free ?? "\u{E000}")
  }

  /// The text with every `*` that may begin an alias replaced.
  private static func hidingAliases(in text: String, behind sentinel: Character) -> String {
    var result = String.UnicodeScalarView()
    var previous: Unicode.Scalar = "\n"
    let mark = sentinel.unicodeScalars.first ?? "*"
    for scalar in text.unicodeScalars {
      let mayBegin = " \t\n\r[]{},:?-".unicodeScalars.contains(previous)
      result.append(scalar == "*" && mayBegin ? mark : scalar)
      previous = scalar
    }
    return String(result)
  }
}

/// Turns nodes into values, and counts what aliases add.
private struct NodeReader {
  let sentinel: Character
  var anchors: [String: (value: JSON, nodeCount: Int)] = [:]
  var expanded = 0
  /// Nodes seen so far, expansions included.
  var count = 0

  mutating func value(_ node: Node, depth: Int) throws -> JSON {
    guard depth <= SafeYAML.depthLimit else {
      throw YAMLFailure(
        message: "is nested deeper than \(SafeYAML.depthLimit) levels", line: node.mark?.line)
    }
    let before = count
    count += 1
    let value: JSON
    switch node {
    case .scalar(let scalar): value = try self.scalar(scalar)
    case .sequence(let sequence):
      try checkTag(node, "seq")
      value = .array(try sequence.map { try self.value($0, depth: depth + 1) })
    case .mapping(let mapping):
      try checkTag(node, "map")
      var object = JSON.Object()
      for (keyNode, valueNode) in mapping {
        guard let scalar = keyNode.scalar else {
          throw YAMLFailure(message: "a key is not a text", line: keyNode.mark?.line)
        }
        let key = try keyText(scalar)
        guard object[key] == nil else {
          throw YAMLFailure(message: "the key \(key) occurs twice", line: keyNode.mark?.line)
        }
        object[key] = try self.value(valueNode, depth: depth + 1)
      }
      value = .object(object)
    case .alias: throw YAMLFailure(message: "an alias that leads nowhere", line: node.mark?.line)
    }
    if let anchor = node.anchor?.rawValue { anchors[anchor] = (value, count - before) }
    return value
  }

  private mutating func keyText(_ scalar: Node.Scalar) throws -> String {
    let value = try self.scalar(scalar)
    if case .string(let text) = value { return text }
    if case .array = value {
      throw YAMLFailure(message: "a key is not a text", line: scalar.mark?.line)
    }
    if case .object = value {
      throw YAMLFailure(message: "a key is not a text", line: scalar.mark?.line)
    }
    return restored(scalar.string)
  }

  private mutating func scalar(_ scalar: Node.Scalar) throws -> JSON {
    let tag = scalar.tag.description
    let node = Node.scalar(scalar)
    if scalar.style == .plain, scalar.string.first == sentinel {
      return try alias(scalar)
    }
    let text = restored(scalar.string)
    switch explicitTag(node) {
    case nil, "": return scalar.style == .plain ? plain(text) : .string(text)
    case "tag:yaml.org,2002:str", "!": return .string(text)
    case "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float",
      "tag:yaml.org,2002:null":
      return plain(text)
    default:
      throw YAMLFailure(
        message: "the tag \(escaped(tag, limit: 80)) is not allowed", line: scalar.mark?.line)
    }
  }

  /// What an anchor stands for, within what aliases may add.
  private mutating func alias(_ scalar: Node.Scalar) throws -> JSON {
    let name = String(scalar.string.dropFirst())
    guard let anchor = anchors[name] else {
      throw YAMLFailure(
        message: "*\(escaped(name, limit: 40)) is an alias of nothing; quote a text that begins "
          + "with *", line: scalar.mark?.line)
    }
    expanded += anchor.nodeCount
    count += anchor.nodeCount
    guard expanded <= SafeYAML.expansionLimit else {
      throw YAMLFailure(
        message: "aliases expand to more than \(SafeYAML.expansionLimit) values",
        line: scalar.mark?.line)
    }
    return anchor.value
  }

  private func checkTag(_ node: Node, _ expected: String) throws {
    let tag = explicitTag(node) ?? ""
    guard ["", "!", "tag:yaml.org,2002:\(expected)"].contains(tag) else {
      throw YAMLFailure(
        message: "the tag \(escaped(tag, limit: 80)) is not allowed", line: node.mark?.line)
    }
  }

  /// A tag that is written, or that the library found; nil where there is none.
  private func explicitTag(_ node: Node) -> String? {
    let tag: Tag =
      switch node {
      case .scalar(let scalar): scalar.tag
      case .sequence(let sequence): sequence.tag
      case .mapping(let mapping): mapping.tag
      case .alias: .implicit
      }
    return tag.description
  }

  private func restored(_ text: String) -> String {
    text.contains(sentinel) ? text.replacing(String(sentinel), with: "*") : text
  }

  /// A text without quotes, by the core schema of YAML 1.2: `no` is a language, not false.
  private func plain(_ text: String) -> JSON {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .number(.infinity)
    case "-.inf", "-.Inf", "-.INF": return .number(-.infinity)
    case ".nan", ".NaN", ".NAN": return .number(.nan)
    default: break
    }
    guard let first = text.utf8.first, text.utf8.count <= 40,
      "+-.0123456789".utf8.contains(first)
    else { return .string(text) }
    if text.hasPrefix("0x"), let value = Int(text.dropFirst(2), radix: 16) {
      return .integer(value)
    }
    if text.hasPrefix("0o"), let value = Int(text.dropFirst(2), radix: 8) { return .integer(value) }
    if let value = Int(text) { return .integer(value) }
    let isNumeric = text.utf8.allSatisfy { "+-.0123456789eE".utf8.contains($0) }
    if isNumeric, text.utf8.contains(where: { "0123456789".utf8.contains($0) }),
      let value = Double(text.hasPrefix(".") ? "0" + text : text)
    {
      return .number(value)
    }
    return .string(text)
  }
}

extension YAMLFailure {
  fileprivate init(_ error: YamlError, _ sentinel: Character) {
    let (message, line): (String, Int?) =
      switch error {
      case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
        .composer(_, let problem, let mark, _):
        (problem, mark.line)
      case .reader(let problem, let offset, _, let yaml):
        (
          problem,
          offset.map { offset in 1 + yaml.utf8.prefix(max(0, offset)).count { $0 == 0x0A } }
        )
      case .duplicatedKeysInMapping(let keys, let context):
        (
          "the key \(keys.map { escaped($0, limit: 80) }.joined(separator: ", ")) occurs twice",
          context.mark.line
        )
      default: ("is no YAML", nil)
      }
    self.init(message: message.replacing(String(sentinel), with: "*"), line: line)
  }
}
