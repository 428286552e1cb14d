#!/usr/bin/env python3
"""What the Python `adapters` library computes with a folder that this project saved: the end-to-end tests compare.

    python Scripts/check-saved-adapter.py --model DIR --adapter DIR --input ids.jsonl --output out.safetensors

Loads as a user would, with a plain `load_adapter(folder, set_active=True)`, and fails where a tensor of the
adapter is missing, left over or of another shape. Takes the lines of `adapterhub forward`, runs every row alone
in float32 and writes `<row>.last_hidden_state` and, where the folder holds a head, `<row>.logits`.
"""
import argparse, json, logging, os, pathlib, sys, types

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import adapters.methods.modeling
import torch
from adapters import AutoAdapterModel
from safetensors.torch import save_file

# Stochastic depth comes from torchvision and does nothing here; an identity stands in where it is absent.
try:
    import torchvision.ops.stochastic_depth
except ImportError:
    adapters.methods.modeling.is_torchvision_available = lambda: True
    sys.modules["torchvision.ops.stochastic_depth"] = types.SimpleNamespace(
        StochasticDepth=lambda p, mode: torch.nn.Identity())


class Complaints(logging.Handler):
    """The loader only logs what it misses or does not know."""

    def __init__(self):
        super().__init__()
        self.found = []

    def emit(self, record):
        text = record.getMessage()
        if "could not be found" in text or "not found" in text or "unexpected" in text.lower():
            self.found.append(text)


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapter", required=True)
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--safetensors", action="store_true", help="prefer adapter.safetensors to the .bin")
    arguments = parser.parse_args()

    complaints = Complaints()
    logger = logging.getLogger("adapters.loading")
    logger.setLevel(logging.INFO)
    logger.addHandler(complaints)
    model = AutoAdapterModel.from_pretrained(arguments.model, attn_implementation="eager")
    name = model.load_adapter(arguments.adapter, set_active=True, use_safetensors=arguments.safetensors)
    model.eval()
    if complaints.found:
        sys.exit("\n".join(complaints.found))

    results = {}
    for index, line in enumerate(filter(None, pathlib.Path(arguments.input).read_text().splitlines())):
        row = json.loads(line)
        ids = torch.tensor([row["input_ids"]])
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if "token_type_ids" in row:
            inputs["token_type_ids"] = torch.tensor([row["token_type_ids"]])
        if name in model.heads:
            output = model(**inputs, head=name, output_hidden_states=True)
            results[f"{index}.logits"] = output.logits[0].clone()
            hidden = output.hidden_states[-1]
        else:
            hidden = model.base_model(**inputs).last_hidden_state
        results[f"{index}.last_hidden_state"] = hidden[0].clone()
    save_file(results, arguments.output)


if __name__ == "__main__":
    main()
