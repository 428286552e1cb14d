#!/usr/bin/env python3
"""Measures two builds of the program side by side, round by round: what a change costs, or brings.

    python3 Benchmarks/compare.py BEFORE AFTER [--rounds 3] [--rows forward-f32,…] [--output FILE.md]

BEFORE and AFTER are programs (`.build/release/adapterhub` of two checkouts). In every round one runs after
the other, in turns, all rows one after the other, so that rows of one table may be compared too. What counts
is the mean of the fastest quarter of the rounds, with fewer than eight the minimum; 1.00 means equally fast.
Rows that need the MiniLM of `make demo` ($ADAPTERHUB_MINILM) are left out where it is absent. Nothing beyond Python's own library is needed.
"""
import argparse, json, os, pathlib, platform, random, statistics, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MINILM = pathlib.Path(os.environ.get("ADAPTERHUB_MINILM", ROOT / ".demo/models/all-MiniLM-L6-v2"))
TINY = ROOT / "Tests/AdaptersTests/Goldens/base"
SCRATCH = pathlib.Path(tempfile.mkdtemp(prefix="adapterhub-compare-"))
# The models' own dropouts are a row of their own.
STILL = SCRATCH / "bert-base-without-dropout.json"
STILL.write_text(json.dumps({
    "model_type": "bert", "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
    "intermediate_size": 3072, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}))


def short(dropout):
    """BERT-base with three layers: a step is over before the machine's speed changes."""
    path = SCRATCH / f"three-layers-{dropout}.json"
    path.write_text(json.dumps({
        **json.loads(STILL.read_text()), "num_hidden_layers": 3, "hidden_dropout_prob": dropout,
        "attention_probs_dropout_prob": dropout}))
    return ["train", "--config", path, "--batch", 16, "--length", 128, "--rounds", 3]


def run(program, *arguments, **options):
    found = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, **options)
    if found.returncode:
        sys.exit(f"{program} {' '.join(map(str, arguments))}: {found.stderr.strip()[-300:]}")
    return found.stdout


def bench(*arguments):
    """Milliseconds of `bench`."""
    return lambda program: json.loads(run(program, "bench", *arguments, "--json"))["milliseconds"]["min"]


def wall(*arguments):
    """Milliseconds of a whole process."""
    def measure(program):
        start = time.perf_counter()
        run(program, *arguments)
        return (time.perf_counter() - start) * 1e3
    return measure


def memory(*arguments):
    """Megabytes that a process had at most."""
    def measure(program):
        # A process of its own: the kernel keeps the most that any of ours had.
        script = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, capture_output=True); "
                  "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        return int(run(sys.executable, "-c", script, program, *arguments)) / 1024
    return measure


def tagged(rows, words, tags):
    """A file of sentences whose words carry one of many tags."""
    path = SCRATCH / f"tags-{rows}-{words}.jsonl"
    chance = random.Random(1)
    path.write_text("".join(
        json.dumps({"tokens": [chance.choice("abcdefgh") for _ in range(words)],
                    "tags": [f"T{(row * words + word) % tags}" for word in range(words)]}) + "\n"
        for row in range(rows)))
    return path


def tagging(sequences):
    """Milliseconds per sequence of a training with 1,000 labels, `sequences` of 6 words in a step."""
    rows = 2048
    path = tagged(rows, 6, 1000)
    def measure(program):
        start = time.perf_counter()
        run(program, "train", "--model", TINY, "--task", "token-classification", "--data", path, "--epochs", 2,
            "--batch-size", sequences, "--batch-tokens", 100_000, "--output", SCRATCH / "adapter", "--json")
        return (time.perf_counter() - start) * 1e3 / (2 * rows)
    return measure


def rows():
    large = ["--config", "bert-base", "--rounds", 3]
    step = ["--config", STILL, "--batch", 16, "--length", 128, "--rounds", 2]
    forward = ["forward", *large, "--batch", 8, "--length", 128]
    found = {
        "forward-f32": ("forward 8×128, f32", bench(*forward)),
        "forward-bf16": ("forward 8×128, bf16", bench(*forward, "--precision", "bf16")),
        "train-f32": ("training step 16×128, f32, no dropout", bench("train", *step)),
        "train-bf16": ("training step 16×128, bf16, no dropout", bench("train", *step, "--precision", "bf16")),
        "train-dropout": (
            "training step 16×128, f32, the model's dropouts",
            bench("train", "--config", "bert-base", "--batch", 16, "--length", 128, "--rounds", 2)),
        "short-f32": ("training step 16×128, 3 layers, f32, no dropout", bench(*short(0.0))),
        "short-bf16": (
            "training step 16×128, 3 layers, bf16, no dropout", bench(*short(0.0), "--precision", "bf16")),
        "short-dropout": ("training step 16×128, 3 layers, f32, dropouts of 0.1", bench(*short(0.1))),
        "one-text": ("forward 1×16, f32", bench("forward", *large[:2], "--batch", 1, "--length", 16, "--rounds", 30)),
        "one-setup": ("forward 32×32, one adapter", bench("forward", *large, "--batch", 32, "--length", 32)),
        "eight-setups": (
            "forward 32×32, rows of 8 adapters", bench("forward", *large, "--batch", 32, "--length", 32, "--adapters", 8)),
        "memory": ("MB, BERT-base with 100 adapters", memory(
            "bench", "forward", "--config", "bert-base", "--adapters", 100, "--batch", 8, "--length", 16, "--rounds", 1)),
        "tags-128": ("ms a sequence, 1,000 tags, 128 a step", tagging(128)),
        "tags-512": ("ms a sequence, 1,000 tags, 512 a step", tagging(512)),
    }
    if MINILM.exists():
        texts = SCRATCH / "texts.jsonl"
        chance = random.Random(2)
        words = "the a of to play turn on off light music book weather in is what it was good bad film".split()
        texts.write_text("".join(
            json.dumps({"text": " ".join(chance.choice(words) for _ in range(chance.randint(3, 24)))}) + "\n"
            for _ in range(700)))
        found["sentences"] = ("700 sentences of 3 to 24 words, MiniLM", bench(
            "forward", "--model", MINILM, "--lengths", texts, "--batch", 700, "--rounds", 5))
        ids = SCRATCH / "ids.jsonl"
        ids.write_text('{"input_ids": [101, 2023, 2003, 2204, 102]}\n')
        found["first-answer"] = ("process start to first result, MiniLM", wall(
            "forward", "--model", MINILM, "--input", ids, "--output", SCRATCH / "out.safetensors"))
        found["inspect"] = ("inspect a model's folder, MiniLM", wall("inspect", MINILM))
    return found


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows")
    parser.add_argument("--output")
    options = parser.parse_args()
    wanted = options.rows.split(",") if options.rows else None
    lines = [
        f"{processor()}, {os.cpu_count()} processors; {options.rounds} rounds in turns", "",
        "| what | before | after | before / after |", "|---|---|---|---|"]
    chosen = {name: row for name, row in rows().items() if not wanted or name in wanted}
    times = {name: ([], []) for name in chosen}
    for round in range(options.rounds):
        for name, (_, measure) in chosen.items():
            turns = list(zip((options.before, options.after), times[name]))
            # Who is first changes, so that neither always runs on what the other has warmed.
            for program, values in turns if round % 2 == 0 else turns[::-1]:
                values.append(measure(os.path.abspath(program)))
        print(f"round {round + 1} of {options.rounds}", file=sys.stderr)
    for name, (title, _) in chosen.items():
        before, after = (statistics.mean(sorted(values)[:max(1, len(values) // 4)]) for values in times[name])
        lines.append(f"| {title} | {before:.4g} | {after:.4g} | {before / after:.2f} |")
    print("\n".join(lines))
    if options.output:
        pathlib.Path(options.output).write_text("\n".join(lines) + "\n")


main()
