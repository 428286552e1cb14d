import Files

/// Tokens and their ids: one block of UTF-8, and a flat hash table over it.
///
/// A slot is the upper half of the hash beside the token's number, so that a miss rarely looks at a
/// token's bytes. The hash runs byte by byte: while a word is read, the hashes of all its
/// prefixes fall out by the way.
struct Vocabulary: Sendable {
  /// Tokens with different ids; a token's number counts in the order of the file.
  let count: Int
  let longestToken: Int
  private let bytes: [UInt8]
  private let starts: [UInt32]
  private let ids: [Int32]
  /// Id → number of the token; −1 where an id has none.
  private let numbers: [Int32]
  private let slots: [UInt64]

  init(_ builder: VocabularyBuilder, path: String, place: String) throws {
    bytes = builder.bytes
    starts = builder.starts
    let ids = builder.ids
    self.ids = ids
    longestToken = builder.longestToken

    var capacity = 16
    while capacity < ids.count * 2 { capacity *= 2 }
    var slots = [UInt64](repeating: 0, count: capacity)
    var numbers = [Int32](repeating: -1, count: builder.greatestID + 1)
    var distinct = 0
    var duplicate: Int?
    builder.withTokens { tokens in
      for number in ids.indices {
        let token = tokens[number]
        let hash = TokenHash(of: token)
        var slot = hash.slot(capacity)
        let none = UnsafeBufferPointer(rebasing: token[..<0])
        while slots[slot] != 0, !tokens.matches(slots[slot], hash, none, token) {
          slot = (slot + 1) & (capacity - 1)
        }
        let isNew = slots[slot] == 0
        slots[slot] = hash.tag << 32 | UInt64(number + 1)
        if isNew { distinct += 1 }
        let id = Int(ids[number])
        if isNew, numbers[id] >= 0 { duplicate = duplicate ?? number }
        numbers[id] = Int32(number)
      }
    }
    self.numbers = numbers
    self.slots = slots
    count = distinct
    if let duplicate {
      throw FileFailure(
        path, at: place,
        "two tokens have the id \(ids[duplicate]), one of them \(token(number: duplicate))")
    }
  }

  func id(of token: String) -> Int32? {
    var token = token
    return token.withUTF8 { utf8 in
      let none = UnsafeBufferPointer(rebasing: utf8[..<0])
      return withView { $0.id(of: TokenHash(of: utf8), prefix: none, utf8) }
    }
  }

  func token(of id: Int32) -> String? {
    guard numbers.indices.contains(Int(id)), numbers[Int(id)] >= 0 else { return nil }
    return token(number: Int(numbers[Int(id)]))
  }

  private func token(number: Int) -> String {
    String(decoding: bytes[Int(starts[number])..<Int(starts[number + 1])], as: UTF8.self)
  }

  /// Lends the table as plain pointers to a loop that looks up many words.
  @inline(__always)
  func withView<Result>(_ body: (View) throws -> Result) rethrows -> Result {
    try slots.withUnsafeBufferPointer { slots in
      try bytes.withUnsafeBufferPointer { bytes in
        try starts.withUnsafeBufferPointer { starts in
          try ids.withUnsafeBufferPointer { ids in
            try body(View(slots: slots, tokens: Tokens(bytes: bytes, starts: starts), ids: ids))
          }
        }
      }
    }
  }

  /// The bytes of each token, by number.
  struct Tokens {
    let bytes: UnsafeBufferPointer<UInt8>
    let starts: UnsafeBufferPointer<UInt32>

    @inline(__always)
    subscript(number: Int) -> UnsafeBufferPointer<UInt8> {
      UnsafeBufferPointer(rebasing: bytes[Int(starts[number])..<Int(starts[number + 1])])
    }

    /// Whether a slot is that of the token `prefix` + `rest`.
    @inline(__always)
    func matches(
      _ slot: UInt64, _ hash: TokenHash, _ prefix: UnsafeBufferPointer<UInt8>,
      _ rest: UnsafeBufferPointer<UInt8>
    ) -> Bool {
      guard slot >> 32 == hash.tag else { return false }
      let token = self[Vocabulary.number(slot)]
      guard token.count == prefix.count + rest.count else { return false }
      for index in 0..<prefix.count where token[index] != prefix[index] { return false }
      for index in 0..<rest.count where token[prefix.count + index] != rest[index] { return false }
      return true
    }
  }

  struct View {
    let slots: UnsafeBufferPointer<UInt64>
    let tokens: Tokens
    let ids: UnsafeBufferPointer<Int32>

    /// The id of the token `prefix` + `rest`, whose hash is known.
    @inline(__always)
    func id(
      of hash: TokenHash, prefix: UnsafeBufferPointer<UInt8>, _ rest: UnsafeBufferPointer<UInt8>
    ) -> Int32? {
      var slot = hash.slot(slots.count)
      while slots[slot] != 0 {
        if tokens.matches(slots[slot], hash, prefix, rest) {
          return ids[Vocabulary.number(slots[slot])]
        }
        slot = (slot + 1) & (slots.count - 1)
      }
      return nil
    }
  }

  /// The token that a taken slot is for.
  @inline(__always)
  private static func number(_ slot: UInt64) -> Int { Int(slot & 0xFFFF_FFFF) - 1 }
}
