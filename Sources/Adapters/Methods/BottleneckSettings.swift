/// The names and defaults of the bottleneck family, as the Python library has them.
public import Files

extension Bottleneck {
  public static let defaults: JSON.Object = [
    "adapter_residual_before_ln": .bool(false), "cross_adapter": .bool(false),
    "dropout": .number(0), "factorized_phm_W": .bool(true), "factorized_phm_rule": .bool(false),
    "hypercomplex_nonlinearity": .string("glorot-uniform"), "init_weights": .string("bert"),
    "init_weights_seed": .null, "inv_adapter": .null, "inv_adapter_reduction_factor": .null,
    "is_parallel": .bool(false), "learn_phm": .bool(true), "leave_out": .array([]),
    "ln_after": .bool(false), "ln_before": .bool(false), "mh_adapter": .bool(false),
    "non_linearity": .string("relu"), "original_ln_after": .bool(true),
    "original_ln_before": .bool(false), "output_adapter": .bool(true), "phm_bias": .bool(true),
    "phm_c_init": .string("normal"), "phm_dim": .integer(4), "phm_init_range": .number(0.0001),
    "phm_layer": .bool(false), "phm_rank": .integer(1), "reduction_factor": .integer(16),
    "residual_before_ln": .bool(true), "scaling": .number(1), "shared_W_phm": .bool(false),
    "shared_phm_rule": .bool(true), "stochastic_depth": .number(0), "use_gating": .bool(false),
  ]

  public static let identifiers: [(name: String, settings: JSON.Object)] = {
    let sequential: JSON.Object = ["original_ln_before": .bool(true)]
    let double: JSON.Object = ["mh_adapter": .bool(true), "non_linearity": .string("swish")]
    let parallel: JSON.Object = [
      "reduction_factor": .integer(2), "init_weights": .string("mam_adapter"),
      "is_parallel": .bool(true), "scaling": .number(4),
    ]
    var learned = parallel
    learned["scaling"] = .string("learned")
    let plus: JSON.Object = [
      "original_ln_after": .bool(false), "original_ln_before": .bool(true),
      "residual_before_ln": .bool(false), "stochastic_depth": .number(0.1),
      "init_weights": .string("houlsby"), "scaling": .string("channel"),
      "non_linearity": .string("gelu"), "reduction_factor": .integer(96),
    ]
    func invertible(_ settings: JSON.Object) -> JSON.Object {
      var settings = settings
      settings["inv_adapter"] = .string("nice")
      settings["inv_adapter_reduction_factor"] = .integer(2)
      return settings
    }
    func hypercomplex(_ settings: JSON.Object) -> JSON.Object {
      var settings = settings
      settings["phm_layer"] = .bool(true)
      settings["reduction_factor"] = .integer(32)
      settings["non_linearity"] = .string("gelu")
      return settings
    }
    return [
      ("seq_bn", sequential), ("pfeiffer", sequential), ("double_seq_bn", double),
      ("houlsby", double), ("par_bn", parallel), ("parallel", parallel),
      ("scaled_par_bn", learned), ("scaled_parallel", learned), ("adapter_plus", plus),
      ("seq_bn_inv", invertible(sequential)), ("pfeiffer+inv", invertible(sequential)),
      ("double_seq_bn_inv", invertible(double)), ("houlsby+inv", invertible(double)),
      ("compacter++", hypercomplex(sequential)), ("compacter", hypercomplex(double)),
    ]
  }()
}

/// How much narrower a bottleneck is than its model, one factor for all layers or one for each.
struct Reduction: Sendable, Equatable {
  private let everywhere: Double?
  private let byLayer: [Int: Double]

  init(_ field: Field) throws {
    func factor(_ field: Field) throws -> Double {
      let value = try field.number()
      guard value > 0, value.isFinite else {
        throw field.failure(
          "a reduction factor of \(field.json.text(.compact)) is not above 0",
          hint: "16 makes a bottleneck of hidden_size / 16")
      }
      return value
    }
    guard case .object = field.json else {
      everywhere = try factor(field)
      byLayer = [:]
      return
    }
    var standard: Double?
    var layers: [Int: Double] = [:]
    for (key, value) in try field.object() {
      if key == "default" {
        standard = try factor(value)
      } else if let layer = Int(key), layer >= 0 {
        layers[layer] = try factor(value)
      } else {
        throw value.failure("\(key) is neither a layer's number nor default")
      }
    }
    (everywhere, byLayer) = (standard, layers)
  }

  /// Whether every layer of a model has a factor.
  func covers(layers: Int) -> Bool {
    everywhere != nil || (0..<layers).allSatisfy { byLayer[$0] != nil }
  }

  /// The bottleneck's width; at least 1, as the Python library clamps it.
  func size(of width: Int, layer: Int) -> Int {
    let factor = byLayer[layer] ?? everywhere ?? 1
    return max(1, Int(min((Double(width) / factor).rounded(.down), 1_048_576)))
  }
}
