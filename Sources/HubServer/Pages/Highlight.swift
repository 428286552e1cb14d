/// Text with the words of a search marked.
internal import Files
internal import Foundation

/// Escapes a text and marks the words that a search found in it.
///
/// A word counts as found as the full-text index counts it: letters, digits and underscores, without
/// regard to case and accents, the last word of the search as a beginning.
func highlighted(_ text: String, _ search: String) -> SafeHTML {
  let wanted = words(search).map { folded(search[$0]) }.prefix(16)
  guard let last = wanted.last else { return SafeHTML(escaped(html: text)) }
  var html = ""
  var rest = text.startIndex
  for range in words(text) {
    let word = folded(text[range])
    guard wanted.contains(word) || word.hasPrefix(last) else { continue }
    html += escaped(html: String(text[rest..<range.lowerBound]))
    html += "<mark>\(escaped(html: String(text[range])))</mark>"
    rest = range.upperBound
  }
  return SafeHTML(html + escaped(html: String(text[rest...])))
}

private func folded(_ word: Substring) -> String {
  word.folding(options: [.caseInsensitive, .diacriticInsensitive], locale: nil)
}

private func words(_ text: String) -> [Range<String.Index>] {
  var found: [Range<String.Index>] = []
  var start: String.Index?
  for index in text.unicodeScalars.indices {
    let scalar = text.unicodeScalars[index]
    let isPart =
      scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "_"
      || scalar.properties.generalCategory == .nonspacingMark
    if isPart {
      if start == nil { start = index }
    } else if let begin = start {
      found.append(begin..<index)
      start = nil
    }
  }
  if let start { found.append(start..<text.endIndex) }
  return found
}
