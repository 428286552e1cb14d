internal import Datasets
internal import Files

/// Two classes of sentiment from the movie reviews that VADER was evaluated on (Hutto and Gilbert,
/// 2014): snippets that 20 people rated from -4 to 4, MIT licence.
///
/// Snippets rated between -1 and 1 are left out: people do not agree on them.
func makeSentiment(from folder: String) throws -> [DataFile] {
  let path = "\(folder)/movieReviewSnippets_GroundTruth.txt"
  var rows: [JSON] = []
  var seen: Set<String> = []
  for line in try Dataset.plainText(path).rows {
    let fields = line.text.split(separator: "\t", omittingEmptySubsequences: false)
    guard fields.count == 3, let valence = Double(fields[1]) else {
      throw FileFailure(
        path, at: "line \(line.line)", "expected a number, a valence and a text",
        hint: "is this the file of vaderSentiment 3.3.2?")
    }
    let text = String(fields[2])
    guard abs(valence) >= 1, seen.insert(text).inserted else { continue }
    rows.append(["text": .string(text), "label": valence > 0 ? "positive" : "negative"])
  }
  let sizes = (train: 2000, dev: 500, test: 1000)
  guard rows.count >= sizes.train + sizes.dev + sizes.test else {
    throw FileFailure(path, "only \(rows.count) usable rows", hint: "unpack it again")
  }
  var random = SplitMix64(seed: 2014)
  rows = random.shuffled(rows)
  let rest = rows.dropFirst(sizes.train)
  return [
    DataFile(name: "train.jsonl", rows: Array(rows.prefix(sizes.train))),
    DataFile(name: "dev.jsonl", rows: Array(rest.prefix(sizes.dev))),
    DataFile(name: "test.jsonl", rows: Array(rest.dropFirst(sizes.dev).prefix(sizes.test))),
  ]
}
