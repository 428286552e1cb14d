/// BERT's cleaning: controls dropped, whitespace made equal, ideographs set apart, accents
/// stripped, lower case.
struct BERTNormalizer: Normalizer {
  var cleansText = true
  var isolatesIdeographs = true
  /// `nil` follows `lowercases`.
  var stripsAccents: Bool?
  var lowercases = true

  func normalize(_ text: inout ScalarText) {
    clean(&text)
    if stripsAccents ?? lowercases {
      CanonicalDecomposition().normalize(&text)
      Stripping(dropped: .nonspacingMark).normalize(&text)
    }
    if lowercases { Lowercase().normalize(&text) }
  }

  private func clean(_ text: inout ScalarText) {
    guard cleansText || isolatesIdeographs else { return }
    let table = ScalarTable.shared
    var result = ScalarText(reserving: text.scalars.count)
    for (scalar, origin) in zip(text.scalars, text.origins) {
      let scalarClass = table.classOf(scalar)
      if cleansText, scalarClass.contains(.removed) { continue }
      if cleansText, scalarClass.contains(.whitespace) {
        result.append(0x20, origin)
      } else if isolatesIdeographs, Self.isIdeograph(scalar) {
        result.append(0x20, origin)
        result.append(scalar, origin)
        result.append(0x20, origin)
      } else {
        result.append(scalar, origin)
      }
    }
    text = result
  }

  /// The CJK blocks that BERT names; U+2B820–2B91F is missing in the original too.
  static func isIdeograph(_ scalar: UInt32) -> Bool {
    switch scalar {
    case ..<0x3400: false
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
      0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
