/// An adapter brought together with a base model: ready to act.
public import BaseModels
internal import Tensors

/// The modules of an adapter by site, with weights packed for this CPU, or tracked for a gradient.
public struct BoundAdapter: Sendable {
  public let name: String
  /// Nil for an adapter without a head.
  public let head: (any Head)?
  /// What the head is asked; nil without a head, and for a head that no task asks.
  public let task: (any AdapterTask)?
  /// The head that lies beside it, where it is of a kind that nothing here computes.
  let unsupportedHead: UnsupportedHead?
  /// The model it was brought together with.
  public let base: BaseShape
  let boundHead: (any BoundHead)?
  /// Tells two adapters apart, of whatever names: copies are the same adapter.
  let identity: Identity
  /// One for each of the methods, which act at different sites.
  private let modules: [Modules]
  /// By ``Site/index``.
  private let actsAt: [Bool]

  /// An adapter's identity.
  final class Identity: Sendable, Hashable {
    static func == (a: Identity, b: Identity) -> Bool { a === b }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
  }

  /// Brings an adapter together with its base model, for prediction.
  public init(_ adapter: Adapter, to base: BaseModel) {
    self.init(
      adapter, to: base, tensors: adapter.tensors, headTensors: adapter.headTensors,
      isTrained: false, dropout: nil)
  }

  /// The same for training: with tensors that are differentiated in place of the adapter's own.
  init(
    _ adapter: Adapter, to base: BaseModel, tensors: [String: Tensor],
    headTensors: [String: Tensor], isTrained: Bool, dropout: DropoutSource?
  ) {
    name = adapter.name
    head = adapter.head
    task = adapter.task
    unsupportedHead = adapter.unsupportedHead
    self.base = base.shape
    identity = Identity()
    let tensors = AdapterTensors(
      tensors, of: adapter.name, isTrained: isTrained, dropout: dropout)
    modules = adapter.methods.map { $0.modules(tensors, on: base) }
    var acting = [Bool](repeating: false, count: base.sites.count)
    for modules in modules {
      for index in modules.sites { acting[index] = true }
    }
    actsAt = acting
    boundHead = adapter.head.map { head in
      head.bound(
        ModuleTensors(
          named: headTensors, prefix: "heads.\(adapter.name).", isTrained: isTrained,
          dropout: dropout?.at("head")), on: base)
    }
  }

  /// Whether it does anything at a site.
  func acts(at site: Site) -> Bool { actsAt[site.index] }

  /// What of it acts at a site; the methods of a union act at different ones.
  func module<Module>(_ kind: KeyPath<Modules, [Int: Module]>, at site: Site) -> Module? {
    guard actsAt[site.index] else { return nil }
    return modules.lazy.compactMap { $0[keyPath: kind][site.index] }.first
  }

  /// What acts behind embeddings, where several methods may.
  func embeddings(at site: Site) -> [any EmbeddingModule] {
    modules.compactMap { $0.embeddings[site.index] }
  }

  /// How many rows it adds to each sequence behind the embeddings.
  var addedRows: Int {
    modules.reduce(0) { $1.embeddings.values.reduce($0) { $0 + $1.addedRows } }
  }

  func readsWholeSequences(at site: Site) -> Bool {
    guard actsAt[site.index] else { return false }
    return modules.contains { $0.all(at: site.index).contains { $0.readsWholeSequences } }
  }
}

extension Modules {
  /// The numbers of the sites where anything acts.
  fileprivate var sites: [Int] {
    Array(embeddings.keys) + Array(projections.keys) + Array(attentions.keys)
      + Array(endings.keys) + Array(layers.keys)
  }

  fileprivate func all(at index: Int) -> [any SiteModule] {
    [
      embeddings[index], projections[index], attentions[index], endings[index], layers[index],
    ].compactMap { $0 as (any SiteModule)? }
  }
}
