/// Long work that an administrator starts on a page: one at a time, and what came of the last.
internal import Files
internal import Foundation
internal import Synchronization

/// What runs in the background, and what it found.
final class JobBoard: Sendable {
  struct Job: Sendable, Equatable {
    let name: String
    let actor: String
    let startedAt: Moment
    var endedAt: Moment?
    var isGood = true
    var lines: [String] = []
  }

  private let job = Mutex<Job?>(nil)

  /// The job that runs, or the last that ran.
  var current: Job? { job.withLock { $0 } }

  /// Begins a job, which goes on when the request for it has ended.
  ///
  /// - Parameters:
  ///   - name: what it is called on the page.
  ///   - actor: who began it.
  ///   - work: what it does.
  /// - Throws: `Problem` while another runs.
  func start(
    _ name: String, by actor: String, _ work: @escaping @Sendable () async throws -> AdminAnswer
  ) throws {
    try job.withLock { job in
      if let running = job, running.endedAt == nil {
        throw Problem.conflict("\(running.name) is still running: one job at a time")
      }
      job = Job(name: name, actor: actor, startedAt: Moment())
    }
    Task.detached { [self] in
      let (isGood, lines): (Bool, [String])
      do {
        let answer = try await work()
        (isGood, lines) = (answer.isGood, answer.lines)
      } catch {
        (isGood, lines) = (false, [reason(error)])
      }
      job.withLock { job in
        job?.endedAt = Moment()
        job?.isGood = isGood
        job?.lines = lines
      }
    }
  }
}
