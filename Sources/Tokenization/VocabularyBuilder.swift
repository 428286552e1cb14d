import Files

/// Tokens with their ids, as they are read from a file; of equal tokens the last counts.
struct VocabularyBuilder {
  /// Ids lie below this; more would only be a broken file's way to fill the memory.
  static let idLimit = 1 << 24

  private(set) var bytes: [UInt8] = []
  /// Where each token begins in `bytes`, and where the last one ends.
  private(set) var starts: [UInt32] = [0]
  private(set) var ids: [Int32] = []
  private(set) var longestToken = 0
  private(set) var greatestID = -1

  init(reserving count: Int) {
    bytes.reserveCapacity(count * 8)
    starts.reserveCapacity(count + 1)
    ids.reserveCapacity(count)
  }

  mutating func append(_ token: String, id: Int, path: String, place: String) throws {
    guard (0..<Self.idLimit).contains(id) else {
      throw FileFailure(
        path, at: place, "token \(token) has id \(id), expected 0..<\(Self.idLimit)")
    }
    let start = bytes.count
    var token = token
    token.withUTF8 { bytes.append(contentsOf: $0) }
    guard let end = UInt32(exactly: bytes.count) else {
      throw FileFailure(path, at: place, "the vocabulary is larger than 4 GB")
    }
    longestToken = max(longestToken, bytes.count - start)
    starts.append(end)
    ids.append(Int32(id))
    greatestID = max(greatestID, id)
  }

  func withTokens(_ body: (Vocabulary.Tokens) -> Void) {
    bytes.withUnsafeBufferPointer { bytes in
      starts.withUnsafeBufferPointer { body(Vocabulary.Tokens(bytes: bytes, starts: $0)) }
    }
  }
}
