/// A token that is found in the text before, or in spite of, everything else: `[MASK]`.
struct AddedToken: Sendable, Equatable {
  let id: Int32
  let content: String
  /// Only where neither neighbour is a word character.
  var isSingleWord = false
  /// Takes the whitespace on its left, or right, along.
  var stripsLeft = false
  var stripsRight = false
  /// Found in the normalized text instead of the original.
  var isNormalized = false
  var isSpecial = true
}

/// Finds added tokens in UTF-8: leftmost first, and of those that begin there the longest.
struct AddedTokenFinder: Sendable {
  /// A part of the text, and the token that it is.
  typealias Match = (token: Int32?, range: Range<Int>)

  private let trie: ByteTrie
  private let tokens: [AddedToken]

  var isEmpty: Bool { tokens.isEmpty }

  /// - Parameter tokens: each with the bytes to look for; of equal ones the first counts.
  init(_ tokens: [(bytes: [UInt8], token: AddedToken)]) {
    let tokens = tokens.filter { !$0.bytes.isEmpty }
    var trie = ByteTrie()
    for (number, token) in tokens.enumerated() { trie.insert(token.bytes, number) }
    self.trie = trie
    self.tokens = tokens.map(\.token)
  }

  /// Whether any token's bytes occur.
  func occurs(in utf8: UnsafeBufferPointer<UInt8>) -> Bool {
    next(in: utf8, from: 0) != nil
  }

  /// Cuts the whole of `utf8` into added tokens and what lies between them.
  func split(_ utf8: UnsafeBufferPointer<UInt8>) -> [Match] {
    var parts: [Match] = []
    var (done, index) = (0, 0)
    while let (token, found) = next(in: utf8, from: index) {
      index = found.upperBound
      if token.isSingleWord, !isAlone(found, in: utf8) { continue }
      var (start, end) = (found.lowerBound, found.upperBound)
      if token.stripsLeft { start = skipSpaceBackward(utf8, from: start) }
      if token.stripsRight { end = skipSpaceForward(utf8, from: end) }
      start = max(start, done)
      if done < start { parts.append((nil, done..<start)) }
      if start < end { parts.append((token.id, start..<end)) }
      done = max(done, end)
    }
    if done < utf8.count { parts.append((nil, done..<utf8.count)) }
    return parts
  }

  private func next(
    in utf8: UnsafeBufferPointer<UInt8>, from start: Int
  ) -> (AddedToken, Range<Int>)? {
    guard !tokens.isEmpty else { return nil }
    for start in start..<max(start, utf8.count) {
      if let (number, length) = trie.longest(in: utf8, from: start) {
        return (tokens[number], start..<start + length)
      }
    }
    return nil
  }

  private func isAlone(_ range: Range<Int>, in utf8: UnsafeBufferPointer<UInt8>) -> Bool {
    let table = ScalarTable.shared
    if range.lowerBound > 0 {
      let (before, _) = UTF8Scalar.decode(utf8, before: range.lowerBound)
      if table.classOf(before).contains(.word) { return false }
    }
    guard range.upperBound < utf8.count else { return true }
    var end = range.upperBound
    return !table.classOf(UTF8Scalar.decode(utf8, &end)).contains(.word)
  }

  private func skipSpaceBackward(_ utf8: UnsafeBufferPointer<UInt8>, from index: Int) -> Int {
    var index = index
    while index > 0 {
      let (scalar, start) = UTF8Scalar.decode(utf8, before: index)
      guard ScalarTable.shared.classOf(scalar).contains(.whitespace) else { break }
      index = start
    }
    return index
  }

  private func skipSpaceForward(_ utf8: UnsafeBufferPointer<UInt8>, from index: Int) -> Int {
    var index = index
    while index < utf8.count {
      var end = index
      let scalar = UTF8Scalar.decode(utf8, &end)
      guard ScalarTable.shared.classOf(scalar).contains(.whitespace) else { break }
      index = end
    }
    return index
  }
}
