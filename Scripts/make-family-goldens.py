#!/usr/bin/env python3
"""Writes Tests/AdaptersTests/Goldens/families: a small seeded random checkpoint of every family of models,
adapters for them as the Python `adapters` library saves them, and what is computed with them.

Each row is computed alone, without padding, in evaluation mode, in float32, with eager attention. Run with
the versions that golden_tools.py names; others are refused.

    HF_HUB_OFFLINE=1 python Scripts/make-family-goldens.py

families/<case>/                 config.json and model.safetensors, as transformers writes them
families/<case>/adapters/<run>/  an adapter folder, and its head's, as the library writes them
families/families.json           {"versions", "cases": [case]}
  case: name; folder (below Goldens); model_type; model_class (of the tensors' names); layers, and
        decoder_layers of an encoder-decoder; has_pooler, has_lm_logits, has_logits (of a head in the
        checkpoint itself, `static_head` says which class); rows; runs
  row:  input_ids; where given token_type_ids, decoder_input_ids
  run:  name; folder (below Goldens); adapter (the name in the file); head_type or null; has_gradient;
        has_lm_logits where there are; rows where they are not the case's
families/families.safetensors
  <case>/<row>.hidden.<l>                      [tokens, width], l = 0 (what enters the first layer) … layers, of
                                               the decoder where there are two stacks; the last one is after the
                                               final norm
  <case>/<row>.encoder.hidden.<l>              the same of the encoder, where there are two stacks
  <case>/<row>.pooled                          [width]
  <case>/<row>.lm_logits                       [tokens, vocabulary], of the checkpoint's language modelling head
  <case>/<row>.logits                          of the checkpoint's other head: [labels], tagging [tokens, labels]
  <case>/<row>.projection                      [tokens, width], see below
  <case>/<run>/<row>.last_hidden_state         [tokens, width], of the decoder where there are two stacks
  <case>/<run>/<row>.encoder_last_hidden_state [tokens, width], where there are two stacks
  <case>/<run>/<row>.logits                    of the adapter's head: [labels], tagging [tokens, labels]
  <case>/<run>/<row>.lm_logits                 of the checkpoint's language modelling head, where the run has_lm_logits
  <case>/<run>/<row>.projection                [tokens, width], where the run has rows of its own
  <case>/<run>/gradient/<tensor>               of Σ over rows of Σ projection · last_hidden_state, at each tensor of
                                               the adapter (without its head) by the name its file has

Where it matters: rows of the RoBERTa kin hold the padding id as a token (position `padding`, and the count of
positions does not go on); gpt2_unusual's last row ends in the padding id, and its classification reads the
last token that is none; decoders of T5 are given, and shifted from the input where there is a classification
head, which reads the row of the input's end of sequence.
The library has no class for CamemBERT: its adapters are saved by RobertaAdapterModel with the same tensors.
"""
import shutil

# First, as it refuses other versions.
from golden_tools import GOLDENS, LABELS, LENGTHS, TAGS
from golden_tools import Case, adapter_parameters, base_of, classification, generator, head, inputs, load
from golden_tools import load_with_adapters, make_readable, megabytes, randomise, save_adapter, shifted, tagging
from golden_tools import write_cases
import adapters
import torch
import transformers
from adapters import AdapterConfig, BnConfig, LoRAConfig
from safetensors.torch import load_file, save_file

FOLDER = GOLDENS / "families"
NO_DROPOUT = dict(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
BERT = dict(
    vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
    max_position_embeddings=40, type_vocab_size=2, **NO_DROPOUT)
# The shape of published checkpoints: one token type, two more positions than tokens fit.
ROBERTA = dict(
    BERT, max_position_embeddings=26, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0,
    eos_token_id=2)
DISTILBERT = dict(
    vocab_size=60, dim=32, n_layers=2, n_heads=4, hidden_dim=48, max_position_embeddings=40, dropout=0.0,
    attention_dropout=0.0)
GPT2 = dict(
    vocab_size=60, n_embd=32, n_layer=2, n_head=4, n_positions=40, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    bos_token_id=59, eos_token_id=59)
T5 = dict(
    vocab_size=60, d_model=32, d_kv=6, d_ff=48, num_layers=2, num_heads=4, dropout_rate=0.0, pad_token_id=0,
    eos_token_id=1, decoder_start_token_id=0)

# ---- Adapters --------------------------------------------------------------------------------------

LORA_ALL = dict(attn_matrices=["q", "k", "v"], intermediate_lora=True, output_lora=True, r=2, alpha=3)
# name: (method, head or None)
COMMON = {
    "seq_bn": ("seq_bn[reduction_factor=4]", head(classification)),
    "double_seq_bn": ("double_seq_bn[reduction_factor=8]", None),
    "par_bn": ("par_bn[reduction_factor=8]", None),
    "lora": ("lora[r=4,alpha=6]", head(tagging)),
    "lora_all": (LoRAConfig(**LORA_ALL), head(classification, layers=1)),
    "ia3": ("ia3", None),
    "union": ("seq_bn[reduction_factor=8]|lora[r=2]", None),
}
ENCODER = {**COMMON, "double_seq_bn": ("double_seq_bn[reduction_factor=8]", head(classification, use_pooler=True))}
DECODER = {
    **COMMON,
    "lora_k": (LoRAConfig(attn_matrices=["k"], r=2, alpha=3), None),
    "lora_gating": (LoRAConfig(attn_matrices=["q", "v"], r=2, use_gating=True), None),
    "leave_out": ("seq_bn[reduction_factor=8, leave_out=[0]]", None),
}
ENCODER_DECODER = {
    **COMMON,
    "lora": ("lora[r=4,alpha=6]", None),
    "cross_adapter": (
        BnConfig(
            mh_adapter=True, output_adapter=True, cross_adapter=True, reduction_factor=8, non_linearity="relu",
            original_ln_before=True), None),
    # Layers of the decoder are counted after those of the encoder.
    "leave_out": ("double_seq_bn[reduction_factor=8, leave_out=[0, 3]]", None),
}

# name: (class of the whole checkpoint, configuration, class with adapters or None, adapters)
CASES = {
    "bert_relative_key": ("BertForMaskedLM", dict(BERT, position_embedding_type="relative_key"), None, {}),
    "bert_relative_key_query": (
        "BertForMaskedLM", dict(BERT, position_embedding_type="relative_key_query"), None, {}),
    "roberta": ("RobertaForMaskedLM", dict(ROBERTA, num_hidden_layers=3), "RobertaAdapterModel", ENCODER),
    "roberta_unusual": (
        "RobertaForMaskedLM",
        dict(ROBERTA, type_vocab_size=3, pad_token_id=4, hidden_act="relu", layer_norm_eps=1e-3,
             num_attention_heads=2), None, {}),
    "xlm_roberta": ("XLMRobertaForMaskedLM", ROBERTA, "XLMRobertaAdapterModel", COMMON),
    "camembert": (
        "CamembertForMaskedLM", ROBERTA, "RobertaAdapterModel", {n: COMMON[n] for n in ["seq_bn", "lora_all"]}),
    "distilbert": (
        "DistilBertForMaskedLM", dict(DISTILBERT, n_layers=3), "DistilBertAdapterModel", COMMON),
    "distilbert_unusual": (
        "DistilBertForMaskedLM",
        dict(DISTILBERT, activation="relu", n_heads=3, dim=36, sinusoidal_pos_embds=True), None, {}),
    "gpt2": ("GPT2LMHeadModel", dict(GPT2, n_layer=3), "GPT2AdapterModel", DECODER),
    "gpt2_unusual": (
        "GPT2LMHeadModel",
        dict(GPT2, scale_attn_by_inverse_layer_idx=True, n_inner=40, activation_function="silu", pad_token_id=3,
             layer_norm_epsilon=1e-3), "GPT2AdapterModel",
        {n: COMMON[n] for n in ["seq_bn", "lora_all"]}),
    "gpt2_unscaled": ("GPT2LMHeadModel", dict(GPT2, scale_attn_weights=False, n_head=2), None, {}),
    "t5": (
        "T5ForConditionalGeneration",
        dict(T5, feed_forward_proj="relu", num_decoder_layers=3, relative_attention_num_buckets=8,
             relative_attention_max_distance=10), "T5AdapterModel", ENCODER_DECODER),
    "t5_gated": (
        "T5ForConditionalGeneration",
        dict(T5, feed_forward_proj="gated-gelu", tie_word_embeddings=False), "T5AdapterModel",
        {n: ENCODER_DECODER[n] for n in ["seq_bn", "lora_all", "ia3"]}),
    "t5_silu": (
        "T5ForConditionalGeneration",
        dict(T5, feed_forward_proj="gated-silu", tie_word_embeddings=True, num_decoder_layers=1), None, {}),
    "mt5": (
        "MT5ForConditionalGeneration",
        dict(T5, feed_forward_proj="gated-gelu", tie_word_embeddings=False), None, {}),
}
# Checkpoints with a head of another kind inside: name: (class, configuration, labels)
STATIC = {
    "bert_sequence_classification": (
        "BertForSequenceClassification", dict(BERT, hidden_act="gelu_new", num_hidden_layers=1), LABELS),
    "bert_token_classification": ("BertForTokenClassification", dict(BERT, num_hidden_layers=1), TAGS),
    "roberta_sequence_classification": (
        "RobertaForSequenceClassification", dict(ROBERTA, num_hidden_layers=1), LABELS),
    "distilbert_sequence_classification": (
        "DistilBertForSequenceClassification", dict(DISTILBERT, n_layers=1), LABELS),
    "gpt2_sequence_classification": (
        "GPT2ForSequenceClassification", dict(GPT2, pad_token_id=3, n_layer=1), LABELS),
}


# ---- Rows ------------------------------------------------------------------------------------------


def make_rows(name, config):
    """Rows of LENGTHS; of the settings that a row can show, those rows after the first hold some."""
    stream = generator(f"rows of {name}")

    def ids(length, first=5):
        return torch.randint(first, config.vocab_size, (length,), generator=stream).tolist()

    rows = [{"input_ids": ids(length)} for length in LENGTHS]
    if config.model_type in ["roberta", "xlm-roberta", "camembert"]:
        for row in rows:
            row["input_ids"][0] = config.bos_token_id
        for position in [2, 3, 7]:
            rows[2]["input_ids"][position] = config.pad_token_id
        rows[3]["input_ids"][-1] = config.pad_token_id
    if config.model_type == "gpt2" and config.pad_token_id is not None:
        rows[3]["input_ids"][-2:] = [config.pad_token_id] * 2
    if getattr(config, "type_vocab_size", 1) > 1:
        for row in rows[1:]:  # the first row leaves the types out: they are all zero then
            length = len(row["input_ids"])
            row["token_type_ids"] = torch.randint(0, config.type_vocab_size, (length,), generator=stream).tolist()
    if config.is_encoder_decoder:
        for row, length in zip(rows, [3, 7, 1, 12]):
            row["input_ids"][-1] = config.eos_token_id
            row["decoder_input_ids"] = [config.decoder_start_token_id] + ids(length - 1)
    return rows


# ---- Checkpoints -----------------------------------------------------------------------------------


def randomised(model, name):
    # T5 does not divide its scores by √d: smaller weights keep them away from one-hot.
    scale = 0.2 if model.config.is_encoder_decoder else 0.3
    randomise(model.named_parameters(), name, scale)
    return model.eval()


def save_checkpoint(model, folder):
    """As `save_pretrained` does, with the pooler that a class with a language modelling head leaves out."""
    model.config.architectures = [type(model).__name__]
    model.save_pretrained(folder)
    base = type(model.base_model)(model.config)
    pooler = {n: p for n, p in base.named_parameters() if n.startswith("pooler.")}
    own = dict(model.named_parameters())
    if pooler and f"{model.base_model_prefix}.pooler.dense.weight" not in own and "MaskedLM" in type(model).__name__:
        randomise(pooler.items(), f"pooler of {folder.name}")
        path = folder / "model.safetensors"
        more = {f"{model.base_model_prefix}.{n}": p.detach() for n, p in pooler.items()}
        save_file({**load_file(path), **more}, path, {"format": "pt"})


def make_case(name, kind, settings, labels=None):
    kind = getattr(transformers, kind)
    config = kind.config_class(**settings)
    if labels:
        config.id2label, config.label2id = {i: l for l, i in labels.items()}, labels
    folder = FOLDER / name
    save_checkpoint(randomised(kind(config), name), folder)
    whole = load(kind, folder)
    base = load(type(whole.base_model) if not config.is_encoder_decoder else getattr(
        transformers, kind.__name__.replace("ForConditionalGeneration", "Model")), folder)
    facts = {
        "model_type": config.model_type, "model_class": kind.__name__, "layers": config.num_hidden_layers,
        "has_pooler": getattr(base, "pooler", None) is not None and not labels,
        "has_lm_logits": not labels, "has_logits": bool(labels),
        "static_head": kind.__name__ if labels else None,
    }
    if config.is_encoder_decoder:
        facts["decoder_layers"] = config.num_decoder_layers
    if labels and "pooler" in dict(whole.base_model.named_children()) and whole.base_model.pooler is not None:
        facts["has_pooler"] = True
    case = Case(name, f"families/{name}", make_rows(name, config), **facts)
    case.record_base(base if not labels else whole.base_model, *((None, whole) if labels else (whole, None)))
    return case


def add_runs(case, kind, runs):
    folder = FOLDER / case.name
    model = load_with_adapters(kind, folder)
    for run, (method, add_head) in runs.items():
        if add_head and model.config.is_encoder_decoder and run not in ["seq_bn", "lora_all"]:
            add_head = None
        model.add_adapter(run, config=AdapterConfig.load(method) if isinstance(method, str) else method)
        if add_head:
            add_head(model, run)
        randomise(adapter_parameters(model, run), f"{case.name} {run}")
        save_adapter(model, run, folder / "adapters" / run, safetensors=run != "lora")
        rows = shifted(case.rows, model.config) if add_head and model.config.is_encoder_decoder else None
        case.record(run, model, run, folder=f"families/{case.name}/adapters/{run}", rows=rows)


def add_run_of_language_model(case, kind, run, method):
    """An adapter saved by a class with a language modelling head, and its logits through the adapter."""
    folder = FOLDER / case.name
    model = load(getattr(transformers, kind), folder)
    adapters.init(model)
    model.add_adapter(run, config=method)
    randomise(adapter_parameters(model, run), f"{case.name} {run}")
    save_adapter(model, run, folder / "adapters" / run)
    case.record(
        run, model, run, folder=f"families/{case.name}/adapters/{run}", base=base_of(model), has_lm_logits=True)


def check_plain(case, kind):
    """The library without an active adapter computes what transformers does."""
    model = load_with_adapters(kind, FOLDER / case.name)
    for index, row in enumerate(case.rows):
        with torch.no_grad():
            hidden = model.base_model(**inputs(row)).last_hidden_state[0]
        last = case.facts.get("decoder_layers", case.facts["layers"])
        assert torch.allclose(hidden, case.tensors[f"{case.name}/{index}.hidden.{last}"], atol=1e-5), case.name


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    transformers.logging.set_verbosity_error()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    cases = []
    for name, (kind, settings, with_adapters, runs) in CASES.items():
        case = make_case(name, kind, settings)
        if with_adapters:
            check_plain(case, with_adapters)
            add_runs(case, with_adapters, runs)
        if name in ["gpt2", "t5", "t5_gated", "mt5"]:
            add_run_of_language_model(case, kind, "lora_of_lm", LoRAConfig(r=2, alpha=3))
        cases.append(case)
    for name, (kind, settings, labels) in STATIC.items():
        cases.append(make_case(name, kind, dict(settings), labels))
    write_cases(FOLDER / "families", cases)
    make_readable(FOLDER)
    print(f"{len(cases)} cases, {sum(len(c.facts['runs']) for c in cases)} runs, "
          f"{megabytes(FOLDER):.1f} MB in {FOLDER}")


if __name__ == "__main__":
    main()
