#!/usr/bin/env python3
"""Writes Tests/AdaptersTests/Goldens/compositions: adapters for the base of make-goldens.py as the Python
`adapters` library saves them, and what setups of several of them compute.

Each row is computed alone, without padding, in evaluation mode, in float32, with eager attention. Run with
the versions that golden_tools.py names, after make-goldens.py; other versions are refused.

    HF_HUB_OFFLINE=1 python Scripts/make-composition-goldens.py

compositions/<adapter>/              an adapter folder, and its head's, as the library writes them
compositions/compositions.json       {"versions", "cases": [case]}, one case
  case: name; folder (of the base, below Goldens); rows; adapters; runs
  row:  input_ids; where given token_type_ids; setup where a row has its own
  adapter: name; folder (below Goldens); method; head_type or null
  run:  name; setup (a string, or null where every row has its own); adapters (those it names); branches (how many
        results a row has: more than one where there is `parallel`); rows (where they are not the case's);
        has_logits (of each row's branches); has_gradient; skip_layers (layers that are computed as if there
        were no adapter)
compositions/compositions.safetensors
  <case>/<row>.projection                      [tokens, width], see below
  <case>/<run>/<row>.last_hidden_state         [tokens, width], prompt and tokens where there is a prompt
  <case>/<run>/<row>.logits                    of the head named as the last adapter: [labels], tagging [tokens, labels]
  <case>/<run>/<row>.<branch>.…                the same of each branch, where there are more than one
  <case>/<run>/<row>.projection                where the run has rows of its own, or a prompt adds some
  <case>/<run>/gradient/<tensor>               of Σ over rows and branches of Σ projection · last_hidden_state, at
                                               each tensor of its adapters (without heads) by the name its file has

Setups: stack(a,b): a, then b. parallel(a,b): each as if it were alone; after a stack's beginning, each with
that beginning. average(a:0.3,b:0.7): Σ w·y of the outputs with weights that are made to sum to one. sum(a,b) of
LoRA: Σ of the deltas. split(a:2,b:3): the row's first two tokens by a, the next three by b.
batch_split(a:2,b:2): the batch's first two rows by a, the next two by b.

What is meant is computed, which is not always what the library does; where it agrees, that is checked here. It
divides an average by the number of adapters once more; it norms twice where a stack is inside another
composition; it fails at batches with adapters of different places, and at LoRA side by side; where prefixes
side by side have different lengths, it attends to the padding. Of prompts and invertible adapters it takes the
first adapter's alone, which is what is meant.
"""
import shutil

# First, as it refuses other versions.
from golden_tools import GOLDENS, VERSIONS, VOCABULARY
from golden_tools import adapter_parameters, classification, generator, head, inputs, load, make_readable, megabytes
from golden_tools import randomise, save_adapter, tagging, write_json
import torch
import transformers
from adapters import AdapterConfig, BatchSplit, BertAdapterModel, ConfigUnion, LoRAConfig, Parallel
from adapters import PrefixTuningConfig, PromptTuningConfig, SeqBnInvConfig, Split, Stack
from adapters.composition import AdapterCompositionBlock, Average
from adapters.methods.adapter_layer_base import ComposableAdapterLayerBase
from adapters.methods.bottleneck import BottleneckLayer
from adapters.methods.lora import LoRALinear
from safetensors.torch import save_file

FOLDER = GOLDENS / "compositions"
CASE = "base"

# ---- Adapters --------------------------------------------------------------------------------------

ADAPTERS = {
    "a": ("seq_bn[reduction_factor=8]", head(classification, layers=1)),
    "b": ("seq_bn[reduction_factor=4,non_linearity='gelu']", head(classification)),
    "c": ("seq_bn[reduction_factor=16]", head(tagging)),
    "double_a": ("double_seq_bn[reduction_factor=8]", None),
    "double_b": ("double_seq_bn[reduction_factor=4]", None),
    "parallel_a": ("par_bn[reduction_factor=8]", None),
    "parallel_b": ("par_bn[reduction_factor=16]", None),
    "upper": ("seq_bn[reduction_factor=8,leave_out=[0]]", head(classification, layers=1)),
    "lora_a": (LoRAConfig(r=4, alpha=6), head(classification, layers=1)),
    "lora_b": (LoRAConfig(r=2, alpha=5), head(tagging)),
    "lora_all_a": (
        LoRAConfig(r=2, attn_matrices=["q", "k", "v"], intermediate_lora=True, output_lora=True), None),
    "lora_all_b": (
        LoRAConfig(r=1, attn_matrices=["q", "k", "v"], intermediate_lora=True, output_lora=True), None),
    "ia3_a": ("ia3", None),
    "ia3_b": ("ia3", None),
    "prefix_a": (PrefixTuningConfig(prefix_length=4, bottleneck_size=6), head(classification, layers=1)),
    "prefix_b": (PrefixTuningConfig(prefix_length=2, flat=True), head(tagging)),
    "prefix_c": (PrefixTuningConfig(prefix_length=3, flat=True, use_gating=True), None),
    "prefix_lora": (
        ConfigUnion(PrefixTuningConfig(prefix_length=3, flat=True), LoRAConfig(r=2)), head(classification, layers=1)),
    "prompt": (PromptTuningConfig(prompt_length=3), None),
    "language": (SeqBnInvConfig(reduction_factor=8), None),
}
# name: a setup for every row, or one for each
RUNS = {
    "parallel_bottlenecks": Parallel("a", "b"),
    "parallel_three": Parallel("a", "b", "c"),
    "parallel_double": Parallel("double_a", "double_b"),
    "parallel_of_parallel": Parallel("parallel_a", "parallel_b"),
    "parallel_upper": Parallel("upper", "a"),
    "parallel_lora": Parallel("lora_a", "lora_b"),
    "parallel_lora_all": Parallel("lora_all_a", "lora_all_b"),
    "parallel_prefix": Parallel("prefix_a", "prefix_b"),
    "parallel_mixed": Parallel("a", "lora_a", "prefix_a", "double_a"),
    "parallel_stack": Parallel(Stack("a", "b"), "c"),
    "stack_parallel": Stack("a", Parallel("b", "c")),
    "stack_lora_parallel": Stack("lora_a", Parallel("a", "b")),
    "average_bottlenecks": Average("a", "b", weights=[0.3, 0.7]),
    "average_double": Average("double_a", "double_b", weights=[1, 3]),
    "average_parallel_bottlenecks": Average("parallel_a", "parallel_b", weights=[0.4, 0.6]),
    "average_three": Average("a", "b", "c", weights=[0.2, 0.5, 0.3]),
    "average_lora": Average("lora_a", "lora_b", weights=[0.3, 0.7]),
    "average_lora_all": Average("lora_all_a", "lora_all_b", weights=[0.75, 0.25]),
    "average_ia3": Average("ia3_a", "ia3_b", weights=[0.3, 0.7]),
    "average_stack": Average(Stack("a", "b"), "c", weights=[0.4, 0.6]),
    "stack_average": Stack("a", Average("b", "c", weights=[0.3, 0.7])),
    "sum_lora": Average("lora_a", "lora_b", weights=[1, 1], normalize_weights=False),
    "sum_lora_all": Average("lora_all_a", "lora_all_b", weights=[1, 1], normalize_weights=False),
    "split_bottlenecks": [
        Split("a", "b", splits=[2, 3]), Split("a", "b", splits=[13, 1]), Split("b", "a", splits=[4, 5])],
    "split_double": [
        Split("double_a", "double_b", splits=[1, 4]), Split("double_b", "double_a", splits=[7, 7]), None],
    "split_three": [
        Split("a", "b", "c", splits=[1, 1, 3]), Split("c", "b", "a", splits=[5, 6, 3]),
        Split("a", "c", "a", splits=[3, 3, 3])],
    "split_stack": [
        Split(Stack("a", "b"), "c", splits=[2, 3]), Split("c", Stack("b", "a"), splits=[6, 8]), "c"],
    "stack_split": [
        Stack("a", Split("b", "c", splits=[2, 3])), Stack("a", Split("c", "b", splits=[6, 8])), Stack("a", "b")],
    "stack_prefix": Stack("prefix_a", "prefix_b"),
    "stack_prefix_gated": Stack("prefix_c", "prefix_a", "prefix_b"),
    "stack_prefix_bottleneck": Stack("prefix_a", "a"),
    "stack_bottleneck_prefix": Stack("a", "prefix_b"),
    "stack_prefix_lora_prefix": Stack("prefix_lora", "prefix_b"),
    "stack_lora_prefix_lora": Stack("lora_a", "prefix_lora"),
    "stack_prompt_bottleneck": Stack("prompt", "a"),
    "stack_language_task": Stack("language", "b"),
    "batch_split_prefix": BatchSplit("prefix_a", "prefix_b", batch_sizes=[1, 3]),
    "batch_split_prefix_bottleneck": BatchSplit("prefix_a", "a", batch_sizes=[2, 2]),
    "batch_split_prompt_lora": BatchSplit("prompt", "lora_a", "b", batch_sizes=[1, 1, 2]),
    "batch_split_stacks": BatchSplit(Stack("prefix_a", "a"), "c", batch_sizes=[3, 1]),
    "batch_split_language": BatchSplit("language", Stack("language", "a"), batch_sizes=[2, 2]),
    "skip_layers": Stack("double_a"),
    "skip_layers_lora": Stack("lora_a"),
    "skip_layers_stack": Stack("prefix_a", "a"),
}
SKIPPED = {"skip_layers": [0, 2], "skip_layers_lora": [1], "skip_layers_stack": [0]}
# Setups at which the library itself is right.
LIBRARY_AGREES = {
    "parallel_bottlenecks", "parallel_three", "parallel_double", "parallel_of_parallel", "stack_parallel",
}


def text(setup):
    """The setup as this project writes it."""
    if not isinstance(setup, AdapterCompositionBlock):
        return setup
    parts = [text(child) for child in setup]
    if isinstance(setup, Stack):
        return parts[0] if len(parts) == 1 else f"stack({','.join(parts)})"
    if isinstance(setup, Parallel):
        return f"parallel({','.join(parts)})"
    if isinstance(setup, Average) and sum(setup.weights) > 1.5:
        return f"sum({','.join(parts)})"
    kind, numbers = {
        Average: lambda: ("average", [round(weight, 4) for weight in setup.weights]),
        Split: lambda: ("split", setup.splits), BatchSplit: lambda: ("batch_split", setup.batch_sizes),
    }[type(setup)]()
    return f"{kind}({','.join(f'{part}:{number}' for part, number in zip(parts, numbers))})"


def branches(setup):
    """The setups that are computed side by side."""
    if isinstance(setup, Parallel):
        return list(setup)
    if isinstance(setup, Stack) and isinstance(setup.children[-1], Parallel):
        return [Stack(*setup.children[:-1], child) for child in setup.children[-1]]
    return [setup]


def per_row(setup, count):
    """The setup of every row."""
    if isinstance(setup, list):
        return setup
    if isinstance(setup, BatchSplit):
        return [child for child, rows in zip(setup, setup.batch_sizes) for _ in range(rows)]
    return [setup] * count


def flattened(setup):
    names = setup if isinstance(setup, list) else [setup]
    found = [n for s in names if s for n in ([s] if isinstance(s, str) else sorted(s.flatten()))]
    return [name for name in ADAPTERS if name in found]


# ---- What is meant ---------------------------------------------------------------------------------


def mean(layer, states, weights):
    hidden = torch.stack([state.hidden_states for state in states])
    return states[0]._replace(hidden_states=(hidden * weights).sum(dim=0), last=states[-1].last)


def compose_average(layer, setup, state, lvl=0):
    """Each child begins with what came before, its own norm and residual included."""
    states = [layer.compose_stack(as_stack(child), state) for child in setup]
    return layer.mean(states, torch.tensor(setup.weights)[:, None, None, None])


def compose_split(layer, setup, state, lvl=0):
    def part(begin, end):
        values = {
            name: getattr(state, name)[:, begin:end]
            for name in ["hidden_states", "input_tensor", "adapter_residual", "bottleneck_up"]
            if getattr(state, name) is not None
        }
        return state._replace(**values)

    states, begin = [], 0
    for child, count in zip(setup, setup.splits):
        states.append(layer.compose_stack(as_stack(child), part(begin, begin + count)))
        begin += count
    return state._replace(
        hidden_states=torch.cat([each.hidden_states for each in states], dim=1), last=states[-1].last)


def as_stack(child):
    return child if isinstance(child, Stack) else Stack(child)


def as_meant():
    BottleneckLayer.mean = mean
    LoRALinear.mean = mean
    ComposableAdapterLayerBase.compose_average = compose_average
    BottleneckLayer.compose_split = compose_split


# ---- Recording -------------------------------------------------------------------------------------


def make_rows(lengths=(5, 1, 14, 9)):
    stream = generator("rows of compositions")
    rows = []
    for index, length in enumerate(lengths):
        row = {"input_ids": [2] + torch.randint(5, len(VOCABULARY), (length - 1,), generator=stream).tolist()}
        if index != 0:
            row["token_type_ids"] = [0] * ((length + 1) // 2) + [1] * (length // 2)
        rows.append(row)
    return rows


def make_adapters(model):
    facts = []
    for name, (method, add_head) in ADAPTERS.items():
        method = AdapterConfig.load(method) if isinstance(method, str) else method
        model.add_adapter(name, config=method)
        if add_head:
            add_head(model, name)
        randomise(adapter_parameters(model, name), f"composition {name}")
        save_adapter(model, name, FOLDER / name, safetensors="prefix" not in name)
        facts.append({
            "name": name, "folder": f"compositions/{name}", "method": method.architecture or "bottleneck",
            "head_type": model.heads[name].config["head_type"] if add_head else None,
        })
    return facts


class Recorder:
    def __init__(self, model, rows):
        self.model, self.rows, self.runs, self.tensors = model, rows, [], {}

    def activate(self, setup, skipped=None):
        self.model.set_active_adapters(setup, skip_layers=skipped)
        last = setup.children[-1] if isinstance(setup, Stack) else setup
        head_name = last if isinstance(last, str) and last in self.model.heads else None
        self.model.active_head = head_name
        return head_name

    def projection(self, key, hidden):
        if f"{key}.projection" not in self.tensors:
            stream = generator(f"composition projection {key}")
            self.tensors[f"{key}.projection"] = torch.randn(hidden.shape, generator=stream) * 0.05
        return self.tensors[f"{key}.projection"]

    def record(self, run, setup):
        own = [self.rows[index] for index in [0, 2, 3]] if isinstance(setup, list) else None
        rows, names = own or self.rows, flattened(setup)
        parameters = [
            (n, p) for name in names for n, p in adapter_parameters(self.model, name) if not n.startswith("heads.")]
        for _, parameter in parameters:
            parameter.requires_grad_(True)
        scalar, has_logits = 0, None
        for index, (row, own_setup) in enumerate(zip(rows, per_row(setup, len(rows)))):
            logits_here = []
            all_branches = branches(own_setup)
            for number, branch in enumerate(all_branches):
                key = f"{CASE}/{run}/{index}" + (f".{number}" if len(all_branches) > 1 else "")
                head_name = self.activate(branch, SKIPPED.get(run))
                hidden = self.model.base_model(**inputs(row)).last_hidden_state[0]
                self.tensors[f"{key}.last_hidden_state"] = hidden.detach()
                logits_here.append(head_name is not None)
                if head_name:
                    with torch.no_grad():
                        self.tensors[f"{key}.logits"] = self.model(**inputs(row)).logits[0]
                is_cases = own is None and hidden.shape[0] == len(row["input_ids"])
                of = f"{CASE}/{index}" if is_cases else f"{CASE}/{run}/{index}"
                scalar = scalar + (self.projection(of, hidden) * hidden).sum()
            has_logits = (has_logits or []) + [logits_here]
        has_gradient = run not in LIBRARY_AGREES  # where it agrees, these are the sums of each alone
        found = torch.autograd.grad(scalar, [p for _, p in parameters], allow_unused=True)
        for (name, parameter), value in zip(parameters, found if has_gradient else []):
            self.tensors[f"{CASE}/{run}/gradient/{name}"] = torch.zeros_like(parameter) if value is None else value
        facts = {
            "name": run, "setup": None if own else text(setup), "adapters": names,
            "branches": len(branches(per_row(setup, 1)[0])), "has_logits": has_logits, "has_gradient": has_gradient,
        }
        if own:
            facts["rows"] = [{**row, "setup": text(s)} for row, s in zip(rows, setup)]
        if run in SKIPPED:
            facts["skip_layers"] = SKIPPED[run]
        self.runs.append(facts)

    @torch.no_grad()
    def check_library(self, run, setup):
        """The library's own composition gives what is recorded."""
        for index, row in enumerate(self.rows):
            self.model.set_active_adapters(setup)
            self.model.active_head = None
            together = self.model.base_model(**inputs(row)).last_hidden_state
            for number, hidden in enumerate(together):
                expected = self.tensors[f"{CASE}/{run}/{index}.{number}.last_hidden_state"]
                assert torch.allclose(hidden, expected, atol=1e-4), f"{run} {(hidden - expected).abs().max()}"


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    transformers.logging.set_verbosity_error()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    model = load(BertAdapterModel, GOLDENS / "base")
    facts = make_adapters(model)
    recorder = Recorder(model, make_rows())
    check_simple(model, recorder.rows)
    as_meant()
    for run, setup in RUNS.items():
        recorder.record(run, setup)
        if run in LIBRARY_AGREES:
            recorder.check_library(run, setup)
    case = {"name": CASE, "folder": "base", "rows": recorder.rows, "adapters": facts, "runs": recorder.runs}
    write_json(FOLDER / "compositions.json", {"versions": VERSIONS, "cases": [case]})
    save_file({k: v.detach().clone().contiguous() for k, v in recorder.tensors.items()},
              FOLDER / "compositions.safetensors")
    make_readable(FOLDER)
    print(f"{len(facts)} adapters, {len(RUNS)} runs, {megabytes(FOLDER):.1f} MB in {FOLDER}")


@torch.no_grad()
def check_simple(model, rows):
    """What replaces the library's way agrees with it where that is right: in splits of adapters, and in averages
    but for the division by their number."""
    row = rows[3]
    setups = [RUNS["split_bottlenecks"][2], RUNS["stack_split"][2]]
    doubled = Average("a", "b", weights=[0.6, 1.4], normalize_weights=False)
    halved = Average("a", "b", weights=[0.3, 0.7])
    library = ComposableAdapterLayerBase.compose_average, BottleneckLayer.compose_split, BottleneckLayer.mean

    def hidden(setup):
        model.set_active_adapters(setup)
        model.active_head = None
        return model.base_model(**inputs(row)).last_hidden_state

    before = [hidden(setup) for setup in [*setups, doubled]]
    lora_mean = LoRALinear.mean
    as_meant()
    after = [hidden(setup) for setup in [*setups, halved]]
    for one, other in zip(before, after):
        assert torch.allclose(one, other, atol=1e-4)
    ComposableAdapterLayerBase.compose_average, BottleneckLayer.compose_split, BottleneckLayer.mean = library
    LoRALinear.mean = lora_mean


if __name__ == "__main__":
    main()
