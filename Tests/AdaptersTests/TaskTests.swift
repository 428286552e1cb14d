/// What holds for every task.
import BaseModels
import Datasets
import Files
import Tensors
import Testing
import Tokenization

@testable import Adapters

@Suite struct `A task` {
  @Test func `finds itself by its head, and no other does`() throws {
    #expect(AdapterTasks.name(of: try TestHeads.classification()) == "text-classification")
    #expect(AdapterTasks.name(of: try TestHeads.tagging()) == "token-classification")
    #expect(AdapterTasks.name(of: try TestHeads.questions()) == "question-answering")
    for kind in AdapterTasks.all { #expect(AdapterTasks.names.contains(kind.name)) }
    #expect(Set(AdapterTasks.names).count == AdapterTasks.all.count)
  }

  @Test func `answers with its own type, and refuses to be asked for another's`() throws {
    let model = try TinyTask.model()
    let adapter = try model.adapter("\(Goldens.folder)/adapters/head_multilabel")
    let inputs = [TextInput("the film was good")]
    let answers = try model.predict(inputs, with: adapter, as: TextClassification.self)
    let answer = try #require(answers.first)
    #expect(answer.labels.count == adapter.head?.labels.count)
    #expect(try model.predict(inputs, with: adapter).first?.json == answer.json)
    let best = try #require(answer.labels.first)
    #expect(answer.line.hasPrefix("\(best.label) 0."), "\(answer.line)")
    let failure = try #require(throws: FileFailure.self) {
      try model.predict(inputs, with: adapter, as: TokenClassification.self)
    }
    #expect(failure.problem.contains("text-classification"), "\(failure)")
  }

  @Test func `refuses a head that it cannot ask`() throws {
    let model = try TinyTask.model()
    let adapter = BoundAdapter(
      try Adapter(name: "bare", methods: parseMethods("seq_bn"), for: model.base, seed: 1),
      to: model.base)
    #expect(throws: FileFailure.self) { try model.predict([TextInput("a")], with: adapter) }
    #expect(throws: FileFailure.self) { try model.evaluate(adapter, on: "nothing.jsonl") }
  }
}

@Suite struct `A meter` {
  /// Fed sequence by sequence, in twos and all at once.
  private func expectSame<Task: AdapterTask>(
    _ head: any Head, _ task: Task.Type, _ targets: [Task.Target], lengths: [Int]
  ) throws {
    let task = try #require(Task(head))
    let outputs = lengths.enumerated().map { sequence, length in
      Random(seed: 3).normal([length, head.labels.count], stream: "\(sequence)")
    }
    func measured(_ count: Int) -> [String] {
      var meter = task.meter
      for start in stride(from: 0, to: targets.count, by: count) {
        let range = start..<min(start + count, targets.count)
        let layout = Layout(lengths: Array(lengths[range]))
        meter.add(
          .concatenatingRows(Array(outputs[range])),
          TokenRows(layout), Array(targets[range]))
      }
      return meter.metrics.map { "\($0.name) \($0.value)" }
    }
    let whole = measured(targets.count)
    #expect(!whole.isEmpty)
    for count in 1..<targets.count { #expect(measured(count) == whole) }
  }

  private func classification(_ labels: Int, type: String = "classification") throws -> any Head {
    try ClassificationHead(
      Field(
        .object([
          "head_type": .string(type), "label2id": TestHeads.labels(labels),
          "num_labels": .integer(labels),
        ]), file: "a test"))
  }

  @Test func `says the same however it is fed`() throws {
    let ones = Array(repeating: 1, count: 12)
    try expectSame(
      classification(3), TextClassification.self, (0..<12).map { .label($0 % 3) }, lengths: ones)
    try expectSame(
      classification(4, type: "multilabel_classification"), TextClassification.self,
      (0..<12).map { .labels([$0 % 4, $0 % 3]) }, lengths: ones)
    try expectSame(
      classification(1), TextClassification.self, (0..<12).map { .number(Float($0 * $0 % 7)) },
      lengths: ones)
    let lengths = [3, 1, 7, 2, 5]
    try expectSame(
      TestHeads.tagging(), TokenClassification.self,
      lengths.map { (0..<$0).map { $0 % 4 == 1 ? nil : $0 % 4 } }, lengths: lengths)
  }
}

extension `A training` {
  @Test func `from memory is that from the same file`() throws {
    let task = try TinyTask()
    let rows = try Dataset.textClassification(task.train).rows
    let model = try TinyTask.model()
    var settings = TinyTask.settings
    settings.epochs = 1
    var fromFile = try model.training(
      of: "tiny", task: "text-classification", on: task.train, settings: settings)
    var fromMemory = try model.training(
      of: "tiny", task: TextClassification.self,
      on: rows.map { LabelledText(text: $0.text, label: $0.label) }, settings: settings)
    try fromFile.finish()
    try fromMemory.finish()
    #expect(fromMemory.result.bits == fromFile.result.bits)

    let adapter = BoundAdapter(fromMemory.result, to: model.base)
    let scored = try model.evaluate(adapter, as: TextClassification.self, on: rows)
    #expect(scored["accuracy"] == (try model.evaluate(adapter, on: task.train))["accuracy"])
    let failure = try #require(throws: FileFailure.self) {
      try model.evaluate(
        adapter, as: TextClassification.self,
        on: [
          LabelledText(text: "a", label: "good"), LabelledText(text: "b", label: "ugly"),
        ])
    }
    #expect(failure.place == "line 2")
    #expect(failure.problem.contains("ugly"))
  }
}

@Suite struct `A head with two spellings of one label` {
  private static let labels: JSON = .object(
    JSON.Object([
      ("good", .integer(2)), ("caf\u{e9}", .integer(1)), ("cafe\u{301}", .integer(0)),
    ]))

  private func field(_ type: String) -> Field {
    Field(
      .object([
        "head_type": .string(type), "label2id": Self.labels, "num_labels": .integer(3),
      ]), file: "a test")
  }

  @Test func `names each score as its file does`() throws {
    let head = try ClassificationHead(field("classification"))
    let task = try #require(TextClassification(head))
    let tokenizer = try TinyTask.model().tokenizer
    let prepared = try task.prepared(
      TextInput("a"), tokenizer.encode("a"), tokenizer, limit: 40, options: .init())
    let answer = prepared.answer([Tensor([0, 9, 5], shape: [1, 3])])
    #expect(
      answer.labels.map { Array($0.label.utf8) }
        == ["caf\u{e9}", "good", "cafe\u{301}"].map { Array($0.utf8) })
    #expect(head.configuration["label2id"]?["caf\u{e9}"] == .integer(1))
  }

  @Test func `tags tokens`() throws {
    let head = try TaggingHead(field("tagging"))
    let task = try #require(TokenClassification(head))
    let tokenizer = try TinyTask.model().tokenizer
    let prepared = try task.prepared(
      TextInput("a"), tokenizer.encode("a"), tokenizer, limit: 40, options: .init())
    let answer = prepared.answer([Tensor([0, 1, 9, 0, 1, 9, 0, 1, 9], shape: [3, 3])])
    #expect(answer.entities.map(\.label) == ["good"])
  }
}

@Suite struct `A model with its tokenizer` {
  @Test func `has room for text`() throws {
    let whole = try TinyTask.model()
    for positions in 1...3 {
      let path = Goldens.folder + "/base/config.json"
      guard case .object(var configuration) = try JSON(contentsOf: path) else { return }
      configuration["max_position_embeddings"] = .integer(positions)
      let base = try BaseModel(
        Field(.object(configuration), file: path), random: Random(seed: 1), name: "tiny")
      guard positions < 3 else {
        #expect(try TextModel(base: base, tokenizer: whole.tokenizer).limit == 3)
        continue
      }
      let failure = try #require(throws: FileFailure.self) {
        try TextModel(base: base, tokenizer: whole.tokenizer)
      }
      #expect(failure.problem.contains("room for text"), "\(failure)")
    }
  }
}
