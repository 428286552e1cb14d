/// Looking for repositories on a hub.
internal import NIOHTTP1

/// What to look for; everything given must hold.
public struct SearchQuery: Sendable, Equatable {
  public enum Order: String, Sendable, CaseIterable {
    case trending = "trendingScore"
    case downloads, likes, lastModified, createdAt
  }

  /// A part of the id, or whatever else the hub searches.
  public var text: String?
  public var author: String?
  /// `text-classification` and so on.
  public var task: String?
  /// Tags, all of which must be there.
  public var tags: [String] = []
  public var order: Order?
  public var limit = 20

  public init(_ text: String? = nil) { self.text = text }

  var query: String {
    var items: [(String, String)] = tags.map { ("filter", $0) }
    if let text, !text.isEmpty { items.append(("search", text)) }
    if let author { items.append(("author", author)) }
    if let task { items.append(("pipeline_tag", task)) }
    if let order { items += [("sort", order.rawValue), ("direction", "-1")] }
    items += [("limit", String(min(limit, 1000))), ("full", "true"), ("config", "true")]
    return items.map { "\($0.0)=\(percentEncoded($0.1))" }.joined(separator: "&")
  }
}

extension HubClient {
  /// The repositories that a query finds, best first, as many as it asks for.
  public func search(_ query: SearchQuery) async throws -> [RepositorySummary] {
    let request = HubRequest(.GET, api("/models?\(query.query)"), about: host)
    return try await pages(request, limit: query.limit) { try RepositorySummary($0) }
  }
}
