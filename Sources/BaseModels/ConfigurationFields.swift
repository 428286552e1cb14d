/// The fields of `config.json` that families share, each read and checked in one place.
internal import Files
internal import Tensors

extension Field {
  /// A whole number within a range.
  func size(_ key: String, _ range: ClosedRange<Int>, default standard: Int) throws -> Int {
    try self[key]?.integer(in: range) ?? standard
  }

  /// A probability; nil where there is none.
  func dropout(_ key: String) throws -> Float? {
    guard let field = self[key] else { return nil }
    let value = try field.number()
    guard (0...1).contains(value) else {
      throw field.failure("a probability of \(value) is not between 0 and 1")
    }
    return Float(value)
  }

  /// What a norm adds to the variance.
  func epsilon(_ key: String, default standard: Double) throws -> Float {
    let epsilon = try self[key]?.number() ?? standard
    guard Float(epsilon) > 0, Float(epsilon).isFinite else {
      throw FileFailure(
        file, at: "$.\(key)", "\(epsilon) is no 32-bit number above 0", hint: "1e-12 is usual")
    }
    return Float(epsilon)
  }

  /// An activation by its name.
  func activation(_ key: String, default standard: Activation) throws -> Activation {
    guard let name = try self[key]?.string() else { return standard }
    guard let activation = Activation(named: name) else {
      throw FileFailure(
        file, at: "$.\(key)", "no activation is named \(escaped(name, limit: 80))")
    }
    return activation
  }

  /// Refuses a width that heads do not share evenly.
  func checkDivides(_ key: String, _ width: Int, by other: String, _ heads: Int) throws {
    guard width % heads == 0 else {
      throw FileFailure(
        file, at: "$.\(key)", "\(key) is \(width), which does not divide by \(other), \(heads)")
    }
  }

  /// Refuses switches that would change the computation.
  func refuse(_ keys: String..., problem: (String) -> String) throws {
    for key in keys where try self[key]?.bool() ?? false {
      throw FileFailure(file, at: "$.\(key)", problem(key))
    }
  }

  /// Refuses what is there and not empty.
  func refuseNonEmpty(_ keys: String...) throws {
    for key in keys {
      switch self[key]?.json {
      case nil, .null, .bool(false), .array([]): continue
      case .object(let object) where object.members.isEmpty: continue
      default: throw FileFailure(file, at: "$.\(key)", "is given, and is not supported")
      }
    }
  }
}

extension Field {
  /// The class that saved the checkpoint: `GPT2LMHeadModel`.
  func savedClass() throws -> String? { try self["architectures"]?.array().first?.string() }
}
