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
