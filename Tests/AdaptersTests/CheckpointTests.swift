/// A training that was interrupted goes on as if it had not been.
import Files
import Testing

@testable import Adapters

@Suite struct `A checkpoint` {
  @Test(arguments: [1, 2, 5, 6, 7, 11, 12])
  func `goes on to the same bits and the same log`(_ step: Int) throws {
    let task = try TinyTask()
    var unbroken = try task.training()
    try unbroken.finish()
    #expect(unbroken.totalSteps == 12)

    var killed = try task.training()
    while killed.step < step { _ = try killed.advance() }
    try killed.saveCheckpoint(to: task.checkpoints)

    var resumed = try task.training()
    #expect(try resumed.resume(from: task.checkpoints).isEmpty)
    #expect(resumed.step == step)
    try resumed.finish()
    #expect(resumed.current.bits == unbroken.current.bits)
    #expect(resumed.result.bits == unbroken.result.bits)
    #expect(resumed.bestEpoch == unbroken.bestEpoch)
    #expect(resumed.log.jsonLines == unbroken.log.jsonLines)
  }

  @Test func `is kept with the one before, and no other`() throws {
    let task = try TinyTask()
    var training = try task.training()
    for _ in 0..<4 {
      _ = try training.advance()
      try training.saveCheckpoint(to: task.checkpoints)
    }
    #expect(
      try namesInFolder(task.checkpoints).sorted() == [
        "log.jsonl", "step-00000003", "step-00000004",
      ])
  }

  @Test(arguments: [
    ("tensors.safetensors", "{"), ("state.json", "{\"step\": 6"), ("tensors.safetensors", nil),
    ("state.json", nil),
  ])
  func `that is broken gives way to the one before, and says so`(
    _ file: String, _ contents: String?
  ) throws {
    let task = try TinyTask()
    var training = try task.training()
    for step in 1...6 {
      _ = try training.advance()
      if step >= 5 { try training.saveCheckpoint(to: task.checkpoints) }
    }
    let path = "\(task.checkpoints)/step-00000006/\(file)"
    try removeFolder(path)
    if let contents { try writeAtomically(contents, to: path) }

    var resumed = try task.training()
    let broken = try resumed.resume(from: task.checkpoints)
    #expect(resumed.step == 5)
    #expect(broken.count == 1)
    #expect(broken.first?.contains(path) ?? false, "\(broken)")
    try training.finish()
    try resumed.finish()
    #expect(resumed.result.bits == training.result.bits)
  }

  @Test func `that was cut off from the end of its log gives way to the one before`() throws {
    let task = try TinyTask()
    var training = try task.training()
    let path = task.checkpoints + "/log.jsonl"
    for step in 1...6 {
      _ = try training.advance()
      if step >= 5 { try training.saveCheckpoint(to: task.checkpoints) }
    }
    try writeAtomically(Array(try readFile(path).dropLast(9)), to: path)
    var resumed = try task.training()
    #expect(try resumed.resume(from: task.checkpoints).first?.contains(path) ?? false)
    #expect(resumed.step == 5)
    try training.finish()
    try resumed.finish()
    try resumed.saveCheckpoint(to: task.checkpoints)
    #expect(resumed.result.bits == training.result.bits)
    #expect(resumed.log.jsonLines == training.log.jsonLines)
    #expect(try readFile(path) == Array(training.log.jsonLines.utf8))
  }

  @Test func `appends to its log, whatever was behind it`() throws {
    let task = try TinyTask()
    let path = task.checkpoints + "/log.jsonl"
    var training = try task.training()
    _ = try training.advance()
    try training.saveCheckpoint(to: task.checkpoints)
    let first = try readFile(path)
    // What was measured after the checkpoint, before a crash.
    try append("{\"step\": 2, \"epoch\"", to: path, at: first.count)
    var resumed = try task.training()
    _ = try resumed.resume(from: task.checkpoints)
    _ = try resumed.advance()
    try resumed.saveCheckpoint(to: task.checkpoints)
    #expect(try readFile(path) == Array(resumed.log.jsonLines.utf8))
    // A copy of the training that writes elsewhere writes all of it.
    let other = task.folder + "/other"
    try resumed.saveCheckpoint(to: other)
    #expect(try readFile(other + "/log.jsonl") == Array(resumed.log.jsonLines.utf8))
  }

  @Test func `with tensors of other shapes is refused`() throws {
    let task = try TinyTask()
    var training = try task.training()
    _ = try training.advance()
    try training.saveCheckpoint(to: task.checkpoints)
    let path = "\(task.checkpoints)/step-00000001/tensors.safetensors"
    let file = try TensorFile(path)
    for group in ["parameter", "first", "second", "best"] {
      let tensors = try file.tensors.map { name, tensor in
        let isChanged = name.hasPrefix(group + "/") && name.hasSuffix(".bias")
        return NamedTensor(
          name: name, shape: isChanged ? [1] : tensor.shape,
          floats: isChanged ? [0] : try tensor.floats())
      }
      guard tensors.contains(where: { $0.name.hasPrefix(group + "/") }) else { continue }
      try writeSafetensors(tensors, to: path)
      var resumed = try task.training()
      let failure = try #require(throws: FileFailure.self) {
        try resumed.resume(from: task.checkpoints)
      }
      #expect(failure.path == path)
      #expect(failure.place == group)
    }
  }

  @Test(arguments: [
    "seed", "epochs", "learning_rate", "batch_size", "lanes", "method", "data", "dev",
  ])
  func `of another training is refused`(_ difference: String) throws {
    let task = try TinyTask()
    var training = try task.training()
    _ = try training.advance()
    try training.saveCheckpoint(to: task.checkpoints)
    var other = try task.training(
      on: difference == "data" ? task.dev : nil, dev: difference == "dev" ? task.train : nil,
      method: difference == "method" ? "lora" : "seq_bn[dropout=0.1]"
    ) { settings in
      switch difference {
      case "seed": settings.seed = 1
      case "epochs": settings.epochs = 3
      case "learning_rate": settings.learningRate = 2e-2
      case "batch_size": settings.batchSize = 8
      case "lanes": settings.lanes = 4
      default: break
      }
    }
    let failure = try #require(throws: FileFailure.self) {
      try other.resume(from: task.checkpoints)
    }
    #expect(failure.place == "$.training.\(difference)", "\(failure)")
    #expect(failure.hint?.contains("--resume") ?? false)
    #expect(other.step == 0)
  }

  @Test func `that is not there is told from one that is`() throws {
    let task = try TinyTask()
    #expect(try !Training.hasCheckpoint(in: task.checkpoints))
    try makeFolder(task.checkpoints + "/step-00000004.tmp-1")
    #expect(try !Training.hasCheckpoint(in: task.checkpoints))
    var training = try task.training()
    #expect(throws: FileFailure.self) { try training.resume(from: task.checkpoints) }
    try training.saveCheckpoint(to: task.checkpoints)
    #expect(try Training.hasCheckpoint(in: task.checkpoints))
  }
}
