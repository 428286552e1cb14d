/// The shape of a path, and what its parts are.
internal import HubClient

/// A path with places to fill: `/api/models/{repo}/tree/{revision}/{path...}`.
///
/// `{repo}` stands for `owner/name`, or for a name alone; `{path...}` for the rest, which may be
/// empty. Parts are compared after their percent-encoding was undone, so that an encoded slash stays
/// within its part.
struct PathPattern: Sendable, Equatable, CustomStringConvertible {
  enum Part: Sendable, Equatable {
    case literal(String)
    case parameter(String)
    case repository
    /// A repository whose name ends in `.git`, as git's clients ask for it.
    case gitRepository
    case rest(String)
  }

  let description: String
  let parts: [Part]
  let hasRepository: Bool

  init(_ text: String) {
    description = text
    parts = text.split(separator: "/").map { part in
      switch part {
      case "{repo}": .repository
      case "{repo}.git": .gitRepository
      case _ where part.hasPrefix("{") && part.hasSuffix("...}"):
        .rest(String(part.dropFirst().dropLast(4)))
      case _ where part.hasPrefix("{"): .parameter(String(part.dropFirst().dropLast()))
      default: .literal(String(part))
      }
    }
    hasRepository = parts.contains(.repository) || parts.contains(.gitRepository)
  }

  /// The values of a path's places; nil where the path has another shape.
  ///
  /// A repository has 2 parts as `owner/name`, and 1 as a name alone.
  func match(_ path: [String], repositoryParts: Int) -> [String: String]? {
    var values: [String: String] = [:]
    var index = 0
    for part in parts {
      switch part {
      case .literal(let literal):
        guard index < path.count, path[index] == literal else { return nil }
        index += 1
      case .parameter(let name):
        guard index < path.count, !path[index].isEmpty else { return nil }
        values[name] = path[index]
        index += 1
      case .repository, .gitRepository:
        guard index + repositoryParts <= path.count else { return nil }
        let name = path[index..<(index + repositoryParts)]
        index += repositoryParts
        // An encoded slash within a name would be another repository's.
        guard name.allSatisfy({ !$0.isEmpty && !$0.contains("/") }) else { return nil }
        var text = name.joined(separator: "/")
        if part == .gitRepository {
          guard text.hasSuffix(".git") else { return nil }
          text.removeLast(4)
        }
        values["repo"] = text
      case .rest(let name):
        values[name] = path[index...].joined(separator: "/")
        index = path.count
      }
    }
    return index == path.count ? values : nil
  }
}

/// Takes a path apart and undoes the percent-encoding of each part.
///
/// - Returns: nil where the encoding is broken, is not UTF-8, or hides a NUL.
func pathParts(_ path: some StringProtocol) -> [String]? {
  var parts: [String] = []
  for part in path.split(separator: "/", omittingEmptySubsequences: true) {
    guard let text = percentDecoded(part.utf8, plusIsSpace: false) else { return nil }
    parts.append(text)
  }
  return parts
}

/// Undoes percent-encoding; nil where it is broken, not UTF-8, or hides a NUL.
func percentDecoded(_ bytes: some Collection<UInt8>, plusIsSpace: Bool) -> String? {
  guard bytes.contains(where: { $0 == 37 || ($0 == 43 && plusIsSpace) || $0 == 0 }) else {
    return String(validating: bytes, as: UTF8.self)
  }
  var decoded: [UInt8] = []
  decoded.reserveCapacity(bytes.count)
  var iterator = bytes.makeIterator()
  func digit(_ byte: UInt8?) -> UInt8? {
    switch byte {
    case .some(48...57): byte.map { $0 - 48 }
    case .some(65...70): byte.map { $0 - 55 }
    case .some(97...102): byte.map { $0 - 87 }
    default: nil
    }
  }
  while let byte = iterator.next() {
    if byte == 37 {
      guard let high = digit(iterator.next()), let low = digit(iterator.next()) else { return nil }
      decoded.append(high << 4 | low)
    } else {
      decoded.append(byte == 43 && plusIsSpace ? 32 : byte)
    }
  }
  guard !decoded.contains(0) else { return nil }
  return String(validating: decoded, as: UTF8.self)
}
