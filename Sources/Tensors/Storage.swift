/// The memory of tensors: a buffer of 32-bit floats that is written once and then only read.
internal import CAdapterKernels

/// A buffer, and who keeps it alive.
///
/// Written by the operation that makes it, before anyone else can see it; immutable from then on.
/// That is why it may be shared between threads.
final class Storage: Sendable {
  nonisolated(unsafe) let base: UnsafeMutablePointer<Float>
  let count: Int
  /// Who owns memory that is not ours: a mapped file, or packed weights.
  private let owner: (any Sendable)?

  /// An uninitialised buffer from the pool of buffers.
  init(count: Int) {
    guard let base = ak_allocate(count) else {
      preconditionFailure("no memory for a tensor of \(count) floats")
    }
    self.base = base
    self.count = count
    owner = nil
  }

  /// No memory at all.
  init() {
    base = Storage.nowhere
    count = 0
    owner = nil
  }

  /// An address that nobody reads.
  private nonisolated(unsafe) static let nowhere = UnsafeMutablePointer<Float>.allocate(capacity: 1)

  /// Whether there is no memory: see ``Tensor/init(shapeOnly:)``.
  var isAbsent: Bool { base == Storage.nowhere }

  /// Memory of someone else, read only.
  init(borrowing base: UnsafePointer<Float>, count: Int, owner: any Sendable) {
    self.base = UnsafeMutablePointer(mutating: base)
    self.count = count
    self.owner = owner
  }

  deinit {
    if owner == nil && !isAbsent { ak_deallocate(base, count) }
  }
}
