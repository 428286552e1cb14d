/// A text that equals another of the same bytes alone.

/// A name as a key: to a `String` both spellings of é are equal, to a file they are two names.
struct ExactName: Hashable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (a: ExactName, b: ExactName) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

  func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
  }
}
