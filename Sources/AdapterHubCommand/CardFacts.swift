/// What a card tells beyond the adapter's own files: its base model's size, and what it reached.
import BaseModels
import Files
import HubClient

/// The base model's shape: of a folder or an id that is given, or of what the cache has.
///
/// - Parameters:
///   - model: what the user named.
///   - folder: an adapter's, whose configuration names its base model.
///   - hub: whose cache is looked at.
/// - Returns: nil where it is not at hand.
/// - Throws: ``FileFailure`` when it is named and not there.
func knownBase(_ model: String?, of folder: String?, _ hub: HubClient) throws -> BaseShape? {
  if let model {
    if fileExists(model) { return try BaseShape(folderOrConfiguration: model) }
    guard let cached = hub.cachedFolder(try AdapterReference(model)) else {
      throw FileFailure(
        model, "is neither a folder here nor in the cache", hint: "adapterhub pull brings it there")
    }
    return try BaseShape(folderOrConfiguration: cached)
  }
  // Only where it is at hand: a card without the share is a card too.
  guard let folder, let json = try? JSON(contentsOf: "\(folder)/adapter_config.json"),
    case .string(let name)? = json["model_name"] ?? json["base_model_name_or_path"],
    let reference = try? AdapterReference(name), let cached = hub.cachedFolder(reference)
  else { return nil }
  return try? BaseShape(folderOrConfiguration: cached)
}

/// What the training's record in a folder says of the best epoch on the development data.
func metrics(in folder: String) throws -> [CardMetric] {
  let path = "\(folder)/training.jsonl"
  guard fileExists(path) else { return [] }
  var reader = try LineReader(path)
  var best: [(name: String, value: Double)] = []
  while let field = try reader.nextObject() {
    guard let found = try field["metrics"]?.object().map({ ($0.key, try $0.value.number()) }),
      let main = found.first
    else { continue }
    // The training keeps the epoch whose main metric is the best, the first of equals.
    if best.first.map({ main.1 > $0.value }) ?? true { best = found.map { ($0.0, $0.1) } }
  }
  return best.filter(\.value.isFinite).map { CardMetric(name: $0.name, value: $0.value) }
}
