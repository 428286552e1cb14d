/// An adapter as lists show it: the same card on every page.
internal import Files
internal import Foundation
internal import HubClient

extension ExploreCard {
  /// What the templates `card` and `leaderboard` need.
  ///
  /// - Parameters:
  ///   - search: words to mark, where some were searched for.
  ///   - now: what "3 days ago" counts from.
  /// - Returns: an absent key for what is not known.
  func values(search: String = "", now: Moment = Moment()) -> [String: Any] {
    var values: [String: Any] = [
      "path": "/\(repository.fullName)", "fullName": repository.fullName,
      "owner": highlighted(repository.owner, search),
      "name": highlighted(repository.name, search),
      "downloads": shortCount(repository.downloads),
      "downloadsExact": counted(repository.downloads, "download"),
      "likes": shortCount(repository.likes), "likesExact": counted(repository.likes, "like"),
      "updated": repository.updatedAt.ago(now: now), "updatedExact": repository.updatedAt.text,
      "isPrivate": repository.isPrivate, "isGated": repository.gate != .no,
      "isElsewhere": facets.isElsewhere,
    ]
    if !facets.summary.isEmpty { values["summary"] = highlighted(facets.summary, search) }
    if facets.problemCount > 0 {
      values["problems"] =
        facets.problemCount == 1 ? "1 problem" : "\(facets.problemCount) problems"
    }
    if let task = facets[.task].first {
      let subtask = facets[.subtask].first
      var shown: [String: Any] = [
        "name": Taxonomy.name(task: task), "href": "/explore?task=\(percentEncoded(task))",
      ]
      if task == Taxonomy.language {
        // Which language stands beside it.
        shown["name"] = "Language adapter"
      } else {
        shown["subtask"] = subtask.map(Taxonomy.name(subtask:))
      }
      values["task"] = shown
    }
    if let base = facets[.base].first { values["base"] = base }
    let methods = facets[.method].map(MethodNames.name)
    if !methods.isEmpty { values["method"] = methods.joined(separator: " + ") }
    let languages = facets[.language].prefix(3).map { Languages.name($0) ?? $0 }
    if !languages.isEmpty {
      let more = facets[.language].count - languages.count
      values["language"] = languages.joined(separator: ", ") + (more > 0 ? " +\(more)" : "")
    }
    if let metric = facets.metric {
      values["metric"] = ["name": metric.title, "value": metric.text] as [String: Any]
    }
    if let size = facets.byteCount { values["size"] = sizeValues(size, of: facets.baseByteCount) }
    return values
  }
}

/// A size beside what it replaces, with the width of its bar of 100.
func sizeValues(_ size: Int, of whole: Int?) -> [String: Any] {
  var values: [String: Any] = ["text": byteText(size)]
  if let whole, whole > size {
    values["whole"] = byteText(whole)
    // One that cannot be seen would look like nothing at all.
    values["share"] = fixed(max(1, Double(size) / Double(whole) * 100), digits: 1)
  }
  return values
}

/// A number with its noun: `1 adapter`, `12,480 adapters`.
func counted(_ count: Int, _ noun: String, _ nouns: String? = nil) -> String {
  count == 1 ? "1 \(noun)" : "\(grouped(count)) \(nouns ?? noun + "s")"
}
