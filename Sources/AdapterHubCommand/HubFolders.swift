/// Ids of a hub where a folder is asked for: pulled, and found in the cache.
import Dispatch
import Files
import HubClient
import Synchronization

/// What was pulled by this process, so that one command asks once.
private let pulledFolders = Mutex<[String: String]>([:])

/// A folder that is there, or that of an id, which is pulled first.
///
/// - Parameters:
///   - text: a path, or `owner/name[@revision]`.
///   - kind: what it is, for errors: `model`, `adapter`.
/// - Returns: the folder.
/// - Throws: ``FileFailure`` where it is neither, ``HubFailure`` where the hub does not give it.
func folderOrPulled(_ text: String, _ kind: String) throws -> String {
  guard !fileExists(text) else { return text }
  // `sst-2@lab` and `@lab/sst2` name an adapter by what it does, or as the original hub did.
  let isIdentifier = kind == "adapter" && text.contains("@") && !text.contains(" ")
  guard isIdentifier || reference(text) != nil else {
    throw FileFailure(
      text, "there is no such folder", hint: "give the \(kind)'s folder, or its id: owner/name")
  }
  if let folder = pulledFolders.withLock({ $0[text] }) { return folder }
  let folder: String
  do {
    var settings = try ClientSettings()
    // Somebody waits, and a wrong path looks like an id too.
    settings.retryLimit = 2
    let hub = HubClient(settings)
    folder = try waiting {
      let progress = TransferProgress("pull \(text)")
      let pulled = try await hub.pull(resolving: text) { progress.show($0) }
      progress.finish()
      if pulled.isUnchecked, !hub.settings.isOffline {
        writeError("adapterhub: the hub does not answer; \(text) is the cache's\n")
      }
      return pulled.folder
    }
  } catch let failure as HubFailure {
    throw HubFailure(
      failure.kind, failure.subject,
      [text, reference(text)?.description].contains(failure.subject)
        && failure.kind != .fileNotFound
        ? "there is no such folder here; on \(try ClientSettings().endpoint) \(failure.problem)"
        : failure.problem, hint: failure.hint)
  }
  pulledFolders.withLock { $0[text] = folder }
  return folder
}

/// The same for what may also be a file: what is neither there nor an id is left as it is.
func pulledIfAbsent(_ text: String) throws -> String {
  guard !fileExists(text), reference(text) != nil else { return text }
  return try folderOrPulled(text, "adapter")
}

/// The id that a text is; nil for what looks more like a path.
private func reference(_ text: String) -> AdapterReference? {
  guard let reference = try? AdapterReference(text), reference.repository.owner != nil else {
    return nil
  }
  return reference
}

/// Waits for what is asynchronous, on a thread that may wait: never call it from a task.
func waiting<Result: Sendable>(
  for body: @escaping @Sendable () async throws -> Result
) throws -> Result {
  let done = DispatchSemaphore(value: 0)
  let result = Mutex<Swift.Result<Result, any Error>?>(nil)
  Task.detached {
    let value: Swift.Result<Result, any Error>
    do { value = .success(try await body()) } catch { value = .failure(error) }
    result.withLock { $0 = value }
    done.signal()
  }
  done.wait()
  guard let value = result.withLock({ $0 }) else {
    preconditionFailure("signalled without a result")
  }
  return try value.get()
}
