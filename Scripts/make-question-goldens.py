#!/usr/bin/env python3
"""Writes Tests/AdaptersTests/Goldens/questions: adapters with heads for question answering as the Python
`adapters` library saves them, what the pipeline of `transformers` answers with them, and their losses.

The base model is Goldens/base, which Scripts/make-goldens.py writes (it empties Goldens: run this after it).
Every parameter is random and large, so that answers are far from each other. Versions are pinned:

    HF_HUB_OFFLINE=1 python Scripts/make-question-goldens.py
"""
import importlib.metadata, itertools, json, os, pathlib, shutil, sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
PINNED = {"torch": "2.13.0", "adapters": "1.3.0", "transformers": "4.57.6", "tokenizers": "0.22.2"}
VERSIONS = {name: importlib.metadata.version(name).split("+")[0] for name in PINNED}
if VERSIONS != PINNED:
    sys.exit(f"make-question-goldens.py: needs {PINNED}, found {VERSIONS}")

import adapters
import torch
from adapters import BertAdapterModel
from transformers import BertForQuestionAnswering, BertTokenizerFast, QuestionAnsweringPipeline

GOLDENS = pathlib.Path(__file__).resolve().parent.parent / "Tests/AdaptersTests/Goldens"
FOLDER = GOLDENS / "questions"
LENGTH = 40  # the model's positions

QUESTIONS = ["what was the film?", "Paris or London", "is it good, un-re-bad or off-light 2 play tomorrow in the book?"]
CONTEXTS = [
    "the film was bad",
    "it was a good film in Paris.",
    "the weather is good in London, and what is in Paris is bad. turn the music off! it was off tomorrow - "
    "the light was on, the book was a book of music; play it in Paris.",
    "Paris, paris, Paris! café ünïcode 中文 x\u0301y the\u00a0end 😀 film. " * 3,
    "good",
]
# Answers for the losses: parts of the contexts above, the last not in every window.
ANSWERS = {0: "bad", 1: "good film", 2: "play it in Paris", 3: None, 4: "good"}


def randomise(model, names, seed):
    stream = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if any(part in name for part in names):
                scale = 3 if "heads." in name or "qa_outputs" in name else 0.3
                parameter.copy_(torch.randn(parameter.shape, generator=stream) * scale)


def load(kind):
    model = kind.from_pretrained(GOLDENS / "base", attn_implementation="eager").eval()
    model.config._name_or_path = model.name_or_path = "goldens/base"
    return model


def save(model, name):
    path = FOLDER / name
    path.mkdir(parents=True)
    model.save_adapter(str(path), name)


def answers(model, tokenizer):
    pipe = QuestionAnsweringPipeline(model=model, tokenizer=tokenizer, framework="pt", device="cpu")
    cases = []
    for (q, question), (c, context) in itertools.product(enumerate(QUESTIONS), enumerate(CONTEXTS)):
        for options in [
            {}, {"top_k": 3}, {"top_k": 2, "handle_impossible_answer": True},
            {"top_k": 2, "align_to_words": False}, {"max_answer_len": 2, "doc_stride": 5},
        ]:
            result = pipe(question=question, context=context, max_seq_len=LENGTH, **{"doc_stride": 7, **options})
            result = result if isinstance(result, list) else [result]
            # Which of two equals comes first is not said.
            scores = [r["score"] for r in result]
            assert all(a - b > 1e-4 * a for a, b in zip(scores, scores[1:])), (question, context, options, scores)
            cases.append({"question": q, "context": c, "options": options, "answers": result})
    return cases


def place(encoding, window, context_tokens, answer):
    """The rule of the library's example run_qa.py: tokens that hold the answer, else the first one."""
    offsets = encoding["offset_mapping"][window]
    if answer is None or not context_tokens:
        return 0, 0
    start, end = answer
    first, last = context_tokens[0], context_tokens[-1]
    if not (offsets[first][0] <= start and offsets[last][1] >= end):
        return 0, 0
    while first < len(offsets) and offsets[first][0] <= start and first <= last:
        first += 1
    while offsets[last][1] >= end and last >= context_tokens[0]:
        last -= 1
    return first - 1, last + 1


@torch.no_grad()
def losses(model, tokenizer):
    cases = []
    for (q, question), (c, context) in itertools.product(enumerate(QUESTIONS[:2]), enumerate(CONTEXTS)):
        answer = ANSWERS[c]
        span = None if answer is None else (context.index(answer), context.index(answer) + len(answer))
        encoding = tokenizer(
            question, context, truncation="only_second", max_length=LENGTH, stride=10,
            return_overflowing_tokens=True, return_offsets_mapping=True)
        windows = []
        for window, ids in enumerate(encoding["input_ids"]):
            tokens = [i for i, s in enumerate(encoding.sequence_ids(window)) if s == 1]
            start, end = place(encoding, window, tokens, span)
            output = model(
                input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([encoding["token_type_ids"][window]]),
                start_positions=torch.tensor([start]), end_positions=torch.tensor([end]))
            windows.append({"input_ids": ids, "start": start, "end": end, "loss": output.loss.item()})
        cases.append({"question": q, "context": c, "answer": answer, "start": span and span[0], "windows": windows})
    return cases


def main():
    torch.set_num_threads(1)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    tokenizer = BertTokenizerFast.from_pretrained(GOLDENS / "base")
    tokenizer.model_max_length = LENGTH
    model = load(BertAdapterModel)
    model.add_adapter("questions", config="seq_bn[reduction_factor=8]")
    model.add_qa_head("questions")
    randomise(model, [".adapters.questions.", "heads.questions."], 5)
    save(model, "questions")
    model.set_active_adapters("questions")
    model.active_head = "questions"

    static = load(BertForQuestionAnswering)
    adapters.init(static)
    static.add_adapter("static", config="seq_bn[reduction_factor=16]")
    randomise(static, [".adapters.static.", "qa_outputs."], 6)
    save(static, "static")
    static.set_active_adapters("static")
    with torch.no_grad():
        ids = tokenizer(QUESTIONS[0], CONTEXTS[1], return_tensors="pt")
        output = static(**ids)
    (FOLDER / "questions.json").write_text(json.dumps({
        "versions": VERSIONS, "questions": QUESTIONS, "contexts": CONTEXTS,
        "pipeline": answers(model, tokenizer), "training": losses(model, tokenizer),
        "static": {"start": output.start_logits[0].tolist(), "end": output.end_logits[0].tolist()},
    }, indent=1) + "\n")
    for file in FOLDER.rglob("*"):
        file.chmod(0o755 if file.is_dir() else 0o644)


if __name__ == "__main__":
    main()
