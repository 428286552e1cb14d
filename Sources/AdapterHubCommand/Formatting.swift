/// Numbers for people, and names for options.
import ArgumentParser
import Files

extension Double {
  /// With a number of digits after the point.
  func formatted(digits: Int) -> String {
    guard isFinite else { return "\(self)" }
    let scale = (0..<digits).reduce(1.0) { value, _ in value * 10 }
    let scaled = (self * scale).rounded()
    guard abs(scaled) < 1e15 else { return "\(self)" }
    let whole = Int(abs(scaled))
    let sign = scaled < 0 ? "-" : ""
    let unit = Int(scale)
    guard digits > 0 else { return sign + String(whole) }
    let fraction = String(whole % unit)
    return "\(sign)\(whole / unit)." + String(repeating: "0", count: digits - fraction.count)
      + fraction
  }
}

/// Reads an option's value as one of a closed set of names.
func named<Value: RawRepresentable & CaseIterable & Sendable>(_ type: Value.Type)
  -> @Sendable (String) throws -> Value where Value.RawValue == String
{
  { text in
    guard let value = Value(rawValue: text) else {
      let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("\(escaped(text, limit: 80)) is not one of \(known).")
    }
    return value
  }
}

extension Int {
  /// With a comma between thousands: 894,528.
  var grouped: String {
    let digits = Array(String(magnitude))
    let parts = stride(from: digits.count, to: 0, by: -3).map { end in
      String(digits[Swift.max(0, end - 3)..<end])
    }
    return (self < 0 ? "-" : "") + parts.reversed().joined(separator: ",")
  }
}

/// How many rows have no text.
func emptyRows(_ count: Int) -> String {
  count == 1 ? "1 row holds no text" : "\(count.grouped) rows hold no text"
}
