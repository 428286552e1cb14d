/// What several commands ask for: the model, the adapters, how to compute.
import Adapters
import ArgumentParser
import BaseModels
import Files
import Tensors
import Tokenization

/// The base model, and how to compute with it.
struct ModelOptions: ParsableArguments {
  @Option(help: "The base model: a folder with config.json, weights and tokenizer, or owner/name.")
  var model: String

  @Option(help: "f32, bf16, or auto: bf16 where the processor has it.")
  var precision = PrecisionOption.f32

  @Option(help: "How many threads; all processors by default.")
  var threads: Int?

  func validate() throws {
    guard threads.map({ (1...256).contains($0) }) ?? true else {
      throw ValidationError("--threads is between 1 and 256.")
    }
  }

  /// Loads the model.
  func load() throws -> BaseModel {
    if let threads { setThreadCount(threads) }
    return try BaseModel(folder: folderOrPulled(model, "model"), precision: precision.precision)
  }

  /// Loads the model with its tokenizer.
  func loadText() throws -> TextModel {
    if let threads { setThreadCount(threads) }
    return try TextModel(folder: folderOrPulled(model, "model"), precision: precision.precision)
  }
}

/// The adapters that act on a model.
struct AdapterOptions: ParsableArguments {
  @Option(
    name: .customLong("adapter"),
    help: ArgumentHelp(
      "An adapter's folder, or owner/name[@revision] on the hub; name=… calls it otherwise; "
        + "may be repeated.",
      valueName: "[name=]adapter"))
  var adapters: [String] = []

  @Flag(help: "Use an adapter although it was trained on another base model.")
  var force = false

  /// Loads the adapters, in the order they were given, and brings them together with a model.
  ///
  /// - Throws: ``FileFailure`` for a folder that does not hold an adapter for this model, or two
  ///   adapters of one name.
  func load(for base: BaseModel) throws -> [(name: String, adapter: BoundAdapter)] {
    var loaded: [(name: String, adapter: BoundAdapter)] = []
    let shape = base.shape
    for argument in adapters {
      let (name, place) = named(argument)
      let folder = try folderOrPulled(place, "adapter")
      let adapter = try Adapter(folder: folder, for: shape, name: name, ignoringBase: force)
      guard !loaded.contains(where: { $0.name == adapter.name }) else {
        throw FileFailure(
          folder, "a second adapter is named \(adapter.name)",
          hint: "give one another name: --adapter other=\(place)")
      }
      loaded.append((adapter.name, BoundAdapter(adapter, to: base)))
    }
    return loaded
  }

  /// Takes `name=folder` apart; a folder that is there is never taken for a name.
  private func named(_ argument: String) -> (name: String?, folder: String) {
    guard !fileExists(argument), let sign = argument.firstIndex(of: "="),
      !argument[..<sign].contains("/")
    else { return (nil, argument) }
    return (String(argument[..<sign]), String(argument[argument.index(after: sign)...]))
  }
}

/// Refuses names that no setup could say.
///
/// - Throws: `ValidationError` naming the option.
func checkNameForSetups(_ name: String, _ option: String) throws {
  guard !name.contains(where: { "(),:= ".contains($0) }) else {
    throw ValidationError(
      "\(option) \(escaped(name, limit: 80)): a name with spaces or any of ( ) , : = "
        + "cannot be used in a setup.")
  }
}
