/// The picture of a training.
import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@testable import Adapters

@Suite struct `The picture of a training` {
  static let logs: [[TrainingRecord]] = [
    [],
    [TrainingRecord(step: 1, epoch: 1, loss: 0.7)],
    [
      TrainingRecord(step: 1, epoch: 1, loss: .nan),
      TrainingRecord(step: 2, epoch: 1, loss: .infinity),
    ],
    (1...500).map { TrainingRecord(step: $0, epoch: 1, loss: 5 / Double($0)) },
    [
      TrainingRecord(step: 1, epoch: 1, loss: 0),
      TrainingRecord(step: 1, epoch: 1, loss: 0, metrics: [("a<b & \"c\"", 0.5)]),
      TrainingRecord(step: 2, epoch: 2, loss: 1e30, metrics: [("pearson", -0.5)]),
      TrainingRecord(step: 3, epoch: 2, loss: 1, metrics: [("pearson", .nan)]),
    ],
  ]

  @Test(arguments: logs.indices) func `is well-formed XML`(_ index: Int) throws {
    let svg = TrainingChart(log: Self.logs[index]).svg
    let parser = XMLParser(data: Data(svg.utf8))
    #expect(parser.parse(), "\(String(describing: parser.parserError)) in \(svg)")
    #expect(!svg.contains("nan") && !svg.contains("inf"))
  }
}
