/// `--adapter`: the adapters that act on a model.
import Adapters
import ArgumentParser
import BaseModels
import Files

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
