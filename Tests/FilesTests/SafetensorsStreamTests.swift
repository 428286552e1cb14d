import Files
import Testing

@Suite struct `A file of tensors that is written as they come` {
  @Test(arguments: [0, 1, 3, 2_000]) func `is read as one that was written whole`(_ count: Int)
    throws
  {
    let folder = try TemporaryFolder()
    let path = folder.path + "/tensors.safetensors"
    let tensors = (0..<count).map { index in
      NamedTensor(
        name: "\(index).é\"\n", shape: [index % 3, 2],
        floats: (0..<index % 3 * 2).map { Float($0 + index) })
    }
    var room = SafetensorsHeaderRoom()
    for tensor in tensors { room.add(name: tensor.name, dimensions: tensor.shape.count) }
    try writeSafetensors(to: path, room) { file in
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

  @Test func `takes no more than was announced, and leaves nothing behind then`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/tensors.safetensors"
    #expect(throws: FileFailure.self) {
      try writeSafetensors(to: path, SafetensorsHeaderRoom()) { file in
        for index in 0..<9 {
          try file.write(NamedTensor(name: "tensor \(index)", shape: [1], floats: [0]))
        }
      }
    }
    #expect(try namesInFolder(folder.path).isEmpty)
    var room = SafetensorsHeaderRoom()
    for index in 0..<1_000_000 { room.add(name: "\(index)", dimensions: 2) }
    #expect(throws: FileFailure.self) { try writeSafetensors(to: path, room) { _ in } }
  }
}
