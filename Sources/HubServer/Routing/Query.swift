/// The part of an address behind the question mark, or a form.

/// Names with their values, in order; a name may come more than once.
struct Query: Sendable, Equatable {
  let items: [(name: String, value: String)]

  static func == (a: Query, b: Query) -> Bool {
    a.items.elementsEqual(b.items) { $0 == $1 }
  }

  /// - Throws: `Problem` where the encoding is broken.
  init(_ text: some StringProtocol) throws {
    items = try text.utf8.split(separator: UInt8(ascii: "&")).map { item in
      let sign = item.firstIndex(of: UInt8(ascii: "="))
      guard let name = percentDecoded(item[..<(sign ?? item.endIndex)], plusIsSpace: true),
        let value = percentDecoded(
          sign.map { item[item.index(after: $0)...] } ?? item[item.endIndex...], plusIsSpace: true)
      else { throw Problem.badRequest("The query is not well encoded") }
      // Some clients write lists as `name[]`.
      return (name.hasSuffix("[]") ? String(name.dropLast(2)) : name, value)
    }
  }

  subscript(_ name: String) -> String? { items.last { $0.name == name }?.value }

  func all(_ name: String) -> [String] {
    items.filter { $0.name == name && !$0.value.isEmpty }.map(\.value)
  }

  /// Python's clients write `True`, newer ones `true`.
  func flag(_ name: String) -> Bool {
    ["true", "1", "yes"].contains(self[name]?.lowercased() ?? "")
  }

  /// A whole number.
  ///
  /// - Throws: `Problem` for what is none.
  func integer(_ name: String) throws -> Int? {
    guard let text = self[name], !text.isEmpty else { return nil }
    guard let value = Int(text) else {
      throw Problem.badRequest("\(name) must be a whole number")
    }
    return value
  }
}
