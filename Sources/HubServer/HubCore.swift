/// The parts of a hub that its endpoints work with.
internal import Files
internal import Foundation
public import HubClient
internal import Logging
internal import Synchronization

/// Everything a request may need, opened once.
final class HubCore: Sendable {
  let settings: ServerSettings
  let registry: any MetadataStore
  let blobs: any BlobStore
  let inspect: AdapterInspector
  let metrics: HubMetrics
  let rates: RateLimiter
  let counters = UsageCounters()
  /// Programs that wait for somebody to let them in.
  let deviceCodes = DeviceCodes()
  /// What administrators have the hub do in the background.
  let jobs = JobBoard()
  /// Blobs whose rows are not written yet.
  let arriving = ArrivingBlobs()
  let maintenance = Turn()
  let log: Logger
  /// What signs the addresses that need no token.
  let signer: URLSigner
  let parts: PartStore
  let templates: PageTemplates
  let tensorSummaries = TensorTables()
  private let lock: FolderLock
  /// Whether the hub has begun to end.
  let isDraining = Atomic<Bool>(false)

  /// Opens the data folder for this process alone.
  ///
  /// - Throws: `FileFailure` where another process has it, or something in it is broken.
  init(_ settings: ServerSettings, inspect: @escaping AdapterInspector, log: Logger) throws {
    self.settings = settings
    self.inspect = inspect
    self.log = log
    let folder = settings.dataFolder
    try makeFolderDurably(folder)
    lock = try FolderLock(folder)
    blobs = try FolderBlobStore(folder: folder)
    parts = try PartStore(folder: "\(folder)/parts")
    registry = try Registry(folder: folder, limits: settings.limits, log: log)
    signer = try URLSigner(registry: registry)
    templates = try PageTemplates()
    metrics = HubMetrics()
    rates = RateLimiter(settings.rates)
  }

  /// Keeps content that has come whole, and notes that a repository has it.
  func keep(_ file: IncomingFile, digest: String, byteCount: Int, for repository: Repository)
    async throws
  {
    arriving.insert(digest)
    defer { arriving.remove(digest) }
    Crash.point("blob-before-keep")
    try await blobs.keep(file, digest: digest)
    Crash.point("blob-after-keep")
    try await registry.noteUpload(digest, byteCount: byteCount, to: repository)
  }

  /// Writes the counters that were kept in memory; done every few seconds, and at the end.
  func flushCounters() async {
    let counts = counters.take()
    guard !counts.isEmpty else { return }
    do {
      try await registry.addDownloads(
        counts.downloads, tokensUsed: counts.tokens, sessionsUsed: counts.sessions)
    } catch {
      log.error("counters could not be written", metadata: ["error": "\(error)"])
    }
  }
}

/// Content that is in the store while its row is still to be written; a sweep leaves it alone.
final class ArrivingBlobs: Sendable {
  private let counts = Mutex<[String: Int]>([:])

  func insert(_ digest: String) { counts.withLock { $0[digest, default: 0] += 1 } }

  func remove(_ digest: String) {
    counts.withLock { counts in
      counts[digest] = counts[digest].flatMap { $0 > 1 ? $0 - 1 : nil }
    }
  }

  func contains(_ digest: String) -> Bool { counts.withLock { $0[digest] != nil } }

  var all: Set<String> { counts.withLock { Set($0.keys) } }
}

/// Lets one at a time through: sweeps, backups and restores must not meet.
final class Turn: Sendable {
  private struct State {
    var isTaken = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  func begin() async {
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { state in
        guard state.isTaken else {
          state.isTaken = true
          return true
        }
        state.waiting.append(continuation)
        return false
      }
      if isFree { continuation.resume() }
    }
  }

  func end() {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard !state.waiting.isEmpty else {
        state.isTaken = false
        return nil
      }
      return state.waiting.removeFirst()
    }
    next?.resume()
  }
}

/// Says what a folder of an upload is.
public typealias AdapterInspector = @Sendable (_ folder: String) throws -> AdapterFacts

/// What is counted with every request and written now and then.
final class UsageCounters: Sendable {
  struct Counts: Sendable {
    var downloads: [Int64: Int] = [:]
    var tokens: [Int64: Moment] = [:]
    var sessions: [Int64: Moment] = [:]

    var isEmpty: Bool { downloads.isEmpty && tokens.isEmpty && sessions.isEmpty }
  }

  private let counts = Mutex(Counts())

  func download(of repository: Repository) {
    counts.withLock { $0.downloads[repository.id, default: 0] += 1 }
  }

  func use(of caller: Caller) {
    if let id = caller.tokenID { counts.withLock { $0.tokens[id] = Moment() } }
    if let id = caller.sessionID { counts.withLock { $0.sessions[id] = Moment() } }
  }

  func take() -> Counts {
    counts.withLock { counts in
      let taken = counts
      counts = Counts()
      return taken
    }
  }
}
