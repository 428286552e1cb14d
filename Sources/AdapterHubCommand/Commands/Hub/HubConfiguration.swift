/// A hub's options in a file.
import Files
import Foundation
import Yams

/// A flat YAML file: `public-url: https://hub.example.org`.
struct HubConfiguration {
  private let path: String
  private let values: [String: String]

  /// - Throws: `FileFailure` for a file that is not there or is no mapping of names to values.
  init(path: String?) throws {
    self.path = path ?? ""
    guard let path else {
      values = [:]
      return
    }
    let text = String(decoding: try readFile(path, limit: 1 << 20), as: UTF8.self)
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch {
      throw FileFailure(path, "is no YAML: \(error)")
    }
    var values: [String: String] = [:]
    if let node {
      guard case .mapping(let mapping) = node else {
        throw FileFailure(path, "holds no names with values", hint: "public-url: https://…")
      }
      for (key, value) in mapping {
        guard let name = key.string else { throw FileFailure(path, "has a name that is no text") }
        guard Self.names.contains(name) else {
          throw FileFailure(
            path, at: key.mark.map { "line \($0.line)" },
            "\(escaped(name, limit: 80)) is no option",
            hint: "options are \(Self.names.sorted().joined(separator: ", "))")
        }
        if case .sequence(let items) = value {
          values[name] = items.compactMap(\.string).joined(separator: ",")
        } else if let text = value.scalar?.string {
          values[name] = text
        } else {
          throw FileFailure(
            path, at: key.mark.map { "line \($0.line)" }, "\(name) is no text and no list of texts")
        }
      }
    }
    self.values = values
  }

  static let names: Set<String> = [
    "data", "host", "port", "port-file", "public-url", "trusted-proxy", "regular-limit",
    "file-limit", "quota", "rate-limit", "sign-up", "drain-seconds", "part-size", "log-level",
    "log-format",
  ]

  func text(_ name: String) throws -> String? { values[name] }

  /// The name of an option in the environment.
  static func variable(_ name: String) -> String {
    "ADAPTERHUB_" + name.uppercased().replacingOccurrences(of: "-", with: "_")
  }
}

/// A variable of the environment.
func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }
