#!/usr/bin/env python3
"""The Python programs that `run.py` measures ours against; each is a process of its own.

    peers.py serve NAME [ARGUMENT …]   prepares once, then answers every line on stdin with a round's times
    peers.py adapter MODEL OUTPUT      saves a seq_bn adapter with a head of seven labels
    peers.py train MODEL TRAIN TEST    the whole SNIPS job; prints {"accuracy": …}
    peers.py answer MODEL ADAPTER TEXT the label of one text
    peers.py versions                  the libraries' versions
"""
import importlib.metadata, json, os, random, sys, time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
THREADS = int(os.environ.get("ADAPTERHUB_THREADS", "2"))
LABEL_COUNT = 7
# A round runs for this long, but at least twice.
ROUND_SECONDS, ROUND_LEAST = 1.5, 2


def torch():
    import torch

    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    return torch


def read_rows(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


# ---- Served: a function that prepares and returns what one iteration runs ---------------------------


def bert_base_with_adapter():
    from adapters import BertAdapterModel
    from transformers import BertConfig

    torch()
    model = BertAdapterModel(BertConfig())
    model.add_adapter("bench", config="seq_bn")
    model.add_classification_head("bench", num_labels=2)
    model.set_active_adapters("bench")
    return model


def random_ids(batch, length):
    ids = torch().randint(1000, 30000, (int(batch), int(length)))
    return {"input_ids": ids, "attention_mask": ids.new_ones(ids.shape)}


def adapters_forward(batch, length, precision):
    """`adapters`, BERT-base with one seq_bn adapter and its head; bf16 means weights in bf16."""
    model = bert_base_with_adapter().eval()
    if precision == "bf16":
        model = model.to(torch().bfloat16)
    inputs = random_ids(batch, length)

    def run():
        with torch().inference_mode():
            model(**inputs)

    return run


def openvino_forward(batch, length, precision):
    """OpenVINO, BERT-base with a head and no adapter, shapes fixed."""
    import openvino
    from transformers import BertConfig, BertForSequenceClassification

    inputs = random_ids(batch, length)
    inputs["token_type_ids"] = inputs["input_ids"] * 0
    model = BertForSequenceClassification(BertConfig()).eval()
    shapes = [(name, list(value.shape)) for name, value in inputs.items()]
    converted = openvino.convert_model(model, example_input=inputs, input=shapes)
    settings = {
        "INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": THREADS, "PERFORMANCE_HINT": "LATENCY",
    }
    request = openvino.Core().compile_model(converted, "CPU", settings).create_infer_request()
    arrays = {name: value.numpy() for name, value in inputs.items()}
    return lambda: request.infer(arrays)


def adapters_train(batch, length, precision):
    """One training step of `adapters`: forward, backward, AdamW; bf16 means autocast."""
    t = torch()
    model = bert_base_with_adapter()
    model.train_adapter("bench")
    model.train()
    optimizer = t.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    inputs = {**random_ids(batch, length), "labels": t.randint(0, 2, (int(batch),))}

    def run():
        with t.autocast("cpu", t.bfloat16, enabled=precision == "bf16"):
            loss = model(**inputs).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return run


def load(model_path, adapter_path=None):
    from adapters import AutoAdapterModel
    from transformers import AutoTokenizer

    torch()
    model = AutoAdapterModel.from_pretrained(model_path)
    if adapter_path:
        model.load_adapter(adapter_path, set_active=True)
    return model.eval(), AutoTokenizer.from_pretrained(model_path)


def predict(model, tokenizer, texts, batch, length):
    labels = []
    with torch().inference_mode():
        for start in range(0, len(texts), batch):
            inputs = tokenizer(
                texts[start:start + batch], return_tensors="pt", padding="longest", truncation=True, max_length=length)
            labels += model(**inputs).logits.argmax(-1).tolist()
    return labels


def adapters_predict(model_path, adapter_path, data, batch):
    """`adapters` over real sentences in their order, padded to the longest of the batch, tokenization included."""
    model, tokenizer = load(model_path, adapter_path)
    texts = [row["text"] for row in read_rows(data)]
    return lambda: predict(model, tokenizer, texts, int(batch), 256)


def tokenizers_tokenize(model_path, data, way):
    """The Rust tokenizer on one thread: a call for every line, or one call for all of them."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["RAYON_NUM_THREADS"] = "1"
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(os.path.join(model_path, "tokenizer.json"))
    tokenizer.no_truncation()  # the file asks for both
    tokenizer.no_padding()
    with open(data, encoding="utf-8") as file:
        lines = file.read().splitlines()
    if way == "lines":
        return lambda: [tokenizer.encode(line) for line in lines]
    return lambda: tokenizer.encode_batch(lines)


SERVED = {
    "adapters-forward": adapters_forward, "openvino-forward": openvino_forward, "adapters-train": adapters_train,
    "adapters-predict": adapters_predict, "tokenizers-tokenize": tokenizers_tokenize,
}


def serve(name, *arguments):
    # Libraries print to stdout now and then; the answers have it to themselves.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    run = SERVED[name](*arguments)
    run()
    print("ready", file=answers, flush=True)
    for _ in sys.stdin:
        times, begun = [], time.perf_counter()
        while len(times) < ROUND_LEAST or time.perf_counter() - begun < ROUND_SECONDS:
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps(times), file=answers, flush=True)


# ---- Whole processes --------------------------------------------------------------------------------


def save_adapter(model_path, output):
    from adapters import AutoAdapterModel

    torch()
    model = AutoAdapterModel.from_pretrained(model_path)
    model.add_adapter("bench", config="seq_bn")
    model.add_classification_head("bench", num_labels=LABEL_COUNT)
    model.save_adapter(output, "bench")


def train(model_path, train_path, test_path, precision="f32", length=48, batch=32, epochs=2, learning_rate=1e-3):
    from transformers import get_linear_schedule_with_warmup

    t = torch()
    model, tokenizer = load(model_path)
    rows, tests = read_rows(train_path), read_rows(test_path)
    names = sorted({row["label"] for row in rows})
    model.add_adapter("snips", config="seq_bn")
    model.add_classification_head("snips", num_labels=len(names), id2label=dict(enumerate(names)))
    model.train_adapter("snips")
    model.train()
    optimizer = t.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=learning_rate)
    steps = epochs * -(-len(rows) // batch)
    schedule = get_linear_schedule_with_warmup(optimizer, 0, steps)
    order = random.Random(0)
    for _ in range(epochs):
        order.shuffle(rows)
        for start in range(0, len(rows), batch):
            part = rows[start:start + batch]
            inputs = tokenizer(
                [row["text"] for row in part], return_tensors="pt", padding="longest", truncation=True, max_length=length)
            labels = t.tensor([names.index(row["label"]) for row in part])
            with t.autocast("cpu", t.bfloat16, enabled=precision == "bf16"):
                loss = model(**inputs, labels=labels).loss
            loss.backward()
            t.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
    with t.autocast("cpu", t.bfloat16, enabled=precision == "bf16"):
        found = predict(model.eval(), tokenizer, [row["text"] for row in tests], batch, length)
    right = sum(names[label] == row["label"] for label, row in zip(found, tests))
    print(json.dumps({"accuracy": right / len(tests)}))


def answer(model_path, adapter_path, text):
    model, tokenizer = load(model_path, adapter_path)
    print(predict(model, tokenizer, [text], 1, 256))


def versions():
    names = ["torch", "adapters", "transformers", "tokenizers", "openvino"]
    print(json.dumps({"python": sys.version.split()[0], **{n: importlib.metadata.version(n) for n in names}}))


if __name__ == "__main__":
    commands = {"serve": serve, "adapter": save_adapter, "train": train, "answer": answer, "versions": versions}
    commands[sys.argv[1]](*sys.argv[2:])
