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

@Suite(.enabled(if: fileExists("/proc/self/status"), "there is no /proc"))
struct `A file of many megabytes` {
  private let folder: TemporaryFolder
  private let adapter: String

  /// An adapter whose two files of weights, of one content, hold 64 MiB each.
  init() throws {
    folder = try TemporaryFolder()
    adapter = "\(folder.path)/adapter"
    try FileManager.default.copyItem(atPath: "\(Shared.goldens)/adapters/seq_bn", toPath: adapter)
    var tensors = try TensorFile("\(adapter)/pytorch_adapter.bin").tensors.values.map {
      NamedTensor(name: $0.name, shape: $0.shape, floats: try $0.floats())
    }
    let count = 16 << 20
    tensors.append(
      NamedTensor(
        name: "bert.encoder.layer.0.output.adapters.seq_bn.large.weight", shape: [count],
        floats: (0..<count).map { Float($0 & 1023) }))
    try writeSafetensors(tensors, to: "\(adapter)/adapter.safetensors")
    try writeTorch(tensors, to: "\(adapter)/pytorch_adapter.bin")
  }

  @Test func `is looked at in little memory`() throws {
    for command in [
      ["inspect", adapter], ["verify", adapter], ["inspect", "\(adapter)/pytorch_adapter.bin"],
      ["verify", "\(adapter)/adapter.safetensors"], ["card", adapter],
    ] {
      let run = try Program(command)
      #expect(run.status == 0, "\(command): \(run.errors)")
      #expect(run.peakMemory < 100_000_000, "\(command): \(run.peakMemory) bytes")
    }
  }
}
