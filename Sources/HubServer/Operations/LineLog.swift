/// The log: a line per event, on standard error.
internal import Files
internal import Foundation
internal import Logging

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Writes each event as one line: JSON for programs, or `level: message, name=value …` for people.
struct LineLog: LogHandler {
  let isJSON: Bool
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  init(isJSON: Bool) { self.isJSON = isJSON }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let extra = event.metadata ?? [:]
    let all = metadata.isEmpty ? extra : metadata.merging(extra) { $1 }
    let time = Moment().text
    var line: String
    if isJSON {
      var object = JSON.Object([
        ("time", .string(time)), ("level", .string(event.level.rawValue)),
        ("message", .string(event.message.description)),
      ])
      for (key, value) in all.sorted(by: { $0.key < $1.key }) {
        object[key] = .string(value.description)
      }
      line = JSON.object(object).text(.minified)
    } else {
      line = "\(time) \(event.level): \(event.message)"
      for (key, value) in all.sorted(by: { $0.key < $1.key }) {
        line += " \(key)=\(escaped(value.description))"
      }
    }
    line += "\n"
    // One call, so that lines of different threads do not mix.
    line.withUTF8 { bytes in _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
  }
}
