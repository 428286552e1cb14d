/// The templates and static files that are part of the program.
internal import CHubAssets
internal import Crypto
internal import Files
internal import Foundation
internal import Mustache

/// Parsed once, when the hub starts.
struct PageTemplates: Sendable {
  private let library: MustacheLibrary
  /// The templates as they were written, by name.
  let sources: [String: String]
  /// Files that browsers load by themselves, by name.
  let files: [String: String]
  /// Names the version of the static files in their addresses, so that browsers may keep them.
  let version: String

  /// - Throws: an error of Mustache's where a template is broken: a test parses all of them.
  init() throws {
    MustacheContentTypes.register(PageText(), named: PageText.name)
    var templates: [String: MustacheTemplate] = [:]
    var sources: [String: String] = [:]
    var files: [String: String] = [:]
    for index in 0..<hub_asset_count() {
      let asset = hub_asset_at(index)
      guard let name = asset.name, let text = asset.text else { continue }
      if String(cString: name).hasSuffix(".css") {
        files["site.css", default: ""] += String(cString: text)
      } else if String(cString: name).contains(".") {
        files[String(cString: name)] = String(cString: text)
      } else {
        sources[String(cString: name)] = String(cString: text)
        templates[String(cString: name)] = try MustacheTemplate(
          string: "{{%CONTENT_TYPE:\(PageText.name)}}" + String(cString: text))
      }
    }
    library = MustacheLibrary(templates: templates)
    self.files = files
    self.sources = sources
    var hash = SHA256()
    for (name, text) in files.sorted(by: { $0.key < $1.key }) {
      hash.update(data: Data(name.utf8))
      hash.update(data: Data(text.utf8))
    }
    version = String(hexadecimal(hash.finalize()).prefix(12))
  }

  /// The HTML of a template with values in it.
  func render(_ name: String, _ values: [String: Any]) -> String {
    guard let text = library.render(values, withTemplate: name) else {
      preconditionFailure("there is no template \(name)")
    }
    return text
  }
}
