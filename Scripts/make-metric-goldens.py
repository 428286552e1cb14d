"""Writes Tests/Goldens/metrics.json: what the Python libraries say about random
predictions, hand-picked tag sequences and random token scores.

    pip install seqeval==1.2.2 scikit-learn==1.9.1 scipy==1.17.1 transformers==4.57.6
    python Scripts/make-metric-goldens.py
"""

import json
import pathlib
import random
import types
import warnings

import numpy as np
import scipy.stats
import sklearn.metrics
import transformers
from seqeval.metrics import accuracy_score, classification_report
from seqeval.metrics.sequence_labeling import get_entities
from transformers import TokenClassificationPipeline
from transformers.pipelines.token_classification import AggregationStrategy

warnings.filterwarnings("ignore")
random.seed(0)
rng = np.random.default_rng(0)


def classification(classes, rows, accuracy):
    labels = rng.integers(0, classes, rows)
    predictions = np.where(rng.random(rows) < accuracy, labels, rng.integers(0, classes, rows))
    return {
        "labels": labels.tolist(),
        "predictions": predictions.tolist(),
        "accuracy": sklearn.metrics.accuracy_score(labels, predictions),
        "microF1": sklearn.metrics.f1_score(labels, predictions, average="micro"),
        "macroF1": sklearn.metrics.f1_score(labels, predictions, average="macro"),
        "matthews": sklearn.metrics.matthews_corrcoef(labels, predictions),
    }


def multi_label(classes, rows, density):
    labels = (rng.random((rows, classes)) < density).astype(int)
    predictions = np.where(rng.random((rows, classes)) < 0.8, labels, 1 - labels)
    return {
        "labels": [np.flatnonzero(row).tolist() for row in labels],
        "predictions": [np.flatnonzero(row).tolist() for row in predictions],
        "microF1": sklearn.metrics.f1_score(labels, predictions, average="micro"),
        "subsetAccuracy": sklearn.metrics.accuracy_score(labels, predictions),
    }


def regression(rows, decimals):
    labels = np.round(rng.normal(size=rows), decimals)
    predictions = np.round(labels + rng.normal(size=rows), decimals)
    return {
        "labels": labels.tolist(),
        "predictions": predictions.tolist(),
        "meanSquaredError": float(np.mean((labels - predictions) ** 2)),
        "pearson": float(scipy.stats.pearsonr(labels, predictions)[0]),
        "spearman": float(scipy.stats.spearmanr(labels, predictions)[0]),
    }


def entities(labels, predictions):
    report = classification_report(labels, predictions, output_dict=True)
    scores = {
        name: [float(row["precision"]), float(row["recall"]), float(row["f1-score"])]
        for name, row in report.items()
        if name not in ("macro avg", "weighted avg")
    }
    return {
        "labels": labels,
        "predictions": predictions,
        "spans": [[[t, s, e + 1] for t, s, e in get_entities(row)] for row in predictions],
        "scores": scores,
        "accuracy": float(accuracy_score(labels, predictions)),
    }


def random_tags(alphabet):
    lengths = [random.randint(1, 12) for _ in range(12)]
    rows = [[random.choice(alphabet) for _ in range(n)] for n in lengths]
    # Half of the predictions are right, so that entities are found.
    return rows, [[t if random.random() < 0.7 else random.choice(alphabet) for t in r] for r in rows]


class Tokenizer:
    """WordPiece's way to join tokens, without its clean-up of punctuation."""

    @staticmethod
    def convert_tokens_to_string(tokens):
        return " ".join(tokens).replace(" ##", "")


LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "MISC", "B-SUB-TYPE", "I-SUB-TYPE"]


def aggregation(count, sharpness):
    """Runs the real pipeline's `aggregate` on random scores, by every strategy."""
    pipeline = types.SimpleNamespace(
        tokenizer=Tokenizer(),
        model=types.SimpleNamespace(
            config=types.SimpleNamespace(id2label=dict(enumerate(LABELS)))),
    )
    for name in ("aggregate", "aggregate_word", "aggregate_words", "group_entities",
                 "group_sub_entities", "get_tag", "aggregate_overlapping_entities"):
        method = getattr(TokenClassificationPipeline, name)
        setattr(pipeline, name, types.MethodType(method, pipeline))
    tokens, at = [], 0
    for index in range(count):
        is_subword = random.random() < 0.4
        text = "".join(random.choices("abcdefgh", k=random.randint(1, 5)))
        at += 0 if is_subword else 1
        scores = np.round(np.exp(sharpness * rng.normal(size=len(LABELS))), 3).astype(np.float32)
        scores = scores / scores.sum()
        tokens.append({
            "word": "##" + text if is_subword else text, "scores": scores, "start": at,
            "end": at + len(text), "index": index + 1, "is_subword": is_subword})
        at += len(text)
    results = {}
    for strategy in AggregationStrategy:
        found = pipeline.aggregate([dict(token) for token in tokens], strategy)
        found = [e for e in found if e.get("entity") != "O" and e.get("entity_group") != "O"]
        results[strategy.value] = [
            [e.get("entity", e.get("entity_group")), float(e["score"]), e["word"], e["start"],
             e["end"], e.get("index")] for e in found]
    # Windows over the same text: the entities of one strategy beside those of another.
    overlapping = pipeline.aggregate([dict(t) for t in tokens], AggregationStrategy.SIMPLE) + \
        pipeline.aggregate([dict(t) for t in tokens], AggregationStrategy.AVERAGE)
    merged = pipeline.aggregate_overlapping_entities(overlapping)
    return {
        "tokens": [[t["word"], t["start"], t["end"], t["index"], t["is_subword"],
                    [float(s) for s in t["scores"]]] for t in tokens],
        "results": results,
        "merged": [[e["entity_group"], float(e["score"]), e["word"], e["start"], e["end"], None]
                   for e in merged],
    }


IOB = ["O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
ODD = IOB + ["E-PER", "S-LOC", "B", "I", "B-", "I-A-B", ".", "PER", "E", "S"]
golden = {
    "versions": {
        "scikit-learn": sklearn.__version__, "scipy": scipy.__version__, "seqeval": "1.2.2",
        "transformers": transformers.__version__},
    "classification": [
        classification(2, 40, 0.7), classification(7, 60, 0.5), classification(2, 1, 1),
        classification(3, 30, 0), classification(1, 5, 1)],
    "multiLabel": [multi_label(5, 30, 0.3), multi_label(3, 4, 0.05), multi_label(9, 50, 0.5)],
    "regression": [regression(50, 6), regression(40, 0), regression(3, 1)],
    "entities": [entities(*random_tags(tags)) for tags in [IOB, IOB, ODD, ODD, ODD, ODD]],
    "labels": LABELS,
    "aggregation": [aggregation(n, s) for n, s in [(1, 1), (6, 2), (24, 1), (40, 3), (12, 0)]],
}
folder = pathlib.Path(__file__).resolve().parent.parent / "Tests/Goldens"
folder.mkdir(parents=True, exist_ok=True)
(folder / "metrics.json").write_text(json.dumps(golden) + "\n")
