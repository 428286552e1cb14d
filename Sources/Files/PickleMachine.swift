/// The part of Python's pickle machine that state dicts need, and not one operation more.
///
/// It makes values and calls nothing: what a pickle "calls" is matched against `PickleGlobal`.
/// It is one loop; whatever a file says, memory stays bounded by the number of operations.
struct PickleMachine {
  /// A tensor takes about thirty operations; a hostile file may consist of nothing else.
  private static let operationLimit = 4_000_000

  private var reader: ByteReader
  private var stack: [PickleValue] = []
  /// Where on the stack each open MARK lies.
  private var marks: [Int] = []
  /// A dictionary: an index up to 2³² − 1 is legal.
  private var memo: [Int: PickleValue] = [:]
  /// The elements of tuples and lists, and of dicts keys and values in turn.
  private(set) var containers: [[PickleValue]] = []
  private(set) var storages: [PickleStorage] = []
  private(set) var tensors: [PickleTensor] = []

  init(_ bytes: UnsafeRawBufferPointer, path: String, at position: Int = 0) {
    reader = ByteReader(bytes, path: path, at: position)
  }

  /// Where the pickle that was run ended.
  var position: Int { reader.position }

  /// Runs one pickle, up to its STOP.
  mutating func run() throws -> PickleValue {
    for _ in 0..<Self.operationLimit {
      let operation = try reader.integer(UInt8.self)
      if operation == UInt8(ascii: ".") {
        let value = try pop()
        guard stack.isEmpty, marks.isEmpty else { throw failure("values are left at the end") }
        return value
      }
      try execute(operation)
    }
    throw failure("more than \(Self.operationLimit) operations")
  }

  // The operations by their one-byte codes, named in pickletools.py.
  private mutating func execute(_ operation: UInt8) throws {
    switch operation {
    case 0x80:
      let version = try reader.integer(UInt8.self)
      guard version == 2 else {
        throw failure("pickle protocol \(version); torch.save writes protocol 2")
      }
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "N"): stack.append(.none)
    case 0x88: stack.append(.bool(true))
    case 0x89: stack.append(.bool(false))
    case UInt8(ascii: "J"): stack.append(.integer(Int(try reader.integer(Int32.self))))
    case UInt8(ascii: "K"): stack.append(.integer(Int(try reader.integer(UInt8.self))))
    case UInt8(ascii: "M"): stack.append(.integer(Int(try reader.integer(UInt16.self))))
    case 0x8A: stack.append(try longInteger())
    case UInt8(ascii: "G"):
      _ = try reader.take(8)
      stack.append(.number)
    case UInt8(ascii: "X"):
      let count = Int(try reader.integer(UInt32.self))
      stack.append(.string(try reader.text(count)))
    case UInt8(ascii: "U"):
      let count = Int(try reader.integer(UInt8.self))
      stack.append(.string(try reader.text(count)))
    case UInt8(ascii: ")"): push([], as: PickleValue.tuple)
    case UInt8(ascii: "]"): push([], as: PickleValue.list)
    case UInt8(ascii: "}"): push([], as: PickleValue.dictionary)
    case UInt8(ascii: "t"): push(try popToMark(), as: PickleValue.tuple)
    case 0x85, 0x86, 0x87: push(try pop(Int(operation) - 0x84), as: PickleValue.tuple)
    case UInt8(ascii: "a"): try append(try pop(1))
    case UInt8(ascii: "e"): try append(try popToMark())
    case UInt8(ascii: "s"): try setItems(try pop(2))
    case UInt8(ascii: "u"): try setItems(try popToMark())
    case UInt8(ascii: "h"): try recall(Int(try reader.integer(UInt8.self)))
    case UInt8(ascii: "j"): try recall(Int(try reader.integer(UInt32.self)))
    case UInt8(ascii: "q"): memo[Int(try reader.integer(UInt8.self))] = try top()
    case UInt8(ascii: "r"): memo[Int(try reader.integer(UInt32.self))] = try top()
    case UInt8(ascii: "c"): try pushGlobal()
    case UInt8(ascii: "Q"): try pushStorage()
    case UInt8(ascii: "R"): try reduce()
    case UInt8(ascii: "b"): try build()
    default:
      throw failure(
        "pickle operation 0x\(String(operation, radix: 16)) is none that a state dict needs")
    }
  }
}

// MARK: - The stack

extension PickleMachine {
  private var floor: Int { marks.last ?? 0 }

  private func top() throws -> PickleValue {
    guard stack.count > floor, let value = stack.last else { throw failure("the stack is empty") }
    return value
  }

  private mutating func pop() throws -> PickleValue {
    let value = try top()
    stack.removeLast()
    return value
  }

  private mutating func pop(_ count: Int) throws -> [PickleValue] {
    guard stack.count - floor >= count else { throw failure("the stack is empty") }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func popToMark() throws -> [PickleValue] {
    guard let mark = marks.popLast() else { throw failure("there is no mark on the stack") }
    defer { stack.removeLast(stack.count - mark) }
    return Array(stack[mark...])
  }

  private mutating func push(_ values: [PickleValue], as wrap: (Int) -> PickleValue) {
    stack.append(wrap(containers.count))
    containers.append(values)
  }

  private mutating func append(_ values: [PickleValue]) throws {
    guard case .list(let index) = try top() else {
      throw failure("appends to \(try top().kind), expected a list")
    }
    containers[index] += values
  }

  private mutating func setItems(_ values: [PickleValue]) throws {
    guard case .dictionary(let index) = try top(), values.count.isMultiple(of: 2) else {
      throw failure("sets items of \(try top().kind), expected a dict and pairs")
    }
    for key in stride(from: 0, to: values.count, by: 2) {
      switch values[key] {
      case .string, .integer: break
      default: throw failure("\(values[key].kind) as a key")
      }
    }
    containers[index] += values
  }

  private mutating func recall(_ index: Int) throws {
    guard let value = memo[index] else { throw failure("there is no memo \(index)") }
    stack.append(value)
  }

  private mutating func longInteger() throws -> PickleValue {
    let bytes = try reader.take(Int(try reader.integer(UInt8.self)))
    guard bytes.count <= 8 else { return .number }
    var value = bytes.last.map { $0 >= 0x80 } == true ? -1 : 0
    for byte in bytes.reversed() { value = value << 8 | Int(byte) }
    return .integer(value)
  }

  private func failure(_ problem: String) -> FileFailure {
    FileFailure(reader.path, at: "pickle, byte \(reader.position)", problem)
  }
}

// MARK: - Storages and tensors

extension PickleMachine {
  private mutating func pushGlobal() throws {
    let name = "\(try reader.line()) \(try reader.line())"
    guard let global = PickleGlobal.named[name] else {
      throw FileFailure(
        reader.path, at: "pickle, byte \(reader.position)",
        "refers to \(quoted(name.replacing(" ", with: "."))), which no state dict needs",
        hint: "this file may run code when Python opens it; do not trust it")
    }
    stack.append(.global(global))
  }

  /// `("storage", type, key, location, count[, view])`; the location is not for us.
  private mutating func pushStorage() throws {
    guard case .tuple(let index) = try pop() else { throw failure("a storage is no tuple") }
    let fields = containers[index]
    guard fields.count == 5 || fields.count == 6, case .string("storage") = fields[0],
      case .global(let global) = fields[1], case .string(let key) = fields[2],
      case .string = fields[3], case .integer(let total) = fields[4], total >= 0
    else { throw failure("a storage is not as torch writes it") }
    let type: ElementType?
    switch global {
    case .storage(let known): type = known
    case .untypedStorage: type = nil
    default: throw failure("\(global) as the type of a storage")
    }
    var view = 0..<total
    if fields.count == 6, case .tuple(let index) = fields[5] {
      // Such views are older than untyped storages, whose bytes would need another arithmetic.
      guard type != nil else { throw failure("a view of an untyped storage") }
      let fields = containers[index]
      guard fields.count == 3, case .integer(let start) = fields[1],
        case .integer(let count) = fields[2], start >= 0, start <= total, count >= 0,
        count <= total - start
      else { throw failure("a view of a storage reaches beyond it") }
      view = start..<start + count
    }
    stack.append(.storage(storages.count))
    storages.append(PickleStorage(key: key, type: type, total: total, view: view))
  }

  /// A call, of the few that make a value of ours.
  private mutating func reduce() throws {
    guard case .tuple(let index) = try pop() else { throw failure("arguments are no tuple") }
    let arguments = containers[index]
    guard case .global(let function) = try pop() else { throw failure("calls what is no function") }
    switch (function, arguments.count) {
    case (.orderedDict, 0): push([], as: PickleValue.dictionary)
    case (.device, 1...2): stack.append(.none)
    case (.size, 1):
      guard case .tuple = arguments[0] else { throw failure("torch.Size of no tuple") }
      stack.append(arguments[0])
    case (.rebuildTensor, 4), (.rebuildTensorV2, 6...7): try pushTensor(arguments, type: nil)
    case (.rebuildTensorV3, 7...8):
      guard case .global(.elementType(let type)) = arguments[6] else {
        throw failure("a tensor's type is \(arguments[6].kind)")
      }
      try pushTensor(arguments, type: type)
    case (.rebuildParameter, 3), (.rebuildParameterWithState, 4):
      guard case .tensor = arguments[0] else { throw failure("a parameter is no tensor") }
      stack.append(arguments[0])
    default: throw failure("calls \(function) with \(arguments.count) arguments")
    }
  }

  /// `(storage, offset, sizes, strides, …)`, all counted in elements.
  private mutating func pushTensor(_ arguments: [PickleValue], type: ElementType?) throws {
    guard case .storage(let index) = arguments[0], case .integer(let offset) = arguments[1] else {
      throw failure("a tensor without a storage")
    }
    let storage = storages[index]
    let shape = try integers(arguments[2])
    let strides = try integers(arguments[3])
    guard let type = type ?? storage.type, storage.type == nil || storage.type == type else {
      throw failure("a tensor and its storage are of different types")
    }
    // An untyped storage counts bytes.
    let room = storage.type == nil ? storage.view.count / type.block.bytes : storage.view.count
    guard shape.count == strides.count, shape.count <= 64, offset >= 0, elementCount(shape) != nil
    else { throw failure("a tensor of shape \(shape) with strides \(strides)") }
    var last = offset
    var overflow = false
    for (size, stride) in zip(shape, strides) where !shape.contains(0) {
      guard stride >= 0 else { throw failure("a tensor with the stride \(stride)") }
      let reach = (size - 1).multipliedReportingOverflow(by: stride)
      let sum = last.addingReportingOverflow(reach.partialValue)
      overflow = overflow || reach.overflow || sum.overflow
      last = sum.partialValue
    }
    guard shape.contains(0) || (!overflow && last < room) else {
      throw failure(
        "a tensor of shape \(shape) with strides \(strides) at \(offset) reaches beyond its "
          + "storage of \(room) elements")
    }
    stack.append(.tensor(tensors.count))
    tensors.append(
      PickleTensor(
        storage: storage, type: type,
        offset: shape.contains(0) ? 0 : storage.view.lowerBound + offset, shape: shape,
        strides: strides))
  }

  private func integers(_ value: PickleValue) throws -> [Int] {
    guard case .tuple(let index) = value else { throw failure("\(value.kind) as a shape") }
    return try containers[index].map { value in
      guard case .integer(let integer) = value, integer >= 0 else {
        throw failure("\(value.kind) in a shape")
      }
      return integer
    }
  }

  /// State for a value: the `_metadata` of an ordered dict, or a parameter's; nothing to keep.
  private mutating func build() throws {
    _ = try pop()
    switch try top() {
    case .dictionary, .tensor: break
    default: throw failure("sets the state of \(try top().kind)")
    }
  }
}
