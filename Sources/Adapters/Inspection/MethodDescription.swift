/// A method as the string that makes it: `seq_bn[reduction_factor=8]`.
internal import Files

/// What ``parseMethods(_:)`` reads, with every setting that differs from its name's defaults.
public func describe(_ methods: [any Method]) -> String {
  methods.map { method in
    let (name, settings) = method.differences
    guard !settings.isEmpty else { return name }
    let list = settings.members.map { "\($0.key)=\(pythonLiteral($0.value))" }
    return "\(name)[\(list.joined(separator: ","))]"
  }.joined(separator: "|")
}

extension Method {
  /// The name that leaves the fewest settings to be said, and those settings.
  var differences: (name: String, settings: JSON.Object) {
    let candidates = Self.identifiers.map { name, settings in
      var standard = Self.defaults
      for (key, value) in settings.members { standard[key] = value }
      let different = configuration.members.filter { key, value in
        key != "architecture" && standard[key] != value
      }
      return (name: name, settings: JSON.Object(different.map { ($0.key, $0.value) }))
    }
    return candidates.min { $0.settings.count < $1.settings.count } ?? ("?", configuration)
  }
}

/// A value as Python writes it.
private func pythonLiteral(_ value: JSON) -> String {
  switch value {
  case .null: "None"
  case .bool(let value): value ? "True" : "False"
  case .integer, .digits, .number: value.text(.compact)
  case .string(let text): text.contains("'") ? "\"\(text)\"" : "'\(text)'"
  case .array(let values): "[\(values.map(pythonLiteral).joined(separator: ", "))]"
  case .object(let object):
    "{"
      + object.members.map { "\(pythonLiteral(.string($0.key))): \(pythonLiteral($0.value))" }
      .joined(separator: ", ") + "}"
  }
}
