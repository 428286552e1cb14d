"""Small adapters of several kinds, their files written by hand: what people would publish.

    files = bottleneck("sentiment", labels=["negative", "positive"])
    files["README.md"] = card("sentiment", task="text-classification", accuracy=0.91)

Only the standard library; the weights are small numbers that depend on the seed alone.
"""
import io
import json
import pickle
import random
import struct
import zipfile
import zlib

WIDTH, LAYERS = 32, 2


def safetensors(tensors):
    """A file of 32 bit tensors: a dictionary of name to (shape, values)."""
    header, data = {}, b""
    for name, (shape, values) in sorted(tensors.items()):
        packed = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape,
                        "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps({**header, "__metadata__": {"format": "pt"}}).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def numbers(shape, seed):
    count = 1
    for size in shape:
        count *= size
    source = random.Random(f"{seed} {shape}")
    return shape, [source.uniform(-0.1, 0.1) for _ in range(count)]


def _json(value):
    return json.dumps(value, indent=2).encode() + b"\n"


def _about(name, base, kind, model_type="bert"):
    return {"hidden_size": WIDTH, "model_class": f"{kind}AdapterModel", "model_name": base,
            "model_type": model_type, "name": name}


def head(name, labels, seed=0, kind="classification", base="team/tiny-bert"):
    """The files of a head with labels."""
    count = len(labels)
    tensors = {f"heads.{name}.1.weight": numbers([WIDTH, WIDTH], f"{seed} h1"),
               f"heads.{name}.1.bias": numbers([WIDTH], f"{seed} h2"),
               f"heads.{name}.4.weight": numbers([count, WIDTH], f"{seed} h3"),
               f"heads.{name}.4.bias": numbers([count], f"{seed} h4")}
    settings = {"head_type": kind, "label2id": {label: i for i, label in enumerate(labels)},
                "num_labels": count, "layers": 2, "activation_function": "tanh", "bias": True,
                "dropout_prob": None, "use_pooler": False}
    if kind != "classification":
        tensors = {f"heads.{name}.1.weight": numbers([count, WIDTH], f"{seed} h3"),
                   f"heads.{name}.1.bias": numbers([count], f"{seed} h4")}
        settings = {"head_type": kind, "label2id": settings["label2id"], "num_labels": count,
                    "layers": 1, "activation_function": "tanh", "dropout_prob": None}
    return {"head_config.json": _json({"config": settings, **_about(name, base, "Bert")}),
            "model_head.safetensors": safetensors(tensors)}


def bottleneck(name, reduction=8, seed=0, labels=(), kind="classification", parallel=False,
               base="team/tiny-bert", invertible=False):
    """A bottleneck after each layer, in the files of the library `adapters`."""
    small = WIDTH // reduction
    tensors = {}
    for layer in range(LAYERS):
        place = f"bert.encoder.layer.{layer}.output.adapters.{name}."
        tensors[place + "adapter_down.0.weight"] = numbers([small, WIDTH], f"{seed} {layer} a")
        tensors[place + "adapter_down.0.bias"] = numbers([small], f"{seed} {layer} b")
        tensors[place + "adapter_up.weight"] = numbers([WIDTH, small], f"{seed} {layer} c")
        tensors[place + "adapter_up.bias"] = numbers([WIDTH], f"{seed} {layer} d")
    config = {
        "adapter_residual_before_ln": False, "cross_adapter": False, "dropout": 0.0,
        "factorized_phm_W": True, "factorized_phm_rule": False,
        "hypercomplex_nonlinearity": "glorot-uniform",
        "init_weights": "mam_adapter" if parallel else "bert", "init_weights_seed": None,
        "inv_adapter": "nice" if invertible else None,
        "inv_adapter_reduction_factor": 2 if invertible else None, "is_parallel": parallel,
        "learn_phm": True, "leave_out": [], "ln_after": False, "ln_before": False,
        "mh_adapter": False, "non_linearity": "relu", "original_ln_after": True,
        "original_ln_before": not parallel, "output_adapter": True, "phm_bias": True,
        "phm_c_init": "normal", "phm_dim": 4, "phm_init_range": 0.0001, "phm_layer": False,
        "phm_rank": 1, "reduction_factor": reduction, "residual_before_ln": True,
        "scaling": 4.0 if parallel else 1.0, "shared_W_phm": False, "shared_phm_rule": True,
        "stochastic_depth": 0.0, "use_gating": False}
    files = {"adapter_config.json": _json({"config": config, **_about(name, base, "Bert")}),
             "adapter.safetensors": safetensors(tensors)}
    if labels:
        files.update(head(name, labels, seed, kind, base))
    return files


def low_rank(name, rank=4, alpha=8, seed=0, labels=(), base="team/tiny-bert"):
    """LoRA at query and value, in the files of the library `adapters`."""
    tensors = {}
    for layer in range(LAYERS):
        for part in ["query", "value"]:
            place = f"bert.encoder.layer.{layer}.attention.self.{part}.loras.{name}."
            tensors[place + "lora_A"] = numbers([rank, WIDTH], f"{seed} {layer} {part} a")
            tensors[place + "lora_B"] = numbers([WIDTH, rank], f"{seed} {layer} {part} b")
    config = {"alpha": alpha, "architecture": "lora", "attn_matrices": ["q", "v"],
              "composition_mode": "add", "dropout": 0.0, "init_weights": "lora",
              "init_weights_seed": None, "intermediate_lora": False, "leave_out": [],
              "output_lora": False, "r": rank, "selfattn_lora": True, "use_gating": False}
    files = {"adapter_config.json": _json({"config": config, **_about(name, base, "Bert")}),
             "adapter.safetensors": safetensors(tensors)}
    if labels:
        files.update(head(name, labels, seed, base=base))
    return files


def peft_low_rank(name, rank=4, alpha=8, seed=0, base="roberta-base"):
    """LoRA at query and value, in the files of the library PEFT."""
    tensors = {}
    for layer in range(LAYERS):
        for part in ["query", "value"]:
            place = f"base_model.model.roberta.encoder.layer.{layer}.attention.self.{part}."
            tensors[place + "lora_A.weight"] = numbers([rank, WIDTH], f"{seed} {layer} {part} a")
            tensors[place + "lora_B.weight"] = numbers([WIDTH, rank], f"{seed} {layer} {part} b")
    config = {"base_model_name_or_path": base, "bias": "none", "fan_in_fan_out": False,
              "inference_mode": True, "init_lora_weights": True, "layers_pattern": None,
              "layers_to_transform": None, "lora_alpha": alpha, "lora_dropout": 0.05,
              "modules_to_save": None, "peft_type": "LORA", "r": rank, "revision": None,
              "target_modules": ["query", "value"], "task_type": "SEQ_CLS"}
    return {"adapter_config.json": _json(config),
            "adapter_model.safetensors": safetensors(tensors)}


def prefix(name, length=4, seed=0, base="team/tiny-bert"):
    """Prefix tuning, in the files of the library `adapters`."""
    tensors = {f"bert.prefix_tuning.{name}.{i}.control_trans": numbers([length, WIDTH],
                                                                      f"{seed} {i}")
               for i in range(LAYERS * 2)}
    config = {"architecture": "prefix_tuning", "encoder_prefix": True, "cross_prefix": True,
              "flat": True, "prefix_length": length, "bottleneck_size": 512,
              "non_linearity": "tanh", "dropout": 0.0, "leave_out": [], "use_gating": False,
              "shared_gating": True}
    return {"adapter_config.json": _json({"config": config, **_about(name, base, "Bert")}),
            "adapter.safetensors": safetensors(tensors)}


def rescaled(name, seed=0, base="xlm-roberta-base"):
    """(IA)3, in the files of the library PEFT."""
    tensors = {}
    for layer in range(LAYERS):
        place = f"base_model.model.roberta.encoder.layer.{layer}."
        for part in ["attention.self.key", "attention.self.value", "output.dense"]:
            tensors[f"{place}{part}.ia3_l"] = numbers([WIDTH, 1], f"{seed} {layer} {part}")
    config = {"base_model_name_or_path": base, "peft_type": "IA3", "task_type": "QUESTION_ANS",
              "feedforward_modules": ["output.dense"], "fan_in_fan_out": False,
              "inference_mode": True, "init_ia3_weights": True,
              "target_modules": ["key", "value", "output.dense"]}
    return {"adapter_config.json": _json(config),
            "adapter_model.safetensors": safetensors(tensors)}


class _Command:
    """Becomes a call of a program when it is unpickled."""

    def __reduce__(self):
        import os
        return os.system, ("echo this must never run",)


def pickled(name):
    """An adapter whose weights are a pickle that runs a command."""
    files = bottleneck(name)
    del files["adapter.safetensors"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps({"weight": _Command()}, protocol=2))
        file.writestr("archive/version", "3\n")
    files["pytorch_adapter.bin"] = archive.getvalue()
    return files


def base_model():
    """A base model's configuration and nothing else."""
    return {"config.json": _json({
        "architectures": ["BertModel"], "model_type": "bert", "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS, "num_attention_heads": 4, "intermediate_size": WIDTH * 4,
        "vocab_size": 1000, "max_position_embeddings": 128, "type_vocab_size": 2,
        "hidden_act": "gelu", "layer_norm_eps": 1e-12, "pad_token_id": 0})}


def picture(width=320, height=120):
    """A PNG of a curve."""
    rows = b""
    for y in range(height):
        rows += b"\0" + bytes(40 if y > height * 60 / (x / 4 + 60) else 220 for x in range(width))

    def part(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b""))


def card(title, text="", task=None, language=None, licence=None, base=None, tags=(),
         dataset=None, library="adapters", **metrics):
    """A card with front matter, as people write them."""
    lines = ["---", f"library_name: {library}"]
    if licence:
        lines.append(f"license: {licence}")
    if language:
        lines += ["language:"] + [f"- {code}" for code in language.split()]
    if base:
        lines.append(f"base_model: {base}")
    if task:
        lines.append(f"pipeline_tag: {task}")
    if tags:
        lines += ["tags:"] + [f"- {tag}" for tag in tags]
    if dataset:
        lines += ["datasets:", f"- {dataset}"]
    if metrics:
        lines += ["model-index:", f"- name: {title}", "  results:", "  - task:",
                  f"      type: {task or 'other'}", "    dataset:",
                  f"      type: {dataset or 'development'}", f"      name: {dataset or 'Own data'}",
                  "    metrics:"]
        for name, value in metrics.items():
            lines += [f"    - type: {name}", f"      value: {value}"]
    return "\n".join([*lines, "---", "", f"# {title}", "", text, ""]).encode()
