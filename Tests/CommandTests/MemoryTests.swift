/// What would not fit into memory is refused before anything is made.
import Files
import Foundation
import Testing

@Suite struct `A model too large for the machine` {
  @Test func `is refused in one line`() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/config.json"
    let sizes: JSON.Object = [
      "model_type": .string("bert"), "hidden_size": .integer(16_384),
      "num_hidden_layers": .integer(80), "num_attention_heads": .integer(16),
      "intermediate_size": .integer(65_536),
    ]
    try writeAtomically(JSON.object(sizes).text(.compact), to: path)
    let run = try Program(["bench", "forward", "--config", path])
    run.expectFailure(naming: path)
    #expect(run.errors.contains("does not fit into memory"), "\(run.errors)")
  }
}
