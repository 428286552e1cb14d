/// What a model's folder has, lacks, and has besides.
public import Files

/// A folder whose weights need not be those of the model that its configuration describes.
///
/// Weights are mapped, and none is loaded.
public struct CheckpointInspection: Sendable {
  /// Without a fingerprint where tensors are missing.
  public let shape: BaseShape
  /// By their names, sorted.
  public let tensors: [StoredTensor]
  /// The tensors of the model that the checkpoint lacks, by the names they should have.
  public let missing: [String]
  /// The tensors that the model does not read: heads, buffers, or a mistake.
  public let extra: [String]

  /// - Throws: ``FileFailure`` for a configuration that makes no sense, or weights of other shapes.
  public init(folder path: String) throws {
    let folder = try ModelFolder(path)
    let blueprint = try Blueprint(folder.family, folder.configuration, folder.checkpoint)
    missing = blueprint.missing(from: folder.checkpoint)
    extra = blueprint.extra(in: folder.checkpoint)
    tensors = folder.checkpoint.tensors.values.sorted { $0.name < $1.name }
    shape = BaseShape(
      blueprint: blueprint, name: folder.name,
      fingerprint: missing.isEmpty
        ? try Fingerprint(of: folder.checkpoint, blueprint, in: path) : nil)
  }
}
