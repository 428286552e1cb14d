/// Where rows are cut into batches.

/// Cuts rows, in their order, into batches of at most so many sequences and tokens; a longer row is a
/// batch of its own.
func batches(_ order: [Int], lengths: [Int], sequences: Int, tokens: Int) -> [ArraySlice<Int>] {
  var batches: [ArraySlice<Int>] = []
  var start = 0
  var sum = 0
  for (position, row) in order.enumerated() {
    let isFull = position - start >= sequences || sum + lengths[row] > tokens
    if isFull, position > start {
      batches.append(order[start..<position])
      start = position
      sum = 0
    }
    sum += lengths[row]
  }
  if start < order.count { batches.append(order[start...]) }
  return batches
}
