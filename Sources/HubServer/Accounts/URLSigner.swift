/// Addresses that need no token, because they carry a proof of their own.
internal import Crypto
internal import Files
internal import Foundation

/// Signs what an address is for and how long, with a key of this hub.
///
/// Clients send uploads and parts without their token, as they would to another company's storage.
struct URLSigner: Sendable {
  private let key: SymmetricKey

  /// Reads the hub's key, or makes it the first time.
  init(registry: any MetadataStore) throws {
    let text = try registry.setting("signing-key") {
      SymmetricKey(size: .bits256).withUnsafeBytes { hexadecimal($0) }
    }
    key = SymmetricKey(data: bytes(hexadecimal: text) ?? [])
  }

  /// What is signed: the parts, joined so that none can run into the next.
  private func message(_ parts: [String], _ expiry: Int) -> Data {
    Data((parts.map { "\($0.utf8.count):\($0)" } + ["\(expiry)"]).joined(separator: ",").utf8)
  }

  /// A proof that a text is of this hub, for as long as the hub has its key.
  func code(_ parts: [String]) -> String {
    hexadecimal(HMAC<SHA256>.authenticationCode(for: message(parts, 0), using: key))
  }

  /// A session's secret as its cookie has it: with a proof, so that guesses never reach the database.
  func sealed(session: String) -> String { "\(session).\(code(["session", session]).prefix(32))" }

  /// The secret in a cookie; nil where the proof is not ours.
  func opened(session cookie: String) -> String? {
    let parts = cookie.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, isEqual(sealed(session: String(parts[0])), cookie) else { return nil }
    return String(parts[0])
  }

  /// The query that makes an address valid for a while.
  func query(_ parts: [String], minutes: Int) -> String {
    let expiry = Moment().seconds + minutes * 60
    let code = HMAC<SHA256>.authenticationCode(for: message(parts, expiry), using: key)
    return "expires=\(expiry)&signature=\(hexadecimal(code))"
  }

  /// - Throws: `Problem` for a signature that is not ours, or is too old.
  func check(_ parts: [String], _ query: Query) throws {
    guard let expiry = query["expires"].flatMap({ Int($0) }),
      let signature = query["signature"].flatMap({ bytes(hexadecimal: $0) }),
      HMAC<SHA256>.isValidAuthenticationCode(
        signature, authenticating: message(parts, expiry), using: key)
    else { throw Problem.forbidden("This address is not signed by this hub") }
    guard expiry > Moment().seconds else {
      throw Problem.forbidden("This address has expired: ask for another")
    }
  }
}
