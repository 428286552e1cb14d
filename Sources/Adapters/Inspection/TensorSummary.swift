/// What can be said of a tensor in a line.
public import Files

/// A tensor's form, and the range of its values.
public struct TensorSummary: Sendable {
  /// Of the finite values.
  public struct Values: Sendable {
    public let least, greatest, mean, norm: Double
    /// How many are NaN or infinite.
    public let notFinite: Int
  }

  public let name: String
  public let type: ElementType
  public let shape: [Int]
  public let byteCount: Int
  public let count: Int
  /// Nil where there is nothing, or the element type cannot be read as numbers.
  public let values: Values?

  public init(_ tensor: StoredTensor) {
    name = tensor.name
    type = tensor.type
    shape = tensor.shape
    byteCount = tensor.byteCount
    count = tensor.count
    values = try? Values(tensor)
  }

  public var json: JSON {
    [
      "name": .string(name), "type": .string(type.rawValue),
      "shape": .array(shape.map { .integer($0) }), "bytes": .integer(byteCount),
      "min": number(values?.least), "max": number(values?.greatest), "mean": number(values?.mean),
      "norm": number(values?.norm), "not_finite": values.map { .integer($0.notFinite) } ?? .null,
    ]
  }

  private func number(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }
}

extension TensorSummary.Values {
  /// Walks through a tensor's elements; nil where there are none.
  fileprivate init?(_ tensor: StoredTensor) throws {
    guard tensor.count > 0 else { return nil }
    var (least, greatest) = (Double.infinity, -Double.infinity)
    var (sum, squares, finite) = (0.0, 0.0, 0)
    for start in tensor.blockStarts {
      for float in try tensor.block(from: start) where float.isFinite {
        let value = Double(float)
        least = min(least, value)
        greatest = max(greatest, value)
        sum += value
        squares += value * value
        finite += 1
      }
    }
    let isEmpty = finite == 0
    self.init(
      least: isEmpty ? .nan : least, greatest: isEmpty ? .nan : greatest,
      mean: isEmpty ? .nan : sum / Double(finite), norm: squares.squareRoot(),
      notFinite: tensor.count - finite)
  }
}
