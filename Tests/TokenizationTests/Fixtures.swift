#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where test data lies.
enum Fixtures {
  /// The folder of this file.
  private static let folder = parent(of: #filePath)

  static let goldens = folder + "/Goldens"

  /// The shared data, outside the repository; tests that need it are skipped where it is absent.
  static let shared: String? = {
    let named = getenv("ADAPTERHUB_SHARED").map { String(cString: $0) }
    let path = named ?? parent(of: parent(of: parent(of: folder))) + "/shared"
    return access(path, R_OK) == 0 ? path : nil
  }()

  private static func parent(of path: String) -> String {
    String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
  }
}
