/// The kinds of rows that tasks are trained on. Each knows its line, so that what goes wrong later
/// (a text too long, an unknown label) can still name it.

/// A row of labelled data.
public protocol DataRow: Sendable {
  /// Tells a row from memory, which has no place in a file, which it is.
  mutating func number(_ number: Int)
}

/// A text, or a pair of texts, with its label.
public struct LabelledText: DataRow, Equatable {
  public var text: String
  /// The second text of a pair.
  public var pair: String?
  /// What is to be learnt; nil where the file is only to be predicted on.
  public var label: Label?
  /// The line of the file it begins on, from 1; 0 for a row from memory.
  public var line: Int

  public init(text: String, pair: String? = nil, label: Label? = nil, line: Int = 0) {
    self.text = text
    self.pair = pair
    self.label = label
    self.line = line
  }

  public mutating func number(_ number: Int) { if line == 0 { line = number } }
}

/// What a text is labelled with.
public enum Label: Sendable, Equatable, ExpressibleByStringLiteral {
  /// One of several classes.
  case name(String)
  /// Any number of them, none too.
  case names([String])
  /// A point on a scale.
  case number(Double)

  public init(stringLiteral name: String) { self = .name(name) }

  /// The class names it holds.
  public var names: [String] {
    switch self {
    case .name(let name): [name]
    case .names(let names): names
    case .number: []
    }
  }
}

/// The tokens of a sentence with a tag for each.
public struct TaggedTokens: DataRow, Equatable {
  public var tokens: [String]
  /// As many as tokens; nil where the file is only to be predicted on.
  public var tags: [String]?
  /// The line of the file it begins on, from 1; 0 for a row from memory.
  public var line: Int

  public init(tokens: [String], tags: [String]? = nil, line: Int = 0) {
    self.tokens = tokens
    self.tags = tags
    self.line = line
  }

  public mutating func number(_ number: Int) { if line == 0 { line = number } }
}

/// One line of a plain text.
public struct TextLine: Sendable, Equatable {
  public var text: String
  /// From 1.
  public var line: Int

  public init(text: String, line: Int = 0) {
    self.text = text
    self.line = line
  }
}

/// A question about a context, with the answers people gave.
public struct QuestionRow: DataRow, Equatable {
  public var id: String
  public var question: String
  public var context: String
  /// None where the context does not hold the answer.
  public var answers: [Answer]
  /// `$.data[0].paragraphs[2].qas[1]`, or the line in a JSON Lines file.
  public var place: String

  public init(
    id: String = "", question: String, context: String, answers: [Answer], place: String = ""
  ) {
    self.id = id
    self.question = question
    self.context = context
    self.answers = answers
    self.place = place
  }

  public mutating func number(_ number: Int) {
    if place.isEmpty { place = "row \(number)" }
    if id.isEmpty { id = place }
  }

  /// A part of the context.
  public struct Answer: Sendable, Equatable {
    public var text: String
    /// In Unicode scalars from the beginning of the context, as Python counts characters.
    public var start: Int

    public init(text: String, start: Int) {
      self.text = text
      self.start = start
    }
  }
}
