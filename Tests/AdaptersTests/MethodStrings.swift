/// The methods that the parameterised suites run over, as method strings.
import BaseModels
import Files
import Tensors

@testable import Adapters

enum MethodStrings {
  /// The bottlenecks with each of their settings, smooth ones in place of ReLU: differences tell
  /// nothing where a function has no derivative.
  static let bottlenecks: [String] = [
    "seq_bn", "double_seq_bn", "par_bn", "scaled_par_bn", "adapter_plus",
  ].flatMap { name in
    [
      "", "ln_before=True", "ln_after=True", "use_gating=True", "scaling=0.7",
      "scaling='learned'", "scaling='channel'", "residual_before_ln=False",
      "original_ln_before=True, residual_before_ln='post_add'", "adapter_residual_before_ln=True",
      "original_ln_after=False", "original_ln_before=False", "leave_out=[1]",
      "reduction_factor={'0': 2, 'default': 64}",
      "ln_before=True, ln_after=True, use_gating=True, scaling='learned', "
        + "adapter_residual_before_ln=True",
    ].map { settings in
      let size = settings.contains("reduction_factor") ? "" : ", reduction_factor=8"
      return "\(name)[non_linearity='swish'\(size)\(settings.isEmpty ? "" : ", " + settings)]"
    }
  }

  static let projections = [
    "lora", "lora[r=3, alpha=5]", "lora[use_gating=True, r=2]", "lora[init_weights='bert']",
    "lora[attn_matrices=['q','k','v'], intermediate_lora=True, output_lora=True, r=2]",
    "lora[attn_matrices=['k'], intermediate_lora=True, output_lora=True, use_gating=True, r=1]",
    "lora[selfattn_lora=False, output_lora=True, leave_out=[0, 2]]",
    "lora[composition_mode='scale', r=1, alpha=3]",
    "ia3", "ia3[attn_matrices=['q','k','v'], output_lora=True]", "ia3[use_gating=True]",
  ]

  static let unions = [
    "seq_bn[non_linearity='tanh']|lora[r=2]",
    "par_bn[non_linearity='gelu', reduction_factor=8]|ia3",
    "double_seq_bn[leave_out=[0, 1]]|par_bn[leave_out=[2], non_linearity='mish']|lora",
    "lora[attn_matrices=['q']]|ia3[attn_matrices=['k'], intermediate_lora=False]",
  ]

  static let all = bottlenecks + projections + unions
}

/// Heads as a training makes them.
enum TestHeads {
  static func labels(_ count: Int) -> JSON {
    .object(JSON.Object((0..<count).map { ("label \($0)", .integer($0)) }))
  }

  static func classification(layers: Int = 2) throws -> any Head {
    try ClassificationHead(
      Field(
        .object([
          "activation_function": .string("tanh"), "bias": .bool(true), "dropout_prob": .null,
          "head_type": .string("classification"), "label2id": labels(3),
          "layers": .integer(layers), "num_labels": .integer(3), "use_pooler": .bool(layers == 1),
        ]), file: "a test"))
  }

  static func questions() throws -> any Head {
    try QuestionAnsweringHead(
      Field(
        .object(["head_type": .string("question_answering"), "num_labels": .integer(2)]),
        file: "a test"))
  }

  static func tagging() throws -> any Head {
    try TaggingHead(
      Field(
        .object([
          "activation_function": .string("tanh"), "dropout_prob": .null,
          "head_type": .string("tagging"), "label2id": labels(4), "layers": .integer(1),
          "num_labels": .integer(4),
        ]), file: "a test"))
  }
}

extension Adapter {
  /// The same with every tensor random and large: an adapter as it is initialised does next to
  /// nothing, and an error in it would not show.
  func randomised(_ seed: UInt64 = 5) -> Adapter {
    func random(_ tensors: [String: Tensor]) -> [String: Tensor] {
      Dictionary(
        uniqueKeysWithValues: tensors.map { name, tensor in
          let noise = Random(seed: seed).uniform(tensor.shape, stream: name)
          let isNorm = name.contains("norm_") || tensor.shape.count == 1 && name.hasSuffix("weight")
          return (name, noise + .full(isNorm ? 0.5 : -0.5, shape: tensor.shape))
        })
    }
    var adapter = self
    adapter.tensors = random(tensors)
    adapter.headTensors = random(headTensors)
    return adapter
  }
}
