/// The tensors of a checkpoint by path, and the sites that lie among them.
public import Files
public import Tensors

/// A place among the tensors of a checkpoint: `weights / "encoder" / "layer" / 3`.
///
/// A family builds its layers from it and so says each path, shape and site once; building from
/// ``Source/nothing(_:)`` gives a ``Blueprint``.
public struct Weights: Sendable {
  /// Where tensors come from.
  public enum Source: Sendable {
    /// A checkpoint, and the folder it lies in.
    case checkpoint(Checkpoint, folder: String)
    /// Seeded random numbers, for benchmarks and tests.
    case random(Random)
    /// Shapes alone; a checkpoint tells which of the optional parts are there.
    case nothing(Checkpoint?)
  }

  /// What the random values of a tensor lie around.
  public enum Center: Sendable {
    case zero, one
  }

  private enum Sites: Sendable {
    case drawing(Drawing)
    case known(Blueprint, Projections)
  }

  let source: Source
  private let sites: Sites
  /// The number format of large products.
  let precision: Precision
  /// The path so far, as the checkpoint writes it, dots between.
  public let path: String
  /// What a checkpoint may leave out or add before every name: `bert`.
  private let prefix: String
  private let layer: Int?
  private let stack: Site.Stack
  private let isOptional: Bool

  init(_ source: Source, drawing: Drawing, precision: Precision) {
    self.init(source, .drawing(drawing), precision)
  }

  init(
    _ source: Source, _ blueprint: Blueprint, _ projections: Projections, precision: Precision
  ) {
    self.init(source, .known(blueprint, projections), precision)
  }

  private init(_ source: Source, _ sites: Sites, _ precision: Precision) {
    self.source = source
    self.sites = sites
    self.precision = precision
    (path, prefix, layer, stack, isOptional) = ("", "", nil, .encoder, false)
  }

  private init(
    _ other: Weights, path: String? = nil, prefix: String? = nil, layer: Int? = nil,
    stack: Site.Stack? = nil, isOptional: Bool? = nil
  ) {
    (source, sites, precision) = (other.source, other.sites, other.precision)
    self.path = path ?? other.path
    self.prefix = prefix ?? other.prefix
    self.layer = layer ?? other.layer
    self.stack = stack ?? other.stack
    self.isOptional = isOptional ?? other.isOptional
  }

  /// The place below, one step further down.
  public static func / (weights: Weights, name: some CustomStringConvertible) -> Weights {
    Weights(weights, path: weights.path.isEmpty ? "\(name)" : "\(weights.path).\(name)")
  }

  /// The place where a model's paths begin; checkpoints may leave the prefix out.
  public func model(_ prefix: String, stack: Site.Stack = .encoder) -> Weights {
    Weights(self / prefix, prefix: prefix, stack: stack)
  }

  /// The same place among the layers of another stack.
  public func stack(_ stack: Site.Stack) -> Weights { Weights(self, stack: stack) }

  /// The same place for parts that checkpoints of the same model may lack.
  public var optional: Weights { Weights(self, isOptional: true) }

  /// Builds layers, on all threads: packing touches every weight once.
  ///
  /// - Parameters:
  ///   - count: how many.
  ///   - first: the number of the first among all layers of the model.
  ///   - build: makes a layer of its place, `self / index`.
  /// - Returns: the layers in their order.
  /// - Throws: what `build` throws.
  public func layers<Layer: Sendable>(
    _ count: Int, from first: Int = 0, _ build: (Weights, Int) throws -> Layer
  ) throws -> [Layer] {
    func layer(_ index: Int) throws -> Layer {
      try build(Weights(self / index, layer: first + index), index)
    }
    // A blueprint has an order, which only one thread keeps.
    if case .drawing = sites { return try (0..<count).map(layer) }
    return try parallelMap(count, layer)
  }

  /// Whether the checkpoint has a tensor here.
  public func has(_ name: String) -> Bool {
    switch source {
    case .checkpoint(let checkpoint, _), .nothing(let checkpoint?):
      spellings(of: name).contains { checkpoint.tensors[$0] != nil }
    case .random, .nothing(nil): true
    }
  }

  /// A tensor below this place.
  ///
  /// Mapped files are not copied. Old checkpoints' `gamma` and `beta`, and a missing model prefix,
  /// are understood.
  ///
  /// - Parameters:
  ///   - name: below the path; empty for the tensor at the path itself.
  ///   - shape: what it must have.
  ///   - center: what its values lie around where they are random.
  /// - Returns: the tensor, or its shape alone.
  /// - Throws: ``FileFailure`` when it is missing, has another shape, or is not finite.
  public func tensor(_ name: String, shape: [Int], around center: Center = .zero) throws -> Tensor {
    note(name, shape)
    switch source {
    case .nothing: return Tensor(shapeOnly: shape)
    case .random(let random): return self.random(random, name, shape, around: center)
    case .checkpoint(let checkpoint, let folder):
      let stored = try stored(name, shape, checkpoint, folder)
      let tensor = try Tensor(stored)
      guard tensor.isFinite else { throw notFinite(stored, folder) }
      return tensor
    }
  }

  /// A matrix below this place, as its file has it until a layer packs it.
  ///
  /// - Parameters:
  ///   - name: below the path; empty for the tensor at the path itself.
  ///   - rows: as the file has them.
  ///   - width: of a row.
  /// - Returns: where it is, or its shape alone.
  /// - Throws: ``FileFailure`` when it is missing, or has another shape.
  public func matrix(_ name: String, _ rows: Int, _ width: Int) throws -> any MatrixSource {
    let shape = [rows, width]
    note(name, shape)
    switch source {
    case .nothing: return Tensor(shapeOnly: shape)
    case .random(let random): return self.random(random, name, shape, around: .zero)
    case .checkpoint(let checkpoint, let folder):
      let stored = try stored(name, shape, checkpoint, folder)
      return StoredMatrix(stored) { notFinite(stored, folder) }
    }
  }

  private func note(_ name: String, _ shape: [Int]) {
    guard case .drawing(let drawing) = sites else { return }
    drawing.add(
      Blueprint.Entry(
        path: fullName(name), shape: shape, isOptional: isOptional, isTied: false,
        spellings: spellings(of: name)))
  }

  private func random(
    _ random: Random, _ name: String, _ shape: [Int], around center: Center
  ) -> Tensor {
    let x = random.uniform(shape, stream: fullName(name)) + .full(-0.5, shape: shape)
    return center == .one ? x * 0.2 + .full(1, shape: shape) : x * 0.07
  }

  private func stored(
    _ name: String, _ shape: [Int], _ checkpoint: Checkpoint, _ folder: String
  ) throws -> StoredTensor {
    let found = spellings(of: name).lazy.compactMap { checkpoint.tensors[$0] }.first
    guard let stored = found else {
      throw FileFailure(
        folder, at: "tensor \(fullName(name))", "the checkpoint has no tensor of this name",
        hint: "is this the model that config.json describes?")
    }
    guard stored.shape == shape else {
      throw FileFailure(
        folder, at: "tensor \(escaped(stored.name, limit: 200))",
        "has shape \(stored.shape), expected \(shape)",
        hint: "config.json and the weights do not belong together")
    }
    return stored
  }

  private func notFinite(_ stored: StoredTensor, _ folder: String) -> FileFailure {
    FileFailure(
      folder, at: "tensor \(escaped(stored.name, limit: 200))", "holds NaN or infinity",
      hint: "the training that wrote it diverged, or the file is damaged")
  }

  /// Notes a second name that a file may have for a tensor that is read elsewhere.
  public func tied(_ name: String, shape: [Int]) {
    guard case .drawing(let drawing) = sites else { return }
    drawing.add(
      Blueprint.Entry(
        path: fullName(name), shape: shape, isOptional: true, isTied: true,
        spellings: spellings(of: name)))
  }

  /// A site at this place.
  ///
  /// - Parameters:
  ///   - kind: which hook it is for.
  ///   - role: what it is for.
  ///   - inputs: the width of what goes in.
  ///   - outputs: the width of what comes out.
  ///   - attached: where the Python library hangs modules, below the path's parent; nil for the path.
  ///   - parts: the projections that are merged here.
  /// - Returns: the site, numbered in the order of a pass.
  public func site(
    _ kind: Site.Kind, _ role: Site.Role = .only, _ inputs: Int, _ outputs: Int,
    attached: Weights? = nil, parts: [Site.Part] = []
  ) -> Site {
    switch sites {
    case .known(let blueprint, _):
      guard let site = blueprint.site(kind, path) else {
        preconditionFailure("\(path) is built, and no blueprint of the same configuration has it")
      }
      return site
    case .drawing(let drawing):
      return drawing.site(kind, path) { index in
        Site(
          index: index, kind: kind, role: role, layer: layer, stack: stack, path: path,
          attached: attached?.path ?? path, inputs: inputs, outputs: outputs, parts: parts)
      }
    }
  }

  /// Keeps a linear layer for those who ask for the weights at its site.
  func note(_ projection: Projection) {
    guard case .known(_, let projections) = sites else { return }
    projections.add(projection)
  }

  private func fullName(_ name: String) -> String {
    name.isEmpty ? path : path.isEmpty ? name : "\(path).\(name)"
  }

  /// The names a tensor may have in the file, the usual one first.
  private func spellings(of name: String) -> [String] {
    let full = fullName(name)
    var names = [full]
    if path.hasSuffix("LayerNorm") {
      let old = ["weight": "gamma", "bias": "beta"][name]
      if let old { names.append("\(path).\(old)") }
    }
    guard !prefix.isEmpty else { return names }
    return names + names.map { String($0.dropFirst(prefix.utf8.count + 1)) }
  }
}
