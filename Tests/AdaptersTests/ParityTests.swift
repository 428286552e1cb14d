/// The Python library's results, number for number.
import BaseModels
import Files
import Tensors
import Testing

@testable import Adapters

@Suite struct `The forward pass` {
  @Test func `has goldens to be compared with`() throws {
    #expect(try Goldens.readCases().count > 80)
  }

  @Test(arguments: Goldens.cases)
  func `gives what the Python library gives`(_ golden: Goldens.Case) throws {
    let base = try Goldens.base(golden.base)
    let adapters = try Goldens.adapters(golden.adapters, base)
    let rows = try golden.inputs(adapters)
    let outputs = try base.forward(rows, hiddenStates: .all)
    for (row, output) in outputs.enumerated() {
      let key = "\(golden.name)/\(row)"
      let hidden = try #require(Goldens.expected["\(key).last_hidden_state"]).floats()
      expectClose(output.hidden.scalars, hidden, absolute: 3e-4, "\(key) last hidden state")
      if golden.hasLogits[row] {
        let logits = try #require(Goldens.expected["\(key).logits"]).floats()
        expectClose(try #require(output.logits).scalars, logits, "\(key) logits")
      }
      for (layer, state) in output.layers.enumerated() {
        guard let expected = Goldens.expected["\(key).hidden.\(layer)"] else { continue }
        expectClose(state.scalars, try expected.floats(), "\(key) hidden state \(layer)")
      }
    }
  }

  @Test(arguments: Goldens.cases)
  func `gives each row what it gets alone, and reads no more than its head`(
    _ golden: Goldens.Case
  ) throws {
    let base = try Goldens.base(golden.base)
    let rows = try golden.inputs(Goldens.adapters(golden.adapters, base))
    let together = try base.forward(rows)
    let whole = try base.forward(rows, hiddenStates: .last)
    for (index, row) in rows.enumerated() {
      let alone = try #require(try base.forward([row]).first)
      expectClose(
        together[index].hidden.scalars, alone.hidden.scalars, absolute: 1e-5, "row \(index)")
      if let logits = alone.logits {
        expectClose(
          try #require(together[index].logits).scalars, logits.scalars, absolute: 1e-5,
          "logits of row \(index)")
        expectClose(
          try #require(whole[index].logits).scalars, logits.scalars, absolute: 1e-5,
          "logits of row \(index) when all is read")
      }
    }
  }
}

extension Goldens.Case {
  func inputs(_ adapters: [String: BoundAdapter]) throws -> [ModelInput] {
    func adapter(_ name: String) throws -> BoundAdapter { try #require(adapters[name]) }
    let shared = try setup.map { try Composition($0).branches(rows: sequences.count, adapter) }
    return try sequences.enumerated().map { index, sequence in
      let own = try rowSetups[index].map { try Composition($0).branches(rows: 1, adapter)[0] }
      return ModelInput(sequence, own ?? shared?[index] ?? [.none])
    }
  }
}
