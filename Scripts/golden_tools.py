"""What the scripts that write goldens with the Python `adapters` library share: the versions they are
written with, random numbers by name, heads, and the recording of one case after the other.

Every parameter is random and large: an adapter as it is initialised does next to nothing, and an error
in it would not show. Everything is computed in evaluation mode, in float32, with eager attention.
Importing this module refuses other versions of the libraries than PINNED.
"""
import importlib.metadata, json, os, pathlib, sys, types

os.environ.setdefault("HF_HUB_OFFLINE", "1")
PINNED = {
    "torch": "2.13.0", "adapters": "1.3.0", "transformers": "4.57.6", "tokenizers": "0.22.2",
    "safetensors": "0.8.0",
}
VERSIONS = {name: importlib.metadata.version(name).split("+")[0] for name in PINNED}
if VERSIONS != PINNED:
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: needs {PINNED}, found {VERSIONS}")

import adapters
import adapters.methods.modeling
import torch
import transformers
from adapters import ClassificationHead
from safetensors.torch import load_file, save_file
from transformers import get_scheduler
from transformers.trainer_pt_utils import get_parameter_names

# Stochastic depth comes from torchvision, which is large. It does nothing outside training, where no
# golden uses it, so that an identity stands in for it.
adapters.methods.modeling.is_torchvision_available = lambda: True
sys.modules["torchvision.ops.stochastic_depth"] = types.SimpleNamespace(
    StochasticDepth=lambda p, mode: torch.nn.Identity())

GOLDENS = pathlib.Path(__file__).resolve().parent.parent / "Tests/AdaptersTests/Goldens"
VOCABULARY = (
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + list("abcdefghijklmnopqrstuvwxyz0123456789.,!?'-")
    + ["##" + c for c in "abcdefghijklmnopqrstuvwxyz0123456789"]
    + "the a of to play turn on off light music book weather in is what it was good bad film".split()
    + "##s ##ed ##ing ##er ##ly un re London Paris tomorrow".split()
)
VOCABULARY = list(dict.fromkeys(VOCABULARY))
# The lengths of the rows of every case: one token, and nothing that is a multiple of a vector's width.
LENGTHS = [5, 1, 14, 9]


# ---- Random numbers --------------------------------------------------------------------------------


def generator(text):
    """A random stream of its own for every name, so that a new case changes no other."""
    return torch.Generator().manual_seed(sum((i + 1) * byte for i, byte in enumerate(text.encode())))


def randomise(parameters, seed, scale=0.3):
    """Fills named parameters: vectors that multiply lie around one, all others around zero."""
    stream = generator(seed)
    with torch.no_grad():
        for name, parameter in parameters:
            noise = torch.randn(parameter.shape, generator=stream) * scale
            last, dimensions = name.rsplit(".", 1)[-1], parameter.dim()
            multiplies = (
                last == "scaling" or (last == "weight" and dimensions == 1)
                or (last == "lora_B" and parameter.shape[-1] == 1)
            )
            parameter.copy_(noise + 1 if multiplies else noise)


# ---- Files -----------------------------------------------------------------------------------------


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")


def make_readable(folder):
    """safetensors files are written for their owner alone."""
    for file in folder.rglob("*"):
        file.chmod(0o755 if file.is_dir() else 0o644)


def megabytes(*paths):
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


# ---- Models ----------------------------------------------------------------------------------------


def load(kind, folder):
    return named(kind.from_pretrained(folder, attn_implementation="eager").eval(), folder)


def named(model, folder):
    # The folder's name would be written into every adapter_config.json.
    model.config._name_or_path = model.name_or_path = f"goldens/{folder.name}"
    if model.config.is_encoder_decoder or model.config.model_type == "gpt2":
        model.config.use_cache = False
    return model


def load_with_adapters(kind, folder):
    """The same tensors in a class with adapters, also where that class does not take the folder: those of
    T5 refuse an untied one ("corrupted"), and CamemBERT has none of its own."""
    kind = getattr(adapters, kind)
    if folder.name != "camembert" and not folder.name.startswith("t5"):
        return load(kind, folder)
    config = kind.config_class(**{
        key: value for key, value in json.loads((folder / "config.json").read_text()).items() if key != "model_type"})
    config._attn_implementation = "eager"
    model = kind(config).eval()
    prefix = "transformer." if config.is_encoder_decoder else ""
    tensors = {prefix + name: value for name, value in load_file(folder / "model.safetensors").items()}
    found = model.load_state_dict(tensors, strict=False)
    tied = ["embed_tokens", "base_model_embeddings"]
    assert not [n for n in found.missing_keys if not any(part in n for part in tied)], found
    assert not [n for n in found.unexpected_keys if "lm_head" not in n], found
    model.tie_weights()
    return named(model, folder)


def base_of(model):
    """The last hidden states of a model with a language modelling head, as those of a base model."""
    def base(**arguments):
        output = model(**arguments, output_hidden_states=True)
        found = {"last_hidden_state": (output.get("decoder_hidden_states") or output.get("hidden_states"))[-1]}
        if "encoder_last_hidden_state" in output:
            found["encoder_last_hidden_state"] = output.encoder_last_hidden_state
        return transformers.utils.ModelOutput(found)
    return base


# ---- Heads and adapters ----------------------------------------------------------------------------

LABELS = {"play": 0, "light": 1, "weather": 2}
TAGS = {"O": 0, "B-place": 1, "I-place": 2, "B-time": 3, "I-time": 4}


def classification(model, name, **options):
    model.add_classification_head(name, id2label={i: l for l, i in LABELS.items()}, **{"num_labels": 3, **options})


def without_bias(model, name):
    labels = {i: l for l, i in LABELS.items()}
    model.add_prediction_head(ClassificationHead(model, name, num_labels=3, id2label=labels, bias=False))


def tagging(model, name, **options):
    model.add_tagging_head(name, num_labels=len(TAGS), id2label={i: l for l, i in TAGS.items()}, **options)


def regression(model, name, **options):
    model.add_classification_head(name, num_labels=1, **options)


def multilabel(model, name, **options):
    classification(model, name, multilabel=True, **options)


def head(kind, **options):
    return lambda model, name: kind(model, name, **options)


# Below these a parameter of an adapter lies; `_adapters` is that of the invertible ones.
CONTAINERS = [
    "adapters", "invertible_adapters", "loras", "prefix_tunings", "prefix_gates", "prompt_tunings", "refts",
    "shared_parameters",
]


def adapter_parameters(model, adapter):
    """The parameters that belong to one adapter and its head, by the names its files have them under.

    A prefix lies at the model and again, as its `pool`, at every attention: that of the model counts.
    """
    found = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        is_own = any(f".{container}.{adapter}." in f".{name}" for container in CONTAINERS)
        if (is_own and ".pool." not in name) or name.startswith(f"heads.{adapter}."):
            found.setdefault(id(parameter), (name, parameter))
    return list(found.values())


# ---- Training --------------------------------------------------------------------------------------

RECIPE = {
    "optimizer": "AdamW, decay decoupled: w -= lr * decay * w, then w -= lr * m̂ / (sqrt(v̂) + eps)",
    "learning_rate": 0.01, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.05,
    "no_decay": "names that hold `bias`, and every LayerNorm",
    "schedule": "linear: lr * step / warmup_steps, then down to zero at total_steps; step counts from 0",
    "warmup_steps": 2, "total_steps": 5,
    "maximum_gradient_norm": 1.0, "clipping": "g *= min(1, maximum / (norm + 1e-6)), one norm over all tensors",
    "loss": "cross entropy, mean over rows (tagging: over tokens whose label is not -100); regression: mean "
            "squared error; multilabel: binary cross entropy, mean over rows and labels",
    "batches": "step i takes batch i % 2; `gradient/` belongs to batch 0 at the weights as saved",
}


def padded(batch, tags, padding=0, has_types=True):
    """What the model takes for a batch of training: {"rows", "labels"}, labels of every token for tags."""
    longest = max(len(row["input_ids"]) for row in batch["rows"])

    def pad(lists, value):
        return torch.tensor([list(values) + [value] * (longest - len(values)) for values in lists])

    ids = [row["input_ids"] for row in batch["rows"]]
    types = [row.get("token_type_ids", [0] * len(row["input_ids"])) for row in batch["rows"]]
    return {
        "input_ids": pad(ids, padding), **({"token_type_ids": pad(types, 0)} if has_types else {}),
        "attention_mask": pad([[1] * len(row) for row in ids], 0),
        "labels": pad(batch["labels"], -100) if tags else torch.tensor(batch["labels"]),
    }


def train(model, name, batches, tensors, undecayed=()):
    """Trains the adapter of that name by RECIPE: adds `<name>/gradient/…` and `<name>/after/…` to the
    tensors, and returns what the case says of it.

    batches: of two batches, the arguments of the model's forward pass, labels among them.
    undecayed: parts of the names of more tensors that are not to decay.
    """
    trained = [(n, p) for n, p in adapter_parameters(model, name) if p.requires_grad]
    # The rule of transformers.Trainer.get_decay_parameter_names.
    forbidden = [r"bias", r"layernorm", r"rmsnorm", r"(?:^|\.)norm(?:$|\.)", r"_norm(?:$|\.)"]
    decayed = set(get_parameter_names(model, [torch.nn.LayerNorm], forbidden))
    decayed = {name for name in decayed if not any(part in name for part in undecayed)}
    groups = [
        {"params": [p for n, p in trained if n in decayed], "weight_decay": RECIPE["weight_decay"]},
        {"params": [p for n, p in trained if n not in decayed], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(
        groups, lr=RECIPE["learning_rate"], betas=RECIPE["betas"], eps=RECIPE["eps"], foreach=False)
    schedule = get_scheduler(
        "linear", optimizer, num_warmup_steps=RECIPE["warmup_steps"], num_training_steps=RECIPE["total_steps"])
    losses, norms, rates = [], [], []
    model.train()
    for step in range(RECIPE["total_steps"]):
        loss = model(**batches[step % 2]).loss
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            tensors.update({f"{name}/gradient/{n}": p.grad.clone() for n, p in trained})
        norms.append(torch.nn.utils.clip_grad_norm_([p for _, p in trained], RECIPE["maximum_gradient_norm"]).item())
        rates.append(schedule.get_last_lr()[0])
        losses.append(loss.item())
        optimizer.step()
        schedule.step()
    tensors.update({f"{name}/after/{n}": p.detach().clone() for n, p in trained})
    return {
        "losses": losses, "gradient_norms": norms, "learning_rates": rates,
        "trained": sorted(n for n, _ in trained), "decayed": sorted(n for n, _ in trained if n in decayed),
    }


# ---- Cases -----------------------------------------------------------------------------------------


def inputs(row):
    """What the Python model takes for one row of a case, alone: nothing is padded."""
    return {
        **{key: torch.tensor([values]) for key, values in row.items()},
        "attention_mask": torch.ones(1, len(row["input_ids"]), dtype=torch.long),
    }


def shifted(rows, config):
    """Rows whose decoder reads the input, shifted to the right."""
    return [
        {"input_ids": row["input_ids"], "decoder_input_ids": [config.decoder_start_token_id] + row["input_ids"][:-1]}
        for row in rows
    ]


def save_adapter(model, name, folder, safetensors=True, with_head=True):
    folder.mkdir(parents=True)
    model.save_adapter(str(folder), name, use_safetensors=safetensors, with_head=with_head)


class Case:
    """One base model, its rows, and what it computes with nothing, or with one adapter after the other.

    Keys of the tensors are described in `make-family-goldens.py`.
    """

    def __init__(self, name, folder, rows, **facts):
        self.name, self.rows, self.tensors = name, rows, {}
        self.facts = {"name": name, "folder": folder, "rows": rows, "runs": [], **facts}

    def projection(self, key, hidden):
        """The random numbers that make one scalar of a row's last hidden state, to be differentiated."""
        if f"{key}.projection" not in self.tensors:
            stream = generator(f"projection {key}")
            # Small, so that gradients lie around one.
            self.tensors[f"{key}.projection"] = torch.randn(hidden.shape, generator=stream) * 0.05
        return self.tensors[f"{key}.projection"]

    @torch.no_grad()
    def record_base(self, model, language_model=None, static=None):
        """Every hidden state, and the logits of the checkpoint's own heads."""
        for index, row in enumerate(self.rows):
            key = f"{self.name}/{index}"
            output = model(**inputs(row), output_hidden_states=True)
            states = {"hidden": getattr(output, "decoder_hidden_states", None) or output.get("hidden_states")}
            if "encoder_hidden_states" in output:
                states["encoder.hidden"] = output.encoder_hidden_states
            for kind, layers in states.items():
                self.tensors.update({f"{key}.{kind}.{layer}": state[0] for layer, state in enumerate(layers)})
            if output.get("pooler_output") is not None:
                self.tensors[f"{key}.pooled"] = output.pooler_output[0]
            if language_model:
                self.tensors[f"{key}.lm_logits"] = language_model(**inputs(row)).logits[0]
            if static:
                self.tensors[f"{key}.logits"] = static(**inputs(row)).logits[0]

    def record(self, run, model, adapter, setup=None, folder=None, rows=None, gradient=True, base=None, **facts):
        """Runs each row with one adapter, or a setup, active; differentiates at the adapter's tensors.

        base: what gives the last hidden state, where it is not the model's base model.
        """
        own, rows = rows, rows or self.rows
        model.set_active_adapters(setup or adapter)
        head_name = adapter if adapter in getattr(model, "heads", {}) else None
        if hasattr(model, "heads"):
            model.active_head = head_name
        base = base or model.base_model
        parameters = [(n, p) for n, p in adapter_parameters(model, adapter) if not n.startswith("heads.")]
        for _, parameter in parameters:
            parameter.requires_grad_(True)
        scalar = 0
        for index, row in enumerate(rows):
            key = f"{self.name}/{run}/{index}"
            output = base(**inputs(row))
            hidden = output.last_hidden_state[0]
            self.tensors[f"{key}.last_hidden_state"] = hidden.detach()
            if "encoder_last_hidden_state" in output:
                self.tensors[f"{key}.encoder_last_hidden_state"] = output.encoder_last_hidden_state[0].detach()
            if head_name or facts.get("has_lm_logits"):
                with torch.no_grad():
                    kind = "logits" if head_name else "lm_logits"
                    self.tensors[f"{key}.{kind}"] = model(**inputs(row)).logits[0]
            if gradient:
                of_case = f"{self.name}/{index}" if own is None and hidden.shape[0] == self.length(row) else key
                scalar = scalar + (self.projection(of_case, hidden) * hidden).sum()
        if gradient:
            found = torch.autograd.grad(scalar, [p for _, p in parameters], allow_unused=True)
            for (name, parameter), value in zip(parameters, found):
                self.tensors[f"{self.name}/{run}/gradient/{name}"] = (
                    torch.zeros_like(parameter) if value is None else value)
        for _, parameter in parameters:
            parameter.grad = None
        self.facts["runs"].append({
            "name": run, "folder": folder, "adapter": adapter,
            "head_type": head_name and model.heads[head_name].config["head_type"],
            "has_gradient": gradient, **({"rows": own} if own else {}), **facts,
        })

    @staticmethod
    def length(row):
        return len(row.get("decoder_input_ids", row["input_ids"]))


def write_cases(path, cases):
    """`<path>.json`: the cases; `<path>.safetensors`: what they expect."""
    write_json(path.with_suffix(".json"), {"versions": VERSIONS, "cases": [case.facts for case in cases]})
    tensors = {key: value.detach().clone().contiguous() for case in cases for key, value in case.tensors.items()}
    save_file(tensors, path.with_suffix(".safetensors"))
