/// Places at which a test may end the process, as a power cut would.

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

enum Crash {
  /// The place at which the process is to die; none outside of tests.
  private static let place = getenv("ADAPTERHUB_CRASH_AT").map { String(cString: $0) }

  /// Ends the process, without any farewell, where `ADAPTERHUB_CRASH_AT` names this place.
  static func point(_ name: StaticString) {
    guard let place, place == "\(name)" else { return }
    kill(getpid(), SIGKILL)
  }
}
