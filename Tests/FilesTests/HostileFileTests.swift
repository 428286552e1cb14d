import Testing

@testable import Files

@Suite struct `A hostile file` {
  private func check(_ file: BadFile, _ read: (String) throws -> Void) {
    do {
      try read(file.path)
      #expect(file.isAccepted, "\(file) was accepted")
    } catch let failure as FileFailure {
      #expect(!file.isAccepted, "\(file) was refused: \(failure)")
      #expect(failure.path.hasPrefix(file.path))
      #expect(!failure.problem.isEmpty)
      #expect(failure.description.utf8.count < 1000)
    } catch {
      Issue.record("\(file): \(error) is no FileFailure")
    }
  }

  @Test(
    .enabled(if: Shared.hasBadFiles, "shared/badfiles is absent"),
    arguments: Shared.rows("safetensors"), [true, false])
  func `of safetensors is refused, a good one read`(_ file: BadFile, _ mapped: Bool) {
    check(file) { path in
      for tensor in try TensorFile(safetensors: path, mapped: mapped).tensors.values {
        _ = try tensor.floats()
      }
    }
    check(file) { _ = try TensorFile($0) }
  }

  @Test(
    .enabled(if: Shared.hasBadFiles, "shared/badfiles is absent"),
    arguments: Shared.rows("torch_bin"))
  func `of torch is refused, a good one read`(_ file: BadFile) {
    check(file) { path in
      for tensor in try TensorFile(torch: path).tensors.values { _ = try tensor.floats() }
    }
  }

  @Test(
    .enabled(if: Shared.hasBadFiles, "shared/badfiles is absent"),
    arguments: Shared.rows("safetensors_index"))
  func `among shards is refused, a good index read`(_ file: BadFile) {
    check(file) { path in
      let folder = String(path.dropLast())
      do {
        _ = try Checkpoint(folder: folder)
      } catch let failure as FileFailure {
        // The message names the index or a shard; the row names the folder.
        #expect(failure.path.hasPrefix(folder))
        throw FileFailure(path, failure.problem)
      }
    }
  }

  @Test(
    .enabled(if: Shared.hasPickles, "shared/data/pickles is absent"),
    arguments: (try? namesInFolder("\(Shared.pickles)/tests/data")) ?? [])
  func `that is a malicious pickle is refused`(_ name: String) throws {
    let path = "\(Shared.pickles)/tests/data/\(name)"
    for read in [{ try TensorFile(torch: $0) }, { try TensorFile($0) }]
      as [(String) throws -> TensorFile]
    {
      let failure = #expect(throws: FileFailure.self) { try read(path) }
      #expect(failure?.path == path)
    }
  }

  @Test(.enabled(if: Shared.hasBadFiles, "shared/badfiles is absent"))
  func `says what it is when that is known`() {
    for (name, hint) in [
      ("safetensors/lfs_pointer.safetensors", "git lfs pull"), ("torch_bin/html_page.bin", "HTML"),
      ("torch_bin/trunc_half.bin", "download it again"), ("torch_bin/global_print.bin", "trust"),
    ] {
      let path = "\(Shared.badFiles)/\(name)"
      let failure = #expect(throws: FileFailure.self) { try TensorFile(path) }
      #expect(failure?.hint?.contains(hint) == true, "\(failure?.description ?? name)")
    }
  }

  @Test(.enabled(if: Shared.hasBadFiles, "shared/badfiles is absent"))
  func `that is odd but good holds what it says`() throws {
    let big = try TensorFile(torch: "\(Shared.badFiles)/torch_bin/ok_bigendian.bin")
    let values = try big.tensors.values.map { try $0.floats() }
    #expect(values == [[1, 2, 3, 4, 5, 6]])
    let views = try TensorFile(torch: "\(Shared.badFiles)/torch_bin/ok_shared_views.bin")
    for name in views.names {
      let floats = try #require(try views.tensors[name]?.floats())
      #expect(!floats.isEmpty)
      #expect(floats.allSatisfy { $0.isFinite })
    }
  }

  /// A pickle of `{"w": tensor}`, whose float tensor lies at a view of a storage of bytes or floats.
  private func viewing(
    _ storage: String, total: UInt16, from start: UInt16, count: UInt16, offset: UInt16 = 0
  ) -> [UInt8] {
    func number(_ value: UInt16) -> [UInt8] {
      [UInt8(ascii: "M"), UInt8(value & 0xFF), UInt8(value >> 8)]
    }
    func text(_ text: String) -> [UInt8] {
      [UInt8(ascii: "U"), UInt8(text.utf8.count)] + text.utf8
    }
    var pickle: [UInt8] = [0x80, 2] + "}(".utf8 + text("w")
    pickle += "ctorch._utils\n_rebuild_tensor_v3\n((".utf8 + text("storage")
    pickle += "c\(storage)\n".utf8 + text("0") + text("cpu") + number(total)
    pickle += "(".utf8 + text("view") + number(start) + number(count) + "ttQ".utf8
    pickle += number(offset) + "(".utf8 + number(10) + "t(".utf8 + number(1)
    return pickle + [UInt8(ascii: "t"), 0x89]
      + "ccollections\nOrderedDict\n)Rctorch\nfloat32\ntRu.".utf8
  }

  private func read(_ pickle: [UInt8], storage: [UInt8]) throws -> [Float]? {
    let folder = try TemporaryFolder()
    let path = folder.path + "/views.bin"
    try writeAtomically(to: path) { file in
      var zip = ZipWriter(folder: "archive", path: path)
      try zip.add("data.pkl", pickle, to: file)
      try zip.add("data/0", storage, to: file)
      try zip.add("version", Array("3\n".utf8), to: file)
      try zip.finish(to: file)
    }
    return try TensorFile(path).tensors["w"]?.floats()
  }

  @Test func `of a view of a storage is read within the storage alone`() throws {
    let bytes = [UInt8](repeating: 0, count: 4_000)
    let floats = "torch\nFloatStorage"
    let good = try read(viewing(floats, total: 1_000, from: 990, count: 10), storage: bytes)
    #expect(good == [Float](repeating: 0, count: 10))
    for pickle in [
      viewing(floats, total: 1_000, from: 991, count: 10),
      viewing(floats, total: 1_000, from: 990, count: 10, offset: 1),
      // A view in bytes, whose start taken for elements would lie 12,000 bytes behind the file.
      viewing("torch.storage\nUntypedStorage", total: 4_000, from: 3_960, count: 40),
      viewing("torch.storage\nUntypedStorage", total: 4_000, from: 0, count: 4_000),
    ] {
      #expect(throws: FileFailure.self) { try read(pickle, storage: bytes) }
    }
  }
}
