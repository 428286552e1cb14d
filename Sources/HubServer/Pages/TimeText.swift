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

  /// `25 Nov 2026`.
  var dayText: String {
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    let parts = text.prefix(10).split(separator: "-")
    guard parts.count == 3, let month = Int(parts[1]), let day = Int(parts[2]) else { return text }
    return "\(day) \(months[month - 1]) \(parts[0])"
  }

  /// `25 Nov 2026, 09:30`, of UTC.
  var minuteText: String { "\(dayText), \(text.dropFirst(11).prefix(5))" }

  /// For templates: the exact moment for programs, and for people the day, the minute, and how long ago.
  var values: [String: Any] {
    ["exact": text, "day": dayText, "minute": minuteText, "ago": ago()]
  }
}
