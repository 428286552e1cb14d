/// All adapters in memory, in columns: what facets are counted in and pages are cut from.
internal import Files

/// Columns by the number of the repository; a set of bits for each value of each facet.
///
/// 100,000 adapters take about 20 MB: 56 bytes of columns each, the numbers of its dozen values, and
/// a bit in each value's set.
struct ExploreIndex: Sendable {
  /// A repository as the database has it.
  struct Row: Sendable {
    let id: Int64
    let owner: Int64
    let isPrivate: Bool
    let trending, downloads, likes, updated: Double
    let metricRank: Double?
    let byteCount: Int?
    let baseByteCount: Int?
    let isElsewhere: Bool
    /// `Facets.text`.
    let facets: String
  }

  /// Beyond this number columns would take more memory than a hub should: such a repository can be
  /// opened, but Explore does not show it.
  static let largestIdentifier: Int64 = 20_000_000

  /// Everybody's.
  private var open = IdentifierSet()
  /// Private ones, by whom they belong to.
  private var hidden: [Int64: ValueSet] = [:]
  private var owners: [Int64] = []
  /// For each order, what is compared: the larger comes first.
  private var columns: [[Double]] = Array(
    repeating: [], count: ExploreQuery.Order.allCases.count)
  private var spared: [Int] = []
  /// The numbers of a repository's values.
  private var valuesOfRow: [[UInt32]] = []

  private struct Value: Sendable {
    let facet: Facet
    let text: String
    var set = ValueSet()
  }

  private var values: [Value] = []
  private var numbers: [Facet: [String: UInt32]] = [:]

  /// How many values no adapter has any more.
  private var idleValues = 0

  private(set) var count = 0

  /// Whether most of what it remembers is of adapters that are gone: then it is better made anew.
  var isWorn: Bool { values.count > 100_000 && idleValues > values.count / 2 }

  // MARK: - Changes

  mutating func remove(_ id: Int64) {
    guard id >= 0, id < owners.count else { return }
    let slot = Int(id)
    guard owners[slot] >= 0 else { return }
    open.remove(id)
    hidden[owners[slot]]?.remove(id)
    if hidden[owners[slot]]?.count == 0 { hidden[owners[slot]] = nil }
    for number in valuesOfRow[slot] {
      values[Int(number)].set.remove(id)
      if values[Int(number)].set.count == 0 { idleValues += 1 }
    }
    valuesOfRow[slot] = []
    owners[slot] = -1
    spared[slot] = 0
    count -= 1
  }

  /// Puts a repository in place of what was known of it.
  mutating func insert(_ row: Row) {
    remove(row.id)
    guard row.id >= 0, row.id <= Self.largestIdentifier, row.owner >= 0 else { return }
    let slot = Int(row.id)
    grow(to: slot + 1)
    owners[slot] = row.owner
    count += 1
    if row.isPrivate {
      hidden[row.owner, default: ValueSet()].insert(row.id)
    } else {
      open.insert(row.id)
    }
    for (index, order) in ExploreQuery.Order.allCases.enumerated() {
      columns[index][slot] =
        switch order {
        // Of those that nobody uses yet, the ones that are here come first.
        case .trending: row.isElsewhere ? row.trending - 1 : row.trending
        case .downloads: row.downloads
        case .likes: row.likes
        case .updated: row.updated
        case .metric: row.metricRank ?? -.infinity
        case .size: row.byteCount.map { -Double($0) } ?? -.infinity
        }
    }
    if let whole = row.baseByteCount, let part = row.byteCount, whole > part {
      spared[slot] = whole - part
    }
    var found: [UInt32] = []
    Facets.forEachValue(in: row.facets) { facet, text in
      let number = self.number(facet, String(text))
      if !found.contains(number) { found.append(number) }
    }
    for number in found {
      if values[Int(number)].set.count == 0 { idleValues -= 1 }
      values[Int(number)].set.insert(row.id)
    }
    valuesOfRow[slot] = found
  }

  private mutating func number(_ facet: Facet, _ text: String) -> UInt32 {
    if let known = numbers[facet]?[text] { return known }
    let number = UInt32(values.count)
    values.append(Value(facet: facet, text: text))
    idleValues += 1
    numbers[facet, default: [:]][text] = number
    return number
  }

  private mutating func grow(to size: Int) {
    guard size > owners.count else { return }
    // By a half at once: numbers come in ascending order.
    let room = max(size, owners.count + owners.count / 2) - owners.count
    owners += repeatElement(-1, count: room)
    spared += repeatElement(0, count: room)
    valuesOfRow += repeatElement([], count: room)
    for index in columns.indices { columns[index] += repeatElement(0, count: room) }
  }

  // MARK: - Questions

  /// The adapters that somebody may know of.
  func visible(to caller: Caller) -> IdentifierSet {
    var set = open
    if let owners = caller.visibleOwners {
      for owner in owners { hidden[owner]?.add(to: &set) }
      if caller.account != nil, let only = caller.onlyRepository, only >= 0,
        only < self.owners.count, self.owners[Int(only)] >= 0,
        caller.ownersInReach?.contains(self.owners[Int(only)]) ?? true
      {
        // Also for its one repository a token is worth what its owner is.
        set.insert(only)
      }
    } else {
      for owned in hidden.values { owned.add(to: &set) }
    }
    return set
  }

  /// Those of one owner among others.
  func owned(by owner: Int64, among set: IdentifierSet) -> IdentifierSet {
    var found = IdentifierSet()
    set.forEach { if $0 < owners.count, owners[Int($0)] == owner { found.insert($0) } }
    return found
  }

  /// What is left of a set by all choices, except those of one facet.
  private func narrowed(_ set: IdentifierSet, _ query: ExploreQuery, except: Facet?)
    -> IdentifierSet
  {
    var set = set
    for (facet, texts) in query.chosen where facet != except {
      var union = IdentifierSet()
      for text in texts {
        if let number = numbers[facet]?[text] { values[Int(number)].set.add(to: &union) }
      }
      set.formIntersection(union)
    }
    return set
  }

  /// Counts of all facets, and the page of a question.
  ///
  /// - Parameters:
  ///   - query: what is asked.
  ///   - found: what may be seen and matches the words.
  /// - Returns: the answer without its cards, and the repositories that they are of.
  func answer(_ query: ExploreQuery, among found: IdentifierSet) -> (
    answer: ExploreAnswer, page: [Int64]
  ) {
    var answer = ExploreAnswer()
    let all = narrowed(found, query, except: nil)
    answer.total = all.count
    if query.valueLimit != 0 {
      for facet in Facet.allCases {
        // A facet's own choices do not count for it: one wants to see what else one could choose.
        let others = query.chosen[facet] == nil ? all : narrowed(found, query, except: facet)
        (answer.counts[facet], answer.furtherValues[facet]) = counts(facet, in: others, query)
      }
    }
    guard query.limit > 0 else { return (answer, []) }
    let column = columns[ExploreQuery.Order.allCases.firstIndex(of: query.order) ?? 0]
    let isBackwards = query.cursor?.isEnd ?? false
    var places = Self.first(
      query.limit + 1, of: all, by: column, after: query.cursor, isBackwards: isBackwards)
    let hasMore = places.count > query.limit
    if hasMore { places.removeLast() }
    if isBackwards { places.reverse() }
    if let first = places.first, isBackwards ? hasMore : query.cursor != nil {
      answer.previous = .init(value: first.value, id: first.id, isEnd: true)
    }
    if let last = places.last, isBackwards || hasMore {
      answer.next = .init(value: last.value, id: last.id)
    }
    return (answer, places.map(\.id))
  }

  /// The values of a facet by how many adapters have them, the chosen ones always among them.
  private func counts(_ facet: Facet, in set: IdentifierSet, _ query: ExploreQuery) -> (
    [FacetCount], Int
  ) {
    let chosen = Set(query.chosen[facet] ?? [])
    var found: [FacetCount] = []
    for (text, number) in numbers[facet] ?? [:] {
      let count = values[Int(number)].set.count(in: set)
      if count > 0 {
        found.append(FacetCount(value: text, count: count, isChosen: chosen.contains(text)))
      }
    }
    for text in chosen where !found.contains(where: { $0.value == text }) {
      found.append(FacetCount(value: text, count: 0, isChosen: true))
    }
    found.sort { ($1.count, $0.value) < ($0.count, $1.value) }
    guard let limit = query.valueLimit, found.count > limit else { return (found, 0) }
    let shown = found.prefix(limit) + found.dropFirst(limit).filter(\.isChosen)
    return (Array(shown), found.count - shown.count)
  }

  /// The first of a set in an order, the largest value first, those that are equal by their number.
  private static func first(
    _ count: Int, of set: IdentifierSet, by column: [Double], after cursor: ExploreQuery.Cursor?,
    isBackwards: Bool
  ) -> [(value: Double, id: Int64)] {
    var best: [(value: Double, id: Int64)] = []
    best.reserveCapacity(count + 1)
    func isBefore(_ a: (value: Double, id: Int64), _ b: (value: Double, id: Int64)) -> Bool {
      if a.value != b.value { return isBackwards ? a.value < b.value : a.value > b.value }
      return isBackwards ? a.id < b.id : a.id > b.id
    }
    func consider(_ id: Int64) {
      guard id < column.count else { return }
      let place = (value: column[Int(id)], id: id)
      if let cursor, !isBefore((cursor.value, cursor.id), place) { return }
      if best.count == count, let last = best.last, !isBefore(place, last) { return }
      let index = best.firstIndex { isBefore(place, $0) } ?? best.endIndex
      best.insert(place, at: index)
      if best.count > count { best.removeLast() }
    }
    // What was made later mostly comes first: seen in this order, few push others out.
    if isBackwards { set.forEach(consider) } else { set.forEachDescending(consider) }
    return best
  }

  /// What a set of adapters has in all.
  func totals(_ set: IdentifierSet) -> ExploreTotals {
    var totals = ExploreTotals()
    totals.adapters = set.count
    func distinct(_ facet: Facet) -> Int {
      (numbers[facet] ?? [:]).values.count { values[Int($0)].set.count(in: set) > 0 }
    }
    totals.tasks = distinct(.task)
    totals.languages = distinct(.language)
    totals.bases = distinct(.base)
    set.forEach { id in
      guard id < spared.count else { return }
      let (sum, isTooLarge) = totals.sparedBytes.addingReportingOverflow(spared[Int(id)])
      totals.sparedBytes = isTooLarge ? .max : sum
    }
    return totals
  }
}

/// The adapters that have a value: a short list while there are few, bits when there are many.
///
/// A hundred thousand base models that one adapter each names must not take a set of bits each.
struct ValueSet: Sendable {
  private static let fewest = 256
  /// Ascending.
  private var few: [Int32] = []
  private var many: IdentifierSet?
  private(set) var count = 0

  mutating func insert(_ id: Int64) {
    if many != nil {
      guard many?.contains(id) == false else { return }
      many?.insert(id)
    } else {
      guard let small = Int32(exactly: id) else { return }
      let index = place(small)
      guard index == few.count || few[index] != small else { return }
      few.insert(small, at: index)
      if few.count > Self.fewest {
        many = IdentifierSet(few.map(Int64.init))
        few = []
      }
    }
    count += 1
  }

  mutating func remove(_ id: Int64) {
    if many != nil {
      guard many?.contains(id) == true else { return }
      many?.remove(id)
    } else {
      guard let small = Int32(exactly: id) else { return }
      let index = place(small)
      guard index < few.count, few[index] == small else { return }
      few.remove(at: index)
    }
    count -= 1
  }

  /// Where a number is, or would be.
  private func place(_ id: Int32) -> Int {
    var (low, high) = (0, few.count)
    while low < high {
      let middle = (low + high) / 2
      if few[middle] < id { low = middle + 1 } else { high = middle }
    }
    return low
  }

  func count(in set: IdentifierSet) -> Int {
    if let many { return many.intersectionCount(set) }
    return few.count { set.contains(Int64($0)) }
  }

  func add(to set: inout IdentifierSet) {
    if let many { set.formUnion(many) } else { for id in few { set.insert(Int64(id)) } }
  }
}
