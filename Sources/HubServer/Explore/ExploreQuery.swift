/// What Explore is asked for, and how that stands in an address.
internal import Files
internal import HubClient

/// Words, choices, an order and a place in it.
///
/// Several values of one facet mean any of them; several facets mean all of them.
struct ExploreQuery: Sendable, Equatable {
  enum Order: String, Sendable, CaseIterable {
    case trending, downloads, likes, updated, metric, size

    var name: String {
      switch self {
      case .trending: "Trending"
      case .downloads: "Most downloads"
      case .likes: "Most likes"
      case .updated: "Recently updated"
      case .metric: "Best metric"
      case .size: "Smallest"
      }
    }
  }

  /// A place between two adapters of an order.
  struct Cursor: Sendable, Equatable {
    let value: Double
    let id: Int64
    /// Whether the page ends here rather than begins.
    var isEnd = false

    init(value: Double, id: Int64, isEnd: Bool = false) {
      (self.value, self.id, self.isEnd) = (value, id, isEnd)
    }

    /// The value bit by bit: what is written in digits would be rounded.
    var text: String { "\(String(value.bitPattern, radix: 36)).\(String(id, radix: 36))" }

    init?(_ text: String, isEnd: Bool) {
      let parts = text.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 2, let bits = UInt64(parts[0], radix: 36),
        let id = Int64(parts[1], radix: 36), id >= 0
      else { return nil }
      value = Double(bitPattern: bits)
      guard !value.isNaN else { return nil }
      self.id = id
      self.isEnd = isEnd
    }
  }

  var text = ""
  var chosen: [Facet: [String]] = [:]
  /// Whose they must be.
  var owner: String?
  var order = Order.trending
  var cursor: Cursor?
  /// How many adapters a page has; 0 where only counts are wanted.
  var limit = 24
  /// How many values of a facet are counted out; nil for all.
  var valueLimit: Int? = 10

  init() {}

  /// Adapters with one value of one facet.
  init(_ facet: Facet, _ value: String, order: Order = .trending, limit: Int = 24) {
    chosen[facet] = [value]
    self.order = order
    self.limit = limit
  }

  static let textLimit = 200

  /// Reads an address.
  ///
  /// - Throws: `Problem` for what is no order, or a place that this hub did not give.
  init(_ query: Query) throws {
    text = String((query["q"] ?? "").prefix(Self.textLimit))
    for facet in Facet.allCases {
      var seen: Set<String> = []
      let values = query.all(facet.rawValue).filter {
        $0.utf8.count <= 200 && seen.insert($0).inserted
      }
      guard values.count <= Facets.limit else {
        throw Problem.badRequest("Choose \(Facets.limit) of one kind at most")
      }
      if !values.isEmpty { chosen[facet] = values }
    }
    if let name = query["owner"], !name.isEmpty {
      guard RepositoryIdentifier.problem(ofPart: name) == nil else {
        throw Problem.badRequest("\(quoted(name)) is nobody's name")
      }
      owner = name
    }
    if let name = query["sort"], !name.isEmpty {
      guard let order = Order(rawValue: name) else {
        let known = Order.allCases.map(\.rawValue).joined(separator: ", ")
        throw Problem.badRequest("sort is one of \(known), found \(quoted(name))")
      }
      self.order = order
    }
    for (name, isEnd) in [("after", false), ("before", true)] {
      guard let text = query[name], !text.isEmpty else { continue }
      guard let cursor = Cursor(text, isEnd: isEnd) else {
        throw Problem.badRequest("The page that \(name) names is not one of this hub's")
      }
      self.cursor = cursor
    }
  }

  /// Whether anything is asked for at all.
  var isNarrowed: Bool { !chosen.isEmpty || !text.isEmpty || owner != nil }

  /// The address of the page; always the same for the same question.
  var address: String {
    var items: [(String, String)] = text.isEmpty ? [] : [("q", text)]
    for facet in Facet.allCases {
      items += (chosen[facet] ?? []).map { (facet.rawValue, $0) }
    }
    if let owner { items.append(("owner", owner)) }
    if order != .trending { items.append(("sort", order.rawValue)) }
    if let cursor { items.append((cursor.isEnd ? "before" : "after", cursor.text)) }
    guard !items.isEmpty else { return "/explore" }
    return "/explore?"
      + items.map { "\($0.0)=\(percentEncoded($0.1))" }.joined(separator: "&")
  }

  /// The same question without one choice, from its beginning.
  func without(_ facet: Facet, _ value: String) -> ExploreQuery {
    var query = self
    query.cursor = nil
    let rest = (chosen[facet] ?? []).filter { $0 != value }
    query.chosen[facet] = rest.isEmpty ? nil : rest
    return query
  }

  func at(_ cursor: Cursor?) -> ExploreQuery {
    var query = self
    query.cursor = cursor
    return query
  }
}

/// A value of a facet, and how many adapters one would see with it.
struct FacetCount: Sendable, Equatable {
  let value: String
  let count: Int
  let isChosen: Bool
}

/// An adapter as a card shows it.
struct ExploreCard: Sendable {
  let repository: Repository
  let facets: Facets
}

/// A page of Explore.
struct ExploreAnswer: Sendable {
  /// How many adapters there are on all pages.
  var total = 0
  var counts: [Facet: [FacetCount]] = [:]
  /// How many values of a facet there are that were not counted out.
  var furtherValues: [Facet: Int] = [:]
  var cards: [ExploreCard] = []
  var next: ExploreQuery.Cursor?
  var previous: ExploreQuery.Cursor?
}

/// What a hub has in all.
struct ExploreTotals: Sendable, Equatable {
  var adapters = 0
  var tasks = 0
  var languages = 0
  var bases = 0
  /// What full copies of the base models would take more.
  var sparedBytes = 0
}
