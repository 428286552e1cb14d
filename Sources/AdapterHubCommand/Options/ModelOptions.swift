/// `--model`: the base model, and how to compute with it.
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

  /// The model's folder.
  func folder() throws -> String { try folderOrPulled(model, "model") }

  /// Loads the model.
  func load() throws -> BaseModel {
    if let threads { setThreadCount(threads) }
    return try BaseModel(folder: folder(), precision: precision.precision)
  }

  /// Loads the model with its tokenizer.
  func loadText() throws -> TextModel {
    if let threads { setThreadCount(threads) }
    return try TextModel(folder: folder(), precision: precision.precision)
  }
}
