/// Times as people read them.

extension Moment {
  /// `just now`, `5 minutes ago`, `3 days ago`, `2 years ago`.
  func ago(now: Moment = Moment()) -> String {
    let seconds = max(0, now.seconds - self.seconds)
    let units = [
      (31_536_000, "year"), (2_592_000, "month"), (604_800, "week"), (86_400, "day"),
      (3600, "hour"), (60, "minute"),
    ]
    for (length, name) in units where seconds >= length {
      let count = seconds / length
      return "\(count) \(name)\(count == 1 ? "" : "s") ago"
    }
    return "just now"
  }

  /// What a template's `time` needs: the exact time for programs and on hovering, and how long ago.
  var values: [String: Any] {
    ["exact": text, "readable": String(text.prefix(16)).replacing("T", with: " "), "ago": ago()]
  }
}
