/// Numbers as people read them.

/// `820 bytes`, `3.6 MB`, `438 MB`: three digits, in powers of 1000.
public func byteText(_ count: Int) -> String {
  guard count >= 1000 else { return count == 1 ? "1 byte" : "\(count) bytes" }
  var (value, unit) = (Double(count), -1)
  let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
  // 999,950 bytes are 1.0 MB, not 1000 kB.
  while value >= 999.5, unit + 1 < units.count {
    value /= 1000
    unit += 1
  }
  return "\(fixed(value, digits: value < 99.95 ? 1 : 0)) \(units[max(0, unit)])"
}

/// 894,528.
package func grouped(_ count: Int) -> String {
  let digits = Array(String(count))
  let parts = stride(from: digits.count, to: 0, by: -3).map { String(digits[max(0, $0 - 3)..<$0]) }
  return parts.reversed().joined(separator: ",")
}

/// A number with a count of digits behind the point.
package func fixed(_ value: Double, digits: Int) -> String {
  guard value.isFinite, value.magnitude < 1e12 else { return "\(value)" }
  let scale = (0..<digits).reduce(1.0) { value, _ in value * 10 }
  let scaled = Int((value.magnitude * scale).rounded())
  let sign = value < 0 && scaled > 0 ? "-" : ""
  guard digits > 0 else { return sign + String(scaled) }
  let fraction = String(scaled % Int(scale))
  return "\(sign)\(scaled / Int(scale))."
    + String(repeating: "0", count: digits - fraction.count) + fraction
}
