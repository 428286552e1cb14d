import Files
import Testing

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
}
