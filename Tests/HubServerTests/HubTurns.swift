import Synchronization

/// Lets a few tests have a hub at the same time.
///
/// Swift Testing begins all cases at once, and each waits now and then: hundreds of hubs would be
/// open together, with two thousand descriptors. Foundation's `Process`, which other tests use, reads
/// past its buffer where a process has more than some 1,360 of them.
final class HubTurns: Sendable {
  static let shared = HubTurns(24)

  private struct State {
    var free: Int
    /// How many hubs each test has.
    ///
    /// A second one waits for nobody, as others may wait for the first.
    var held: [Int: Int] = [:]
    var waiting: [(test: Int, turn: CheckedContinuation<Void, Never>)] = []
  }

  private let state: Mutex<State>

  init(_ count: Int) { state = Mutex(State(free: count)) }

  /// A turn that ends when nobody keeps it.
  final class Turn: Sendable {
    private let turns: HubTurns
    private let test: Int

    fileprivate init(_ turns: HubTurns, _ test: Int) {
      self.turns = turns
      self.test = test
    }

    deinit { turns.end(test) }
  }

  func begin() async -> Turn {
    let test = withUnsafeCurrentTask { $0?.hashValue ?? 0 }
    await withCheckedContinuation { continuation in
      let isOwn = state.withLock { state in
        if state.held[test] != nil {
          state.held[test]? += 1
          return true
        }
        guard state.free > 0 else {
          state.waiting.append((test, continuation))
          return false
        }
        state.free -= 1
        state.held[test] = 1
        return true
      }
      if isOwn { continuation.resume() }
    }
    return Turn(self, test)
  }

  private func end(_ test: Int) {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard let count = state.held[test] else { return nil }
      state.held[test] = count > 1 ? count - 1 : nil
      guard count == 1 else { return nil }
      guard !state.waiting.isEmpty else {
        state.free += 1
        return nil
      }
      let (test, turn) = state.waiting.removeFirst()
      state.held[test] = 1
      return turn
    }
    next?.resume()
  }
}
