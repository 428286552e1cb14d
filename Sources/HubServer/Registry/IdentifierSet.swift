/// A set of repositories, one bit each: what filters and searches are intersected as.
internal import GRDB

/// Numbers from 0 up, as bits: 100,000 repositories are 12.5 kB.
struct IdentifierSet: Sendable, Equatable {
  private var words: [UInt64] = []

  init() {}

  init(_ identifiers: some Sequence<Int64>) { for id in identifiers { insert(id) } }

  mutating func insert(_ id: Int64) {
    guard id >= 0 else { return }
    let word = Int(id >> 6)
    if word >= words.count {
      words += repeatElement(0, count: max(word + 1 - words.count, words.count / 2))
    }
    words[word] |= 1 << UInt64(id & 63)
  }

  mutating func remove(_ id: Int64) {
    let word = Int(id >> 6)
    guard id >= 0, word < words.count else { return }
    words[word] &= ~(1 << UInt64(id & 63))
  }

  func contains(_ id: Int64) -> Bool {
    let word = Int(id >> 6)
    return id >= 0 && word < words.count && words[word] & 1 << UInt64(id & 63) != 0
  }

  var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
  var byteCount: Int { words.count * 8 }

  mutating func formIntersection(_ other: IdentifierSet) {
    if words.count > other.words.count { words.removeLast(words.count - other.words.count) }
    for index in words.indices { words[index] &= other.words[index] }
  }

  mutating func formUnion(_ other: IdentifierSet) {
    if words.count < other.words.count {
      words += repeatElement(0, count: other.words.count - words.count)
    }
    for index in other.words.indices { words[index] |= other.words[index] }
  }

  /// How many both have.
  func intersectionCount(_ other: IdentifierSet) -> Int {
    let count = min(words.count, other.words.count)
    let (a, b) = (words.span, other.words.span)
    var sum = 0
    for index in 0..<count { sum += (a[index] & b[index]).nonzeroBitCount }
    return sum
  }

  /// Calls a function with each in ascending order.
  func forEach(_ body: (Int64) -> Void) {
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        body(Int64(index) << 6 + Int64(rest.trailingZeroBitCount))
        rest &= rest - 1
      }
    }
  }

  /// Calls a function with each in descending order.
  func forEachDescending(_ body: (Int64) -> Void) {
    for index in words.indices.reversed() {
      var rest = words[index]
      while rest != 0 {
        let bit = 63 - rest.leadingZeroBitCount
        body(Int64(index) << 6 + Int64(bit))
        rest &= ~(1 << UInt64(bit))
      }
    }
  }

  /// In ascending order.
  var identifiers: [Int64] {
    var found: [Int64] = []
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        found.append(Int64(index) << 6 + Int64(rest.trailingZeroBitCount))
        rest &= rest - 1
      }
    }
    return found
  }
}
