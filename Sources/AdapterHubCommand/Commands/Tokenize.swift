/// `adapterhub tokenize`: texts in, token ids and their places out.
import ArgumentParser
import Files
import Tokenization

struct Tokenize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn texts into token ids, with the place of each in its text.",
    discussion: """
      Reads {"text": …} or {"text": …, "pair": …} on each line and writes a line for each: \
      {"ids", "tokens", "offsets", "type_ids"}. Offsets count Unicode code points; special tokens \
      have [0, 0]. Nothing is cut.

      Examples:
        adapterhub tokenize --model all-MiniLM-L6-v2 --input texts.jsonl
        echo '{"text": "Hi"}' | adapterhub tokenize --model all-MiniLM-L6-v2
      """)

  @Option(help: "A model's folder with tokenizer.json or vocab.txt.")
  var model: String

  @Option(help: "A .jsonl file; - or nothing is standard input.")
  var input: String?

  func run() throws {
    let tokenizer = try Tokenizer(folder: folderOrPulled(model, "model"))
    var lines = try LineReader(input == "-" ? nil : input)
    var output = StandardOutput()
    while let object = try lines.nextObject() {
      let encoding = try tokenizer.encode(
        object.required("text").string(), pair: object["pair"]?.string())
      try output.line(json(encoding, tokenizer).text(.compact))
    }
    try output.flush()
  }

  private func json(_ encoding: Encoding, _ tokenizer: Tokenizer) -> JSON {
    func integers(_ values: [Int32]) -> JSON { .array(values.map { .integer(Int($0)) }) }
    return [
      "ids": integers(encoding.ids),
      "tokens": .array(tokenizer.tokens(of: encoding).map { .string($0) }),
      "offsets": .array(
        encoding.offsets.map { [.integer($0.lowerBound), .integer($0.upperBound)] }),
      "type_ids": integers(encoding.typeIds),
    ]
  }
}
