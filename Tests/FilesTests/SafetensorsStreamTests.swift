import Files
import Testing

@Suite struct `A file of tensors that is written as they come` {
  @Test(arguments: [0, 1, 3, 2_000, 20_000])
  func `is read as one that was written whole`(_ count: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/tensors.safetensors"
    let tensors = (0..<count).map { index in
      NamedTensor(
        name: "\(index).é\"\n", shape: [index % 3, 2],
        floats: (0..<index % 3 * 2).map { Float($0 + index) })
    }
    try writeSafetensors(to: path) { file in
      for tensor in tensors { try file.write(tensor) }
    }
    let read = try TensorFile(safetensors: path).tensors
    #expect(read.count == count)
    for tensor in tensors {
      let found = try #require(read[tensor.name])
      #expect(found.shape == tensor.shape)
      #expect(try found.floats() == tensor.floats)
    }
  }

  @Test func `of which one tensor is no tensor is not there, and leaves nothing behind`() throws {
    let folder = try TemporaryFolder()
    #expect(throws: FileFailure.self) {
      try writeSafetensors(to: folder.path + "/tensors.safetensors") { file in
        for index in 0..<2_000 {
          try file.write(NamedTensor(name: "\(index)", shape: [1], floats: [0]))
        }
        try file.write(NamedTensor(name: "a", shape: [2], floats: [0]))
      }
    }
    #expect(try namesInFolder(folder.path).isEmpty)
  }

  @Test func `has no longer header than the format allows`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/tensors.safetensors"
    func write(_ count: Int) throws {
      // Of the entries a part is put aside before the limit is reached.
      try writeSafetensors(to: path, headerLimit: 100_000) { file in
        for index in 0..<count {
          try file.write(NamedTensor(name: "tensor \(index)", shape: [1], floats: [0]))
        }
      }
    }
    #expect(throws: FileFailure.self) { try write(2_000) }
    #expect(try namesInFolder(folder.path).isEmpty)
    try write(1_000)
    #expect(try TensorFile(safetensors: path).tensors.count == 1_000)
  }
}
