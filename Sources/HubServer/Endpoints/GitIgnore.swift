/// `.gitignore`: which paths an upload leaves out.

/// The rules of a `.gitignore` file, as git's manual has them.
struct GitIgnore: Sendable {
  private struct Rule: Sendable {
    let pattern: [Character]
    let isNegated: Bool
    let isFolderOnly: Bool
    /// Has a slash within, so that it counts from the file's folder.
    let isAnchored: Bool
  }

  private let rules: [Rule]

  init(_ text: String) {
    rules = text.split(whereSeparator: \.isNewline).prefix(200).compactMap { line in
      var pattern = line[...]
      while pattern.hasSuffix(" "), !pattern.hasSuffix("\\ ") { pattern = pattern.dropLast() }
      guard !pattern.isEmpty, !pattern.hasPrefix("#"), pattern.utf8.count <= 256 else { return nil }
      let isNegated = pattern.hasPrefix("!")
      if isNegated || pattern.hasPrefix("\\#") || pattern.hasPrefix("\\!") {
        pattern = pattern.dropFirst()
      }
      let isFolderOnly = pattern.hasSuffix("/")
      if isFolderOnly { pattern = pattern.dropLast() }
      let isAnchored = pattern.contains("/")
      if pattern.hasPrefix("/") { pattern = pattern.dropFirst() }
      guard !pattern.isEmpty else { return nil }
      return Rule(
        pattern: Array(pattern), isNegated: isNegated, isFolderOnly: isFolderOnly,
        isAnchored: isAnchored)
    }
  }

  /// Whether a file is left out: by its own path or by a folder's that it lies in.
  func ignores(_ path: String) -> Bool {
    guard !rules.isEmpty else { return false }
    let parts = path.split(separator: "/")
    for count in 1...max(1, parts.count) {
      let isFolder = count < parts.count
      if isIgnored(Array(parts.prefix(count)), isFolder: isFolder) { return true }
    }
    return false
  }

  private func isIgnored(_ parts: [Substring], isFolder: Bool) -> Bool {
    var result = false
    for rule in rules where isFolder || !rule.isFolderOnly {
      let text = rule.isAnchored ? parts.joined(separator: "/") : String(parts.last ?? "")
      if matches(rule.pattern[...], Array(text)[...]) { result = !rule.isNegated }
    }
    return result
  }

  /// Whether a pattern with `*`, `**`, `?` and `[…]` fits a text.
  ///
  /// Steps back to the last star alone, so that a hostile pattern costs a product of two lengths.
  private func matches(_ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>) -> Bool {
    var (p, t) = (pattern.startIndex, text.startIndex)
    var star: (pattern: Int, text: Int, crossesFolders: Bool)?
    while t < text.endIndex {
      if p < pattern.endIndex, pattern[p] == "*" {
        let isDouble = p + 1 < pattern.endIndex && pattern[p + 1] == "*"
        p += isDouble ? 2 : 1
        if isDouble, p < pattern.endIndex, pattern[p] == "/" { p += 1 }
        star = (p, t, isDouble)
      } else if p < pattern.endIndex, let next = fits(pattern, &p, text[t]) {
        p = next
        t += 1
      } else if let last = star, last.crossesFolders || text[last.text] != "/" {
        star = (last.pattern, last.text + 1, last.crossesFolders)
        (p, t) = (last.pattern, last.text + 1)
      } else {
        return false
      }
    }
    while p < pattern.endIndex, pattern[p] == "*" { p += 1 }
    return p == pattern.endIndex
  }

  /// The position behind what fits a character; nil where it does not.
  private func fits(_ pattern: ArraySlice<Character>, _ p: inout Int, _ character: Character)
    -> Int?
  {
    switch pattern[p] {
    case "?": return character == "/" ? nil : p + 1
    case "[":
      guard let end = pattern[(p + 1)...].dropFirst().firstIndex(of: "]") else {
        return character == "[" ? p + 1 : nil
      }
      var set = pattern[(p + 1)..<end]
      let isNegated = set.first == "!" || set.first == "^"
      if isNegated { set = set.dropFirst() }
      var isFound = false
      var index = set.startIndex
      while index < set.endIndex {
        if index + 2 < set.endIndex, set[index + 1] == "-" {
          isFound = isFound || (set[index] <= character && character <= set[index + 2])
          index += 3
        } else {
          isFound = isFound || set[index] == character
          index += 1
        }
      }
      return isFound != isNegated && character != "/" ? end + 1 : nil
    case "\\" where p + 1 < pattern.endIndex:
      return pattern[p + 1] == character ? p + 2 : nil
    case let literal: return literal == character ? p + 1 : nil
    }
  }
}
