/// Timing, and how benchmarks report.
import Files

/// The times of several rounds.
struct Timing {
  /// Milliseconds of each round, ascending.
  let rounds: [Double]

  /// Runs a few times to warm up, then at least `rounds` times and `seconds` long.
  init(rounds: Int, seconds: Double, _ body: () throws -> Void) rethrows {
    let clock = ContinuousClock()
    for _ in 0..<2 { try body() }
    var times: [Double] = []
    let start = clock.now
    while times.count < rounds || start.duration(to: clock.now) < .seconds(seconds) {
      times.append(try clock.measure { try body() }.milliseconds)
      if times.count >= 1_000 { break }
    }
    self.rounds = times.sorted()
  }

  var least: Double { rounds.first ?? 0 }
  var median: Double { rounds.isEmpty ? 0 : rounds[rounds.count / 2] }

  var json: JSON {
    .object(["min": .number(least), "median": .number(median)])
  }
}

extension Duration {
  var milliseconds: Double {
    Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15
  }

  var seconds: Double { milliseconds / 1e3 }
}
