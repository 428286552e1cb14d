public import Files
public struct RepositoryIdentifier: Hashable, Sendable, CustomStringConvertible {
  public let owner: String?; public let name: String
  public init(_ text: String) throws {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    owner = parts.count == 2 ? String(parts[0]) : nil; name = String(parts.last ?? "")
  }
  public var description: String { (owner.map { $0 + "/" } ?? "") + name }
}
public struct CardProblem: Sendable {
  public let message: String; public let line: Int?; public let isError: Bool
}
public struct CardFile: Sendable {
  public let metadata: JSON; public let body: String; public let problems: [CardProblem]
  public init(parsing: String) { metadata = [:]; body = parsing; problems = [] }
}
public struct AdapterFacts: Sendable {
  public enum Library: String, Sendable { case adapters, peft, unknown }
  public var library = Library.unknown; public var task: String?;
  public var methodNames: [String] = []; public var modelType: String?;
  public var baseModel: String?; public var parameterCount = 0; public var problems: [String]
  public var json: JSON { [:] }
  public init(problems: [String]) { self.problems = problems }
}
