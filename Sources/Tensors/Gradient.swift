/// Reverse-mode differentiation: operations leave nodes, and a pass backwards collects gradients.
internal import CAdapterKernels
internal import Synchronization

/// How a tensor came to be, kept only while something upstream of it is differentiated.
final class Node: Sendable {
  /// Increases with every node: an operation's node is younger than those of its operands, so
  /// descending order is a topological order.
  let order: UInt64
  private let inputs: Mutex<[Node?]>
  private let gradient: Gradient?

  /// How an operation passes the gradient of its result back.
  enum Gradient: Sendable {
    /// A gradient for each operand; nil where none is asked for.
    case given(@Sendable (Tensor) -> [Tensor?])
    /// What is added to a part of the only operand's gradient, which has this shape.
    case added(to: [Int], @Sendable (Tensor, UnsafeMutablePointer<Float>) -> Void)
  }

  private static let created = Atomic<UInt64>(0)

  /// A leaf: what is differentiated with respect to.
  init() {
    order = Node.created.wrappingAdd(1, ordering: .relaxed).newValue
    inputs = Mutex([])
    gradient = nil
  }

  /// A node for an operation, or nil where no operand is differentiated.
  init?(inputs tensors: [Tensor], gradient: Gradient) {
    guard tensors.contains(where: { $0.node != nil }) else { return nil }
    order = Node.created.wrappingAdd(1, ordering: .relaxed).newValue
    inputs = Mutex(tensors.map(\.node))
    self.gradient = gradient
  }

  deinit {
    // Depth first without recursion: releasing a chain of 50,000 nodes overflows the stack.
    var pending = inputs.withLock { $0 }
    inputs.withLock { $0 = [] }
    while var node = pending.popLast() {
      guard node != nil, isKnownUniquelyReferenced(&node), let only = node else { continue }
      only.inputs.withLock {
        pending.append(contentsOf: $0)
        $0 = []
      }
    }
  }

  /// Passes a gradient back through the graph below this node, and gives the leaves' sums.
  func backward(_ seed: Tensor, to leaves: [Node]) -> [Tensor?] {
    var reachable: [ObjectIdentifier: Node] = [:]
    var pending = [self]
    while let node = pending.popLast() {
      guard reachable.updateValue(node, forKey: ObjectIdentifier(node)) == nil else { continue }
      pending.append(contentsOf: node.inputs.withLock { $0 }.compactMap(\.self))
    }
    var sums = [ObjectIdentifier(self): GradientSum(seed)]
    for node in reachable.values.sorted(by: { $0.order > $1.order }) {
      guard let gradient = node.gradient else { continue }
      guard let sum = sums.removeValue(forKey: ObjectIdentifier(node))?.total else { continue }
      let inputs = node.inputs.withLock { $0 }
      switch gradient {
      case .given(let parts):
        for (input, part) in zip(inputs, parts(sum)) {
          guard let input, let part else { continue }
          sums[ObjectIdentifier(input), default: GradientSum()].add(part)
        }
      case .added(let shape, let add):
        guard case .some(.some(let input)) = inputs.first else { continue }
        sums[ObjectIdentifier(input), default: GradientSum()].add(of: shape) { add(sum, $0) }
      }
    }
    return leaves.map { sums[ObjectIdentifier($0)]?.total }
  }
}

/// The sum of the gradients that come to one node.
///
/// From the second on they are added in place, so that a tensor that is cut into many parts, as rows
/// for many adapters, has one buffer and not one for each part.
private struct GradientSum {
  private(set) var total: Tensor?
  /// Whether the total's memory is the sum's own, and nobody else's.
  private var isOwned = false

  init(_ total: Tensor? = nil) { self.total = total }

  mutating func add(_ part: Tensor) {
    if isOwned {
      add(of: part.shape) { ak_add_scaled($0, part.pointer, 1, part.count) }
    } else {
      (total, isOwned) = (total.map { $0 + part } ?? part, total != nil)
    }
  }

  /// Adds what `body` adds to the memory of a tensor of some shape.
  mutating func add(of shape: [Int], _ body: (UnsafeMutablePointer<Float>) -> Void) {
    let sum = isOwned ? total : total.map { $0.copy() }
    let own = sum ?? .zeros(shape)
    body(own.storage.base)
    (total, isOwned) = (own, true)
  }
}

/// The value of a scalar function of named tensors, and its gradient at them.
///
/// - Parameters:
///   - parameters: what is differentiated with respect to, by name.
///   - function: called once, with the same tensors made differentiable.
/// - Returns: the value, and for each name a gradient of the parameter's shape; zero where the
///   value does not depend on it.
public func valueAndGradient(
  at parameters: [String: Tensor], of function: ([String: Tensor]) throws -> Tensor
) rethrows -> (value: Tensor, gradient: [String: Tensor]) {
  let names = parameters.keys.sorted()
  var leaves: [Node] = []
  var tracked: [String: Tensor] = [:]
  for name in names {
    guard let parameter = parameters[name] else { continue }
    let leaf = Node()
    leaves.append(leaf)
    tracked[name] = Tensor(
      shape: parameter.shape, storage: parameter.storage, offset: parameter.offset, node: leaf)
  }
  let value = try function(tracked)
  precondition(value.count == 1, "a gradient needs a scalar, not a tensor of \(value.shape)")
  let parts =
    value.node?.backward(.full(1, shape: value.shape), to: leaves)
    ?? leaves.map { _ in nil }
  var gradient: [String: Tensor] = [:]
  for (name, part) in zip(names, parts) {
    guard let parameter = parameters[name] else { continue }
    gradient[name] = part?.detached ?? .zeros(parameter.shape)
  }
  return (value.detached, gradient)
}
