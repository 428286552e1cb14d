/// Reads composition strings.
internal import Files

/// How many adapters a composition may name: parts that are parallel are copied for each of them.
private let mostNames = 256

/// How deep compositions may lie within each other.
private let mostLevels = 8

struct CompositionReader {
  private let text: String
  private let characters: [Character]
  private var position = 0
  private var named = 0

  init(_ text: String) {
    self.text = text
    characters = Array(text)
  }

  mutating func composition(depth: Int) throws -> Composition {
    guard depth < mostLevels else { throw failure("nested too deeply") }
    let start = position
    let name = try word()
    guard skip("(") else {
      named += 1
      guard named <= mostNames else {
        throw failure("names more than \(mostNames) adapters")
      }
      return Composition(.adapter(name))
    }
    guard let block = CompositionBlocks.all.first(where: { $0.name == name }) else {
      throw failure(
        "\(escaped(name, limit: 80)) is no composition of this version", at: start,
        hint: CompositionBlocks.all.map { $0.example }.joined(separator: ", "))
    }
    var parts: [CompositionPart] = []
    // Of each part where its colon is, or should be.
    var places: [Int] = []
    repeat {
      let child = try composition(depth: depth + 1)
      let hasArgument = skip(":")
      places.append(hasArgument ? position - 1 : position)
      let argument = hasArgument ? try word() : nil
      parts.append(CompositionPart(composition: child, argument: argument))
    } while skip(",")
    guard skip(")") else { throw failure("expected , or )") }
    do {
      return Composition(.block(try block.init(parts), parts.map(\.composition)))
    } catch let problem as CompositionProblem {
      throw failure(problem.problem, at: problem.part.map { places[$0] }, hint: problem.hint)
    }
  }

  private mutating func word() throws -> String {
    skipSpace()
    let start = position
    while position < characters.count, !"(),: ".contains(characters[position]) { position += 1 }
    guard position > start else { throw failure("expected a name") }
    return String(characters[start..<position])
  }

  private mutating func skip(_ character: Character) -> Bool {
    skipSpace()
    guard position < characters.count, characters[position] == character else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while position < characters.count, characters[position] == " " { position += 1 }
  }

  mutating func expectEnd() throws {
    skipSpace()
    guard position == characters.count else { throw failure("unexpected rest") }
  }

  /// About a place, or about that which was reached.
  private func failure(
    _ problem: String, at place: Int? = nil, hint: String? = nil
  ) -> FileFailure {
    FileFailure(
      "setup \(escaped(text, limit: 80))", at: "column \((place ?? position) + 1)", problem,
      hint: hint)
  }
}
