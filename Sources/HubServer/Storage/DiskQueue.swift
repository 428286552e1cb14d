/// Where an actor's work blocks on a disk: a thread of its own turn, never one that others wait for.
internal import Dispatch

/// Runs an actor's jobs one after another on a dispatch queue.
///
/// Swift's own pool has as many threads as there are cores; two slow disk writes there would stop
/// the whole server.
final class DiskQueue: SerialExecutor {
  private let queue = DispatchQueue(label: "adapterhub.disk")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}

/// Runs a blocking function on a thread that may block.
func onDisk<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
  }
}
