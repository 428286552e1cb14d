/// A tree of byte strings: which of many begins at a place of a text, in steps of its length.

struct ByteTrie: Sendable {
  /// The node after a byte at a node, by `node · 256 + byte`; the root is 0.
  private var next: [Int: Int32] = [:]
  /// The number of the string that ends at a node; −1 where none does.
  private var ends: [Int32] = [-1]
  /// Whether a string begins with a byte: nearly every place of a text is done with that.
  private var begins = [Bool](repeating: false, count: 256)

  /// Adds a string with its number; one that is there keeps the number it has.
  mutating func insert(_ bytes: [UInt8], _ number: Int) {
    guard let first = bytes.first else { return }
    begins[Int(first)] = true
    var node = 0
    for byte in bytes {
      let key = node << 8 | Int(byte)
      if let known = next[key] {
        node = Int(known)
      } else {
        node = ends.count
        next[key] = Int32(node)
        ends.append(-1)
      }
    }
    if ends[node] < 0 { ends[node] = Int32(number) }
  }

  /// The longest string that begins at a place.
  func longest(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> (number: Int, length: Int)?
  {
    guard begins[Int(bytes[start])] else { return nil }
    var longest: (number: Int, length: Int)?
    var node = 0
    for index in start..<bytes.count {
      guard let after = next[node << 8 | Int(bytes[index])] else { break }
      node = Int(after)
      if ends[node] >= 0 { longest = (Int(ends[node]), index - start + 1) }
    }
    return longest
  }
}
