/// JSON values written as Swift literals.

extension JSON.Object: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}

extension Field {
  /// The same place with another value: what its file says, completed by defaults.
  public func replacing(_ json: JSON) -> Field { Field(json, file: file, place: place) }
}
