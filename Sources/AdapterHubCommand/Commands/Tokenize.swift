/// `adapterhub tokenize`: texts in, token ids and their places out.
import Adapters
import ArgumentParser
import Files
import Tokenization

struct Tokenize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn texts into token ids, with the place of each in its text.",
    discussion: """
      Reads {"text": …} or {"text": …, "pair": …} on each line and writes a line for each: \
      {"ids", "tokens", "offsets", "type_ids"}. Offsets count Unicode code points; special tokens \
      have [0, 0]. Nothing is cut. An "id" of a line is given back; the line for one that cannot be \
      read is {"row", "id"?, "error": {"message"}}.

      Examples:
        adapterhub tokenize --model all-MiniLM-L6-v2 --input texts.jsonl
        echo '{"text": "Hi"}' | adapterhub tokenize --model all-MiniLM-L6-v2
      """)

  @Option(help: "A model's folder with tokenizer.json or vocab.txt.")
  var model: String

  @Option(help: "A .jsonl file; - or nothing is standard input.")
  var input: String?

  @Flag(help: "End at the first line that cannot be read, with exit code 65.")
  var strict = false

  func run() throws {
    let tokenizer = try Tokenizer(folder: folderOrPulled(model, "model"))
    var lines = try LineBatches(of: input) { line, _ in try TextInput(line) }
    try answerLines(&lines, isStrict: strict, asJSON: true) { lines in
      lines.map { line in
        Result {
          let encoding = try tokenizer.encode(line.request.text, pair: line.request.pair)
          return [json(encoding, tokenizer, line.id).text(.compact)]
        }
      }
    }
  }

  private func json(_ encoding: Encoding, _ tokenizer: Tokenizer, _ id: JSON?) -> JSON {
    func integers(_ values: [Int32]) -> JSON { .array(values.map { .integer(Int($0)) }) }
    var object: JSON.Object = [
      "ids": integers(encoding.ids),
      "tokens": .array(tokenizer.tokens(of: encoding).map { .string($0) }),
      "offsets": .array(
        encoding.offsets.map { [.integer($0.lowerBound), .integer($0.upperBound)] }),
      "type_ids": integers(encoding.typeIds),
    ]
    if let id { object["id"] = id }
    return .object(object)
  }
}
