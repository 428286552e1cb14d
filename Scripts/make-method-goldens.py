#!/usr/bin/env python3
"""Writes Tests/AdaptersTests/Goldens/methods: adapters of prefix tuning, prompt tuning, ReFT, Compacter,
invertible adapters and their unions, on the bases of make-goldens.py and make-family-goldens.py, as the
Python `adapters` library saves them, and what is computed with them.

Each row is computed alone, without padding, in evaluation mode, in float32, with eager attention. Run with
the versions that golden_tools.py names, after those two scripts; other versions are refused.

    HF_HUB_OFFLINE=1 python Scripts/make-method-goldens.py

methods/adapters/<case>/<run>/   an adapter folder, and its head's, as the library writes them
methods/methods.json, methods/methods.safetensors
  the format of families.json and families.safetensors (see make-family-goldens.py), with runs alone:
  what the bases compute by themselves is in families.safetensors for the same rows. More:
  <case>/<run>/<row>.last_hidden_state  [prompt + tokens, width] where there is a prompt; so are tagging logits
  <case>/<run>/<row>.projection         also where a prompt adds rows
  <case>/<run>/<row>.logits             of a masked_lm, causal_lm or seq2seq_lm head [tokens, vocabulary]: tied to
                                        the embeddings, and just before them through the inverse of the invertible
                                        adapter (of T5's state · width^-½). Those of the families hold the
                                        checkpoint's own head
  <case>/<run>/gradient/<tensor>        zeros for a tensor that nothing reads (ReFT's unit of the suffix); none of
                                        ReFT's `base`, which is not trained; `original` has none on and below its
                                        diagonal (rows: r, columns: width)

methods/training.json, methods/training.safetensors
  the format of training.json and training.safetensors of make-goldens.py: trainings of five steps, which
  their `recipe` describes. LoReFT's `original` does not decay: its diagonal is cut to whole numbers.

Where it matters: a classification head reads row 0, which is the prompt's where `combine` is "prefix". ReFT's
positions are clamped to the row, and are each stack's own; where both ends meet, what the unit of the suffix
gives for the layer's output stays. The library fails at some of that, see `gather`. A prefix with leave_out has
slices for the other layers alone. The library forgets to write and to read that DiReFT does not subtract the
projection: `direft` is what is meant, its configuration says `"subtract_projection": false`; `direft_as_saved`
does not, and is computed as the library reads it, subtracting. LoReFT's `original` has ones and minus ones on
its diagonal, and noise below it, where nothing may read it.
"""
import json, shutil

# First, as it refuses other versions.
from golden_tools import GOLDENS, LENGTHS, RECIPE, VERSIONS, VOCABULARY
from golden_tools import Case, adapter_parameters, classification, generator, head, inputs, load_with_adapters
from golden_tools import make_readable, megabytes, padded, randomise, save_adapter, shifted, tagging, train
from golden_tools import write_cases, write_json
import torch
import transformers
from adapters import CausalLMHead, CompacterConfig, CompacterPlusPlusConfig, ConfigUnion, DiReftConfig
from adapters import DoubleSeqBnInvConfig, LoRAConfig, LoReftConfig, MAMConfig, NoReftConfig, ParBnConfig
from adapters import PrefixTuningConfig, PromptTuningConfig, ReftConfig, SeqBnConfig, SeqBnInvConfig, UniPELTConfig
from adapters.methods.reft import ReftModule
from safetensors.torch import load_file, save_file

FOLDER = GOLDENS / "methods"

# ---- Methods ---------------------------------------------------------------------------------------


def prefix(**fields):
    return PrefixTuningConfig(**{"prefix_length": 4, "bottleneck_size": 6, **fields})


def compacter(kind=CompacterPlusPlusConfig, **fields):
    return kind(**{"reduction_factor": 4, **fields})


def masked_language_model(model, name):
    model.add_masked_lm_head(name)


def language_model_of(model, name, folder):
    """The checkpoint's own language modelling head, as a head of the adapter."""
    if model.config.is_encoder_decoder:
        return model.add_seq2seq_lm_head(name)
    if model.config.model_type == "gpt2":
        return model.add_prediction_head(CausalLMHead(model, name))
    model.add_masked_lm_head(name)
    tensors = load_file(folder / "model.safetensors")
    dense, norm, bias = {
        "roberta": ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias"),
        "distilbert": ("vocab_transform", "vocab_layer_norm", "vocab_projector.bias"),
    }[model.config.model_type]
    own = dict(model.heads[name].named_parameters())
    with torch.no_grad():
        for there, here in {
            f"{dense}.weight": "0.weight", f"{dense}.bias": "0.bias", f"{norm}.weight": "2.weight",
            f"{norm}.bias": "2.bias", bias: "3.bias",
        }.items():
            own[here].copy_(tensors[there])


METHODS = {
    "prefix_tuning": lambda: prefix(),
    "prefix_tuning_flat": lambda: prefix(flat=True, prefix_length=3),
    "prefix_gating": lambda: prefix(use_gating=True),
    "prefix_flat_gating_unshared": lambda: prefix(flat=True, use_gating=True, shared_gating=False),
    "prefix_gating_unshared": lambda: prefix(use_gating=True, shared_gating=False, prefix_length=2),
    "prefix_relu": lambda: prefix(non_linearity="relu", prefix_length=1),
    "prefix_leave_out": lambda: prefix(leave_out=[1]),
    "prefix_no_encoder": lambda: prefix(encoder_prefix=False),
    "prefix_no_cross": lambda: prefix(cross_prefix=False, flat=True),
    "prompt_tuning": lambda: PromptTuningConfig(prompt_length=3),
    "prompt_tagging": lambda: PromptTuningConfig(prompt_length=2),
    "prompt_after_bos": lambda: PromptTuningConfig(prompt_length=3, combine="prefix_after_bos"),
    "prompt_after_bos_tagging": lambda: PromptTuningConfig(prompt_length=2, combine="prefix_after_bos"),
    "prompt_from_string": lambda: PromptTuningConfig(
        prompt_length=7, prompt_init="from_string", prompt_init_text="play the music"),
    "loreft": lambda: LoReftConfig(r=2),
    "loreft_suffix": lambda: LoReftConfig(r=2, prefix_positions=3, suffix_positions=2, layers=[0, 2]),
    "loreft_tied": lambda: LoReftConfig(r=3, prefix_positions=2, suffix_positions=1, tied_weights=True, layers=[1]),
    "noreft": lambda: NoReftConfig(r=2),
    "noreft_suffix": lambda: NoReftConfig(r=2, prefix_positions=0, suffix_positions=2),
    "noreft_non_linearity": lambda: NoReftConfig(r=3, non_linearity="tanh", layers=[0, 1], suffix_positions=1),
    "noreft_tied": lambda: NoReftConfig(r=2, prefix_positions=2, suffix_positions=2, tied_weights=True),
    "direft": lambda: DiReftConfig(r=2, suffix_positions=1),
    "direft_as_saved": lambda: DiReftConfig(r=2),
    "compacter": lambda: compacter(CompacterConfig),
    "compacter++": lambda: compacter(),
    "compacter_unshared_rule": lambda: compacter(shared_phm_rule=False),
    "compacter_factorized_rule": lambda: compacter(factorized_phm_rule=True),
    "compacter_unshared_factorized_rule": lambda: compacter(shared_phm_rule=False, factorized_phm_rule=True),
    "compacter_whole_W": lambda: compacter(factorized_phm_W=False),
    "compacter_rank_2": lambda: compacter(phm_rank=2, phm_dim=2, reduction_factor=8),
    "compacter_shared_W": lambda: compacter(shared_W_phm=True),
    "compacter_no_bias": lambda: compacter(phm_bias=False),
    "seq_bn_inv": lambda: SeqBnInvConfig(reduction_factor=8),
    "double_seq_bn_inv": lambda: DoubleSeqBnInvConfig(reduction_factor=8, inv_adapter_reduction_factor=4),
    "mam": lambda: MAMConfig(prefix(), ParBnConfig(reduction_factor=8)),
    "unipelt": lambda: UniPELTConfig(prefix(), SeqBnConfig(reduction_factor=8), LoRAConfig(r=2, alpha=2)),
    "prefix_lora": lambda: ConfigUnion(prefix(), LoRAConfig(r=2, alpha=3)),
}
HEADS = {
    "prefix_tuning": head(classification), "prompt_tuning": head(classification, layers=1),
    "prompt_tagging": head(tagging), "prompt_after_bos": head(classification, layers=1, use_pooler=True),
    "prompt_after_bos_tagging": head(tagging), "loreft": head(classification, layers=1),
    "double_seq_bn_inv": masked_language_model, "seq_bn_inv": head(tagging),
}
ENCODER = [
    "prefix_tuning", "prefix_flat_gating_unshared", "prompt_tuning", "prompt_after_bos", "loreft", "direft",
    "compacter++", "seq_bn_inv", "mam", "unipelt",
]
# case: (class with adapters, runs)
CASES = {
    "base": ("BertAdapterModel", list(METHODS)),
    "roberta": ("RobertaAdapterModel", ENCODER),
    "xlm_roberta": ("XLMRobertaAdapterModel", ["prefix_tuning", "prompt_tuning", "seq_bn_inv"]),
    "distilbert": (
        "DistilBertAdapterModel",
        ["prefix_tuning", "prefix_flat_gating_unshared", "loreft", "noreft_suffix", "compacter", "seq_bn_inv", "mam",
         "unipelt"]),
    "gpt2": (
        "GPT2AdapterModel",
        ["prefix_tuning", "prefix_flat_gating_unshared", "loreft", "noreft_suffix", "compacter", "seq_bn_inv", "mam",
         "unipelt"]),
    "t5": (
        "T5AdapterModel",
        ["prefix_tuning", "prefix_flat_gating_unshared", "prefix_no_encoder", "prefix_no_cross", "prefix_leave_out",
         "loreft", "compacter", "seq_bn_inv", "mam", "unipelt"]),
}
# Not of these: encoder_prefix and cross_prefix belong to an encoder-decoder.
CASES["base"][1].remove("prefix_no_encoder")
CASES["base"][1].remove("prefix_no_cross")


def randomise_adapter(model, name, seed):
    """Noise large enough to show; LoReFT's projection stays a parametrization of orthogonal rows."""
    parameters = [(n, p) for n, p in adapter_parameters(model, name) if p is not model.get_input_embeddings().weight]
    factors = ["phm_rule", "W_left", "W_right", "control_trans"]
    large = [(n, p) for n, p in parameters if any(part in n for part in factors)]
    randomise([pair for pair in parameters if pair not in large], seed)
    randomise(large, f"{seed} large", 0.7)
    stream = generator(f"{seed} orthogonal")
    with torch.no_grad():
        for module_name, module in model.named_modules():
            if f".refts.{name}." in module_name and module_name.endswith("parametrizations.weight"):
                width = module.original.shape[1]
                signs = torch.randint(0, 2, (module.original.shape[0],), generator=stream) * 2.0 - 1
                module.original.fill_diagonal_(0).add_(torch.eye(*module.original.shape) * signs[:, None])
                rotation, _ = torch.linalg.qr(torch.randn(width, width, generator=stream))
                module[0].base.copy_(rotation)


def make_rows(name, lengths=LENGTHS):
    """Of the base of make-goldens.py."""
    stream = generator(f"rows of methods {name}")
    rows = []
    for index, length in enumerate(lengths):
        row = {"input_ids": [2] + torch.randint(5, len(VOCABULARY), (length - 1,), generator=stream).tolist()}
        if index != 0:
            row["token_type_ids"] = [0] * ((length + 1) // 2) + [1] * (length // 2)
        rows.append(row)
    return rows


def gather(module, hidden):
    """ReFT's positions as they are meant, for a row without padding. The library mixes units up where a row
    is shorter than a suffix, cannot differentiate where one is shorter than prefix or suffix with both there,
    and takes the encoder's positions in a decoder."""
    length = hidden.shape[1]
    module.prefix_count = min(module.prefix_positions, length)
    module.suffix_count = min(module.suffix_positions, length)
    states = [hidden[:, :module.prefix_count], hidden[:, length - module.suffix_count:]]
    return [torch.cat(states, dim=1)] if module.tied_weights else states


def scatter(module, hidden, states):
    adapted = torch.cat(states, dim=1)
    prefix, suffix = adapted[:, :module.prefix_count], adapted[:, module.prefix_count:]
    output = torch.cat([prefix, hidden[:, module.prefix_count:]], dim=1)
    return torch.cat([output[:, :hidden.shape[1] - module.suffix_count], suffix], dim=1)


def as_meant(model, case, run):
    """From here on ReFT acts where it is meant to; for long rows of one stack the library agrees."""
    long = [row for row in case.rows if len(row["input_ids"]) > 5 and "decoder_input_ids" not in row]
    model.set_active_adapters(run)
    library = ReftModule._gather_adapted_states, ReftModule._scatter_adapted_states
    with torch.no_grad():
        before = [model.base_model(**inputs(row)).last_hidden_state for row in long]
        ReftModule._gather_adapted_states, ReftModule._scatter_adapted_states = gather, scatter
        for row, found in zip(long, before):
            assert torch.allclose(model.base_model(**inputs(row)).last_hidden_state, found, atol=1e-5), run
    return library


def is_prefix(method):
    parts = method.configs if isinstance(method, ConfigUnion) else [method]
    return any(isinstance(part, PrefixTuningConfig) for part in parts)


def add(model, case, run, method, add_head=None, folder=None):
    """folder: of the checkpoint whose language modelling head becomes that of the adapter."""
    if run == "prompt_from_string":  # its words come from the base's tokenizer
        model.config.tokenizer_name_or_path = str(GOLDENS / "base")
    model.add_adapter(run, config=method)
    if add_head:
        add_head(model, run)
    if run != "prompt_from_string":
        randomise_adapter(model, run, f"methods {case} {run}")
    if folder:
        language_model_of(model, run, folder)
    # A prefix lies in a file once at the model and again at every attention: safetensors refuses that.
    path = FOLDER / "adapters" / case / run
    save_adapter(model, run, path, safetensors=not is_prefix(method))
    if run == "direft":
        config = json.loads((path / "adapter_config.json").read_text())
        config["config"]["subtract_projection"] = False
        (path / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True))
    return f"methods/adapters/{case}/{run}"


def make_case(name, kind, runs):
    folder = GOLDENS / (name if name == "base" else f"families/{name}")
    model = load_with_adapters(kind, folder)
    config = model.config
    rows = make_rows(name) if name == "base" else families[name]["rows"]
    facts = {"model_type": config.model_type, "layers": config.num_hidden_layers}
    if config.is_encoder_decoder:
        facts["decoder_layers"] = config.num_decoder_layers
    case = Case(name, "base" if name == "base" else f"families/{name}", rows, **facts)
    for run in runs:
        method, add_head = METHODS[run](), HEADS.get(run)
        is_language_model = run == "seq_bn_inv" and name in ["roberta", "distilbert", "gpt2", "t5"]
        if is_language_model or (name == "t5" and run != "prefix_tuning"):
            add_head = None
        at = add(model, name, run, method, add_head, folder if is_language_model else None)
        read = loaded(load_with_adapters(kind, folder), case, run) if run == "direft_as_saved" else model
        library = as_meant(read, case, run) if isinstance(method, ReftConfig) else None
        case.record(run, read, run, folder=at, rows=shifted(rows, config) if name == "t5" and add_head else None)
        check_saved(case, load_with_adapters(kind, folder), run)
        if library:
            ReftModule._gather_adapted_states, ReftModule._scatter_adapted_states = library
    return case


def loaded(model, case, run):
    path = FOLDER / "adapters" / case.name / run
    model.config.tokenizer_name_or_path = str(GOLDENS / "base")
    is_safe = (path / "adapter.safetensors").exists()
    model.load_adapter(str(path), load_as=run, set_active=True, use_safetensors=is_safe)
    return model


@torch.no_grad()
def check_saved(case, model, run):
    """The folder holds all that is computed with; but for `direft`, whose setting the library does not read."""
    loaded(model, case, run)
    for index, row in enumerate(case.facts["runs"][-1].get("rows", case.rows)):
        hidden = model.base_model(**inputs(row)).last_hidden_state[0]
        expected = case.tensors[f"{case.name}/{run}/{index}.last_hidden_state"]
        assert torch.allclose(hidden, expected, atol=1e-4) == (run != "direft"), f"{case.name} {run}"


families = {
    case["name"]: case for case in json.loads((GOLDENS / "families/families.json").read_text())["cases"]}


# ---- Training --------------------------------------------------------------------------------------

LENGTHS_OF_BATCH = [6, 3, 11]
# name: (case, method, head)
TRAININGS = {
    "train_prefix_tuning": ("base", lambda: prefix(), head(classification, layers=1)),
    "train_prefix_tuning_flat": ("base", lambda: prefix(flat=True), head(tagging)),
    "train_prompt_tuning": ("base", lambda: PromptTuningConfig(prompt_length=3), head(classification, layers=1)),
    "train_prompt_tagging": ("base", lambda: PromptTuningConfig(prompt_length=3), head(tagging)),
    "train_loreft": ("base", lambda: LoReftConfig(r=2, dropout=0.0), head(classification, layers=1)),
    "train_noreft": ("base", lambda: NoReftConfig(r=2, dropout=0.0), head(classification)),
    "train_compacter": ("base", lambda: compacter(), head(classification, layers=1)),
    "train_seq_bn_inv": ("base", lambda: SeqBnInvConfig(reduction_factor=8), head(tagging)),
    "train_unipelt": ("base", METHODS["unipelt"], head(classification, layers=1)),
    "train_lora_roberta": ("roberta", lambda: LoRAConfig(r=4, alpha=16), head(classification)),
    "train_lora_distilbert": ("distilbert", lambda: LoRAConfig(r=4, alpha=16), head(classification)),
    "train_lora_gpt2": ("gpt2", lambda: LoRAConfig(r=4, alpha=16), head(classification, layers=1)),
    "train_lora_gpt2_padding": ("gpt2_unusual", lambda: LoRAConfig(r=4, alpha=16), head(classification)),
}
CLASSES = {**{name: kind for name, (kind, _) in CASES.items()}, "gpt2_unusual": "GPT2AdapterModel"}
# The library takes a gate's mean over padding too, and GPT-2 without a padding id reads the last column.
SAME_LENGTH = {"train_unipelt", "train_lora_gpt2"}


def make_batch(name, config, tags, number):
    stream = generator(f"batch of {name} {number}")
    lengths = [7, 7, 7] if name in SAME_LENGTH else LENGTHS_OF_BATCH
    rows = [{"input_ids": torch.randint(5, config.vocab_size, (n,), generator=stream).tolist()} for n in lengths]
    if tags:
        labels = [torch.randint(0, 5, (n,), generator=stream).tolist() for n in lengths]
        for row in labels:
            row[0] = row[-1] = -100
    else:
        labels = torch.randint(0, 3, (len(lengths),), generator=stream).tolist()
    return {"rows": rows, "labels": labels}


def make_training():
    cases, tensors = [], {}
    for name, (base, method, add_head) in TRAININGS.items():
        folder = base if base == "base" else f"families/{base}"
        model = load_with_adapters(CLASSES[base], GOLDENS / folder)
        at = add(model, "training", name, method(), add_head)
        model.train_adapter(name)
        kind = model.heads[name].config["head_type"]
        trained = {n for n, p in adapter_parameters(model, name) if p.requires_grad}
        assert trained == {n for n, _ in adapter_parameters(model, name)}, name
        batches = [make_batch(name, model.config, kind == "tagging", number) for number in range(2)]
        cases.append({
            "name": name, "base": folder, "folder": at, "head_type": kind, "batches": batches,
            **train(model, name, [
                padded(batch, kind == "tagging", model.config.pad_token_id or 0, base == "base") for batch in batches
            ], tensors, undecayed=["parametrizations.weight.original"]),
        })
    recipe = {**RECIPE, "no_decay": RECIPE["no_decay"] + ", and LoReFT's `original`"}
    write_json(FOLDER / "training.json", {"versions": VERSIONS, "recipe": recipe, "cases": cases})
    save_file(tensors, FOLDER / "training.safetensors")


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    transformers.logging.set_verbosity_error()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    cases = [make_case(name, *facts) for name, facts in CASES.items()]
    write_cases(FOLDER / "methods", cases)
    make_training()
    make_readable(FOLDER)
    print(f"{len(cases)} cases, {sum(len(c.facts['runs']) for c in cases)} runs, {len(TRAININGS)} trainings, "
          f"{megabytes(FOLDER):.1f} MB in {FOLDER}")


if __name__ == "__main__":
    main()
