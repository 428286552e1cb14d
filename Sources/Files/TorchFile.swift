/// Files of `torch.save`: a zip archive since 1.6, five pickles and raw storages before.
extension TensorFile {
  /// The first pickle of an old file: torch's magic number.
  private static let legacyMagic: [UInt8] = [
    0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]
  /// torch's own state dicts stay below a megabyte.
  private static let pickleLimit = 64 << 20

  /// Reads a state dict that `torch.save` wrote, executing nothing.
  ///
  /// Dicts within the dict give names joined by points. Tensors that lie in one piece are lent
  /// from the mapped file, others are copied into one.
  public init(torch path: String) throws {
    let file = try MappedFile(path)
    let tensors = try withExtendedLifetime(file) {
      let bytes = file.bytes
      if bytes.starts(with: ZipArchive.magic) { return try Self.zip(file) }
      if bytes.starts(with: Self.legacyMagic) { return try Self.legacy(file) }
      let tar = bytes.count > 262 && bytes[257..<262].elementsEqual("ustar".utf8)
      throw FileFailure(
        path, "is no file of torch.save",
        hint: FileFailure.likelyCause(bytes)
          ?? (tar ? "this is the tar format of torch 0.1; save it again with a newer torch" : nil))
    }
    self.init(path: path, tensors: tensors)
  }

  private static func zip(_ file: MappedFile) throws -> [String: StoredTensor] {
    let (bytes, path) = (file.bytes, file.path)
    let entries = try ZipArchive(file).entries
    let prefixes = Set(entries.keys.map { $0.prefix { $0 != "/" } })
    guard prefixes.count == 1, let prefix = prefixes.first else {
      throw FileFailure(path, "the archive has \(prefixes.count) folders, torch.save writes one")
    }
    guard entries["\(prefix)/constants.pkl"] == nil else {
      throw FileFailure(
        path, "is a TorchScript archive, a program", hint: "save the state dict instead")
    }
    guard let pickle = entries["\(prefix)/data.pkl"], entries["\(prefix)/version"] != nil else {
      throw FileFailure(path, "the archive has no data.pkl and version: no file of torch.save")
    }
    guard pickle.count <= pickleLimit else {
      throw FileFailure(path, at: "data.pkl", "is longer than \(pickleLimit) bytes")
    }
    var bigEndian = false
    if let range = entries["\(prefix)/byteorder"] {
      let order = String(decoding: bytes[range], as: UTF8.self)
      guard order == "little" || order == "big" else {
        throw FileFailure(path, at: "byteorder", "is \(quoted(order)), neither little nor big")
      }
      bigEndian = order == "big"
    }
    var machine = PickleMachine(UnsafeRawBufferPointer(rebasing: bytes[pickle]), path: path)
    let root = try machine.run()
    var state = StateDict(file, bigEndian: bigEndian) { key in entries["\(prefix)/data/\(key)"] }
    return try state.tensors(of: root, in: machine)
  }

  private static func legacy(_ file: MappedFile) throws -> [String: StoredTensor] {
    let (bytes, path) = (file.bytes, file.path)
    func run(at position: Int) throws -> (value: PickleValue, machine: PickleMachine) {
      var machine = PickleMachine(bytes, path: path, at: position)
      return (try machine.run(), machine)
    }
    let version = try run(at: legacyMagic.count)
    guard case .integer(1001) = version.value else {
      throw FileFailure(path, "torch protocol \(version.value.kind), expected 1001")
    }
    let system = try run(at: version.machine.position)
    let object = try run(at: system.machine.position)
    let keys = try run(at: object.machine.position)
    guard case .list(let index) = keys.value else {
      throw FileFailure(path, "the list of storages is \(keys.value.kind)")
    }
    let known = Dictionary(object.machine.storages.map { ($0.key, $0) }) { first, _ in first }
    var ranges: [String: Range<Int>] = [:]
    var reader = ByteReader(bytes, path: path, at: keys.machine.position)
    for key in keys.machine.containers[index] {
      guard case .string(let key) = key, let storage = known[key], let type = storage.type,
        ranges[key] == nil
      else { throw reader.failure("\(key.kind) as the key of a storage") }
      let count = try reader.integer(Int64.self)
      guard count == storage.total else {
        throw reader.failure("storage \(quoted(key)) has \(count) elements, not \(storage.total)")
      }
      let (size, overflow) = storage.total.multipliedReportingOverflow(by: type.block.bytes)
      let start = reader.position
      _ = try reader.take(overflow ? .max : size)
      ranges[key] = start..<reader.position
    }
    guard reader.position == bytes.count else {
      throw reader.failure("\(byteCount(bytes.count - reader.position)) after the last storage")
    }
    var state = StateDict(file, bigEndian: isBigEndian(system.value, system.machine)) { ranges[$0] }
    return try state.tensors(of: object.value, in: object.machine)
  }

  private static func isBigEndian(_ system: PickleValue, _ machine: PickleMachine) -> Bool {
    guard case .dictionary(let index) = system else { return false }
    let items = machine.containers[index]
    for key in stride(from: 0, to: items.count - 1, by: 2) {
      if case .string("little_endian") = items[key], case .bool(false) = items[key + 1] {
        return true
      }
    }
    return false
  }
}
