import Datasets
import Files
import Testing

@Suite struct `A damaged data file` {
  private static let files: [(suffix: String, content: String)] = [
    (".csv", "text,pair,label\r\n\"a, \"\"é\"\"\",b,x\r\nc,\"d\ne\",y\r\n"),
    (".tsv", "tokens\ttags\na b\tO B-X\n\"c\"\tI-X\n"),
    (
      ".jsonl", "{\"text\": \"é\", \"label\": \"x\"}\n\n{\"text\": \"b\", \"labels\": [\"x\", 1]}\n"
    ),
    (".jsonl", "{\"tokens\": [\"a\", \"b\"], \"tags\": [\"O\", \"B-X\"]}\n"),
    (".conll", "# c\n1\ta\tO\n2\té\tB-X\n\n1\tb\tI-X\n"),
    (".conll", "-DOCSTART- O\n\na O\n# B-X\n"),
    (
      ".json",
      """
      {"data": [{"paragraphs": [{"context": "é 👍🏽 b", "qas": [
      {"question": "q", "id": 1, "answers": [{"text": "b", "answer_start": 5}]}]}]}]}
      """
    ),
  ]

  /// Cuts, swaps and odd bytes: whatever comes out is read or refused, and never traps.
  @Test(arguments: files.indices) func `is read or refused`(_ index: Int) throws {
    let (suffix, content) = Self.files[index]
    var random = SystemRandomNumberGenerator()
    for _ in 0..<150 {
      var bytes = Array(content.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
        let at = bytes.indices.randomElement(using: &random) ?? 0
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes.removeSubrange(at...)
        case 1: bytes.remove(at: at)
        case 2: bytes[at] = UInt8.random(in: 0...255, using: &random)
        default: bytes.insert("\"\r\n\t,{}[]#\0".utf8.randomElement(using: &random) ?? 0, at: at)
        }
      }
      try withFile(bytes, suffix) { path in
        for skip in [0, 5] {
          readOrRefuse { try Dataset.textClassification(path, skipBadRows: skip).rows.count }
          readOrRefuse { try Dataset.tokenClassification(path, skipBadRows: skip).rows.count }
          readOrRefuse { try Dataset.questionAnswering(path, skipBadRows: skip).rows.count }
          readOrRefuse { try Dataset.plainText(path, skipBadRows: skip).rows.count }
        }
      }
    }
  }

  private func readOrRefuse(_ read: () throws -> Int) {
    do {
      #expect(try read() > 0)
    } catch let failure as FileFailure {
      #expect(!failure.problem.isEmpty)
    } catch {
      Issue.record("not a FileFailure: \(error)")
    }
  }
}
