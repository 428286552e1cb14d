extension JSON {
  /// The members of an object in the order of the file, with a hash table over the keys' bytes.
  ///
  /// Keys are compared byte by byte: to a `String` the two spellings of é (one code point, or two)
  /// are equal, but a vocabulary may hold both.
  public struct Object: Sendable {
    /// Keys and values in order.
    public private(set) var members: [(key: String, value: JSON)] = []
    /// A hash table of positions in `members`; empty while a linear search is as fast.
    private var slots: [Slot] = []

    /// The hash beside the position spares most comparisons, and hashing again when it grows.
    private struct Slot {
      var hash: UInt32
      /// −1 where the slot is free.
      var position: Int32
    }

    private static let linearLimit = 8

    public init() {}

    /// An object of members; of a key that is given twice the last value holds.
    public init(_ members: [(String, JSON)]) {
      for (key, value) in members { self[key] = value }
    }

    public var count: Int { members.count }
    public var isEmpty: Bool { members.isEmpty }
    public var keys: [String] { members.map(\.key) }

    public subscript(key: String) -> JSON? {
      get { position(of: key).map { members[$0].value } }
      set {
        if let position = position(of: key) {
          if let newValue {
            members[position].value = newValue
          } else {
            remove(at: position)
          }
        } else if let newValue {
          _ = append(key, newValue)
        }
      }
    }

    /// Adds a member at the end, or returns false where the key exists: one search for both.
    mutating func append(_ key: String, _ value: JSON) -> Bool {
      if slots.isEmpty, members.count < Self.linearLimit {
        guard position(of: key) == nil else { return false }
      } else {
        if 2 * (members.count + 1) > slots.count { grow() }
        let hash = byteHash(key)
        let slot = slot(of: key, hash)
        guard slots[slot].position < 0 else { return false }
        slots[slot] = Slot(hash: hash, position: Int32(truncatingIfNeeded: members.count))
      }
      members.append((key, value))
      return true
    }

    private func position(of key: String) -> Int? {
      guard !slots.isEmpty else { return members.firstIndex { sameBytes($0.key, key) } }
      let position = Int(slots[slot(of: key, byteHash(key))].position)
      return position < 0 ? nil : position
    }

    /// The slot of a key, or the free one where it belongs.
    ///
    /// There is always a free one: the table is never more than half full.
    private func slot(of key: String, _ hash: UInt32) -> Int {
      let mask = slots.count - 1
      var index = Int(hash) & mask
      while slots[index].position >= 0 {
        let slot = slots[index]
        if slot.hash == hash, sameBytes(members[Int(slot.position)].key, key) { break }
        index = (index + 1) & mask
      }
      return index
    }

    /// Makes the table at all, or makes it larger: at most a quarter of it is full afterwards.
    private mutating func grow() {
      let old =
        slots.isEmpty
        ? members.enumerated().map { Slot(hash: byteHash($1.key), position: Int32($0)) } : slots
      var size = 32
      while size < 4 * (members.count + 1) { size *= 2 }
      let mask = size - 1
      slots = [Slot](repeating: Slot(hash: 0, position: -1), count: size)
      for slot in old where slot.position >= 0 {
        // The keys differ already, so that the first free slot is the right one.
        var index = Int(slot.hash) & mask
        while slots[index].position >= 0 { index = (index + 1) & mask }
        slots[index] = slot
      }
    }

    /// Removing is rare, and moves every position behind: the table is made anew.
    private mutating func remove(at position: Int) {
      members.remove(at: position)
      slots = []
      if members.count >= Self.linearLimit { grow() }
    }
  }
}

extension JSON.Object: Equatable {
  /// Equal members in any order, as in Python.
  public static func == (a: JSON.Object, b: JSON.Object) -> Bool {
    a.count == b.count && a.members.allSatisfy { b[$0.key] == $0.value }
  }
}

extension JSON.Object: Sequence {
  public func makeIterator() -> IndexingIterator<[(key: String, value: JSON)]> {
    members.makeIterator()
  }
}

/// Differs from run to run, so that no file can be made whose keys all collide.
private let hashSeed = UInt64.random(in: 1 ... .max) | 1

private func byteHash(_ key: String) -> UInt32 {
  var key = key
  return key.withUTF8 { bytes in
    var hash = hashSeed ^ UInt64(bytes.count)
    var rest = UnsafeRawBufferPointer(bytes)
    while rest.count >= 8 {
      hash = mixed(hash ^ rest.loadUnaligned(as: UInt64.self))
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(8))
    }
    var tail: UInt64 = 0
    for byte in rest { tail = tail << 8 | UInt64(byte) }
    return UInt32(truncatingIfNeeded: mixed(hash ^ tail))
  }
}

/// One multiplication to 128 bits, folded: what wyhash builds on.
private func mixed(_ value: UInt64) -> UInt64 {
  let product = value.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15 ^ hashSeed)
  return product.high ^ product.low
}

private func sameBytes(_ a: String, _ b: String) -> Bool {
  guard a.utf8.count == b.utf8.count else { return false }
  return a.utf8.elementsEqual(b.utf8)
}
