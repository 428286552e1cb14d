/// How large well-known base models are: what an adapter spares is told in their bytes.
internal import Foundation

enum BaseModelSizes {
  /// One name for a model that cards name in several ways: `google-bert/bert-base-uncased` is
  /// `bert-base-uncased`; a folder on somebody's disk is known by its last part.
  static func canonical(_ name: String) -> String {
    var name = name.trimmingCharacters(in: .whitespacesAndNewlines)
    if name.hasPrefix("/") || name.hasPrefix(".") || name.hasPrefix("~") {
      name = name.split(separator: "/").last.map(String.init) ?? ""
    }
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    // Models that had no owner in the beginning, and were given one later.
    if parts.count == 2, later.contains(parts[0].lowercased()) { return String(parts[1]) }
    return name
  }

  /// The number of parameters of a model by its canonical name.
  static func parameters(_ name: String) -> Int? {
    if let millions = known[name] { return Int(millions * 1e6) }
    guard let last = name.split(separator: "/").last, last != name else { return nil }
    return known[String(last)].map { Int($0 * 1e6) }
  }

  private static let later: Set<String> = [
    "google-bert", "facebookai", "distilbert", "openai-community", "google-t5", "albert", "xlnet",
  ]

  /// In millions, from the models' own cards.
  private static let known: [String: Double] = [
    "bert-base-uncased": 109.5, "bert-base-cased": 108.3, "bert-large-uncased": 335.1,
    "bert-large-cased": 333.6, "bert-base-multilingual-cased": 177.9,
    "bert-base-multilingual-uncased": 167.4, "bert-base-german-cased": 109.1,
    "bert-base-chinese": 102.3, "bert-base-arabert": 135.2, "roberta-base": 124.6,
    "roberta-large": 355.4, "distilroberta-base": 82.1, "xlm-roberta-base": 278,
    "xlm-roberta-large": 559.9, "distilbert-base-uncased": 66.4, "distilbert-base-cased": 65.2,
    "distilbert-base-multilingual-cased": 134.7, "albert-base-v2": 11.7, "albert-large-v2": 17.7,
    "electra-small-discriminator": 13.5, "electra-base-discriminator": 108.9,
    "electra-large-discriminator": 334.1, "deberta-base": 138.6, "deberta-v3-base": 183.8,
    "deberta-v3-large": 434, "mdeberta-v3-base": 278.2, "gpt2": 124.4, "gpt2-medium": 354.8,
    "gpt2-large": 774, "gpt2-xl": 1557.6, "bart-base": 139.4, "bart-large": 406.3,
    "mbart-large-cc25": 610.9, "mbart-large-50": 610.9, "t5-small": 60.5, "t5-base": 222.9,
    "t5-large": 737.7, "mt5-small": 300.2, "mt5-base": 582.4, "flan-t5-base": 247.6,
    "flan-t5-large": 783.2, "xlnet-base-cased": 116.7, "camembert-base": 110.6,
    "MiniLM-L6-H384-uncased": 22.7, "all-MiniLM-L6-v2": 22.7, "MiniLM-L12-H384-uncased": 33.4,
    "mpnet-base": 109.5, "all-mpnet-base-v2": 109.5, "vit-base-patch16-224": 86.6,
    "clip-vit-base-patch32": 151.3, "whisper-tiny": 37.8, "whisper-small": 241.7,
    "opt-125m": 125.2, "opt-350m": 331.2, "pythia-70m": 70.4, "pythia-160m": 162.3,
    "TinyLlama-1.1B-Chat-v1.0": 1100, "Llama-2-7b-hf": 6738, "Llama-3.2-1B": 1236,
    "Llama-3.2-3B": 3213, "Llama-3.1-8B": 8030, "Mistral-7B-v0.1": 7242, "gemma-2b": 2506,
    "Qwen2.5-0.5B": 494, "Qwen2.5-1.5B": 1544, "Qwen2.5-7B": 7616, "phi-2": 2780,
  ]
}
