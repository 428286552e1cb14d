internal import Files

/// Intents and slots of smart-home sentences.
///
/// About a quarter of the templates are held out: development and test sentences are said in ways
/// that training has not seen, and no sentence is in two files.
func makeHome(from folder: String) throws -> [DataFile] {
  let path = "\(folder)/home_assistant_intents/data/en.json"
  let grammar = try HomeGrammar(contentsOf: path)
  var random = SplitMix64(seed: 2026)
  var drawn = Drawn()
  for intent in intents {
    let blocks = grammar.blocks(of: intent)
    guard !blocks.isEmpty else {
      throw FileFailure(
        path, at: "$.intents", "no intent named \(intent)",
        hint: "is this home-assistant-intents 2026.10.27?")
    }
    drawn.add(intent, blocks, grammar, &random)
  }
  return drawn.splits.flatMap { name, rows in
    let rows = random.shuffled(rows)
    return [
      DataFile(
        name: "intent.\(name).jsonl",
        rows: rows.map { ["text": .string($0.sentence.text), "label": .string($0.label)] }),
      DataFile(
        name: "slots.\(name).jsonl",
        rows: rows.map { row in
          let tokens = row.sentence.tokens
          return [
            "tokens": .array(tokens.map { .string($0.token) }),
            "tags": .array(tokens.map { .string($0.tag) }),
          ]
        }),
    ]
  }
}

/// Those with enough to say.
private let intents = [
  "HassTurnOn", "HassTurnOff", "HassLightSet", "HassClimateSetTemperature",
  "HassClimateGetTemperature", "HassFanSetSpeed", "HassSetPosition", "HassGetState",
  "HassGetWeather", "HassStartTimer", "HassCancelTimer", "HassTimerStatus", "HassSetVolume",
  "HassMediaSearchAndPlay", "HassMediaNext", "HassMediaPause", "HassShoppingListAddItem",
  "HassBroadcast",
]

/// The sentences drawn so far.
private struct Drawn {
  typealias Row = (sentence: Sentence, label: String)
  private var train: [Row] = []
  private var dev: [Row] = []
  private var test: [Row] = []
  private var seen: Set<String> = []

  /// How many sentences of each intent.
  private static let sizes = (train: 140, dev: 17, test: 28)

  var splits: [(name: String, rows: [Row])] {
    // A tag that training lacks could not be learnt.
    let tags = Set(train.flatMap { $0.sentence.tokens.map(\.tag) })
    let isKnown: (Row) -> Bool = { $0.sentence.tokens.allSatisfy { tags.contains($0.tag) } }
    return [("train", train), ("dev", dev.filter(isKnown)), ("test", test.filter(isKnown))]
  }

  mutating func add(
    _ intent: String, _ blocks: [HomeGrammar.Block], _ grammar: HomeGrammar,
    _ random: inout SplitMix64
  ) {
    let label = snakeCase(intent.dropFirst("Hass".count))
    var known: [HomeGrammar.Block] = []
    var heldOut: [HomeGrammar.Block] = []
    for block in blocks {
      let templates = random.shuffled(block.templates)
      // At least one is kept, so that training knows every combination of slots.
      let count = templates.count == 2 ? random.below(2) : (templates.count + 2) / 4
      heldOut.append(
        HomeGrammar.Block(templates: Array(templates.prefix(count)), domains: block.domains))
      known.append(
        HomeGrammar.Block(templates: Array(templates.dropFirst(count)), domains: block.domains))
    }
    let sizes = Self.sizes
    train += draw(sizes.train, label, known, grammar, &random)
    var held = draw(sizes.dev + sizes.test, label, heldOut, grammar, &random)
    // An intent of few templates is tested on other sentences of the same.
    held += draw(sizes.dev + sizes.test - held.count, label, known, grammar, &random)
    held = random.shuffled(held)
    dev += held.prefix(sizes.dev)
    test += held.dropFirst(sizes.dev)
  }

  /// Sentences that are new, as many as wanted or as the blocks have.
  private mutating func draw(
    _ count: Int, _ label: String, _ blocks: [HomeGrammar.Block], _ grammar: HomeGrammar,
    _ random: inout SplitMix64
  ) -> [Row] {
    let blocks = blocks.filter { !$0.templates.isEmpty }
    var rows: [Row] = []
    for _ in 0..<200 * count where rows.count < count {
      guard let block = random.element(of: blocks),
        let template = random.element(of: block.templates),
        let sentence = grammar.sentence(template, in: block, &random), sentence.hasPlainWords,
        seen.insert(sentence.text).inserted
      else { continue }
      rows.append((sentence, label))
    }
    return rows
  }
}

extension Sentence {
  /// It says what to do: "the desk lamp" alone could be meant in many ways.
  fileprivate var hasPlainWords: Bool {
    tokens.contains { $0.tag == "O" && !["the", "my", "our", "please"].contains($0.token) }
  }
}

/// `TurnOn` as `turn_on`.
private func snakeCase(_ name: Substring) -> String {
  name.reduce(into: "") { text, character in
    if character.isUppercase, !text.isEmpty { text.append("_") }
    text += character.lowercased()
  }
}
