#!/usr/bin/env python3
"""Writes Tests/AdaptersTests/Goldens: small seeded random models and adapters as the Python `adapters`
library saves them, and what that library computes with them.

Every parameter is random and large: an adapter as it is initialised does next to nothing, and an error
in it would not show. Each row is computed alone, without padding, in evaluation mode, in float32, with
eager attention. Run with the versions of PINNED (`pip install` them; CPU builds do); others are refused.

    HF_HUB_OFFLINE=1 python Scripts/make-goldens.py
"""
import collections, json, shutil

# First, as it refuses other versions.
from golden_tools import GOLDENS, LABELS, LENGTHS, RECIPE, TAGS, VERSIONS, VOCABULARY
from golden_tools import adapter_parameters, classification, generator, head, make_readable, megabytes
from golden_tools import multilabel, padded, randomise, regression, tagging, train, without_bias, write_json
import adapters
import torch
from adapters import AdapterConfig, AdapterPlusConfig, BatchSplit, BertAdapterModel, BnConfig, DoubleSeqBnConfig
from adapters import LoRAConfig, IA3Config, ParBnConfig, SeqBnConfig, Stack
from adapters.configuration import ADAPTER_CONFIG_MAP
from adapters.utils import get_adapter_config_hash
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizerFast
from transformers.activations import ACT2FN

FOLDER = GOLDENS
# What this script writes; the other folders belong to other scripts.
WRITTEN = [
    "activations.safetensors", "adapters", "base", "base-old-names", "base-without-prefix", "cases.json",
    "configurations.json", "expected.safetensors", "training.json", "training.safetensors",
]
SIZES = dict(
    vocab_size=len(VOCABULARY), hidden_size=32, num_hidden_layers=3, num_attention_heads=4,
    intermediate_size=48, max_position_embeddings=40, type_vocab_size=2, hidden_act="gelu",
    hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
)


# ---- Base models -----------------------------------------------------------------------------------


def make_bases():
    """`base`, and the same weights as older checkpoints hold them."""
    config = BertConfig(**SIZES)
    model = BertModel(config).eval()
    randomise(model.named_parameters(), "base")
    config.architectures = ["BertModel"]
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    def folder(name):
        path = FOLDER / name
        path.mkdir(parents=True)
        config.save_pretrained(path)
        (path / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
        return path

    base = folder("base")
    save_file({f"bert.{k}": v for k, v in weights.items()}, base / "model.safetensors", {"format": "pt"})
    BertTokenizerFast(str(base / "vocab.txt"), do_lower_case=False).save_pretrained(base)

    bare = dict(weights)
    bare["embeddings.position_ids"] = torch.arange(config.max_position_embeddings)[None]
    save_file(bare, folder("base-without-prefix") / "model.safetensors", {"format": "pt"})

    old = collections.OrderedDict()
    for name, tensor in weights.items():
        name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        old[f"bert.{name}"] = tensor
    width = config.hidden_size
    old["cls.predictions.bias"] = torch.zeros(config.vocab_size)
    old["cls.predictions.transform.dense.weight"] = torch.eye(width)
    old["cls.predictions.transform.dense.bias"] = torch.zeros(width)
    old["cls.predictions.transform.LayerNorm.gamma"] = torch.ones(width)
    old["cls.predictions.transform.LayerNorm.beta"] = torch.zeros(width)
    old["cls.predictions.decoder.weight"] = old["bert.embeddings.word_embeddings.weight"]  # shared storage
    old["cls.seq_relationship.weight"] = torch.zeros(2, width)
    old["cls.seq_relationship.bias"] = torch.zeros(2)
    torch.save(old, folder("base-old-names") / "pytorch_model.bin")


def new_model(kind=BertAdapterModel):
    model = kind.from_pretrained(FOLDER / "base", attn_implementation="eager").eval()
    # The folder's name would be written into every adapter_config.json.
    model.config._name_or_path = model.name_or_path = "goldens/base"
    return model


# ---- Cases -----------------------------------------------------------------------------------------


def sequential(**fields):
    return SeqBnConfig(**{"reduction_factor": 4, **fields})


def parallel(**fields):
    return ParBnConfig(**{"reduction_factor": 4, "scaling": 1.5, **fields})


# name: (method, head or None). A method is a string of the library or a configuration object.
METHODS = {
    "seq_bn": ("seq_bn", head(classification)),
    "double_seq_bn": ("double_seq_bn", head(classification, layers=1)),
    "par_bn": ("par_bn", head(classification, layers=3)),
    "scaled_par_bn": ("scaled_par_bn", None),
    "adapter_plus": (AdapterPlusConfig(reduction_factor=8), None),
    "ln_before": (sequential(ln_before=True), None),
    "ln_after": (sequential(ln_after=True), None),
    "ln_before_and_after": (sequential(ln_before=True, ln_after=True, use_gating=True), None),
    "no_original_ln_before": (sequential(original_ln_before=False), None),
    "no_original_ln_after": (sequential(original_ln_after=False), None),
    "no_original_ln": (sequential(original_ln_before=False, original_ln_after=False), None),
    "residual_after_ln": (sequential(residual_before_ln=False), None),
    "residual_post_add": (sequential(residual_before_ln="post_add"), None),
    "residual_post_add_no_ln_after": (
        sequential(residual_before_ln="post_add", original_ln_after=False), None),
    "adapter_residual_before_ln": (sequential(adapter_residual_before_ln=True, ln_after=True), None),
    "gating": (sequential(use_gating=True), None),
    "scaling_number": (sequential(scaling=0.5), None),
    "scaling_learned": (sequential(scaling="learned"), None),
    "scaling_channel": (sequential(scaling="channel"), None),
    "reduction_per_layer": (SeqBnConfig(reduction_factor={"1": 2, "default": 8}), None),
    "reduction_per_layer_complete": (SeqBnConfig(reduction_factor={"0": 2, "1": 4, "2": 16}), None),
    "reduction_fraction": (SeqBnConfig(reduction_factor=2.5), None),
    "reduction_below_one": (SeqBnConfig(reduction_factor=0.5), None),
    "reduction_to_one": (SeqBnConfig(reduction_factor=100), None),
    "leave_out": (sequential(leave_out=[0, 2]), None),
    "leave_out_all": (sequential(leave_out=[0, 1, 2]), None),
    "attention_only": (BnConfig(mh_adapter=True, output_adapter=False, reduction_factor=4, non_linearity="relu"), None),
    "double_frills": (
        DoubleSeqBnConfig(
            reduction_factor=4, original_ln_before=True, ln_before=True, use_gating=True, scaling="learned",
            residual_before_ln=False, dropout=0.1, stochastic_depth=0.1), None),
    "double_parallel": (
        BnConfig(
            mh_adapter=True, output_adapter=True, reduction_factor=4, non_linearity="gelu", is_parallel=True,
            scaling="channel", use_gating=True), None),
    "double_parallel_frills": (
        BnConfig(
            mh_adapter=True, output_adapter=True, reduction_factor={"0": 4, "default": 8}, is_parallel=True,
            non_linearity="tanh", ln_before=True, ln_after=True, scaling="learned", leave_out=[1]), None),
    "parallel_no_original_ln_after": (parallel(original_ln_after=False), None),
    "parallel_original_ln_before": (parallel(original_ln_before=True), None),
    "parallel_adapter_residual_before_ln": (parallel(adapter_residual_before_ln=True, ln_after=True), None),
    "parallel_mam_ln_after": (parallel(ln_after=True, init_weights="mam_adapter"), None),
    **{
        f"non_linearity_{name}": (sequential(non_linearity=name), None)
        for name in ["gelu", "gelu_new", "swish", "tanh", "sigmoid", "leakyrelu", "linear", "relu6", "mish"]
    },
    "lora": ("lora", head(classification)),
    "lora_r4_alpha16": (LoRAConfig(r=4, alpha=16), None),
    "lora_qkv": (LoRAConfig(attn_matrices=["q", "k", "v"], r=3, alpha=5), None),
    "lora_k": (LoRAConfig(attn_matrices=["k"], r=1, alpha=2), None),
    "lora_all": (LoRAConfig(attn_matrices=["q", "k", "v"], intermediate_lora=True, output_lora=True, r=2), None),
    "lora_output_only": (LoRAConfig(selfattn_lora=False, output_lora=True, r=2, alpha=3), None),
    "lora_intermediate_only": (LoRAConfig(selfattn_lora=False, intermediate_lora=True, r=2), None),
    "lora_leave_out": (LoRAConfig(leave_out=[0, 2]), None),
    "lora_gating": (LoRAConfig(use_gating=True, r=4, alpha=16), None),
    "lora_bert": (LoRAConfig(init_weights="bert", r=4, alpha=2, dropout=0.1), None),
    "lora_scale": (LoRAConfig(composition_mode="scale", r=1, alpha=1, init_weights="ia3"), None),
    "ia3": ("ia3", head(classification)),
    "ia3_gating": (IA3Config(use_gating=True), None),
    "ia3_all": (IA3Config(attn_matrices=["q", "k", "v"], output_lora=True), None),
    "union_seq_bn_lora": ("seq_bn|lora[r=4]", head(classification)),
    "union_ia3_par_bn": ("ia3|par_bn[reduction_factor=4]", None),
    "union_two_bottlenecks": (
        "seq_bn[leave_out=[0], reduction_factor=4]|double_seq_bn[leave_out=[1, 2], reduction_factor=8]", None),
    "head_one_layer": (sequential(), head(classification, layers=1)),
    "head_three_layers": (sequential(), head(classification, layers=3)),
    "head_gelu": (sequential(), head(classification, layers=2, activation_function="gelu")),
    "head_no_bias": (sequential(), without_bias),
    "head_pooler": (sequential(), head(classification, layers=1, use_pooler=True)),
    "head_multilabel": (sequential(), head(multilabel)),
    "head_regression": (sequential(), head(regression)),
    "head_tagging": (sequential(), head(tagging)),
    "head_tagging_two_layers": (sequential(), head(tagging, layers=2)),
}
SAFETENSORS = {"double_seq_bn", "scaling_learned", "lora_all", "ia3", "union_seq_bn_lora", "head_tagging"}


def add(model, name, method, add_head, seed=None):
    model.add_adapter(name, config=AdapterConfig.load(method) if isinstance(method, str) else method)
    if add_head:
        add_head(model, name)
    randomise(adapter_parameters(model, name), seed or name)


def make_rows(name, lengths=LENGTHS):
    stream = generator("rows of " + name)
    rows = []
    for index, length in enumerate(lengths):
        ids = torch.randint(5, SIZES["vocab_size"], (length,), generator=stream).tolist()
        ids[0] = VOCABULARY.index("[CLS]")
        row = {"input_ids": ids}
        if index != 0:  # the first row leaves the types out: they are all zero then
            row["token_type_ids"] = [0] * ((length + 1) // 2) + [1] * (length // 2)
        rows.append(row)
    return rows


def inputs(row):
    ids = torch.tensor([row["input_ids"]])
    types = torch.tensor([row.get("token_type_ids", [0] * ids.shape[1])])
    return {"input_ids": ids, "token_type_ids": types, "attention_mask": torch.ones_like(ids)}


class Cases:
    """The list of cases and the tensors they expect, as they come to be."""

    def __init__(self):
        self.list, self.tensors = [], {}

    @torch.no_grad()
    def record(self, name, model, adapters=(), setup=None, rows=None, row_setups=None, detailed=False, base="base"):
        """Runs each row alone and keeps the results.

        row_setups: what the Python library is to activate for a row, where that is not `setup`.
        """
        rows = rows or make_rows(name)
        case = {
            "name": name, "base": base, "adapters": [{"name": a, "folder": f"adapters/{f}"} for a, f in adapters],
            "setup": setup and setup[0], "rows": rows, "has_logits": [], "detailed": detailed,
        }
        for index, row in enumerate(rows):
            active = row_setups[index] if row_setups else (setup and setup[1])
            model.set_active_adapters(active)
            last = active[-1] if isinstance(active, Stack) else active
            head_name = last if last in getattr(model, "heads", {}) else None
            if hasattr(model, "heads"):
                model.active_head = head_name
            key = f"{name}/{index}"
            if head_name:
                output = model(**inputs(row), output_hidden_states=True)
                self.tensors[f"{key}.logits"] = output.logits[0]
                hidden = output.hidden_states
            else:
                output = model.base_model(**inputs(row), output_hidden_states=True)
                hidden = output.hidden_states
            case["has_logits"].append(head_name is not None)
            self.tensors[f"{key}.last_hidden_state"] = hidden[-1][0]
            if detailed:
                pooled = model.base_model(**inputs(row)).pooler_output
                self.tensors[f"{key}.pooled"] = pooled[0]
                for layer, value in enumerate(hidden):
                    self.tensors[f"{key}.hidden.{layer}"] = value[0]
        self.list.append(case)


def save(model, name, folder=None, safetensors=False):
    path = FOLDER / "adapters" / (folder or name)
    path.mkdir(parents=True)
    model.save_adapter(str(path), name, use_safetensors=safetensors)
    return path


def make_cases():
    cases = Cases()
    model = new_model()
    cases.record("base_alone", model, detailed=True)
    for base in ["base-without-prefix", "base-old-names"]:
        cases.record(base.replace("-", "_"), model, base=base, rows=cases.list[0]["rows"], detailed=True)

    for name, (method, add_head) in METHODS.items():
        add(model, name, method, add_head)
        save(model, name, safetensors=name in SAFETENSORS)
        cases.record(name, model, [(name, name)], (name, name), detailed=name == "seq_bn")

    def together(name, members, setup, row_setups=None, rows=None):
        cases.record(name, model, [(m, m) for m in members], setup, rows=rows, row_setups=row_setups)

    for name, members in {
        "stack_seq_bn_double_seq_bn": ("seq_bn", "double_seq_bn"),
        "stack_double_seq_bn_seq_bn": ("double_seq_bn", "seq_bn"),
        "stack_leave_out_par_bn": ("leave_out", "par_bn"),
        "stack_no_original_ln_after_ln_before": ("no_original_ln_after", "ln_before"),
        "stack_post_add_adapter_plus": ("residual_post_add", "adapter_plus"),
        "stack_lora_lora": ("lora", "lora_r4_alpha16"),
        "stack_lora_all_lora": ("lora_all", "lora"),
        "stack_ia3_ia3": ("ia3", "ia3_all"),
        "stack_lora_seq_bn": ("lora_r4_alpha16", "seq_bn"),
        "stack_of_three": ("ln_after", "seq_bn", "gating"),
    }.items():
        together(name, members, (f"stack({','.join(members)})", Stack(*members)))

    # Rows of different adapters in one batch: every row must come out as it does alone.
    for name, members, sizes in [
        ("batch_split_two", ["seq_bn", "lora"], [1, 3]),
        ("batch_split_three", ["double_seq_bn", "ia3", "par_bn"], [1, 2, 1]),
        ("batch_split_ln", ["no_original_ln_after", "residual_after_ln"], [2, 2]),
    ]:
        text = f"batch_split({','.join(f'{m}:{n}' for m, n in zip(members, sizes))})"
        together(name, members, (text, None), [m for m, n in zip(members, sizes) for _ in range(n)])
    stack = Stack("lora_r4_alpha16", "seq_bn")
    for name, members, setups in [
        ("rows_seq_bn_none_lora_stack", ["seq_bn", "lora", "lora_r4_alpha16"],
         [("seq_bn", "seq_bn"), (None, None), ("lora", "lora"), ("stack(lora_r4_alpha16,seq_bn)", stack)]),
        ("rows_tagging_none_regression", ["head_tagging", "head_regression", "head_pooler"],
         [("head_tagging", "head_tagging"), (None, None), ("head_regression", "head_regression"),
          ("head_pooler", "head_pooler")]),
        ("rows_union_attention_only", ["union_seq_bn_lora", "attention_only", "leave_out_all"],
         [("attention_only", "attention_only"), ("union_seq_bn_lora", "union_seq_bn_lora"), (None, None),
          ("leave_out_all", "leave_out_all")]),
    ]:
        rows = make_rows(name)
        for row, (text, _) in zip(rows, setups):
            row["setup"] = text
        together(name, members, None, [active for _, active in setups], rows)
    check_batch_split(model)
    make_old_folders(cases)
    return cases


@torch.no_grad()
def check_batch_split(model):
    """The library's own BatchSplit agrees with rows run alone, so that `row by row` is what it means.
    (Adapters of different places in one BatchSplit it refuses: they fail with a KeyError.)"""
    model.active_head = None
    rows = make_rows("check", [7, 7, 7])
    batch = {key: torch.cat([inputs(row)[key] for row in rows]) for key in inputs(rows[0])}
    model.set_active_adapters(BatchSplit("seq_bn", "ln_after", batch_sizes=[1, 2]))
    split = model.base_model(**batch).last_hidden_state
    for index, name in enumerate(["seq_bn", "ln_after", "ln_after"]):
        model.set_active_adapters(name)
        alone = model.base_model(**inputs(rows[index])).last_hidden_state[0]
        assert torch.allclose(split[index], alone, atol=1e-4), name


def make_old_folders(cases):
    """Folders of other origin: a bare base model, a static head, older versions."""
    def rewrite(path, **changes):
        config = json.loads((path / "adapter_config.json").read_text())
        for key, value in changes.items():
            config.pop(key) if value is None else config.update({key: value})
        (path / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True))

    def loaded(name, path):
        model = new_model()
        model.load_adapter(str(path), load_as=name)
        if name in model.heads and model.heads[name].config.get("layers") == 1:
            assert model.heads[name].config["use_pooler"]
        cases.record(name, model, [(name, name)], (name, name))

    bare = new_model(BertModel)
    adapters.init(bare)
    add(bare, "from_bare_model", "seq_bn", None)
    loaded("from_bare_model", save(bare, "from_bare_model"))

    static = new_model(BertForSequenceClassification)
    static.config.id2label, static.config.label2id = {0: "no", 1: "yes"}, {"no": 0, "yes": 1}
    adapters.init(static)
    add(static, "from_static_head", "seq_bn", None)
    randomise([("classifier.weight", static.classifier.weight), ("classifier.bias", static.classifier.bias)], "static")
    loaded("from_static_head", save(static, "from_static_head"))

    model = new_model()
    add(model, "before_versions", sequential(non_linearity="gelu"), None)
    path = save(model, "before_versions")
    rewrite(path, version=None)  # "gelu" meant the approximation by tanh then
    loaded("before_versions", path)

    add(model, "lora_before_1_1", LoRAConfig(r=4, alpha=16), None)
    path = save(model, "lora_before_1_1")
    rewrite(path, version="adapters.1.0.1")  # alpha was not divided by r then
    loaded("lora_before_1_1", path)


# ---- Training --------------------------------------------------------------------------------------

TRAININGS = {
    "train_seq_bn": ("seq_bn[reduction_factor=4]", head(classification)),
    "train_seq_bn_frills": (
        sequential(ln_before=True, ln_after=True, scaling="channel", residual_before_ln=False,
                   non_linearity="gelu"), head(classification, layers=1)),
    "train_post_add": (sequential(residual_before_ln="post_add", scaling="learned"), head(classification, layers=1)),
    "train_gating": (sequential(use_gating=True), head(classification, layers=1)),
    "train_leave_out": (sequential(leave_out=[0]), head(multilabel, layers=1)),
    "train_double_seq_bn": ("double_seq_bn[reduction_factor=4]", head(tagging)),
    "train_par_bn": ("scaled_par_bn[reduction_factor=4]", head(regression)),
    "train_lora": ("lora[r=4,alpha=16]", head(classification, layers=1)),
    "train_lora_all": (
        LoRAConfig(attn_matrices=["q", "k", "v"], intermediate_lora=True, output_lora=True, r=2, use_gating=True),
        head(tagging, layers=2)),
    "train_ia3": ("ia3", head(classification, layers=3)),
    "train_union": ("seq_bn[reduction_factor=8]|lora[r=2]", head(classification, layers=1, use_pooler=True)),
}
# The library takes a gate's mean over padding too: rows of one length keep that out of the comparison.
SAME_LENGTH = {"train_gating", "train_lora_all"}


def make_batch(name, add_head_type, number):
    rows = make_rows(f"{name} {number}", [7, 7, 7] if name in SAME_LENGTH else [6, 3, 11])
    stream = generator(f"labels of {name} {number}")
    if add_head_type == "tagging":
        labels = [torch.randint(0, len(TAGS), (len(row["input_ids"]),), generator=stream).tolist() for row in rows]
        for row in labels:
            row[0] = row[-1] = -100
    elif add_head_type == "multilabel_classification":
        labels = torch.randint(0, 2, (len(rows), 3), generator=stream).float().tolist()
    elif name == "train_par_bn":
        labels = torch.randn(len(rows), generator=stream).tolist()
    else:
        labels = torch.randint(0, 3, (len(rows),), generator=stream).tolist()
    return {"rows": rows, "labels": labels}


def make_training():
    cases, tensors = [], {}
    for name, (method, add_head) in TRAININGS.items():
        model = new_model()
        add(model, name, method, add_head)
        save(model, name)
        model.train_adapter(name)
        kind = model.heads[name].config["head_type"]
        batches = [make_batch(name, kind, number) for number in range(2)]
        trained = {n for n, p in model.named_parameters() if p.requires_grad}
        assert trained == {n for n, _ in adapter_parameters(model, name)}, name
        cases.append({
            "name": name, "base": "base", "folder": f"adapters/{name}", "head_type": kind, "batches": batches,
            **train(model, name, [padded(batch, kind == "tagging") for batch in batches], tensors),
        })
    write_json(FOLDER / "training.json", {"versions": VERSIONS, "recipe": RECIPE, "cases": cases})
    save_file(tensors, FOLDER / "training.safetensors")


# ---- Configurations and activations ----------------------------------------------------------------

OVERRIDES = [
    "seq_bn[reduction_factor=8]", "seq_bn[reduction_factor=8.0]", "seq_bn[reduction_factor=2,non_linearity='gelu']",
    "seq_bn[reduction_factor={'0': 4, 'default': 16}, leave_out=[1, 2]]", "double_seq_bn[scaling='learned']",
    "par_bn[scaling=2.0, use_gating=True, ln_before=True]", "seq_bn[residual_before_ln='post_add']",
    "seq_bn[dropout=0.1, stochastic_depth=0.2, init_weights='houlsby', init_weights_seed=42]",
    "lora[r=4,alpha=8]", "lora[r=4, alpha=16, attn_matrices=['q', 'k', 'v'], dropout=0.05]",
    "lora[intermediate_lora=True, output_lora=True, leave_out=[0], use_gating=True]",
    "ia3[attn_matrices=['q']]", "seq_bn|lora[r=4]", "seq_bn[reduction_factor=8, non_linearity='gelu']|lora[r=4]",
    "ia3|par_bn",
]


def make_configurations():
    methods = {}
    for text in [*ADAPTER_CONFIG_MAP, *OVERRIDES]:
        config = AdapterConfig.load(text)
        methods[text] = {"config": config.to_dict(), "hash": get_adapter_config_hash(config)}
    methods["AdapterPlusConfig()"] = {
        "config": AdapterPlusConfig().to_dict(), "hash": get_adapter_config_hash(AdapterPlusConfig())}
    write_json(FOLDER / "configurations.json", {"versions": VERSIONS, "methods": methods})


def make_activations():
    """Every activation name of `transformers` that has no weights of its own, on one grid."""
    grid = torch.cat([torch.linspace(-6, 6, 49), torch.tensor([-30.0, -0.001, 0.001, 30.0])])
    table = {"x": grid}
    for name in [*ACT2FN, "leakyrelu"]:
        function = torch.nn.functional.leaky_relu if name == "leakyrelu" else ACT2FN[name]
        if not list(getattr(function, "parameters", lambda: [])()):
            try:
                table[name] = function(grid).clone()
            except ImportError:  # a fused form that needs another package
                pass
    save_file(table, FOLDER / "activations.safetensors")


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in WRITTEN:
        path = FOLDER / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    make_bases()
    cases = make_cases()
    write_json(FOLDER / "cases.json", {"versions": VERSIONS, "cases": cases.list})
    save_file({k: v.clone() for k, v in cases.tensors.items()}, FOLDER / "expected.safetensors")
    make_training()
    make_configurations()
    make_activations()
    make_readable(FOLDER)
    print(f"{len(cases.list)} cases, {len(TRAININGS)} trainings, "
          f"{megabytes(*(FOLDER / name for name in WRITTEN)):.1f} MB in {FOLDER}")


if __name__ == "__main__":
    main()
