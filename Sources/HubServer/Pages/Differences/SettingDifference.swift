/// What was changed between two configurations, setting by setting.
internal import Files

struct SettingDifference: Sendable, Equatable {
  let name: String
  let old: String?
  let new: String?

  var isChanged: Bool { old != new }
}

/// The settings of several configurations side by side: those of the first in its order, then those
/// that only others have.
func alignedSettings(_ configurations: [JSON]) -> [(name: String, values: [String?])] {
  var names: [String] = []
  var known: Set<String> = []
  let flat = configurations.map { configuration -> [String: String] in
    var lines: [(String, String)] = []
    flatten(configuration, path: "", into: &lines)
    for (name, _) in lines where known.insert(name).inserted { names.append(name) }
    return Dictionary(lines, uniquingKeysWith: { first, _ in first })
  }
  return names.map { name in (name, flat.map { $0[name] }) }
}

/// What differs between two configurations.
func settingDifferences(_ old: JSON, _ new: JSON) -> [SettingDifference] {
  alignedSettings([old, new]).map {
    SettingDifference(name: $0.name, old: $0.values[0], new: $0.values[1])
  }
}
