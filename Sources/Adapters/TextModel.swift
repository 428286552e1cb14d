/// A base model with its tokenizer: what reads texts.
public import BaseModels
internal import Files
public import Tensors
public import Tokenization

/// A pre-trained model and its tokenizer, loaded once and used from any number of tasks at once.
///
/// ```swift
/// let model = try TextModel(folder: "all-MiniLM-L6-v2")
/// let sentiment = try model.adapter("adapters/sentiment")
/// let answers = try model.predict([TextInput("I loved it.")], with: [sentiment])
/// ```
public struct TextModel: Sendable {
  public let base: BaseModel
  public let tokenizer: Tokenizer

  /// Loads a Hugging Face model folder.
  ///
  /// - Throws: ``FileFailure`` naming the file, the place and the likely cure.
  public init(folder: String, precision: Precision = .f32) throws {
    try self.init(
      base: try BaseModel(folder: folder, precision: precision),
      tokenizer: try Tokenizer(folder: folder), file: folder + "/config.json")
  }

  /// - Throws: ``FileFailure`` where the tokenizer's special tokens leave the model no room for text.
  public init(base: BaseModel, tokenizer: Tokenizer) throws {
    try self.init(base: base, tokenizer: tokenizer, file: "model \(base.name)")
  }

  private init(base: BaseModel, tokenizer: Tokenizer, file: String) throws {
    let special = try tokenizer.encode("").count
    guard base.traits.positions > special else {
      throw FileFailure(
        file, at: "$.max_position_embeddings",
        "\(base.traits.positions) leaves no room for text beside \(special) special tokens",
        hint: "is this the tokenizer of that model?")
    }
    self.base = base
    self.tokenizer = tokenizer
  }

  /// Loads an adapter, ready to act on this model.
  ///
  /// - Parameters:
  ///   - folder: as the Python library `adapters` or this one saves it.
  ///   - name: what to call it; nil is the name in the file.
  ///   - ignoringBase: load it although it was trained on another base model.
  /// - Returns: the adapter, its layers packed for this model's sites.
  /// - Throws: ``FileFailure`` naming what is missing, unexpected, misshapen or not finite.
  public func adapter(_ folder: String, name: String? = nil, ignoringBase: Bool = false) throws
    -> BoundAdapter
  {
    BoundAdapter(
      try Adapter(folder: folder, for: base.shape, name: name, ignoringBase: ignoringBase),
      to: base)
  }

  /// How many tokens a sequence may have.
  ///
  /// The positions that the model has; a tokenizer's own, lower limit is about training and is not
  /// held against texts.
  public var limit: Int { base.traits.positions }
}
