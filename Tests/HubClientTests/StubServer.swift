/// A web server inside the tests, which errs on demand.
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// What a client asked.
struct StubRequest: Sendable {
  let method: String
  let path: String
  let headers: HTTPHeaders
  let body: [UInt8]
}

/// What it is answered.
struct StubReply: Sendable {
  var status = 200
  var headers: [(String, String)] = []
  var body: [UInt8] = []
  /// Close after so many bytes of the body, though all are announced.
  var cut: Int?
  /// Wait before each 64 kB.
  var delay: TimeAmount?

  static func json(_ text: String, status: Int = 200) -> StubReply {
    StubReply(
      status: status, headers: [("content-type", "application/json")], body: Array(text.utf8))
  }
}

/// Listens on a port of its own until it is gone.
final class StubServer: Sendable {
  private let channel: any Channel
  private let log: Log

  /// Everything that was asked.
  private final class Log: Sendable {
    let requests = Mutex<[StubRequest]>([])
  }

  init(_ respond: @escaping @Sendable (StubRequest) -> StubReply) async throws {
    let log = Log()
    self.log = log
    channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(
            Handler { request in
              log.requests.withLock { $0.append(request) }
              return respond(request)
            })
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  deinit { channel.close(promise: nil) }

  var endpoint: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }
  var requests: [StubRequest] { log.requests.withLock { $0 } }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let respond: @Sendable (StubRequest) -> StubReply
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ respond: @escaping @Sendable (StubRequest) -> StubReply) { self.respond = respond }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        self.head = head
        body = []
      case .body(let buffer): body += Array(buffer.readableBytesView)
      case .end:
        guard let head else { return }
        let reply = respond(
          StubRequest(
            method: head.method.rawValue, path: head.uri, headers: head.headers, body: body))
        send(reply, to: head.method, context)
      }
    }

    private func send(_ reply: StubReply, to method: HTTPMethod, _ context: ChannelHandlerContext) {
      var headers = HTTPHeaders(reply.headers)
      headers.replaceOrAdd(name: "content-length", value: "\(reply.body.count)")
      let head = HTTPResponseHead(
        version: .http1_1, status: .init(statusCode: reply.status), headers: headers)
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      let end = min(reply.cut ?? .max, reply.body.count)
      if let delay = reply.delay {
        sendSlowly(Array(reply.body[..<end]), delay, isCut: reply.cut != nil, context)
        return
      }
      if end > 0 {
        context.write(
          wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: reply.body[..<end])))), promise: nil)
      }
      finish(isCut: reply.cut != nil, context)
    }

    private func sendSlowly(
      _ rest: [UInt8], _ delay: TimeAmount, isCut: Bool, _ context: ChannelHandlerContext
    ) {
      guard !rest.isEmpty else { return finish(isCut: isCut, context) }
      let piece = ByteBuffer(bytes: rest.prefix(1 << 16))
      context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(piece))), promise: nil)
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      let left = Array(rest.dropFirst(1 << 16))
      context.eventLoop.scheduleTask(in: delay) {
        let (handler, context) = bound.value
        handler.sendSlowly(left, delay, isCut: isCut, context)
      }
    }

    private func finish(isCut: Bool, _ context: ChannelHandlerContext) {
      if isCut {
        context.flush()
        context.close(promise: nil)
      } else {
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      }
    }
  }
}
