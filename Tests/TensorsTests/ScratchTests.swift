/// The memory that kernels keep for a thread.
#if canImport(Glibc)
  import Foundation
  import Glibc
  import Testing

  @testable import Tensors

  @Suite struct `Scratch memory` {
    /// What the process has of real memory, in bytes.
    static var resident: Int {
      let fields = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(
        separator: " ")
      return (fields?.dropFirst().first.flatMap { Int($0) } ?? 0) * Int(getpagesize())
    }

    /// Attention with heads 256 wide, for which a kernel keeps more than half a megabyte.
    static func attend() {
      let layout = Layout(lengths: [256])
      let x = Tensor(numbers(256 * 256, seed: 1), shape: [256, 256])
      _ = attention(
        x, layout, over: [KeyValues(key: x, value: x, layout)],
        AttentionShape(heads: 1, headWidth: 256))
    }

    /// Threads of a dispatch pool come and go for as long as a server runs.
    @Test func `ends with its thread`() async {
      await #expect(processExitsWith: .success) {
        func run(_ count: Int) {
          for _ in 0..<count {
            var thread = pthread_t()
            pthread_create(
              &thread, nil,
              { _ in
                `Scratch memory`.attend()
                return nil
              }, nil)
            pthread_join(thread, nil)
          }
        }
        run(20)
        let before = `Scratch memory`.resident
        run(200)
        let grown = `Scratch memory`.resident - before
        precondition(grown < 40 << 20, "200 threads left \(grown) bytes")
      }
    }
  }
#endif
