/// Names that applications have for themselves, or from libraries like SwiftUI.

public struct Account: Sendable { public init() {} }
public struct Activation: Sendable { public init() {} }
public struct Architecture: Sendable { public init() {} }
public struct AttentionShape: Sendable { public init() {} }
public struct BERT: Sendable { public init() {} }
public struct Batch: Sendable { public init() {} }
public struct Checkpoint: Sendable { public init() {} }
public struct Embedding: Sendable { public init() {} }
public struct Encoding: Sendable { public init() {} }
public struct Ending: Sendable { public init() {} }
public struct Field: Sendable { public init() {} }
public struct FileKind: Sendable { public init() {} }
public struct Fingerprint: Sendable { public init() {} }
public struct Head: Sendable { public init() {} }
public struct Hidden: Sendable { public init() {} }
public struct Hooks: Sendable { public init() {} }
public struct Initializer: Sendable { public init() {} }
public struct KeyValues: Sendable { public init() {} }
public struct Label: Sendable { public init() {} }
public struct LabelRequirement: Sendable { public init() {} }
public struct Layout: Sendable { public init() {} }
public struct Linear: Sendable { public init() {} }
public struct LineReader: Sendable { public init() {} }
public struct Meter: Sendable { public init() {} }
public struct Method: Sendable { public init() {} }
public struct Modules: Sendable { public init() {} }
public struct Norm: Sendable { public init() {} }
public struct Parameter: Sendable { public init() {} }
public struct Pass: Sendable { public init() {} }
public struct Prefix: Sendable { public init() {} }
public struct Projection: Sendable { public init() {} }
public struct Random: Sendable { public init() {} }
public struct Reading: Sendable { public init() {} }
public struct Rotary: Sendable { public init() {} }
public struct Row: Sendable { public init() {} }
public struct Site: Sendable { public init() {} }
public struct Target: Sendable { public init() {} }
public struct TensorFile: Sendable { public init() {} }
public struct TensorSummary: Sendable { public init() {} }
public struct TextLine: Sendable { public init() {} }
public struct TokenRows: Sendable { public init() {} }
public struct Traits: Sendable { public init() {} }
public struct Weights: Sendable { public init() {} }
public func append() -> String { "append" }
public func attention() -> String { "attention" }
public func checkReplaceable() -> String { "checkReplaceable" }
public func configurationHash() -> String { "configurationHash" }
public func describe() -> String { "describe" }
public func escaped() -> String { "escaped" }
public func fileExists() -> String { "fileExists" }
public func generateCard() -> String { "generateCard" }
public func lastPathComponent() -> String { "lastPathComponent" }
public func makeFolder() -> String { "makeFolder" }
public func parallel() -> String { "parallel" }
public func parallelMap() -> String { "parallelMap" }
public func parseMethods() -> String { "parseMethods" }
public func readFile() -> String { "readFile" }
public func removeFolder() -> String { "removeFolder" }
public func verify() -> String { "verify" }
public func writeAtomically() -> String { "writeAtomically" }
public var architectures: String { "architectures" }
public var heads: String { "heads" }
public var memoryLimit: String { "memoryLimit" }
public var methods: String { "methods" }
public var threadCount: String { "threadCount" }
