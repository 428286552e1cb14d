/// What an adapter's folder holds, in the few facts that a hub lists and a card tells.
public import Files

/// Made from a folder by whoever can read one; a hub keeps it beside each version as JSON.
public struct AdapterFacts: Sendable, Equatable {
  /// The library whose files these are.
  public enum Library: String, Sendable, CaseIterable {
    case adapters, peft
  }

  public var library: Library
  /// The adapter's own name, in its configuration.
  public var name: String
  /// The string that makes the same method: `lora[r=4]`, `seq_bn|lora`.
  public var method: String
  /// The settings as the configuration file has them.
  public var configuration: JSON
  public var modelType: String?
  public var hiddenSize: Int?
  /// The id of the base model it was trained on.
  public var baseModel: String?
  /// What tells its base model's weights from others, as the adapter's configuration has it.
  public var baseFingerprint: String?
  /// The task of its head: `text-classification`; nil without one.
  public var task: String?
  public var labels: [String]
  /// Without the head's.
  public var parameterCount: Int
  /// Of the files of tensors.
  public var byteCount: Int
  /// `parameterCount` as a part of the base model's, where that is known.
  public var share: Double?
  /// What makes it unfit to be used or shared, a sentence each.
  public var problems: [String]

  public init(
    library: Library, name: String, method: String, configuration: JSON = [:],
    modelType: String? = nil, hiddenSize: Int? = nil, baseModel: String? = nil,
    baseFingerprint: String? = nil, task: String? = nil, labels: [String] = [],
    parameterCount: Int = 0, byteCount: Int = 0, share: Double? = nil, problems: [String] = []
  ) {
    self.library = library
    self.name = name
    self.method = method
    self.configuration = configuration
    self.modelType = modelType
    self.hiddenSize = hiddenSize
    self.baseModel = baseModel
    self.baseFingerprint = baseFingerprint
    self.task = task
    self.labels = labels
    self.parameterCount = parameterCount
    self.byteCount = byteCount
    self.share = share
    self.problems = problems
  }

  /// The names of the methods alone: `lora[r=4]|seq_bn` is of `lora` and `seq_bn`.
  public var methodNames: [String] {
    // Bars part methods only outside of brackets: a setting may hold one.
    var names: [String] = []
    var (name, depth) = ("", 0)
    for character in method {
      switch character {
      case "[": depth += 1
      case "]": depth -= 1
      case "|" where depth == 0:
        names.append(name)
        name = ""
      default: if depth == 0 { name.append(character) }
      }
    }
    return (names + [name]).filter { !$0.isEmpty }
  }

  /// The base model's fingerprint in sixteen digits, as `adapterhub inspect` shows it.
  public var shownFingerprint: String? {
    baseFingerprint.map { text in
      guard text.utf8.count > 16 else { return text }
      var hash = FNV1a()
      hash.add(text.utf8)
      return hash.digits
    }
  }

  /// How many bytes the base model takes in 32 bit numbers, where its size is known.
  public var baseByteCount: Int? {
    guard let share, share > 0, share.isFinite else { return nil }
    return Int(exactly: (Double(parameterCount) / share * 4).rounded())
  }
}

extension AdapterFacts {
  /// As it is stored and sent.
  public var json: JSON {
    func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    return [
      "library": .string(library.rawValue), "name": .string(name), "method": .string(method),
      "configuration": configuration, "model_type": text(modelType),
      "hidden_size": hiddenSize.map { .integer($0) } ?? .null, "base_model": text(baseModel),
      "base_fingerprint": text(baseFingerprint), "task": text(task),
      "labels": .array(labels.map { .string($0) }), "parameters": .integer(parameterCount),
      "bytes": .integer(byteCount), "share": share.map { .number($0) } ?? .null,
      "problems": .array(problems.map { .string($0) }),
    ]
  }

  /// Reads what ``json`` made.
  ///
  /// - Throws: ``FileFailure`` naming the place.
  public init(_ field: Field) throws {
    let libraryField = try field.required("library")
    guard let library = Library(rawValue: try libraryField.string()) else {
      throw libraryField.failure("is neither adapters nor peft")
    }
    self.init(
      library: library, name: try field.required("name").string(),
      method: try field.required("method").string(),
      configuration: field["configuration"]?.json ?? [:],
      modelType: try field["model_type"]?.string(),
      hiddenSize: try field["hidden_size"]?.integer(in: 0...Int.max),
      baseModel: try field["base_model"]?.string(),
      baseFingerprint: try field["base_fingerprint"]?.string(),
      task: try field["task"]?.string(),
      labels: try field["labels"]?.array().map { try $0.string() } ?? [],
      parameterCount: try field.required("parameters").integer(in: 0...Int.max),
      byteCount: try field.required("bytes").integer(in: 0...Int.max),
      share: try field["share"]?.number(),
      problems: try field["problems"]?.array().map { try $0.string() } ?? [])
  }

  /// Reads what ``json`` made; `file` names it in errors.
  public init(_ json: JSON, file: String = "facts") throws {
    try self.init(Field(json, file: file))
  }
}
