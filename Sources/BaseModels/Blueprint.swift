/// What a model consists of, known by building it without weights.
public import Files
internal import Synchronization
internal import Tensors

/// Every tensor that building asks for, and every site, in the order of a pass.
///
/// A family says its paths and shapes once, where its layers are built; everything else that knows
/// them asks here: the number of parameters, what a checkpoint misses, where adapters may act.
public struct Blueprint: Sendable {
  /// A tensor of the checkpoint.
  public struct Entry: Sendable, Hashable {
    public let path: String
    public let shape: [Int]
    /// Checkpoints of the same model may lack it: a pooler.
    public let isOptional: Bool
    /// It is another tensor, under a second name.
    let isTied: Bool
    /// The names it may have in a file, the usual one first.
    let spellings: [String]
  }

  public let traits: Traits
  public let entries: [Entry]
  public let sites: [Site]
  private let indices: [SiteKey: Int]

  /// Builds a model of nothing but shapes.
  ///
  /// - Parameters:
  ///   - type: the family.
  ///   - configuration: the root of `config.json`.
  ///   - checkpoint: tells which optional parts are there; nil for all.
  /// - Throws: ``FileFailure`` for a configuration that makes no sense.
  init(_ type: any Architecture.Type, _ configuration: Field, _ checkpoint: Checkpoint?) throws {
    let drawing = Drawing()
    let model = try type.init(
      configuration, Weights(.nothing(checkpoint), drawing: drawing, precision: .f32))
    let (entries, sites) = drawing.finished
    traits = model.traits
    self.entries = entries
    self.sites = sites
    indices = Dictionary(uniqueKeysWithValues: sites.map { (SiteKey($0.kind, $0.path), $0.index) })
    try checkSize(configuration)
  }

  /// How many numbers the model consists of, without a head.
  public var parameterCount: Int {
    entries.reduce(0) { $0 + ($1.isTied ? 0 : $1.shape.reduce(1, *)) }
  }

  func site(_ kind: Site.Kind, _ path: String) -> Site? {
    indices[SiteKey(kind, path)].map { sites[$0] }
  }

  /// The tensors that a checkpoint lacks, by the names they should have.
  public func missing(from checkpoint: Checkpoint) -> [String] {
    entries.compactMap { entry in
      entry.isOptional || entry.spellings.contains { checkpoint.tensors[$0] != nil }
        ? nil : entry.path
    }
  }

  /// The tensors of a checkpoint that the model does not read, sorted: heads, buffers, or a mistake.
  public func extra(in checkpoint: Checkpoint) -> [String] {
    let known = Set(entries.flatMap(\.spellings))
    return checkpoint.tensors.keys.filter { !known.contains($0) }.sorted()
  }

  /// Each size of a configuration is sensible; all of them together may be more than any machine has.
  private func checkSize(_ configuration: Field) throws {
    var bytes = 0.0
    for entry in entries { bytes += entry.shape.reduce(4.0) { $0 * Double($1) } }
    guard bytes <= Double(largestModel) else {
      throw configuration.failure(
        "the model would take \(Int(bytes / 0x1p30)) GB, the limit is \(largestModel >> 30)",
        hint: "are hidden_size, num_hidden_layers and vocab_size right?")
    }
  }
}

/// One terabyte of 32-bit floats.
private let largestModel = 1 << 40

private struct SiteKey: Hashable {
  let kind: Site.Kind
  let path: String

  init(_ kind: Site.Kind, _ path: String) {
    self.kind = kind
    self.path = path
  }
}

/// A blueprint that is being drawn, by a build in the order of a pass.
final class Drawing: Sendable {
  private struct State {
    var entries: [Blueprint.Entry] = []
    var paths: Set<String> = []
    var sites: [Site] = []
    var indices: [SiteKey: Int] = [:]
  }
  private let state = Mutex(State())

  var finished: (entries: [Blueprint.Entry], sites: [Site]) {
    state.withLock { ($0.entries, $0.sites) }
  }

  /// Notes a tensor; one that several layers share is noted once.
  func add(_ entry: Blueprint.Entry) {
    state.withLock { state in
      if state.paths.insert(entry.path).inserted { state.entries.append(entry) }
    }
  }

  /// Notes a site, and gives it its number; one that a pass meets several times has one.
  func site(_ kind: Site.Kind, _ path: String, _ make: (_ index: Int) -> Site) -> Site {
    state.withLock { state in
      let key = SiteKey(kind, path)
      if let index = state.indices[key] { return state.sites[index] }
      let site = make(state.sites.count)
      state.indices[key] = state.sites.count
      state.sites.append(site)
      return site
    }
  }
}
