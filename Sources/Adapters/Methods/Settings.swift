/// A method's settings: what a file gives, completed by the defaults.
internal import Files
internal import Tensors

extension Field {
  /// The known settings of this dictionary over their defaults; unknown ones are left out.
  func filled(with defaults: JSON.Object) throws -> Field {
    _ = try object()
    var filled = defaults
    for (key, standard) in defaults.members {
      guard let given = json[key] else { continue }
      // A field that an older file has as null means what it meant before it existed.
      filled[key] = given == .null ? standard : given
    }
    return replacing(.object(filled))
  }

  /// Refuses a seed that is no whole number.
  func checkSeed() throws {
    _ = try self["init_weights_seed"]?.integer(in: Int.min...Int.max)
  }

  /// An activation by its name.
  func activation(_ key: String) throws -> Activation {
    let field = try required(key)
    let name = try field.string()
    guard let activation = Activation(named: name) else {
      throw field.failure("no activation is named \(escaped(name, limit: 80))")
    }
    return activation
  }

  /// The layers where a method does not act.
  func leftOut() throws -> Set<Int> {
    Set(try self["leave_out"]?.array().map { try $0.integer(in: 0...1_000) } ?? [])
  }

  /// A probability, below 1.
  func probability(_ key: String) throws -> Float {
    let field = try required(key)
    let value = try field.number()
    guard value >= 0, value < 1 else {
      throw field.failure("a probability of \(value) is not within 0 ..< 1")
    }
    return Float(value)
  }

  /// The settings with integers made floats where Python's reader tests for `float`.
  func pythonNumbers() throws -> JSON.Object {
    guard case .object(var object) = json else { return [:] }
    for key in ["scaling", "dropout", "stochastic_depth", "phm_init_range", "random_uniform_scale"]
    {
      if case .integer(let value) = object[key] { object[key] = .number(Double(value)) }
    }
    return object
  }
}
