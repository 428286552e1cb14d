/// Where a request came from, when proxies stand between.
internal import Files
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The addresses whose word about clients is taken.
struct TrustedProxies: Sendable {
  /// A range of addresses: those that share the first bits.
  private struct Range: Sendable {
    let bytes: [UInt8]
    let bits: Int

    func contains(_ address: [UInt8]) -> Bool {
      guard address.count == bytes.count else { return false }
      for index in bytes.indices {
        let known = min(8, max(0, bits - index * 8))
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> known)
        if address[index] & mask != bytes[index] & mask { return false }
      }
      return true
    }
  }

  private let ranges: [Range]

  /// - Parameter texts: `10.0.0.0/8`, `::1`.
  /// - Throws: `FileFailure` for what is no address.
  init(_ texts: [String]) throws {
    ranges = try texts.map { text in
      let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      guard let bytes = Self.bytes(String(parts[0])), parts.count <= 2 else {
        throw FileFailure("--trusted-proxy", "\(quoted(text)) is no address", hint: "10.0.0.0/8")
      }
      let bits = parts.count == 2 ? Int(parts[1]) : bytes.count * 8
      guard let bits, (0...bytes.count * 8).contains(bits) else {
        throw FileFailure(
          "--trusted-proxy", "\(quoted(text)) has no length of 0 to \(bytes.count * 8)")
      }
      return Range(bytes: bytes, bits: bits)
    }
  }

  private static func bytes(_ text: String) -> [UInt8]? {
    var four = [UInt8](repeating: 0, count: 4)
    if inet_pton(AF_INET, text, &four) == 1 { return four }
    var bytes = [UInt8](repeating: 0, count: 16)
    guard inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
    // An IPv4 address in an IPv6 socket's spelling.
    let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
    return isMapped ? Array(bytes[12...]) : bytes
  }

  private func trusts(_ address: String) -> Bool {
    guard !ranges.isEmpty, let bytes = Self.bytes(address) else { return false }
    return ranges.contains { $0.contains(bytes) }
  }

  /// The client's address, and what addresses in answers to it begin with.
  func origin(_ request: Request, peer: SocketAddress?, _ settings: ServerSettings) -> (
    address: String, baseURL: String
  ) {
    var address = peer?.ipAddress ?? "local"
    let isTrusted = trusts(address)
    if isTrusted, let chain = request.headers[.forwardedFor] {
      // The last one that is not a proxy of ours; what stands before it may be made up.
      for hop in chain.split(separator: ",").reversed() {
        let hop = hop.filter { $0 != " " }
        guard Self.bytes(hop) != nil else { break }
        address = hop
        if !trusts(hop) { break }
      }
    }
    if let publicURL = settings.publicURL { return (address, publicURL) }
    var scheme = "http"
    var host = request.head.authority ?? ""
    if isTrusted {
      if request.headers[.forwardedProto] == "https" { scheme = "https" }
      if let forwarded = request.headers[.forwardedHost] { host = forwarded }
    }
    let isAuthority =
      !host.isEmpty && host.utf8.count <= 255
      && host.utf8.allSatisfy { byte in
        (48...58).contains(byte) || (65...91).contains(byte) || (97...122).contains(byte)
          || byte == 93 || byte == 45 || byte == 46
      }
    return (address, "\(scheme)://\(isAuthority ? host : "\(settings.host):\(settings.port)")")
  }
}
