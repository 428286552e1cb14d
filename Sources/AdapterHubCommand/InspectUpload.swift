import HubClient

/// What a hub is handed to know adapters by.
let inspectUpload: @Sendable (String) throws -> AdapterFacts = { try AdapterFacts(folder: $0) }
