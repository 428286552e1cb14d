/// `adapterhub bench`: speed with random weights, nothing downloaded.
import ArgumentParser

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure speed, with random weights and no download.",
    discussion: """
      Examples:
        adapterhub bench forward --config bert-base --batch 8 --length 128
        adapterhub bench train --config bert-base --method lora --batch 16
        adapterhub bench predict --model all-MiniLM-L6-v2 --adapter adapters/intent \\
          --input dev.jsonl
        adapterhub bench tokenize --model all-MiniLM-L6-v2 --input wiki.txt
      """,
    subcommands: [BenchForward.self, BenchTrain.self, BenchPredict.self, BenchTokenize.self])
}
