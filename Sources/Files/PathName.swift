/// What a path ends with.

/// What follows the last slash, ignoring slashes at the end.
public func lastPathComponent(_ path: String) -> String {
  path.split(separator: "/").last.map(String.init) ?? path
}

/// A path without the slashes that completion puts behind a folder's name.
public func withoutTrailingSlashes(_ path: String) -> String {
  guard let last = path.lastIndex(where: { $0 != "/" }) else { return path }
  return String(path[...last])
}
