import Files
import Foundation
import Testing

@Suite struct `A stored tensor` {
  @Test(arguments: [1, 15, 16, 17, 1000]) func `is read in parts as it is read whole`(_ count: Int)
    throws
  {
    let path = FileManager.default.temporaryDirectory.appending(path: "t-\(UUID()).safetensors")
      .path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let numbers = (0..<count).map { Float($0) * 0.5 - 3 }
    try writeSafetensors([NamedTensor(name: "a", shape: [count], floats: numbers)], to: path)
    let tensor = try #require(try TensorFile(safetensors: path).tensors["a"])
    #expect(try tensor.floats() == numbers)
    for size in [1, 7, 16, count] {
      var read: [Float] = []
      for start in stride(from: 0, to: count, by: size) {
        var part = [Float](repeating: 0, count: min(size, count - start))
        try part.withUnsafeMutableBufferPointer { try tensor.copyFloats(from: start, into: $0) }
        read += part
      }
      #expect(read == numbers)
    }
    var beyond = [Float](repeating: 0, count: 2)
    #expect(throws: FileFailure.self) {
      try beyond.withUnsafeMutableBufferPointer { try tensor.copyFloats(from: count - 1, into: $0) }
    }
  }
}
