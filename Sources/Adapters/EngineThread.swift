/// Long computations away from the threads of Swift's tasks.
internal import Dispatch
internal import Synchronization

/// Where asynchronous callers compute: one after the other, each on all threads of the pool.
///
/// A pass that ran on the cooperative pool would keep other tasks from running for as long as it takes.
public enum EngineThread {
  private static let queue = DispatchQueue(label: "adapterhub.engine")

  /// Runs a computation when those before it are done.
  ///
  /// ```swift
  /// let model = try await EngineThread.run { _ in try TextModel(folder: "all-MiniLM-L6-v2") }
  /// ```
  ///
  /// - Parameter body: gets what says whether the task that waits was cancelled.
  /// - Returns: what the body returns.
  /// - Throws: what the body throws; `CancellationError` where the task was cancelled before its turn.
  public static func run<Result: Sendable>(
    _ body: @escaping @Sendable (_ isCancelled: @escaping @Sendable () -> Bool) throws -> Result
  ) async throws -> Result {
    let cancellation = Cancellation()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        queue.async {
          continuation.resume(
            with: Swift.Result {
              if cancellation.isCancelled { throw CancellationError() }
              return try body { cancellation.isCancelled }
            })
        }
      }
    } onCancel: {
      cancellation.cancel()
    }
  }

  /// Whether a task was cancelled, for a thread that is not the task's.
  private final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    var isCancelled: Bool { flag.load(ordering: .relaxed) }

    func cancel() { flag.store(true, ordering: .relaxed) }
  }
}
