/// The `adapterhub` command.
import ArgumentParser
import BaseModels
import Files
import HubClient
import HubServer

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The root of the commands.
///
/// To add one is a file and a word in `subcommands`.
struct AdapterHubCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adapterhub",
    abstract: "Train, evaluate and use adapters on one frozen base model.",
    discussion: """
      An adapter is the difference between a base model and a model for a task: a small folder.
      A model is a folder with config.json, model.safetensors and its tokenizer's files.
      Wherever a folder of either is asked for, an id of a hub does too: owner/name[@revision].
      """,
    version: hubVersion,
    subcommands: [
      Train.self, Evaluate.self, Predict.self, Forward.self, Tokenize.self, Inspect.self,
      Verify.self, Pull.self, Push.self, Search.self, Login.self, Card.self, Cache.self,
      HubCommand.self, Bench.self,
    ])
}

/// Exit codes: 0, 1 with one clear line, 64 for wrong usage, 65 for a bad line with --strict.
@main
enum Main {
  // On the main thread, which may wait: commands that compute have it for themselves.
  @MainActor static func main() async {
    do {
      var command = try AdapterHubCommand.parseAsRoot()
      checkEnvironment()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let failure as FileFailure {
      fail(failure.description)
    } catch let failure as InputFailure {
      fail(failure.description)
    } catch let failure as HubFailure {
      fail(failure.description)
    } catch let failure as FolderInUse {
      fail(failure.description)
    } catch let bad as BadLine {
      // As `sysexits.h` has it for input data that is wrong.
      fail(bad.failure.description, code: 65)
    } catch {
      AdapterHubCommand.exit(withError: error)
    }
  }

  /// Refuses a number of threads in the environment that the pool would pass over in silence.
  private static func checkEnvironment() {
    guard let text = getenv("ADAPTERHUB_THREADS").map({ String(cString: $0) }), !text.isEmpty
    else { return }
    guard let count = Int(text), (1...256).contains(count) else {
      fail("ADAPTERHUB_THREADS=\(escaped(text, limit: 80)) is not between 1 and 256", code: 64)
    }
  }

  private static func fail(_ message: String, code: Int32 = 1) -> Never {
    writeError("adapterhub: \(message)\n")
    exit(code)
  }
}
