/// Markdown of cards as HTML that can be shown to anybody.
internal import CMarkdown
internal import Files
internal import HubClient

/// Where a text lies: what its relative links lead to.
struct MarkdownPlace: Sendable {
  /// `owner/name`.
  let repository: String
  let revision: String
  /// The folder of the file, without a slash at its end; empty for the top.
  var folder = ""
}

/// Turns Markdown into HTML.
///
/// The output holds what this file writes and nothing else: MD4C says where a heading, a link, a text
/// begins and ends, all text is escaped, tags of the source are left out, and addresses must be ones
/// that cannot run anything. A text that would become too large is shown as it is.
func renderMarkdown(_ text: String, at place: MarkdownPlace? = nil) -> SafeHTML {
  var source = String(text.utf8.prefix(1 << 20)) ?? text
  let renderer = MarkdownRenderer(place: place)
  var parser = MD_PARSER()
  parser.flags = UInt32(
    MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS | MD_FLAG_PERMISSIVEURLAUTOLINKS)
  parser.enter_block = { type, detail, renderer in
    MarkdownRenderer.from(renderer).enter(block: type, detail)
  }
  parser.leave_block = { type, detail, renderer in
    MarkdownRenderer.from(renderer).leave(block: type, detail)
  }
  parser.enter_span = { type, detail, renderer in
    MarkdownRenderer.from(renderer).enter(span: type, detail)
  }
  parser.leave_span = { type, detail, renderer in
    MarkdownRenderer.from(renderer).leave(span: type, detail)
  }
  parser.text = { type, text, size, renderer in
    let bytes = UnsafeRawBufferPointer(start: text, count: Int(size))
    return MarkdownRenderer.from(renderer).text(type, String(decoding: bytes, as: UTF8.self))
  }
  let status = source.withUTF8 { bytes in
    bytes.withMemoryRebound(to: CChar.self) { characters in
      md_parse(
        characters.baseAddress, MD_SIZE(characters.count), &parser,
        Unmanaged.passUnretained(renderer).toOpaque())
    }
  }
  guard status == 0 else { return SafeHTML("<pre>\(escaped(html: source))</pre>") }
  return SafeHTML(renderer.text)
}

/// Writes HTML as MD4C finds blocks, spans and text.
private final class MarkdownRenderer {
  private var html = HTMLBytes()
  private let place: MarkdownPlace?
  /// Blocks within blocks; those too deep are written without their tags.
  private var depth = 0
  private var lastHeading = 1
  private var headings: [(start: Int, level: Int)] = []
  private var names: [String: Int] = [:]
  private var links: [(start: Int, address: String?)] = []
  /// Pictures within whose description we are: their text is collected apart.
  private var pictures: [(source: MarkdownAddress?, text: String)] = []
  private var rawHTML = ""
  private var isInRawHTML = false

  private static let deepest = 50
  /// Reference definitions and tables can make megabytes of kilobytes.
  private static let largest = 4 << 20

  init(place: MarkdownPlace?) { self.place = place }

  static func from(_ pointer: UnsafeMutableRawPointer?) -> MarkdownRenderer {
    guard let pointer else { preconditionFailure("MD4C was given no renderer") }
    return Unmanaged<MarkdownRenderer>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// What was written.
  var text: String { String(decoding: html.bytes, as: UTF8.self) }

  /// Not zero ends the parsing.
  private var status: Int32 { html.bytes.count > Self.largest ? 1 : 0 }

  // MARK: - Blocks

  func enter(block type: MD_BLOCKTYPE, _ detail: UnsafeMutableRawPointer?) -> Int32 {
    depth += 1
    guard depth <= Self.deepest || type == MD_BLOCK_HTML else { return status }
    switch type {
    case MD_BLOCK_QUOTE: html += "<blockquote>\n"
    case MD_BLOCK_UL: html += "<ul>\n"
    case MD_BLOCK_OL:
      let start = detail?.load(as: MD_BLOCK_OL_DETAIL.self).start ?? 1
      html += start == 1 ? "<ol>\n" : "<ol start=\"\(start)\">\n"
    case MD_BLOCK_LI:
      let item = detail?.load(as: MD_BLOCK_LI_DETAIL.self)
      html += "<li>"
      if let item, item.is_task != 0 { html += item.task_mark == 32 ? "☐ " : "☑ " }
    case MD_BLOCK_HR: html += "<hr>\n"
    case MD_BLOCK_H:
      // The page has the first heading, and no level may be left out.
      let wanted = Int(detail?.load(as: MD_BLOCK_H_DETAIL.self).level ?? 1) + 1
      let level = min(wanted, lastHeading + 1, 6)
      lastHeading = level
      headings.append((html.bytes.count, level))
    case MD_BLOCK_CODE:
      let language = detail.map { Self.text($0.load(as: MD_BLOCK_CODE_DETAIL.self).lang) } ?? ""
      let name = language.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
      html += "<pre><code\(name.isEmpty ? "" : " class=\"language-\(name)\"")>"
    case MD_BLOCK_HTML:
      isInRawHTML = true
      rawHTML = ""
    case MD_BLOCK_P: html += "<p>"
    case MD_BLOCK_TABLE: html += "<div class=\"table\"><table>\n"
    case MD_BLOCK_THEAD: html += "<thead>"
    case MD_BLOCK_TBODY: html += "<tbody>"
    case MD_BLOCK_TR: html += "<tr>"
    case MD_BLOCK_TH, MD_BLOCK_TD:
      let isNumber = detail?.load(as: MD_BLOCK_TD_DETAIL.self).align == MD_ALIGN_RIGHT
      let name = type == MD_BLOCK_TH ? "th scope=\"col\"" : "td"
      html += "<\(name)\(isNumber ? " class=\"number\"" : "")>"
    default: break
    }
    return status
  }

  func leave(block type: MD_BLOCKTYPE, _ detail: UnsafeMutableRawPointer?) -> Int32 {
    defer { depth -= 1 }
    guard depth <= Self.deepest || type == MD_BLOCK_HTML else { return status }
    switch type {
    case MD_BLOCK_QUOTE: html += "</blockquote>\n"
    case MD_BLOCK_UL: html += "</ul>\n"
    case MD_BLOCK_OL: html += "</ol>\n"
    case MD_BLOCK_LI: html += "</li>\n"
    case MD_BLOCK_H: endHeading()
    case MD_BLOCK_CODE: html += "</code></pre>\n"
    case MD_BLOCK_HTML:
      isInRawHTML = false
      let text = withoutTags(rawHTML).trimmed
      if !text.isEmpty { html += "<p>\(escaped(html: text))</p>\n" }
    case MD_BLOCK_P: html += "</p>\n"
    case MD_BLOCK_TABLE: html += "</table></div>\n"
    case MD_BLOCK_THEAD: html += "</thead>\n"
    case MD_BLOCK_TBODY: html += "</tbody>\n"
    case MD_BLOCK_TR: html += "</tr>\n"
    case MD_BLOCK_TH: html += "</th>"
    case MD_BLOCK_TD: html += "</td>"
    default: break
    }
    return status
  }

  /// Puts a heading's tag before what was written since it began, with a name to lead to.
  private func endHeading() {
    guard let (start, level) = headings.popLast() else { return }
    let content = cut(from: start)
    guard !withoutTags(content).trimmed.isEmpty else { return }
    var name = MarkdownAddress.headingName(withoutTags(content))
    let count = names[name, default: 0]
    names[name] = count + 1
    if count > 0 { name += "-\(count)" }
    html += "<h\(level) id=\"user-content-\(escaped(html: name))\">\(content)</h\(level)>\n"
  }

  /// Takes what was written since a place.
  private func cut(from start: Int) -> String {
    let content = String(decoding: html.bytes[start...], as: UTF8.self)
    html.bytes.removeSubrange(start...)
    return content
  }

  // MARK: - Spans

  func enter(span type: MD_SPANTYPE, _ detail: UnsafeMutableRawPointer?) -> Int32 {
    if type == MD_SPAN_IMG {
      let source = detail.map { Self.text($0.load(as: MD_SPAN_IMG_DETAIL.self).src) } ?? ""
      pictures.append((MarkdownAddress(source, isPicture: true, at: place), ""))
      return status
    }
    guard pictures.isEmpty else { return status }
    switch type {
    case MD_SPAN_EM: html += "<em>"
    case MD_SPAN_STRONG: html += "<strong>"
    case MD_SPAN_CODE: html += "<code>"
    case MD_SPAN_DEL: html += "<del>"
    case MD_SPAN_A:
      let text = detail.map { Self.text($0.load(as: MD_SPAN_A_DETAIL.self).href) } ?? ""
      let address = MarkdownAddress(text, isPicture: false, at: place)
      if let address { html += address.openingTag }
      links.append((html.bytes.count, address?.text))
    default: break
    }
    return status
  }

  func leave(span type: MD_SPANTYPE, _ detail: UnsafeMutableRawPointer?) -> Int32 {
    if type == MD_SPAN_IMG {
      guard let picture = pictures.popLast() else { return status }
      if pictures.isEmpty { html += self.picture(picture.source, picture.text) }
      return status
    }
    guard pictures.isEmpty else { return status }
    switch type {
    case MD_SPAN_EM: html += "</em>"
    case MD_SPAN_STRONG: html += "</strong>"
    case MD_SPAN_CODE: html += "</code>"
    case MD_SPAN_DEL: html += "</del>"
    case MD_SPAN_A:
      guard let (start, address) = links.popLast(), let address else { return status }
      // A link without words could not be seen, nor read aloud.
      let isEmpty = html.bytes[start...].allSatisfy { $0 == 32 || $0 == 10 }
      html += (isEmpty ? escaped(html: address) : "") + "</a>"
    default: break
    }
    return status
  }

  /// A picture of the repository; one from elsewhere would tell its owner who reads, and is a link.
  private func picture(_ source: MarkdownAddress?, _ text: String) -> String {
    let description = escaped(html: text)
    guard let source else { return description }
    if !source.isElsewhere {
      return "<img src=\"\(escaped(html: source.text))\" alt=\"\(description)\" loading=\"lazy\">"
    }
    guard links.isEmpty else { return description.isEmpty ? "picture" : description }
    return source.openingTag + (description.isEmpty ? "picture" : description) + "</a>"
  }

  // MARK: - Text

  func text(_ type: MD_TEXTTYPE, _ text: String) -> Int32 {
    if isInRawHTML {
      rawHTML += text
      return status
    }
    if !pictures.isEmpty {
      let index = pictures.count - 1
      switch type {
      case MD_TEXT_BR, MD_TEXT_SOFTBR: pictures[index].text += " "
      case MD_TEXT_NULLCHAR: break
      case MD_TEXT_ENTITY: pictures[index].text += MarkdownAddress.character(of: text) ?? text
      default: pictures[index].text += text
      }
      return status
    }
    switch type {
    case MD_TEXT_NULLCHAR: html += "\u{FFFD}"
    case MD_TEXT_BR: html += "<br>\n"
    case MD_TEXT_SOFTBR: html += "\n"
    case MD_TEXT_ENTITY:
      // MD4C found a name or a number between & and ;, which as text is one character and no tag.
      html += MarkdownAddress.character(of: text).map(escaped(html:)) ?? text
    case MD_TEXT_HTML:
      if ["<br>", "<br/>", "<br />"].contains(text.lowercased()) { html += "<br>" }
    default: html += escaped(html: text)
    }
    return status
  }

  /// The text of a link's address or title, its entities undone.
  private static func text(_ attribute: MD_ATTRIBUTE) -> String {
    guard let start = attribute.text, let types = attribute.substr_types,
      let offsets = attribute.substr_offsets
    else { return "" }
    let bytes = UnsafeRawBufferPointer(start: start, count: Int(attribute.size))
    var text = ""
    var index = 0
    while offsets[index] < attribute.size {
      let part = String(
        decoding: bytes[Int(offsets[index])..<Int(offsets[index + 1])], as: UTF8.self)
      text += types[index] == MD_TEXT_ENTITY ? MarkdownAddress.character(of: part) ?? part : part
      index += 1
    }
    return text
  }
}

/// Text that is written to at its end, and cut there.
private struct HTMLBytes {
  var bytes: [UInt8] = []

  static func += (html: inout HTMLBytes, text: String) { html.bytes += text.utf8 }
}

/// A text without what looks like tags and comments.
private func withoutTags(_ text: String) -> String {
  var kept: [UInt8] = []
  var rest = Array(text.utf8)[...]
  while let byte = rest.first {
    guard byte == UInt8(ascii: "<") else {
      kept.append(byte)
      rest.removeFirst()
      continue
    }
    let isComment = rest.starts(with: "<!--".utf8)
    let end: [UInt8] = isComment ? Array("-->".utf8) : [UInt8(ascii: ">")]
    var index = rest.startIndex + 1
    while index < rest.endIndex, !rest[index...].starts(with: end) { index += 1 }
    rest = rest[min(index + end.count, rest.endIndex)...]
  }
  return String(decoding: kept, as: UTF8.self)
}

extension String {
  /// Without white space at both ends.
  var trimmed: String {
    let start = drop(while: \.isWhitespace)
    return String(start.reversed().drop(while: \.isWhitespace).reversed())
  }
}
