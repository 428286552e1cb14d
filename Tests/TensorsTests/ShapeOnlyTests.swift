/// Shapes without memory.
import Testing

@testable import Tensors

@Suite struct `A tensor of a shape alone` {
  @Test func `has a shape and no memory`() {
    let tensor = Tensor(shapeOnly: [250_000, 1_000_000])
    #expect(tensor.shape == [250_000, 1_000_000] && tensor.isShapeOnly)
    #expect(tensor.rows == 250_000 && tensor.width == 1_000_000)
    #expect(!Tensor([1], shape: [1]).isShapeOnly)
  }

  @Test func `ends the program where it is read`() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor(shapeOnly: [3]).scalars
    }
  }
}
