/// Texts in lines of JSON.
import Adapters
import Files

extension TextInput {
  /// From a line of JSON: `{"text": …}`, `{"text": …, "pair": …}`, or `{"question": …, "context": …}`.
  init(_ line: Field) throws {
    if let question = line["question"], line["text"] == nil {
      self.init(try question.string(), pair: try line.required("context").string())
    } else {
      self.init(try line.required("text").string(), pair: try line["pair"]?.string())
    }
  }
}

/// The texts of a .jsonl file.
func readTexts(_ path: String) throws -> [TextInput] {
  var lines = try LineReader(path)
  var texts: [TextInput] = []
  while let line = try lines.nextObject() { texts.append(try TextInput(line)) }
  return texts
}
