/// What the tokenizer must know about a Unicode scalar to decide what becomes of it.
struct ScalarClass: OptionSet, Sendable {
  let rawValue: UInt8

  /// Dropped by BERT's cleaning: controls, formats, private use, U+0000, U+FFFD.
  static let removed = ScalarClass(rawValue: 1 << 0)
  static let whitespace = ScalarClass(rawValue: 1 << 1)
  /// Punctuation as BERT sees it: every ASCII symbol counts.
  static let punctuation = ScalarClass(rawValue: 1 << 2)
  /// Category Mn, what BERT strips as an accent.
  static let nonspacingMark = ScalarClass(rawValue: 1 << 3)
  /// Any category M, what the `StripAccents` normalizer strips.
  static let combiningMark = ScalarClass(rawValue: 1 << 4)
  /// `\w` of a regular expression.
  static let word = ScalarClass(rawValue: 1 << 5)
  static let uppercase = ScalarClass(rawValue: 1 << 6)
  /// Decomposes, or has a combining class: canonical decomposition has something to do.
  static let decomposing = ScalarClass(rawValue: 1 << 7)
}

/// The classes of all scalars, with the mappings of those that have one.
struct ScalarTable: Sendable {
  /// Filled once, from the runs in `UnicodeTables`, in a fraction of a millisecond.
  static let shared = ScalarTable()

  /// The planes in daily use are a flat table; the few runs above them are searched.
  private static let flatCount = 0x30000
  private let classes: [UInt8]

  private init() {
    var flat = [UInt8](repeating: 0, count: Self.flatCount)
    func mark(_ first: UInt32, _ last: UInt32, _ flags: UInt8) {
      guard first < Self.flatCount else { return }
      for scalar in Int(first)...min(Int(last), Self.flatCount - 1) { flat[scalar] |= flags }
    }
    let classes = UnicodeTables.classes
    for run in stride(from: 0, to: classes.count, by: 3) {
      mark(classes[run], classes[run + 1], UInt8(truncatingIfNeeded: classes[run + 2]))
    }
    let lowercase = UnicodeTables.lowercase
    for run in stride(from: 0, to: lowercase.count, by: 4) {
      let last = Int(lowercase[run + 1])
      for scalar in stride(from: Int(lowercase[run]), through: last, by: Int(lowercase[run + 2])) {
        flat[scalar] |= ScalarClass.uppercase.rawValue
      }
    }
    flat[0x130] |= ScalarClass.uppercase.rawValue
    let decompositions = UnicodeTables.decompositions
    for entry in stride(from: 0, to: decompositions.count, by: 3) {
      mark(decompositions[entry], decompositions[entry], ScalarClass.decomposing.rawValue)
    }
    mark(Hangul.first, Hangul.last, ScalarClass.decomposing.rawValue)
    let orders = UnicodeTables.combiningClasses
    for run in stride(from: 0, to: orders.count, by: 3) {
      mark(orders[run], orders[run + 1], ScalarClass.decomposing.rawValue)
    }
    self.classes = flat
  }

  func classOf(_ scalar: UInt32) -> ScalarClass {
    if scalar < Self.flatCount { return ScalarClass(rawValue: classes[Int(scalar)]) }
    guard let run = Self.run(of: scalar, in: UnicodeTables.classes, width: 3) else { return [] }
    return ScalarClass(rawValue: UInt8(truncatingIfNeeded: UnicodeTables.classes[run + 2]))
  }

  /// What a scalar of class `uppercase` becomes; a second scalar follows in one single case, İ.
  func lowercase(_ scalar: UInt32) -> (UInt32, UInt32?) {
    if scalar == 0x130 { return (0x69, 0x307) }
    let runs = UnicodeTables.lowercase
    guard let run = Self.run(of: Int32(truncatingIfNeeded: scalar), in: runs, width: 4) else {
      return (scalar, nil)
    }
    return (UInt32(truncatingIfNeeded: Int32(truncatingIfNeeded: scalar) &+ runs[run + 3]), nil)
  }

  /// One step of canonical decomposition.
  func decomposition(_ scalar: UInt32) -> (UInt32, UInt32?)? {
    let table = UnicodeTables.decompositions
    var (low, high) = (0, table.count / 3)
    while low < high {
      let middle = (low + high) / 2
      let key = table[3 * middle]
      if key == scalar {
        let second = table[3 * middle + 2]
        return (table[3 * middle + 1], second == 0 ? nil : second)
      }
      if key < scalar { low = middle + 1 } else { high = middle }
    }
    return nil
  }

  /// The canonical combining class; 0 for a starter.
  func combiningClass(_ scalar: UInt32) -> UInt32 {
    let runs = UnicodeTables.combiningClasses
    guard let run = Self.run(of: scalar, in: runs, width: 3) else { return 0 }
    return runs[run + 2]
  }

  /// Where the run that holds `scalar` begins in a table of runs `width` numbers wide.
  private static func run<Number: BinaryInteger>(
    of scalar: Number, in runs: [Number], width: Int
  ) -> Int? {
    var (low, high) = (0, runs.count / width)
    while low < high {
      let middle = (low + high) / 2
      if runs[middle * width + 1] < scalar { low = middle + 1 } else { high = middle }
    }
    let run = low * width
    guard run < runs.count, runs[run] <= scalar else { return nil }
    return run
  }
}

/// Hangul syllables decompose by arithmetic.
enum Hangul {
  static let first: UInt32 = 0xAC00
  static let last: UInt32 = 0xD7A3

  /// Leading consonant, vowel, and the trailing consonant if there is one.
  static func decomposition(_ scalar: UInt32) -> (UInt32, UInt32, UInt32?)? {
    guard (first...last).contains(scalar) else { return nil }
    let index = scalar - first
    let trailing = index % 28
    return (
      0x1100 + index / 588, 0x1161 + index % 588 / 28, trailing == 0 ? nil : 0x11A7 + trailing
    )
  }
}
