/// How a batch is cut for the threads.
internal import Tensors

/// Cuts sequences into pieces that threads compute on their own: even ones, and enough to go round.
///
/// A piece of a few hundred tokens keeps its rows in the processor's cache from one layer to the
/// next, and bounds the memory of a pass whatever the batch; smaller ones read the weights too often.
/// Too few tokens stay together, and the threads share each product instead.
func pieces(of lengths: [Int], threads: Int = threadCount) -> [Range<Int>] {
  let tokens = lengths.reduce(0, +)
  guard lengths.count > 1, threads == 1 || tokens >= fewestTokensPerPiece * threads else {
    return lengths.isEmpty ? [] : [0..<lengths.count]
  }
  // Two for each thread where they are not too small, so that none waits long for the last.
  let fewest = threads > 1 && tokens >= 4 * fewestTokensPerPiece * threads ? 2 : 1
  let rounds = (tokens + tokensPerPiece * threads - 1) / (tokensPerPiece * threads)
  return evenCuts(lengths, into: min(threads * max(fewest, rounds), lengths.count))
}

/// Cuts sequences into so many runs of about as many tokens each.
func evenCuts(_ lengths: [Int], into count: Int) -> [Range<Int>] {
  let tokens = lengths.reduce(0, +)
  var cuts: [Range<Int>] = []
  var start = 0
  var seen = 0
  for (index, length) in lengths.enumerated() {
    seen += length
    let left = lengths.count - index - 1
    let due = seen * count >= tokens * (cuts.count + 1)
    if index == lengths.count - 1 || (due && left >= count - cuts.count - 1) {
      cuts.append(start..<index + 1)
      start = index + 1
    }
  }
  return cuts
}

let tokensPerPiece = 256
let fewestTokensPerPiece = 24
