/// Rewrites text before it is split into words: cleaning, lower-casing, canonical forms.
protocol Normalizer: Sendable {
  func normalize(_ text: inout ScalarText)
}

/// Several normalizers, one after the other.
struct NormalizerSequence: Normalizer {
  let members: [any Normalizer]

  func normalize(_ text: inout ScalarText) {
    for member in members { member.normalize(&text) }
  }
}

/// Lower case, scalar by scalar: a final sigma is a sigma.
struct Lowercase: Normalizer {
  func normalize(_ text: inout ScalarText) {
    let table = ScalarTable.shared
    var result = ScalarText(reserving: text.scalars.count)
    for (scalar, origin) in zip(text.scalars, text.origins) {
      guard table.classOf(scalar).contains(.uppercase) else {
        result.append(scalar, origin)
        continue
      }
      let (first, second) = table.lowercase(scalar)
      result.append(first, origin)
      if let second { result.append(second, origin) }
    }
    text = result
  }
}

/// Drops every scalar of a class.
struct Stripping: Normalizer {
  let dropped: ScalarClass

  func normalize(_ text: inout ScalarText) {
    let table = ScalarTable.shared
    var result = ScalarText(reserving: text.scalars.count)
    for (scalar, origin) in zip(text.scalars, text.origins)
    where table.classOf(scalar).isDisjoint(with: dropped) {
      result.append(scalar, origin)
    }
    text = result
  }
}
