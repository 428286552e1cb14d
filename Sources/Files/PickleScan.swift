/// What a pickle would import if Python opened it: read, never executed.

/// The names that a pickle, or the pickles in a file of `torch.save`, refer to.
///
/// Unlike the pickle machine that loads state dicts this reads every operation of every protocol, so
/// that the names in a hostile file can be told. It follows strings just far enough to know what
/// `STACK_GLOBAL` takes from the stack.
package struct PickleScan: Sendable, Equatable {
  /// What is imported, as `module.name`, sorted.
  package private(set) var imports: [String] = []
  /// Why the scan ended before the pickle did; such a file is not to be trusted either.
  package private(set) var problem: String?

  /// The imports that no state dict needs.
  package var unexpected: [String] {
    imports.filter { name in
      guard let point = name.lastIndex(of: ".") else { return true }
      let spelled = "\(name[..<point]) \(name[name.index(after: point)...])"
      return PickleGlobal.named[spelled] == nil
    }
  }

  /// Scans a file: an archive of `torch.save`, its older form, or a bare pickle.
  ///
  /// - Throws: `FileFailure` for a file that cannot be opened.
  package init(file path: String) throws {
    let file = try MappedFile(path)
    let bytes = file.bytes
    if bytes.starts(with: ZipArchive.magic) {
      do {
        let entries = try ZipArchive(file).entries
        for (name, range) in entries.sorted(by: { $0.key < $1.key })
        where name.hasSuffix(".pkl") || bytes[range].first == 0x80 {
          // Tensors may begin with any byte; only what is named a pickle has to be one.
          scan(UnsafeRawBufferPointer(rebasing: bytes[range]), mustEnd: name.hasSuffix(".pkl"))
        }
      } catch let failure as FileFailure {
        problem = failure.problem
      }
    } else {
      scan(bytes, mustEnd: true)
    }
    imports = Set(imports).sorted()
  }

  /// Scans pickles that follow one another, as far as there are some.
  private mutating func scan(_ bytes: UnsafeRawBufferPointer, mustEnd: Bool) {
    var position = 0
    var isFirst = true
    while position < bytes.count {
      var scanner = PickleScanner(bytes, at: position)
      do {
        try scanner.run()
        imports += scanner.imports
      } catch {
        imports += scanner.imports
        if isFirst, mustEnd {
          problem = "holds a pickle that cannot be followed beyond byte \(scanner.position)"
        }
        return
      }
      position = scanner.position
      isFirst = false
    }
  }
}

/// Steps over the operations of one pickle.
private struct PickleScanner {
  struct Failure: Error {}

  private let bytes: UnsafeRawBufferPointer
  private(set) var position: Int
  private(set) var imports: [String] = []
  /// The strings that were pushed last; older ones cannot be an operand of the next operation.
  private var strings: [String] = []
  private var memo: [Int: String] = [:]
  private var memoCount = 0

  init(_ bytes: UnsafeRawBufferPointer, at position: Int) {
    self.bytes = bytes
    self.position = position
  }

  mutating func run() throws {
    while true {
      let operation = try integer(1)
      if operation == Int(UInt8(ascii: ".")) { return }
      try step(UInt8(operation))
    }
  }

  private mutating func step(_ operation: UInt8) throws {
    switch operation {
    case UInt8(ascii: "c"), UInt8(ascii: "i"):
      let module = try line()
      imports.append("\(module).\(try line())")
    case 0x93:
      // What the operands are is only known where both were pushed as strings just before.
      let known = strings.suffix(2)
      imports.append(known.count == 2 ? known.joined(separator: ".") : "unknown.unknown")
      strings.removeAll()
    case UInt8(ascii: "X"): try string(4)
    case 0x8C: try string(1)
    case 0x8D: try string(8)
    case UInt8(ascii: "U"): try string(1)
    case UInt8(ascii: "T"): try string(4)
    case UInt8(ascii: "S"), UInt8(ascii: "V"): push(try line())
    case UInt8(ascii: "B"), 0x8B: try value(integer(4))
    case UInt8(ascii: "C"), 0x8A: try value(integer(1))
    case 0x8E, 0x96: try value(integer(8))
    case 0x95: try skip(8)
    case UInt8(ascii: "I"), UInt8(ascii: "L"), UInt8(ascii: "F"), UInt8(ascii: "P"):
      _ = try line()
      strings.removeAll()
    case UInt8(ascii: "p"): remember(Int(try line()) ?? -1)
    case UInt8(ascii: "g"): recall(Int(try line()) ?? -1)
    case UInt8(ascii: "q"): remember(try integer(1))
    case UInt8(ascii: "r"): remember(try integer(4))
    case 0x94: remember(memoCount)
    case UInt8(ascii: "h"): recall(try integer(1))
    case UInt8(ascii: "j"): recall(try integer(4))
    case 0x80: try skip(1)
    case UInt8(ascii: "J"): try value(4)
    case UInt8(ascii: "K"): try value(1)
    case UInt8(ascii: "M"): try value(2)
    case UInt8(ascii: "G"): try value(8)
    case 0x82, 0x83, 0x84:
      try skip(operation == 0x82 ? 1 : operation == 0x83 ? 2 : 4)
      imports.append("extension.registry")
    // Operations without operands in the file.
    case UInt8(ascii: "("), UInt8(ascii: "0"), UInt8(ascii: "1"), UInt8(ascii: "2"),
      UInt8(ascii: "N"), UInt8(ascii: "Q"), UInt8(ascii: "R"), UInt8(ascii: "a"),
      UInt8(ascii: "b"), UInt8(ascii: "d"), UInt8(ascii: "}"), UInt8(ascii: "e"),
      UInt8(ascii: "l"), UInt8(ascii: "]"), UInt8(ascii: "o"), UInt8(ascii: "s"),
      UInt8(ascii: "t"), UInt8(ascii: ")"), UInt8(ascii: "u"), 0x81, 0x85, 0x86, 0x87, 0x88, 0x89,
      0x8F, 0x90, 0x91, 0x92, 0x97, 0x98:
      // A string that was pushed before may be gone from the stack, or covered.
      strings.removeAll()
    default: throw Failure()
    }
  }

  private mutating func push(_ text: String) {
    strings.append(text)
    if strings.count > 2 { strings.removeFirst() }
  }

  private mutating func remember(_ index: Int) {
    memoCount += 1
    memo[index] = strings.last
  }

  private mutating func recall(_ index: Int) {
    // What is recalled may be no string; then nothing is known of what stands before it.
    if let text = memo[index] { push(text) } else { strings.removeAll() }
  }

  private mutating func integer(_ width: Int) throws -> Int {
    guard width <= bytes.count - position else { throw Failure() }
    var value: UInt64 = 0
    for index in 0..<width { value |= UInt64(bytes[position + index]) << (8 * UInt64(index)) }
    position += width
    guard value <= UInt64(Int.max) else { throw Failure() }
    return Int(value)
  }

  /// Steps over a value that is no string.
  private mutating func value(_ count: Int) throws {
    try skip(count)
    strings.removeAll()
  }

  private mutating func skip(_ count: Int) throws {
    guard count <= bytes.count - position else { throw Failure() }
    position += count
  }

  private mutating func string(_ width: Int) throws {
    let count = try integer(width)
    guard count <= bytes.count - position else { throw Failure() }
    // A module's name is short; longer texts are stepped over.
    let text = bytes[position..<(position + min(count, 256))]
    push(String(decoding: text, as: UTF8.self))
    position += count
  }

  private mutating func line() throws -> String {
    guard let end = bytes[position...].prefix(65_536).firstIndex(of: UInt8(ascii: "\n")) else {
      throw Failure()
    }
    let text = String(decoding: bytes[position..<end], as: UTF8.self)
    position = end + 1
    return String(text.prefix(256))
  }
}
