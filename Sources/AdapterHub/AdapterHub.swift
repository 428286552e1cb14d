/// One import for applications: base models, adapters, training, prediction.
///
/// A base model is loaded once and stays as it is. An adapter is the difference between it and a
/// model for a task: a small folder, trained here or with the Python library `adapters`.
///
/// ```swift
/// import AdapterHub
///
/// let model = try TextModel(folder: "all-MiniLM-L6-v2")
/// var training = try await model.training(
///   of: "intent", task: "text-classification", on: "train.jsonl", dev: "dev.jsonl")
/// try await training.finish()
/// try training.save(to: "adapters/intent")
///
/// let intent = try model.adapter("adapters/intent")
/// let score = try await model.evaluate(intent, on: "test.jsonl")
/// let answers = try await model.predict([TextInput("dim the lights")], with: intent)
/// print(score["accuracy"] ?? 0, answers[0].line)
///
/// let pulled = try await HubClient().pull(AdapterReference("alice/slots"))
/// let slots = try model.adapter(pulled.folder)
/// ```
///
/// - ``TextModel``: a base model with its tokenizer; answers, evaluates and trains.
/// - ``BoundAdapter``: an adapter brought together with a base model; any number of them act on one
///   model at once, from any number of tasks, also inside one batch.
/// - ``Training``: a value that is stepped forward, saved and taken up again.
/// - ``Composition``: how adapters work together, as `stack(a,b)`.
/// - ``HubClient``: pulls adapters and models from a hub into the cache, and publishes them.
/// - ``FileFailure``: what is wrong with a file, where, and the likely cure.
///
/// An application that needs no hub imports `AdapterHubEngine`, which is all of this but the hub's
/// client, and nothing of networking.
@_exported public import AdapterHubEngine
@_exported public import struct HubClient.AdapterFacts
@_exported public import struct HubClient.AdapterReference
@_exported public import struct HubClient.ClientSettings
@_exported public import enum HubClient.FileSelection
@_exported public import struct HubClient.HubClient
@_exported public import struct HubClient.HubFailure
@_exported public import enum HubClient.PullEvent
@_exported public import struct HubClient.PulledRepository
@_exported public import enum HubClient.PushEvent
@_exported public import struct HubClient.PushedFolder
@_exported public import struct HubClient.RepositoryIdentifier
@_exported public import struct HubClient.RepositoryInfo
@_exported public import struct HubClient.RepositorySummary
@_exported public import struct HubClient.SearchQuery
