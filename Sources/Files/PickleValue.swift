/// What the pickle machine works with: values, and indices of what it keeps.
///
/// Containers are indices, not references: a list that holds itself, or 100,000 lists within each
/// other, are just numbers, and nothing recurses when they are freed.
enum PickleValue {
  case none
  case bool(Bool)
  case integer(Int)
  /// A number nothing here needs: a float, or an integer above 64 bits.
  case number
  case string(String)
  case tuple(Int)
  case list(Int)
  case dictionary(Int)
  case global(PickleGlobal)
  /// Index of a `PickleStorage`.
  case storage(Int)
  /// Index of a `PickleTensor`.
  case tensor(Int)

  var kind: String {
    switch self {
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .integer(let value): "the integer \(value)"
    case .number: "a number"
    case .string(let value): "the string \(quoted(value))"
    case .tuple: "a tuple"
    case .list: "a list"
    case .dictionary: "a dict"
    case .global(let global): "\(global)"
    case .storage: "a storage"
    case .tensor: "a tensor"
    }
  }
}

/// The names a state dict may use.
///
/// A pickle can name any function of Python; these few are all
/// that is understood, nothing is looked up, and every other name is refused where it stands.
enum PickleGlobal: Hashable {
  case orderedDict
  case rebuildTensor
  case rebuildTensorV2
  case rebuildTensorV3
  case rebuildParameter
  case rebuildParameterWithState
  case parameter
  case size
  case device
  case untypedStorage
  case storage(ElementType)
  case elementType(ElementType)

  static let named: [String: PickleGlobal] = {
    var names: [String: PickleGlobal] = [
      "collections OrderedDict": .orderedDict,
      "torch._utils _rebuild_tensor": .rebuildTensor,
      "torch._utils _rebuild_tensor_v2": .rebuildTensorV2,
      "torch._utils _rebuild_tensor_v3": .rebuildTensorV3,
      "torch._utils _rebuild_parameter": .rebuildParameter,
      "torch._utils _rebuild_parameter_with_state": .rebuildParameterWithState,
      "torch.nn.parameter Parameter": .parameter,
      "torch Size": .size,
      "torch device": .device,
      "torch.storage UntypedStorage": .untypedStorage,
    ]
    let storages: [(String, ElementType)] = [
      ("Float", .f32), ("Half", .f16), ("BFloat16", .bf16), ("Double", .f64), ("Long", .i64),
      ("Int", .i32), ("Short", .i16), ("Char", .i8), ("Byte", .u8), ("Bool", .bool),
      ("ComplexFloat", .c64),
    ]
    for (name, type) in storages { names["torch \(name)Storage"] = .storage(type) }
    let types: [(String, ElementType)] = [
      ("float32", .f32), ("float16", .f16), ("bfloat16", .bf16), ("float64", .f64),
      ("int64", .i64), ("int32", .i32), ("int16", .i16), ("int8", .i8), ("uint8", .u8),
      ("bool", .bool), ("complex64", .c64), ("uint16", .u16), ("uint32", .u32), ("uint64", .u64),
      ("float8_e4m3fn", .f8E4M3), ("float8_e5m2", .f8E5M2), ("float8_e8m0fnu", .f8E8M0),
      ("float8_e4m3fnuz", .f8E4M3FNUZ), ("float8_e5m2fnuz", .f8E5M2FNUZ),
    ]
    for (name, type) in types { names["torch \(name)"] = .elementType(type) }
    return names
  }()
}

/// A stretch of numbers outside the pickle, or a view on a part of one.
struct PickleStorage {
  let key: String
  /// nil: bytes whose type the tensor says.
  let type: ElementType?
  /// Elements of the whole storage.
  let total: Int
  /// The elements of it that this is: all but in very old files.
  let view: Range<Int>
}

/// A tensor: a type, and where its elements are in a storage, checked to lie within it.
struct PickleTensor {
  let storage: PickleStorage
  let type: ElementType
  /// In elements, from the beginning of the whole storage.
  let offset: Int
  let shape: [Int]
  let strides: [Int]
}
