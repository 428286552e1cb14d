/// What the hub accepts at most.

/// Limits on sizes and counts; each refusal names the one it met.
public struct Limits: Sendable, Equatable {
  /// Up to which size a file travels inside a commit; larger ones go by LFS.
  ///
  /// Today's clients cannot send LFS files to a hub without their newest transfer protocol.
  public var regularBytes = 256 << 20
  public var fileBytes = 50 << 30
  public var repositoryBytes = 500 << 30
  /// Of one owner's repositories together, unless the account says otherwise; nil for no limit.
  public var quotaBytes: Int?
  public var filesPerCommit = 10_000
  public var filesPerRepository = 100_000
  public var pathBytes = 1024
  public var pathPartBytes = 255
  public var cardBytes = 1 << 20
  /// Of a request with JSON, except commits.
  public var jsonBytes = 8 << 20
  /// Of a commit's request as a whole.
  public var commitBytes = 8 << 30
  public var pageSize = 100
  public var largestPage = 1000

  public init() {}
}
