/// The hub's Unix socket: how the command line reaches a hub that runs.
internal import AsyncHTTPClient
internal import Files
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NIOFoundationCompat
internal import NIOHTTP1

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Listens in the data folder; who may enter that folder may administer the hub.
struct AdminServer {
  let application: Application<RouterResponder<BasicRequestContext>>
  private let place: SocketPlace

  init(_ hub: HubCore) throws {
    let place = try SocketPlace(hub.settings.dataFolder)
    self.place = place
    // What is left of a process that was killed; the lock says that none is alive.
    unlink(place.path)
    let router = Router()
    let administration = Administration(hub)
    router.post("/") { request, _ -> Response in
      let body = try await request.body.collect(upTo: 1 << 20)
      do {
        let wanted = try JSONDecoder().decode(AdminRequest.self, from: Data(buffer: body))
        let answer = try await administration.answer(wanted)
        return Response(
          status: .ok,
          body: .init(byteBuffer: ByteBuffer(data: try JSONEncoder().encode(answer))))
      } catch {
        return Response(
          status: .unprocessableContent, body: .init(byteBuffer: ByteBuffer(string: reason(error))))
      }
    }
    application = Application(
      responder: router.buildResponder(),
      configuration: .init(address: .unixDomainSocket(path: place.path)),
      onServerRunning: { _ in chmod(place.path, 0o600) },
      logger: Logger(label: "adapterhub.admin") { _ in SwiftLogNoOpLogHandler() })
  }
}

/// An error in one line for a person.
func reason(_ error: any Error) -> String {
  if let problem = error as? Problem { return problem.message }
  return "\(error)"
}

/// A path of a socket that is short enough for the system, whatever the folder's is.
///
/// A socket's path may have about 100 bytes; through the folder's descriptor it always fits.
private final class SocketPlace: Sendable {
  let path: String
  private let folder: Int32

  init(_ dataFolder: String) throws {
    let plain = "\(dataFolder)/socket"
    #if os(Linux)
      guard plain.utf8.count > 100 else {
        (path, folder) = (plain, -1)
        return
      }
      folder = open(dataFolder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard folder >= 0 else { throw FileFailure(dataFolder, "cannot be opened") }
      path = "/proc/self/fd/\(folder)/socket"
    #else
      (path, folder) = (plain, -1)
    #endif
  }

  deinit { if folder >= 0 { close(folder) } }
}

/// Carries out a request of the one who runs a hub, whether it runs or not.
///
/// Of the settings the data folder matters; the function is what the hub would be given.
///
/// - Throws: `FileFailure` with what the hub said.
public func administer(
  _ request: AdminRequest, _ settings: ServerSettings, inspect: @escaping AdapterInspector
) async throws -> AdminAnswer {
  guard request.makesHub || fileExists("\(settings.dataFolder)/hub.sqlite") else {
    throw FileFailure(
      settings.dataFolder, "holds no hub",
      hint: "check --data; a hub is made by: adapterhub hub --data DIR")
  }
  // A hub that starts or ends holds the lock before, and after, its socket answers.
  for attempt in 1... {
    do {
      let hub = try Hub(settings, inspect: inspect)
      do {
        return try await hub.administer(request)
      } catch let problem as Problem {
        throw FileFailure(settings.dataFolder, problem.message)
      }
    } catch let inUse as FolderInUse {
      do {
        return try await ask(request, settings.dataFolder)
      } catch let failure as FileFailure {
        throw failure
      } catch let error as HTTPClientError where error == .remoteConnectionClosed {
        // Whether it was done is not known, so it is not done a second time.
        throw FileFailure(
          inUse.folder, "the hub ended before it answered", hint: "look into its log, and try again"
        )
      } catch {
        guard attempt < 50 else {
          throw FileFailure(
            inUse.folder, "is used by another process that does not answer: \(error)")
        }
        try await Task.sleep(for: .milliseconds(100))
      }
    }
  }
  throw CancellationError()
}

/// Never shut down: it is as old as the process.
private let socketClient: HTTPClient = {
  var configuration = HTTPClient.Configuration(timeout: .init(connect: .seconds(5)))
  // By default a socket that nobody listens to is tried until the request's time is over.
  configuration.connectionPool.retryConnectionEstablishment = false
  return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
}()

/// Sends a request to the hub that runs.
private func ask(_ request: AdminRequest, _ folder: String) async throws -> AdminAnswer {
  let place = try SocketPlace(folder)
  guard let url = URL(httpURLWithSocketPath: place.path, uri: "/") else {
    throw FileFailure(folder, "has a path that cannot be a socket's")
  }
  var message = HTTPClientRequest(url: url.absoluteString)
  message.method = .POST
  message.body = .bytes(ByteBuffer(data: try JSONEncoder().encode(request)))
  // A backup of much data takes its time.
  let response = try await socketClient.execute(message, timeout: .hours(24))
  let body = try await response.body.collect(upTo: 256 << 20)
  guard response.status == .ok else {
    throw FileFailure(folder, String(buffer: body))
  }
  return try JSONDecoder().decode(AdminAnswer.self, from: Data(buffer: body))
}
