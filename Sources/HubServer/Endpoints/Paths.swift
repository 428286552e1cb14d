/// Paths of files in repositories: what they may be.
internal import Files
internal import Foundation

/// Checks a path that an upload asks for.
///
/// - Throws: `Problem` for one that could leave its folder, hide, or not be kept on every system.
func checkedPath(_ path: String, _ limits: Limits) throws -> String {
  func refuse(_ reason: String) -> Problem {
    .unprocessable("The path \(quoted(path)) \(reason)")
  }
  guard !path.isEmpty else { throw refuse("is empty") }
  guard path.utf8.count <= limits.pathBytes else {
    throw refuse("is longer than \(limits.pathBytes) bytes")
  }
  guard !path.hasPrefix("/"), !path.contains("\\") else {
    throw refuse("must be relative, with / between folders")
  }
  guard
    path.unicodeScalars.allSatisfy({ scalar in
      scalar.properties.generalCategory != .control && !isInvisible(scalar)
    })
  else { throw refuse("holds a control character or an invisible one") }
  guard path.utf8.elementsEqual(path.precomposedStringWithCanonicalMapping.utf8) else {
    throw refuse("is not in Unicode's normal form C")
  }
  for part in path.split(separator: "/", omittingEmptySubsequences: false) {
    guard !part.isEmpty, part != ".", part != ".." else {
      throw refuse("has an empty part, or . or ..")
    }
    guard part.utf8.count <= limits.pathPartBytes else {
      throw refuse("has a part longer than \(limits.pathPartBytes) bytes")
    }
    guard part.lowercased() != ".git" else { throw refuse("must not contain .git") }
    guard !part.hasPrefix(" "), !part.hasSuffix(" "), !part.hasSuffix(".") else {
      throw refuse("has a part that begins or ends with a space, or ends with a dot")
    }
  }
  return path
}

/// Characters that turn or hide text: a name must look like what it is.
func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x2069, 0xFEFF: true
  default: false
  }
}
