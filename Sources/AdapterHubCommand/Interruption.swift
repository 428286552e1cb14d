/// Signals that ask a long command to end in good order.
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

private let received = Atomic<Int32>(0)

/// Notes SIGINT and SIGTERM; a second one ends the process at once.
struct Interruption {
  init() {
    for number in [SIGINT, SIGTERM] { install(number) }
  }

  /// The signal that came, if one did.
  var signal: Int32? {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }
}

private func install(_ number: Int32) {
  // A parent that starts us from a thread with signals blocked, as Foundation's `Process` may,
  // would have us deaf to them.
  var signals = sigset_t()
  sigemptyset(&signals)
  sigaddset(&signals, number)
  pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  _ = signal(number, note)
}

private func note(_ number: Int32) {
  let before = received.exchange(number, ordering: .relaxed)
  if before != 0 { _exit(128 + number) }
}
