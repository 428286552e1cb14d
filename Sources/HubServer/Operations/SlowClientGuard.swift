/// Ends connections of clients that hold on to the hub without getting anywhere.
internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes

/// Watches one connection: a body must come at a least rate, and an answer must be taken.
///
/// Hummingbird ends connections that are silent; one byte now and then is not silence, and neither is
/// an answer that nobody reads.
final class SlowClientGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// How long a write may make no progress, and a body may be slow.
  private let patience: TimeAmount
  /// Bytes per second that a body must have on average, after the patience has ended.
  private let leastRate: Int
  private var check: RepeatedTask?
  private var pendingWrites = 0
  private var lastProgress = NIODeadline.now()
  private var bodyStart: NIODeadline?
  private var bodyBytes = 0

  init(patience: TimeAmount, leastRate: Int = 256) {
    self.patience = patience
    self.leastRate = leastRate
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let guardian = NIOLoopBound(self, eventLoop: context.eventLoop)
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    let pause = TimeAmount.nanoseconds(max(patience.nanoseconds / 4, 10_000_000))
    check = context.eventLoop.scheduleRepeatedTask(initialDelay: pause, delay: pause) { _ in
      if guardian.value.isStuck { bound.value.close(promise: nil) }
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) { check?.cancel() }
  func channelInactive(context: ChannelHandlerContext) {
    check?.cancel()
    context.fireChannelInactive()
  }

  private var isStuck: Bool {
    let now = NIODeadline.now()
    if pendingWrites > 0, now - lastProgress > patience { return true }
    guard let bodyStart, now - bodyStart > patience else { return false }
    let seconds = Int((now - bodyStart).nanoseconds / 1_000_000_000)
    return bodyBytes < seconds * leastRate
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head:
      bodyStart = NIODeadline.now()
      bodyBytes = 0
    case .body(let buffer):
      bodyBytes += buffer.readableBytes
    case .end:
      bodyStart = nil
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    // A body that is still coming when it is answered is of no interest any more.
    if case .head = unwrapOutboundIn(data) { bodyStart = nil }
    guard case .body = unwrapOutboundIn(data) else {
      context.write(data, promise: promise)
      return
    }
    if pendingWrites == 0 { lastProgress = .now() }
    pendingWrites += 1
    let promise = promise ?? context.eventLoop.makePromise()
    let guardian = NIOLoopBound(self, eventLoop: context.eventLoop)
    promise.futureResult.whenComplete { _ in
      guardian.value.pendingWrites -= 1
      guardian.value.lastProgress = .now()
    }
    context.write(data, promise: promise)
  }
}
