/// What was changed between two texts, line by line.

/// A line of both texts or of one of them.
struct LineChange: Sendable, Equatable {
  enum Kind: Sendable { case same, removed, added }

  let kind: Kind
  let text: String
  /// The number of the line in the old text and in the new one, from 1.
  let old: Int?
  let new: Int?
}

/// The shortest way from one text to the other (Myers, "An O(ND) difference algorithm", 1986).
///
/// - Returns: nil where the texts differ in more than can be found out while a reader waits.
func lineDifference(_ old: String, _ new: String) -> [LineChange]? {
  let a = old.split(separator: "\n", omittingEmptySubsequences: false)
  let b = new.split(separator: "\n", omittingEmptySubsequences: false)
  guard a.count + b.count <= 100_000 else { return nil }
  // Numbers are compared many times; texts once.
  var numbers: [Substring: Int] = [:]
  func number(_ line: Substring) -> Int {
    if let known = numbers[line] { return known }
    numbers[line] = numbers.count
    return numbers.count - 1
  }
  let (x, y) = (a.map(number), b.map(number))
  var start = 0
  while start < x.count, start < y.count, x[start] == y[start] { start += 1 }
  var (endOfX, endOfY) = (x.count, y.count)
  while endOfX > start, endOfY > start, x[endOfX - 1] == y[endOfY - 1] {
    endOfX -= 1
    endOfY -= 1
  }
  guard let steps = path(Array(x[start..<endOfX]), Array(y[start..<endOfY])) else { return nil }

  var changes: [LineChange] = []
  var (i, j) = (0, 0)
  func same() {
    changes.append(LineChange(kind: .same, text: String(a[i]), old: i + 1, new: j + 1))
    i += 1
    j += 1
  }
  while i < start { same() }
  for step in steps {
    switch step {
    case .same: same()
    case .removed:
      changes.append(LineChange(kind: .removed, text: String(a[i]), old: i + 1, new: nil))
      i += 1
    case .added:
      changes.append(LineChange(kind: .added, text: String(b[j]), old: nil, new: j + 1))
      j += 1
    }
  }
  while i < a.count { same() }
  return changes
}

/// The steps from one list of numbers to another; nil where there are more than 2,000 changes.
private func path(_ x: [Int], _ y: [Int]) -> [LineChange.Kind]? {
  let limit = min(x.count + y.count, 2000)
  // For each diagonal k = i - j the furthest i that was reached, at each count of changes.
  var reached = [Int](repeating: 0, count: 2 * limit + 3)
  let middle = limit + 1
  var trace: [[Int]] = []
  for changes in 0...limit {
    trace.append(Array(reached[(middle - changes)...(middle + changes)]))
    for k in stride(from: -changes, through: changes, by: 2) {
      let isDown =
        k == -changes || (k != changes && reached[middle + k - 1] < reached[middle + k + 1])
      var i = isDown ? reached[middle + k + 1] : reached[middle + k - 1] + 1
      var j = i - k
      while i < x.count, j < y.count, x[i] == y[j] {
        i += 1
        j += 1
      }
      reached[middle + k] = i
      if i >= x.count, j >= y.count { return steps(back: trace, x.count, y.count) }
    }
  }
  return nil
}

/// Walks back through what was reached.
private func steps(back trace: [[Int]], _ endOfX: Int, _ endOfY: Int) -> [LineChange.Kind] {
  var steps: [LineChange.Kind] = []
  var (i, j) = (endOfX, endOfY)
  for changes in stride(from: trace.count - 1, to: 0, by: -1) {
    let reached = trace[changes]
    // The row holds the diagonals from -changes to changes.
    func at(_ k: Int) -> Int { reached[k + changes] }
    let k = i - j
    let isDown = k == -changes || (k != changes && at(k - 1) < at(k + 1))
    let before = isDown ? k + 1 : k - 1
    let (oldI, oldJ) = (at(before), at(before) - before)
    while i > oldI + (isDown ? 0 : 1), j > oldJ + (isDown ? 1 : 0) {
      steps.append(.same)
      i -= 1
      j -= 1
    }
    steps.append(isDown ? .added : .removed)
    (i, j) = (oldI, oldJ)
  }
  while i > 0, j > 0 {
    steps.append(.same)
    i -= 1
    j -= 1
  }
  return steps.reversed()
}
