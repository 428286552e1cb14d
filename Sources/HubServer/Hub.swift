/// A hub that runs: the registry over HTTP, until it is told to end.
internal import Files
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import ServiceLifecycle
internal import Synchronization
internal import UnixSignals

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The registry of adapters, as one process.
public struct Hub: Sendable {
  let core: HubCore
  private let log: Logger

  /// Opens the data folder for this process alone, making what is not there yet.
  ///
  /// The function says what an uploaded folder is; the hub itself knows no tensors.
  ///
  /// - Throws: ``FolderInUse`` where a hub runs on this folder, `FileFailure` for what is broken.
  public init(_ settings: ServerSettings, inspect: @escaping AdapterInspector) throws {
    var log = Logger(label: "adapterhub.hub") { [json = settings.logsJSON] _ in
      LineLog(isJSON: json)
    }
    log.logLevel = Logger.Level(rawValue: settings.logLevel) ?? .info
    self.log = log
    core = try HubCore(settings, inspect: inspect, log: log)
  }

  /// Carries out a request of the one who runs the hub, without any server.
  public func administer(_ request: AdminRequest) async throws -> AdminAnswer {
    try await Administration(core).answer(request)
  }

  /// Answers requests until SIGTERM or SIGINT, then ends in good order.
  public func run() async throws {
    try await core.describeTheForgotten()
    // The first reader need not wait for what a hundred thousand adapters take to be read.
    Task { [core] in _ = try? await core.registry.exploreTotals(for: .anyone) }
    let responder = try HubResponder(core, allEndpoints())
    let settings = core.settings
    let application = Application(
      responder: responder,
      server: .http1(
        configuration: .init(
          additionalChannelHandlers: [
            SlowClientGuard(patience: .seconds(Int64(settings.idleSeconds)))
          ],
          idleTimeout: .seconds(Int64(settings.idleSeconds)),
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 16 << 10, maxHeaderFieldCount: 100))),
      configuration: .init(
        address: .hostname(settings.host, port: settings.port), serverName: nil,
        backlog: 1024, reuseAddress: true,
        availableConnectionsDelegate: MaximumAvailableConnections(settings.connections)),
      onServerRunning: { [log] channel in
        let address = channel.localAddress
        let port = address?.port ?? settings.port
        do {
          if let path = settings.portFile { try writeAtomically("\(port)\n", to: path) }
        } catch {
          log.error("the port could not be written", metadata: ["error": "\(error)"])
        }
        log.info(
          "listening",
          metadata: [
            "address": "\(settings.host)", "port": "\(port)",
            "url": "\(settings.publicURL ?? "http://\(settings.host):\(port)")",
          ])
      },
      logger: Logger(label: "adapterhub.http") { _ in SwiftLogNoOpLogHandler() })
    let administration = try AdminServer(core)
    let group = ServiceGroup(
      configuration: .init(
        services: [
          .init(service: CounterFlush(core: core)), .init(service: administration.application),
          .init(service: application),
          // Services are told to end in reverse: this one first.
          .init(service: DrainGate(core: core)),
        ], gracefulShutdownSignals: [.sigterm, .sigint], logger: log))
    do {
      try await group.run()
    } catch let error as IOError where error.errnoCode == EADDRINUSE || error.errnoCode == EACCES {
      throw FileFailure(
        "\(settings.host):\(settings.port)",
        error.errnoCode == EACCES ? "may not be listened to" : "is in use by another program",
        hint: "choose another with --port, or 0 for any that is free")
    }
    await core.flushCounters()
    log.info("ended")
  }
}

/// Says that the hub is about to end as soon as it is told to, so that balancers turn away.
private struct DrainGate: Service {
  let core: HubCore

  func run() async throws {
    try? await gracefulShutdown()
    core.isDraining.store(true, ordering: .relaxed)
    core.log.info("draining")
    let limit = core.settings.drainSeconds
    let log = core.log
    // Whoever says it twice means at once.
    for number in [SIGTERM, SIGINT] { signal(number) { _ in _exit(1) } }
    // Detached: it outlives the service, and only a connection that hangs lets it come to its end.
    Task.detached {
      try? await Task.sleep(for: .seconds(limit))
      log.warning("requests were still open; ending all the same")
      exit(1)
    }
  }
}

/// Writes the counters every few seconds.
private struct CounterFlush: Service {
  let core: HubCore

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        // What is counted when the hub ends is written after the last request.
        guard (try? await Task.sleep(for: .seconds(10))) != nil else { return }
        await core.flushCounters()
      }
    }
  }
}
