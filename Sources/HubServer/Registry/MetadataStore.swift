/// What the hub asks of the place where its metadata is kept.
internal import Files
internal import HubClient

/// Accounts, repositories, commits, descriptions and the log of what was done, in verbs.
///
/// `Registry` is the one that comes with the hub, in an SQLite file. Each verb is one transaction;
/// each says `Problem` for what a client did wrong. What a verb returns is of one moment.
protocol MetadataStore: Sendable {
  // Accounts
  func account(_ name: String) async throws -> Account
  func account(id: Int64) async throws -> Account?
  func accounts() async throws -> [Account]
  func makeAccount(
    _ name: String, kind: Account.Kind, fullName: String, email: String?, isAdministrator: Bool,
    passwordHash: String?, by actor: String
  ) async throws -> Account
  func removeUser(_ name: String, by actor: String) async throws
  func setPassword(_ hash: String, of name: String, mustChange: Bool, by actor: String) async throws
  func setQuota(_ bytes: Int?, of name: String, by actor: String) async throws
  func setRole(_ role: Role?, of user: String, in organisation: String, by actor: String)
    async throws
  func members(of organisation: Account) async throws -> [(account: Account, role: Role)]
  func memberships(of user: Account) async throws -> [(account: Account, role: Role)]
  func organisations(of caller: Caller) async throws -> [(account: Account, role: Role)]
  func repositoryCount(of account: Account, for caller: Caller) async throws -> Int

  // Tokens
  func caller(token: String) async throws -> Caller?
  func makeToken(
    for accountName: String, name: String, scope: Caller.Scope, repository: Int64?,
    expiresAt: Moment?, by actor: String
  ) async throws -> String
  func tokens(of accountName: String) async throws -> [TokenRecord]
  func revokeTokens(of accountName: String, matching selector: String?, by actor: String)
    async throws -> Int

  // Sessions
  func caller(session: String) async throws -> Caller?
  func makeSession(for account: Account, client: String, address: String) async throws -> String
  func sessions(of account: Account) async throws -> [SessionRecord]
  func endSessions(of account: Account, id: Int64?, except kept: Int64?, by actor: String)
    async throws
  func password(of name: String) async throws -> (account: Account, hash: String)?

  // Accounts in the browser
  func choosePassword(_ hash: String, of account: Account, keeping session: Int64?) async throws
  func change(_ account: Account, fullName: String, email: String?, by actor: String) async throws
  func setAdministrator(_ isAdministrator: Bool, of name: String, by actor: String) async throws
  func setDisabled(_ isDisabled: Bool, of name: String, by actor: String) async throws
  func closeAccount(_ account: Account) async throws
  /// Deletes an organisation that owns nothing any more.
  func removeOrganisation(_ account: Account, by actor: String) async throws
  func details(of accounts: [Account]) async throws -> [Int64: AccountDetails]
  func makeLink(
    _ kind: Link.Kind, account: Account?, role: Role?, days: Int, by actor: String
  ) async throws -> String
  func link(_ secret: String) async throws -> Link?
  func links(_ kind: Link.Kind, of account: Account?) async throws -> [Link]
  func removeLink(_ id: Int64, _ kind: Link.Kind, of account: Account?, by actor: String)
    async throws
  func join(
    _ name: String, fullName: String, email: String?, passwordHash: String, invitation: String?
  ) async throws -> Account
  func acceptInvitation(_ secret: String, by account: Account) async throws -> Account
  func resetPassword(_ hash: String, link secret: String) async throws -> Account

  // Repositories
  func repository(_ identifier: RepositoryIdentifier) async throws -> KnownRepository?
  func repository(id: Int64) async throws -> Repository?
  func makeRepository(_ name: String, owner: Account, creator: Account, isPrivate: Bool)
    async throws -> Repository
  func delete(_ repository: Repository, by actor: String) async throws
  func move(_ repository: Repository, to owner: Account, _ name: String, by actor: String)
    async throws
  func alias(_ identifier: RepositoryIdentifier, to repository: Repository?, by actor: String)
    async throws
  func change(_ repository: Repository, isPrivate: Bool?, gate: Gate?, by actor: String)
    async throws
  func deletedRepositories(of owner: Account) async throws
    -> [(repository: Repository, at: Moment)]
  func restore(_ id: Int64, of owner: Account, by actor: String) async throws -> Repository
  func protect(_ tag: String, _ isProtected: Bool, of repository: Repository, by actor: String)
    async throws
  func protectedTags(of repository: Repository) async throws -> Set<String>
  func isLiked(_ repository: Repository, by account: Account) async throws -> Bool
  func like(_ repository: Repository, by account: Account, _ isLiked: Bool) async throws
  func downloadsByDay(_ repository: Repository, days: Int) async throws -> [Int]
  func likers(of repository: Repository) async throws -> [Account]
  func liked(by account: Account) async throws -> [(repository: Repository, at: Moment)]
  func accessStatus(_ repository: Repository, account: Account) async throws -> String?
  func accessRequests(_ repository: Repository, status: String) async throws
    -> [(account: Account, reason: String?, at: Moment)]
  func setAccess(
    _ repository: Repository, account: Account, status: String, reason: String?, by actor: String
  ) async throws

  // Commits
  func commit(
    _ request: CommitRequest, to branch: String, of repository: Repository, by author: Account
  ) async throws -> (commit: GitCommit, isNew: Bool)
  func snapshot(_ repository: Repository, commit: String) async throws -> Snapshot?
  func history(of repository: Repository, from name: String, limit: Int) async throws -> [GitCommit]
  func lastCommits(of repository: Repository, from commit: String, paths: [String]) async throws
    -> [String: GitCommit]
  func commit(abbreviated prefix: String, of repository: Repository) async throws -> String?
  func makeRevision(
    _ kind: Revision.Kind, _ name: String, at commit: String, message: String?,
    of repository: Repository, by actor: String
  ) async throws
  func deleteRevision(
    _ kind: Revision.Kind, _ name: String, of repository: Repository, by actor: String
  ) async throws
  func squash(_ branch: String, of repository: Repository, message: String, by author: Account)
    async throws -> GitCommit
  func requireRoom(for digest: String, byteCount: Int, in repository: Repository) async throws
  func noteUpload(_ digest: String, byteCount: Int, to repository: Repository) async throws
  func byteCount(of digest: String, in repository: Repository) async throws -> Int?

  // Descriptions and lists
  func describe(_ repository: Repository, commit: String, _ description: Description) async throws
  func undescribed() async throws -> [(repository: Repository, commit: String)]
  /// How many numbers a model of this name consists of, where it is hosted here.
  func parameterCount(ofModel name: String) async throws -> Int?
  func list(_ query: ListQuery, for caller: Caller) async throws -> (
    repositories: [ListedRepository], next: ListQuery.Cursor?
  )
  func listed(_ repository: Repository) async throws -> ListedRepository
  func tagCounts(limit: Int) async throws -> [(tag: String, count: Int)]
  /// A page of adapters, with how many there are of each value of each facet.
  func explore(_ query: ExploreQuery, for caller: Caller) async throws -> ExploreAnswer
  /// Adapters as Explore shows them; without models, and without what was deleted.
  func exploreCards(_ repositories: [Repository]) async throws -> [Int64: ExploreCard]
  /// What there is in all, for the one who asks.
  func exploreTotals(for caller: Caller) async throws -> ExploreTotals

  // What is kept beside them
  func addDownloads(
    _ counts: [Int64: Int], tokensUsed: [Int64: Moment], sessionsUsed: [Int64: Moment]
  ) async throws
  func auditLog(after id: Int64, limit: Int) async throws -> [JSON]
  /// Notes what was done to something that is not in the store.
  func note(_ action: String, subject: String, by actor: String) async throws
  func auditPage(_ filter: AuditFilter, limit: Int) async throws -> [AuditRow]
  /// The row at which the audit log's chain breaks; nil where it is whole.
  func brokenAuditRow() async throws -> Int64?
  func findAccounts(_ search: String, after name: String, limit: Int) async throws -> [Account]
  func largestRepositories(limit: Int) async throws -> [Repository]
  func largestOwners(limit: Int) async throws -> [(account: Account, details: AccountDetails)]
  /// Throws where the store cannot be asked.
  func isAnswering() async throws
  func counts() async throws -> (repositories: Int, accounts: Int, storedBytes: Int)
  /// A value that is made the first time it is asked for, and stays.
  func setting(_ name: String, orNew make: @Sendable () -> String) throws -> String

  // Maintenance
  /// What contradicts itself, a sentence each.
  func problems() async throws -> [String]
  /// The contents that are referred to, each once.
  func contents() async throws -> [(digest: String, byteCount: Int)]
  /// Removes what was deleted, given up or cut off before a moment; how much it was.
  ///
  /// Uploads of the contents that are excepted stay: a commit that is under way will name them.
  func sweepRows(before moment: Moment, except arriving: Set<String>, isDryRun: Bool) async throws
    -> (repositories: Int, uploads: Int)
  /// Runs a function where nothing refers to a content, and lets nothing come to refer to it
  /// meanwhile; false, or what the function says.
  func unlessReferenced(_ digest: String, _ remove: @escaping @Sendable () throws -> Bool)
    async throws -> Bool
  /// Copies everything, as of one moment, into a file.
  func copy(to path: String) async throws
  func isEmpty() async throws -> Bool
  /// Puts what a file holds in place of everything.
  func replaceAll(by path: String) async throws
  /// Forgets what is kept in memory.
  func forget()
}

extension MetadataStore {
  func makeAccount(
    _ name: String, kind: Account.Kind, fullName: String = "", email: String? = nil,
    isAdministrator: Bool = false, by actor: String
  ) async throws -> Account {
    try await makeAccount(
      name, kind: kind, fullName: fullName, email: email, isAdministrator: isAdministrator,
      passwordHash: nil, by: actor)
  }
}

extension MetadataStore {
  /// An adapter as Explore shows it; nil for what is none.
  func exploreCard(_ repository: Repository) async throws -> ExploreCard? {
    try await exploreCards([repository])[repository.id]
  }
}
