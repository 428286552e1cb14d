/// A sentence template in the language of hassil, which Home Assistant's intents are written in.
///
///     turn on [the] (light|lamp) in <the> {area}      [optional] (either|or) <rule> {list}
///     set {timer_minutes:minutes} minutes             {list:slot}, a list under another name
///     turn (on;the light)                             parts in any order
indirect enum SentenceTemplate {
  case text(String)
  case sequence([SentenceTemplate])
  case alternatives([SentenceTemplate])
  /// Parts in any order.
  case permutation([SentenceTemplate])
  case rule(String)
  case list(String, slot: String)

  /// What is wrong with a template.
  struct Failure: Error {
    let problem: String
  }

  init(parsing text: String) throws {
    var parser = Parser(rest: Substring(text))
    self = try parser.group(until: nil, depth: 0)
  }
}

/// Reads a template from its beginning to its end.
private struct Parser {
  var rest: Substring

  /// What is between brackets, or the whole template.
  mutating func group(until close: Character?, depth: Int) throws -> SentenceTemplate {
    guard depth < 32 else { throw SentenceTemplate.Failure(problem: "brackets too deep") }
    var parts: [[SentenceTemplate]] = [[]]
    var separators: Set<Character> = []
    while let character = rest.popFirst() {
      switch character {
      case close: return try made(of: parts, separators)
      case "(": add(try group(until: ")", depth: depth + 1), to: &parts)
      case "[":
        let content = try group(until: "]", depth: depth + 1)
        add(.alternatives([content, .text("")]), to: &parts)
      case "<": add(.rule(try name(until: ">")), to: &parts)
      case "{":
        let names = try name(until: "}").split(separator: ":", maxSplits: 1).map(String.init)
        guard let list = names.first, let slot = names.last else {
          throw SentenceTemplate.Failure(problem: "a list without a name")
        }
        add(.list(list, slot: slot), to: &parts)
      case "|", ";":
        separators.insert(character)
        parts.append([])
      case ")", "]", "}", ">":
        throw SentenceTemplate.Failure(problem: "\(character) closes nothing")
      default:
        let more = rest.prefix { !"()[]<>{}|;".contains($0) }
        rest = rest.dropFirst(more.count)
        add(.text(String(character) + more), to: &parts)
      }
    }
    guard close == nil else { throw SentenceTemplate.Failure(problem: "a bracket never closes") }
    return try made(of: parts, separators)
  }

  private func add(_ part: SentenceTemplate, to parts: inout [[SentenceTemplate]]) {
    parts[parts.count - 1].append(part)
  }

  private func made(
    of parts: [[SentenceTemplate]], _ separators: Set<Character>
  ) throws -> SentenceTemplate {
    let sequences = parts.map { $0.count == 1 ? $0[0] : .sequence($0) }
    guard separators.count <= 1 else {
      throw SentenceTemplate.Failure(problem: "| and ; in one group")
    }
    if sequences.count == 1 { return sequences[0] }
    return separators.contains("|") ? .alternatives(sequences) : .permutation(sequences)
  }

  private mutating func name(until close: Character) throws -> String {
    guard let end = rest.firstIndex(of: close) else {
      throw SentenceTemplate.Failure(problem: "no \(close) after a name")
    }
    defer { rest = rest[rest.index(after: end)...] }
    return String(rest[..<end])
  }
}
