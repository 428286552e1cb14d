/// What a commit's files say about a repository, in the words that searches use.
internal import Files

/// A repository's main branch, described.
struct Description: Sendable {
  var library: String?
  var task: String?
  var parameters: Int?
  /// The card's front matter.
  var card: JSON = [:]
  /// What the Python libraries read as `config`.
  var configuration: JSON = [:]
  /// What inspection found: `AdapterFacts`.
  var facts: JSON?
  /// Sorted, each once.
  var tags: [String] = []
  /// The card's text, for the search.
  var body = ""
  /// What it is found by on Explore.
  var facets = Facets()

  static let empty = Description()
}

extension Description {
  /// Leaves out what could be written but not be read again, for it nests too deep.
  ///
  /// A file may be as deep as the reader allows; within a description it is deeper.
  mutating func keepReadable() {
    if !card.isReadable { card = [:] }
    if !configuration.isReadable { configuration = [:] }
    guard let facts, !facts.isReadable, case .object(var object) = facts else { return }
    let problem = JSON.string("its configuration nests too deep to be shown")
    object["configuration"] = [:]
    if case .array(let known)? = object["problems"] {
      object["problems"] = .array(known + [problem])
    }
    self.facts = JSON.object(object).isReadable ? .object(object) : ["problems": [problem]]
  }
}

extension JSON {
  fileprivate var isReadable: Bool {
    (try? JSON(parsing: Array(text(.minified).utf8), path: "description")) != nil
  }
}
