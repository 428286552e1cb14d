import Adapters
import Datasets
import Files
import HubClient

/// What a hub is handed to know adapters by.
let inspectUpload: @Sendable (String) throws -> AdapterFacts = { folder in
  let adapter = try AdapterInspection(folder: folder)
  let file = adapter.configuration
  return AdapterFacts(
    library: .adapters, name: file.name, method: adapter.method, modelType: file.modelType,
    hiddenSize: file.hiddenSize, baseModel: file.modelName, baseFingerprint: file.fingerprint,
    task: adapter.head.map { type(of: $0).task }, labels: adapter.head?.labels.names ?? [],
    parameterCount: adapter.parameterCount, byteCount: adapter.byteCount)
}
