internal import Files

/// The sentence templates of one language of home-assistant-intents (Apache-2.0), and sentences
/// drawn from them.
struct HomeGrammar {
  /// Templates that share the devices they are about.
  struct Block {
    let templates: [SentenceTemplate]
    /// The kinds of devices that `{name}` may be.
    let domains: [String]
  }

  private let intents: [String: [Block]]
  private let rules: [String: SentenceTemplate]
  private let lists: [String: [Value]]
  /// What may come before or after any sentence.
  private let prefixes: [String]
  private let suffixes: [String]

  /// What a list may say.
  private enum Value {
    case template(SentenceTemplate)
    case range(ClosedRange<Int>, step: Int, halves: Bool)
  }

  /// Reads `home_assistant_intents/data/en.json`, or another language's.
  init(contentsOf path: String) throws {
    let root = Field(try JSON(contentsOf: path), file: path)
    var intents: [String: [Block]] = [:]
    for (name, intent) in try root.required("intents").object() {
      intents[name] = try intent.required("data").array().map { block in
        Block(
          templates: try block.required("sentences").array().map { try $0.template() },
          domains: try block["requires_context"]?["domain"]?.names() ?? [])
      }
    }
    self.intents = intents
    var rules: [String: SentenceTemplate] = [:]
    for (name, rule) in try root.required("expansion_rules").object() {
      rules[name] = try rule.template()
    }
    self.rules = rules
    var lists: [String: [Value]] = [:]
    for (name, list) in try root.required("lists").object() { lists[name] = try Self.values(list) }
    self.lists = lists
    let polite = try root.required("skip_words").names()
    prefixes = polite.filter { ["please", "can you", "could you", "would you"].contains($0) }
    suffixes = polite.filter { ["please", "for me"].contains($0) }
  }

  private static func values(_ list: Field) throws -> [Value] {
    if let range = list["range"] {
      let limits = -1_000_000...1_000_000
      let from = try range.required("from").integer(in: limits)
      let to = try range.required("to").integer(in: from...1_000_000)
      let step = try range["step"]?.integer(in: 1...1_000_000) ?? 1
      return [.range(from...to, step: step, halves: range["fractions"] != nil)]
    }
    return try list["values"]?.array().map { .template(try ($0["in"] ?? $0).template()) } ?? []
  }

  func blocks(of intent: String) -> [Block] { intents[intent] ?? [] }

  /// A sentence drawn from a template; nil where a slot has no values.
  func sentence(
    _ template: SentenceTemplate, in block: Block, _ random: inout SplitMix64
  ) -> Sentence? {
    var sentence = Sentence()
    if random.oneIn(10), let prefix = random.element(of: prefixes) { sentence.append(prefix + " ") }
    guard draw(template, block, &random, &sentence, slot: nil, depth: 0) else { return nil }
    if random.oneIn(10), let suffix = random.element(of: suffixes) { sentence.append(" " + suffix) }
    return sentence
  }

  /// Appends what a template may say; false where a slot has no values.
  private func draw(
    _ template: SentenceTemplate, _ block: Block, _ random: inout SplitMix64,
    _ sentence: inout Sentence, slot: String?, depth: Int
  ) -> Bool {
    // A rule may name itself.
    guard depth < 64 else { return false }
    switch template {
    case .text(let text): sentence.append(text, slot: slot)
    case .sequence(let parts):
      for part in parts {
        guard draw(part, block, &random, &sentence, slot: slot, depth: depth + 1) else {
          return false
        }
      }
    case .alternatives(let parts):
      guard let part = random.element(of: parts) else { return false }
      return draw(part, block, &random, &sentence, slot: slot, depth: depth + 1)
    case .permutation(let parts):
      for part in random.shuffled(parts) {
        sentence.append(" ")
        guard draw(part, block, &random, &sentence, slot: slot, depth: depth + 1) else {
          return false
        }
        sentence.append(" ")
      }
    case .rule(let name):
      guard let rule = rules[name] else { return false }
      return draw(rule, block, &random, &sentence, slot: slot, depth: depth + 1)
    case .list(let name, let slot):
      return drawValue(name, slot, block, &random, &sentence, depth: depth + 1)
    }
    return true
  }

  /// Appends a value of a list as the filling of a slot.
  private func drawValue(
    _ list: String, _ slot: String, _ block: Block, _ random: inout SplitMix64,
    _ sentence: inout Sentence, depth: Int
  ) -> Bool {
    switch random.element(of: lists[list] ?? []) {
    case .range(let range, let step, let halves):
      let value = range.lowerBound + step * random.below(range.count / step)
      sentence.append("\(value)" + (halves && random.oneIn(8) ? ".5" : ""), slot: slot)
      return true
    case .template(let template):
      // One piece, whatever the value is made of: a slot is one run of tokens.
      var value = Sentence()
      guard draw(template, block, &random, &value, slot: nil, depth: depth) else { return false }
      sentence.append(value.text, slot: slot)
      return true
    case nil:
      let sources = list == "name" ? block.domains : [list]
      let values = sources.flatMap { HomeNames.values[$0] ?? [] }
      guard let value = random.element(of: values) else { return false }
      sentence.append(value, slot: slot)
      return true
    }
  }
}

extension Field {
  fileprivate func template() throws -> SentenceTemplate {
    do {
      return try SentenceTemplate(parsing: string())
    } catch let failure as SentenceTemplate.Failure {
      throw self.failure(failure.problem)
    }
  }

  /// A text or an array of texts.
  fileprivate func names() throws -> [String] {
    if case .string(let name) = json { return [name] }
    return try array().map { try $0.string() }
  }
}
