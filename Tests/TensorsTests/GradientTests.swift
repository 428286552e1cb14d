/// Gradients of every operation against central differences.
import Foundation
import Testing

@testable import Tensors

@Suite struct `A gradient` {
  @Test(arguments: Operation.all) func `is what differences say`(_ operation: Operation) {
    let (gradient, weights) = Self.gradient(operation)
    for (index, operand) in operation.operands.enumerated() {
      let expected = gradient[index]
      #expect(expected.count == operand.scalars.count)
      for direction in 0..<3 {
        // Directions of ±1: every element of the gradient counts as much as it is large.
        let signs = numbers(operand.scalars.count, seed: UInt64(direction + 70)).map {
          $0 < 0 ? Float(-1) : 1
        }
        func slope(_ step: Float) -> Double {
          func value(_ step: Float) -> Double {
            var moved = operation.tensors
            moved[index] = Tensor(
              zip(operand.scalars, signs).map { $0 + step * $1 }, shape: operand.shape)
            return Self.dot(operation.apply(moved).scalars, weights)
          }
          return (value(step) - value(-step)) / (2 * Double(step))
        }
        // Two steps, so that the error of the third derivative cancels (Richardson).
        let numeric = (4 * slope(0x1p-7) - slope(0x1p-6)) / 3
        let analytic = Self.dot(expected, signs)
        let norm = Self.dot(expected, expected).squareRoot()
        #expect(
          abs(numeric - analytic) <= 3e-3 * norm + 2e-4,
          "operand \(index): \(analytic), differences say \(numeric), norm \(norm)")
      }
    }
  }

  @Test(arguments: Operation.all)
  func `is the same whatever else is differentiated`(_ operation: Operation) {
    let (all, weights) = Self.gradient(operation)
    for (index, operand) in operation.tensors.enumerated() {
      let (_, gradient) = valueAndGradient(at: ["x": operand]) { x in
        var operands = operation.tensors
        operands[index] = x["x"] ?? operand
        return Self.weighted(operation.apply(operands), weights)
      }
      expectClose(gradient["x"]?.scalars ?? [], all[index], atol: 1e-6, rtol: 1e-5)
    }
  }

  @Test(arguments: Operation.all)
  func `keeps nothing where nothing is differentiated`(_ operation: Operation) {
    let result = operation.apply(operation.tensors)
    #expect(result.node == nil && !result.isDifferentiated)
  }

  @Test func `is zero where the value does not depend on a parameter`() {
    let parameters = ["x": Tensor([1, 2], shape: [2]), "y": Tensor(3)]
    let (value, gradient) = valueAndGradient(at: parameters) { _ in Tensor(4) }
    #expect(value.scalar == 4)
    #expect(gradient["x"]?.scalars == [0, 0] && gradient["y"]?.scalars == [0])
    let (_, one) = valueAndGradient(at: parameters) { ($0["y"] ?? Tensor(0)) * 2 }
    #expect(one["x"]?.scalars == [0, 0] && one["y"]?.scalars == [2])
  }

  @Test func `is a value of its own, without the graph behind it`() {
    let (value, gradient) = valueAndGradient(at: ["x": Tensor(3)]) { x in
      (x["x"] ?? Tensor(0)) * (x["x"] ?? Tensor(0))
    }
    #expect(value.node == nil && gradient["x"]?.node == nil && gradient["x"]?.scalar == 6)
  }

  /// Reads the sources, so that an operation that is forgotten in the list is noticed.
  @Test func `is tested for every function that passes one back`() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/Tensors")
    let files = try FileManager.default.contentsOfDirectory(atPath: root.path)
    var functions: Set<String> = []
    for file in files where file.hasSuffix(".swift") {
      var current = ""
      let text = try String(contentsOf: root.appending(path: file), encoding: .utf8)
      for line in text.split(separator: "\n") {
        if line.contains("public "), let start = line.range(of: "func ") {
          current = String(line[start.upperBound...].prefix { !"( <".contains($0) })
        }
        let marks = ["gradient: {", "gradientAtResult: {", "addingGradient: {", "passingBack: ."]
        guard marks.contains(where: line.contains) else { continue }
        functions.insert(current)
      }
    }
    functions.subtract(["operation", "view"])
    #expect(functions.count > 15)
    for function in functions {
      #expect(
        Operation.all.contains { $0.name.hasPrefix(function) }, "\(function) is not in the list")
    }
  }
}

extension `A gradient` {
  /// The gradient at all operands of `Σ weights · operation`.
  static func gradient(_ operation: Operation) -> (gradient: [[Float]], weights: [Float]) {
    let tensors = operation.tensors
    let weights = numbers(operation.apply(tensors).count, seed: 99)
    let named = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ("\($0)", $1) })
    let (_, gradient) = valueAndGradient(at: named) { named in
      weighted(operation.apply(tensors.indices.map { named["\($0)"] ?? tensors[$0] }), weights)
    }
    return (tensors.indices.map { gradient["\($0)"]?.scalars ?? [] }, weights)
  }

  static func weighted(_ result: Tensor, _ weights: [Float]) -> Tensor {
    (result * Tensor(weights, shape: result.shape)).sum()
  }

  /// Summed in double, so that differences of sums keep their digits.
  static func dot(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
}
