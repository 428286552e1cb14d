/// What a repository can be found by on Explore.
internal import Files
internal import Foundation
internal import HubClient

/// A question that each adapter has an answer to, or several.
enum Facet: String, Sendable, CaseIterable {
  // The order in which Explore shows them.
  case task, subtask, language, base, method, head, size, license, library, files

  var name: String {
    switch self {
    case .task: "Task"
    case .subtask: "Data set"
    case .language: "Language"
    case .base: "Base model"
    case .method: "Method"
    case .head: "Head"
    case .size: "Size"
    case .license: "License"
    case .library: "Library"
    case .files: "Files"
    }
  }

  /// How people read a value.
  func name(_ value: String) -> String {
    switch self {
    case .task: Taxonomy.name(task: value)
    case .subtask: Taxonomy.name(subtask: value)
    case .language: Languages.name(value) ?? value
    case .method: MethodNames.name(value)
    case .head:
      value == "none" ? "No head" : value.replacing("-", with: " ").capitalizedFirst
    case .size: SizeClass(rawValue: value)?.name ?? value
    case .files: value == Facets.elsewhere ? "On another server" : "On this hub"
    case .base, .license, .library: value
    }
  }
}

/// How large an adapter's file is, in steps that matter to those who load many.
enum SizeClass: String, Sendable, CaseIterable {
  case under1 = "under-1mb"
  case under5 = "1-5mb"
  case under20 = "5-20mb"
  case over20 = "over-20mb"

  init?(bytes: Int?) {
    guard let bytes, bytes > 0 else { return nil }
    self =
      bytes < 1_000_000
      ? .under1 : bytes < 5_000_000 ? .under5 : bytes < 20_000_000 ? .under20 : .over20
  }

  var name: String {
    switch self {
    case .under1: "Under 1 MB"
    case .under5: "1–5 MB"
    case .under20: "5–20 MB"
    case .over20: "Over 20 MB"
    }
  }
}

/// Methods as people call them.
enum MethodNames {
  static func name(_ method: String) -> String { names[method] ?? method }

  private static let names: [String: String] = [
    "lora": "LoRA", "seq_bn": "Bottleneck", "double_seq_bn": "Double bottleneck",
    "par_bn": "Parallel bottleneck", "scaled_par_bn": "Scaled parallel bottleneck",
    "seq_bn_inv": "Bottleneck, invertible",
    "double_seq_bn_inv": "Double bottleneck, invertible", "prefix_tuning": "Prefix tuning",
    "prefix_tuning_flat": "Prefix tuning, flat", "ia3": "(IA)³", "compacter": "Compacter",
    "compacter++": "Compacter++", "prompt_tuning": "Prompt tuning", "mam": "Mix-and-Match",
    "unipelt": "UniPELT", "loreft": "LoReFT", "noreft": "NoReFT", "direft": "DiReFT",
    "vera": "VeRA", "dora": "DoRA", "mtl_lora": "MTL-LoRA",
  ]
}

/// What was measured of an adapter, that others are compared by.
struct MainMetric: Sendable, Equatable {
  let name: String
  let value: Double
  let isHigherBetter: Bool

  init(_ name: String, _ value: Double) {
    self.name = name
    self.value = value
    isHigherBetter = !["loss", "perplexity", "ppl", "wer", "cer", "ter", "mse", "mae", "rmse"]
      .contains { name.lowercased().hasSuffix($0) }
  }

  /// Whether it is a part of a whole, which some write as 0.91 and others as 91.
  private var isShare: Bool {
    let folded = name.lowercased()
    let shares = [
      "acc", "f1", "f0.5", "precision", "recall", "exact", "em", "rouge", "bleu", "auc", "map",
      "mrr",
      "ndcg", "las", "uas", "matthews", "mcc", "spearman", "pearson",
    ]
    return shares.contains { folded.contains($0) }
  }

  /// What sorting compares: the larger the better, shares of a whole all on one scale.
  var rank: Double {
    let comparable = isShare && abs(value) > 1 && abs(value) <= 100 ? value / 100 : value
    return isHigherBetter ? comparable : -comparable
  }

  /// For people, with one decimal where it is a share.
  var text: String {
    if isShare, abs(value) <= 100 {
      return fixed(abs(value) > 1 ? value : value * 100, digits: 1)
    }
    return fixed(value, digits: abs(value) < 100 ? 2 : 0)
  }

  var title: String {
    let known = [
      "accuracy": "Accuracy", "f1": "F1", "eval_accuracy": "Accuracy", "eval_f1": "F1",
      "macro_f1": "Macro F1", "matthews": "Matthews", "spearmanr": "Spearman",
      "spearman": "Spearman", "pearson": "Pearson", "bleu": "BLEU", "rouge": "ROUGE",
      "rouge-2": "ROUGE-2", "rouge2": "ROUGE-2", "mrr": "MRR", "las": "LAS", "uas": "UAS",
      "exact_match": "Exact match",
    ]
    return known[name.lowercased()] ?? name
  }
}

/// What Explore knows of a repository: the answers to its facets, and what cards show.
struct Facets: Sendable, Equatable {
  /// Base models and empty repositories are none.
  var isAdapter = false
  var values: [Facet: [String]] = [:]
  /// The first sentence of the card.
  var summary = ""
  var byteCount: Int?
  /// Of the base model, as 32 bit numbers.
  var baseByteCount: Int?
  var metric: MainMetric?
  /// A catalogue's entry, whose files lie on another server.
  var isElsewhere = false
  var problemCount = 0

  subscript(_ facet: Facet) -> [String] {
    get { values[facet] ?? [] }
    set {
      var seen: Set<String> = []
      let cleaned = newValue.map(Self.cleaned).filter { !$0.isEmpty && seen.insert($0).inserted }
      values[facet] = cleaned.isEmpty ? nil : Array(cleaned.prefix(Self.limit))
    }
  }

  /// Where an adapter's files are.
  static let here = "here"
  static let elsewhere = "elsewhere"

  /// How many values of one facet a repository may have: a card is not to be under everything.
  static let limit = 32

  /// A value as it is stored: one line, not too long.
  private static func cleaned(_ value: String) -> String {
    let line = value.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }
    let text = String(String.UnicodeScalarView(line)).trimmingCharacters(in: .whitespaces)
    return text.utf8.count <= 200 ? text : ""
  }

  /// The values as one text: a line for each, `task sentiment`.
  var text: String {
    Facet.allCases.flatMap { facet in self[facet].map { "\(facet.rawValue) \($0)" } }
      .joined(separator: "\n")
  }

  /// Reads what ``text`` made, line by line.
  static func forEachValue(in text: String, _ body: (Facet, Substring) -> Void) {
    for line in text.split(separator: "\n") {
      guard let space = line.firstIndex(of: " "),
        let facet = Facet(rawValue: String(line[..<space]))
      else { continue }
      body(facet, line[line.index(after: space)...])
    }
  }
}

extension String {
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

/// A count where room is short: `12.5k`.
func shortCount(_ count: Int) -> String {
  switch count {
  case ..<1000: "\(count)"
  case ..<99_950: "\(fixed(Double(count) / 1000, digits: count < 9950 ? 1 : 0))k"
  case ..<999_500: "\(fixed(Double(count) / 1000, digits: 0))k"
  default: "\(fixed(Double(count) / 1_000_000, digits: 1))M"
  }
}
