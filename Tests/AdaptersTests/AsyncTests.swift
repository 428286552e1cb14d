/// The calls for Swift's tasks: the same answers, computed elsewhere, until the task is cancelled.
import Adapters
import Files
import Synchronization
import Testing

@Suite struct `An asynchronous call` {
  private static func adapter(_ name: String, _ model: TextModel) throws -> BoundAdapter {
    try model.adapter("\(Goldens.folder)/adapters/\(name)")
  }

  @Test func `gives what a synchronous one gives`() async throws {
    let model = try TinyTask.model()
    let adapters = try ["head_tagging", "head_multilabel"].map { try Self.adapter($0, model) }
    let inputs = ["the film was good", "play music in London"].map { TextInput($0) }
    let stacks = adapters.map { [$0] }
    func answers() throws -> [JSON] { try model.predict(inputs, with: stacks).map(\.json) }
    let expected = try answers()
    #expect(try await model.predict(inputs, with: stacks).map(\.json) == expected)
    let task = try TinyTask()
    var (training, other) = (try task.training(), try task.training())
    try await training.finish()
    func finish() throws { try other.finish() }
    try finish()
    #expect(training.isFinished && training.result.bits == other.result.bits)
    let bound = BoundAdapter(training.result, to: model.base)
    let score = try await model.evaluate(bound, on: task.dev)
    #expect(score.examples == 32 && score["accuracy"] != nil)
  }

  @Test func `never computes on a task's thread`() async throws {
    #expect(withUnsafeCurrentTask { $0 != nil })
    #expect(try await EngineThread.run { _ in withUnsafeCurrentTask { $0 == nil } })
  }

  @Test func `is refused where the task is cancelled before its turn`() async throws {
    let model = try TinyTask.model()
    let adapter = try Self.adapter("head_tagging", model)
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      return try await model.predict([TextInput("a film")], with: adapter).count
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test func `ends between layers where the task is cancelled`() async throws {
    let model = try TinyTask.model()
    let adapter = try Self.adapter("head_tagging", model)
    let requests = [TextRequest(TextInput("a film"), [adapter])]
    let asked = Mutex(0)
    func results() throws {
      _ = try model.results(requests) {
        asked.withLock { count in
          count += 1
          return count > 2
        }
      }
    }
    #expect(throws: CancellationError.self) { try results() }
    #expect(asked.withLock { $0 } == 3)
  }

  @Test func `of a training keeps the steps that were taken`() async throws {
    let data = try TinyTask()
    let start = try data.training { $0.epochs = 10_000 }
    let task = Task {
      var training = start
      let failure = await #expect(throws: CancellationError.self) { try await training.finish() }
      return (training.step, failure != nil)
    }
    try await Task.sleep(for: .milliseconds(200))
    task.cancel()
    let (step, wasCancelled) = await task.value
    #expect(wasCancelled && step < start.totalSteps)
  }
}

@Suite struct `A request` {
  @Test func `that cannot be answered fails alone`() async throws {
    let model = try TinyTask.model()
    let tagging = try model.adapter("\(Goldens.folder)/adapters/head_tagging")
    let headless = try model.adapter("\(Goldens.folder)/adapters/ln_before")
    let long = String(repeating: "play ", count: 600)
    let classes = try model.adapter("\(Goldens.folder)/adapters/head_one_layer")
    let results = try await model.results([
      TextRequest(TextInput("a film"), [tagging]), TextRequest(TextInput("a film"), [headless]),
      TextRequest(TextInput(long), [classes]), TextRequest(TextInput(""), [tagging]),
      TextRequest(TextInput("a film"), [.adapter(tagging), .adapter(classes)]),
      TextRequest(TextInput(long), [.adapter(tagging)]),
    ])
    #expect(try results[0].get().map(\.isOfNothing) == [false])
    #expect(throws: FileFailure.self) { try results[1].get() }
    #expect(throws: FileFailure.self) { try results[2].get() }
    #expect(try results[3].get().map(\.isOfNothing) == [true])
    let both = try results[4].get()
    #expect(both.map { $0.setup.adapters.map(\.name) } == [["head_tagging"], ["head_one_layer"]])
    #expect(both[0].answer.json == (try results[0].get()[0].answer.json))
    #expect(both[1].answer is TextClassification.Answer)
    #expect(try results[5].get().count == 1)
  }
}
