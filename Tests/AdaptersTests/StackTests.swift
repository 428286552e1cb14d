/// What a stack of low-rank adapters may be.
import BaseModels
import Files
import Tensors
import Testing

@testable import Adapters

@Suite struct `A stack of low-rank adapters` {
  private static func adapter(_ name: String, _ method: String, _ base: BaseModel) throws
    -> BoundAdapter
  {
    BoundAdapter(
      try Adapter(name: name, methods: parseMethods(method), for: base, seed: 1), to: base)
  }

  @Test func `is refused where the second would read what is not its width`() throws {
    let base = try Goldens.base("base")
    let stack = try ["a", "b"].map {
      try Self.adapter($0, "lora[intermediate_lora=True]", base)
    }
    let row = ModelInput(Batch.Sequence(ids: [2, 5, 9, 7]), .stack(stack.map { .adapter($0) }))
    let failure = try #require(throws: FileFailure.self) { try base.forward([row]) }
    #expect(failure.description.contains("stack(a,b)"))
    #expect(failure.place?.contains("intermediate.dense") ?? false)
  }

  @Test func `takes a scaling before a sum`() throws {
    let base = try Goldens.base("base")
    let stack = [
      try Self.adapter("scaling", "ia3[intermediate_lora=False]", base),
      try Self.adapter("sum", "lora[init_weights='bert']", base),
    ]
    let output = try base.forward([
      ModelInput(Batch.Sequence(ids: [2, 5, 9, 7]), .stack(stack.map { .adapter($0) }))
    ])
    #expect(output.first?.hidden.isFinite ?? false)
  }
}
