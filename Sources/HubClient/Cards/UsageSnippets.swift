/// How an adapter is used, ready to be copied.

/// A few lines of a language or a shell.
public struct UsageSnippet: Sendable, Equatable {
  /// What it is for: `Swift`, `Python with adapters`.
  public let title: String
  /// As Markdown names it: `swift`, `sh`, `python`.
  public let language: String
  public let code: String

  public init(title: String, language: String, code: String) {
    self.title = title
    self.language = language
    self.code = code
  }
}

/// The ways to use an adapter, those of its own library first.
///
/// - Parameters:
///   - facts: what the adapter is.
///   - repository: where it lies.
///   - endpoint: the address of the hub, where it has to be told to the clients.
/// - Returns: one for each way, with titles that differ.
public func usageSnippets(
  _ facts: AdapterFacts, _ repository: RepositoryIdentifier, endpoint: String? = nil
) -> [UsageSnippet] {
  let base = snippetName(ofModel: facts.baseModel)
  let shellHub = endpoint.map { "export HF_ENDPOINT=\($0)\n" } ?? ""
  let pythonHub = endpoint.map { "import os\nos.environ[\"HF_ENDPOINT\"] = \"\($0)\"\n\n" } ?? ""
  switch facts.library {
  case .adapters:
    return [
      UsageSnippet(
        title: "Command line", language: "sh",
        code: """
          \(shellHub)adapterhub pull \(repository)
          adapterhub predict --model \(base) --adapter \(repository) 'A text to try'
          """),
      UsageSnippet(
        title: "Swift", language: "swift",
        code: """
          import AdapterHub

          let model = try TextModel(folder: "\(base)")
          let pulled = try await HubClient().pull("\(repository)")
          let adapter = try model.adapter(pulled.folder)
          let answers = try model.predict([TextInput("A text to try")], with: adapter)
          """),
      UsageSnippet(
        title: "Python with adapters", language: "python",
        code: """
          \(pythonHub)from adapters import AutoAdapterModel

          model = AutoAdapterModel.from_pretrained("\(base)")
          name = model.load_adapter("\(repository)", set_active=True)
          """),
    ]
  case .peft:
    return [
      UsageSnippet(
        title: "Python with PEFT", language: "python",
        code: """
          \(pythonHub)from peft import PeftModel
          from transformers import \(peftModelClass(facts.task))

          base = \(peftModelClass(facts.task)).from_pretrained("\(base)"\(peftLabels(facts)))
          model = PeftModel.from_pretrained(base, "\(repository)")
          """),
      UsageSnippet(
        title: "Command line", language: "sh", code: "\(shellHub)adapterhub pull \(repository)"),
    ]
  }
}

/// The class of transformers that has the head which a task's adapter comes with.
private func peftModelClass(_ task: String?) -> String {
  switch task {
  case "text-classification": "AutoModelForSequenceClassification"
  case "token-classification": "AutoModelForTokenClassification"
  case "question-answering": "AutoModelForQuestionAnswering"
  case "causal-lm", "text-generation": "AutoModelForCausalLM"
  case "seq2seq-lm", "text2text-generation": "AutoModelForSeq2SeqLM"
  default: "AutoModel"
  }
}

private func peftLabels(_ facts: AdapterFacts) -> String {
  guard ["text-classification", "token-classification"].contains(facts.task ?? ""),
    !facts.labels.isEmpty
  else { return "" }
  return ", num_labels=\(facts.labels.count)"
}

/// A base model's name as it may stand in lines that people copy into a shell or a program.
///
/// A card may say anything; only what is a name of a model is repeated, all else could be a command.
package func snippetName(ofModel name: String?) -> String {
  guard let name, (try? RepositoryIdentifier(name)) != nil else { return "BASE-MODEL" }
  return name
}
