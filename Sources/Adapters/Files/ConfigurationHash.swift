/// The Python library's name for a configuration: equal settings, equal hash.
public import Files

/// The 16 hexadecimal digits by which the Python library groups adapters of equal settings.
///
/// Not an identity: the rules drop some settings, so that different methods may share a hash.
///
/// - Parameter configuration: the `config` dictionary, or a union of several
/// - Returns: what Python's `get_adapter_config_hash` returns
public func configurationHash(_ configuration: JSON.Object) -> String {
  var kept = configuration.flattened.withoutEmptyValues
  for (key, standard) in droppedDefaults.members where kept[key]?.isEqual(to: standard) == true {
    kept[key] = nil
  }
  let text = JSON.object(kept).text(.compactSorted)
  return sha1(Array(text.utf8)).prefix(8).map { byte in
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }.joined()
}

/// What the library leaves out, so that hashes stayed the same when these settings were added.
private let droppedDefaults: JSON.Object = [
  "phm_layer": true, "phm_dim": 4, "factorized_phm_W": true, "shared_W_phm": false,
  "shared_phm_rule": true, "factorized_phm_rule": false, "phm_c_init": "normal",
  "phm_init_range": 0.0001, "learn_phm": true, "hypercomplex_nonlinearity": "glorot-uniform",
  "phm_rank": 1, "phm_bias": true, "init_weights": "bert", "scaling": 1.0,
]

extension JSON.Object {
  /// A union's settings side by side, each behind its number: `0.reduction_factor`.
  fileprivate var flattened: JSON.Object {
    guard case .array(let children) = self["configs"], self["architecture"] == .string("union")
    else { return self }
    var flat: JSON.Object = [:]
    for (number, child) in children.enumerated() {
      guard case .object(let child) = child else { continue }
      for (key, value) in child.members { flat["\(number).\(key)"] = value }
    }
    return flat
  }

  /// Without what Python takes for false: null, false, 0, and empty strings, lists and dictionaries.
  fileprivate var withoutEmptyValues: JSON.Object {
    JSON.Object(
      members.compactMap { key, value in
        switch value {
        case .null, false, 0, "", []: nil
        case .number(let number) where number == 0: nil
        case .object(let object):
          object.isEmpty ? nil : (key, .object(object.withoutEmptyValues))
        default: (key, value)
        }
      })
  }
}

extension JSON {
  /// Python's equality, to which 1 and 1.0 are the same.
  fileprivate func isEqual(to other: JSON) -> Bool {
    switch (self, other) {
    case (.integer(let a), .number(let b)), (.number(let b), .integer(let a)): Double(a) == b
    default: self == other
    }
  }
}
