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
  /// By ``Site/index``.
  let projections: [(any ProjectionModule)?]
  let endings: [(any EndingModule)?]
  let boundHead: (any BoundHead)?
  let readsWholeSequences: Bool
  /// Tells two adapters apart, of whatever names: copies are the same adapter.
  let identity: Identity

  /// An adapter's identity.
  final class Identity: Sendable, Hashable {
    static func == (a: Identity, b: Identity) -> Bool { a === b }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
  }

  /// Brings an adapter together with its base model, for prediction.
  public init(_ adapter: Adapter, to base: BaseModel) {
    self.init(
      adapter, to: base, tensors: adapter.tensors, headTensors: adapter.headTensors,
      isTrained: false,
      dropout: nil)
  }

  /// The same for training: with tensors that are differentiated in place of the adapter's own.
  init(
    _ adapter: Adapter, to base: BaseModel, tensors: [String: Tensor],
    headTensors: [String: Tensor], isTrained: Bool, dropout: DropoutSource?
  ) {
    name = adapter.name
    head = adapter.head
    task = adapter.task
    identity = Identity()
    let sites = base.sites
    var projections = [(any ProjectionModule)?](repeating: nil, count: sites.count)
    var endings = [(any EndingModule)?](repeating: nil, count: sites.count)
    for site in sites {
      for method in adapter.methods {
        let parameters = method.parameters(at: site, of: base.dimensions)
        guard !parameters.isEmpty else { continue }
        let path = "\(site.path).\(type(of: method).container).\(adapter.name)."
        var named: [String: Tensor] = [:]
        for parameter in parameters { named[parameter.name] = tensors[path + parameter.name] }
        let module = method.module(
          at: site, of: base.dimensions,
          ModuleTensors(named: named, isTrained: isTrained, dropout: dropout))
        switch module {
        case .projection(let module): projections[site.index] = module
        case .ending(let module): endings[site.index] = module
        case nil: break
        }
      }
    }
    self.projections = projections
    self.endings = endings
    readsWholeSequences =
      projections.contains { $0?.readsWholeSequences ?? false }
      || endings.contains { $0?.readsWholeSequences ?? false }
    let prefix = "heads.\(adapter.name)."
    boundHead = adapter.head.map { head in
      var named: [String: Tensor] = [:]
      for parameter in head.parameters(base.dimensions) {
        named[parameter.name] = headTensors[prefix + parameter.name]
      }
      return head.bound(
        ModuleTensors(named: named, isTrained: isTrained, dropout: dropout?.at("head")), on: base)
    }
  }
}
