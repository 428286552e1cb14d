#!/usr/bin/env python3
"""Measures our program and its peers in the same run and writes Benchmarks/Results/<date>-<cpu>.{md,json}.

    make bench                                     builds, then runs this
    python3 Benchmarks/run.py --rows forward-f32,train-f32 --rounds 5

The peers live in a virtual environment of their own, `.venv-bench`. In every round ours and each peer run one
after the other; minima are compared. Text and weights are optional: $ADAPTERHUB_SHARED (or ../shared) holds
the text, $ADAPTERHUB_MINILM (or .demo/models/all-MiniLM-L6-v2, which `make demo` fetches) the model; a row
that lacks one says so. Nothing beyond Python's own library is needed here.
"""
import argparse, datetime, hashlib, json, os, pathlib, platform, re, statistics, subprocess, sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
SHARED = pathlib.Path(os.environ.get("ADAPTERHUB_SHARED", ROOT.parent / "shared")) / "data"
MINILM = pathlib.Path(os.environ.get("ADAPTERHUB_MINILM", ROOT / ".demo/models/all-MiniLM-L6-v2"))
PROGRAM = os.environ.get("ADAPTERHUB_PROGRAM", str(ROOT / ".build/release/adapterhub"))
MEGABYTE = 1_000_000


class Skipped(Exception):
    """A row cannot be measured here; says why."""


class Failed(Exception):
    """A program of the comparison failed; holds the end of what it said."""


# ---- Programs ---------------------------------------------------------------------------------------


def environment(threads):
    count = str(threads)
    return {
        **os.environ, "ADAPTERHUB_THREADS": count, "OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count,
        "HF_HUB_OFFLINE": "1",
    }


def virtual_environment():
    """The peers' Python; made anew when requirements.txt has changed."""
    if given := os.environ.get("ADAPTERHUB_BENCH_PYTHON"):
        return given
    folder = ROOT / ".venv-bench"
    mark, wanted = folder / "requirements.sha256", hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()
    if not mark.exists() or mark.read_text() != wanted:
        say("setting up .venv-bench")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "-r", str(HERE / "requirements.txt")]
        subprocess.run(pip, check=True)
        mark.write_text(wanted)
    return str(folder / "bin/python")


def summary(milliseconds):
    return min(milliseconds), statistics.median(milliseconds)


def say(text):
    print(text, file=sys.stderr, flush=True)


class Ours:
    """Our program; a process for every call."""

    def __init__(self, threads):
        self.environment = environment(threads)

    def process(self, *arguments):
        """Returns what it printed, the seconds of the whole process and its peak resident bytes."""
        if not os.path.exists(PROGRAM):
            raise Failed(f"{PROGRAM} is not built")
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            start = time.perf_counter()
            child = subprocess.Popen(
                [PROGRAM, *arguments], env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.perf_counter() - start
            child.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0), errors.seek(0)
            if child.returncode != 0:
                raise Failed(f"adapterhub {' '.join(arguments[:2])}: {errors.read().decode()[-200:].strip()}")
            return output.read().decode(), seconds, usage.ru_maxrss * 1024

    def bench(self, *arguments):
        """The minimum and the median that `bench … --json` reports, in milliseconds."""
        text, _, _ = self.process("bench", *arguments, "--json")
        found = json.loads(text)["milliseconds"]
        return found["min"], found["median"]


class Peer:
    """A served peer: loaded once, asked for a round at a time."""

    def __init__(self, python, threads, arguments):
        self.child = subprocess.Popen(
            [python, str(HERE / "peers.py"), "serve", *arguments], env=environment(threads), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if self.child.stdout.readline() != "ready\n":
            raise Failed(f"peers.py serve {arguments[0]} did not start")

    def round(self):
        """The minimum and the median of its times, in milliseconds."""
        self.child.stdin.write("round\n")
        self.child.stdin.flush()
        return summary(json.loads(self.child.stdout.readline()))

    def close(self):
        self.child.stdin.close()
        self.child.wait()


# ---- What a row needs -------------------------------------------------------------------------------


class Setting:
    """Where a run finds its programs, its text and its model."""

    def __init__(self, options):
        self.rounds, self.threads = options.rounds, options.threads
        self.python = virtual_environment()
        self.ours = Ours(options.threads)
        self.temporary = tempfile.TemporaryDirectory(prefix="adapterhub-bench-")
        self.folder = pathlib.Path(self.temporary.name)
        self.peers_only, self.emulate = options.peers_only, options.emulate_bf16

    def needs(self, *paths):
        for path in paths:
            if not path.exists():
                raise Skipped(f"{path.name} is absent")

    def peer(self, *arguments):
        """A whole process of peers.py: what it printed, and its seconds."""
        start = time.perf_counter()
        done = subprocess.run(
            [self.python, str(HERE / "peers.py"), *map(str, arguments)], env=environment(self.threads), text=True,
            capture_output=True)
        if done.returncode != 0:
            raise Failed(f"peers.py {arguments[0]}: {done.stderr[-200:].strip()}")
        return done.stdout, time.perf_counter() - start

    def adapter(self):
        """A seq_bn adapter for MiniLM, as the Python library saves it."""
        self.needs(MINILM)
        folder = self.folder / "adapter"
        if not folder.exists():
            self.peer("adapter", MINILM, folder)
        return folder

    def snips(self, part):
        """SNIPS as JSON lines: `train` has 2,100 sentences, `validate` 700."""
        source = SHARED / "intent/snips"
        self.needs(source)
        target = self.folder / f"snips-{part}.jsonl"
        if not target.exists():
            rows = []
            for file in sorted(source.glob(f"{part}_*.json")):
                intent = file.stem.split("_", 1)[1]
                data = file.read_bytes()
                try:
                    text = data.decode("utf-8")
                except UnicodeDecodeError:  # the full files of this collection are ISO 8859-1
                    text = data.decode("iso-8859-1")
                for item in json.loads(text)[intent]:
                    sentence = "".join(piece["text"] for piece in item["data"]).strip()
                    rows.append({"text": sentence, "label": intent})
            target.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return target

    def has_bf16(self):
        return self.emulate or bool({"avx512_bf16", "amx_bf16"} & cpu()["flags"])

    def needs_bf16(self):
        if not self.has_bf16():
            raise Skipped("this CPU has no bf16 instructions")


# ---- Rows -------------------------------------------------------------------------------------------


def interleave(setting, programs):
    """Each round's minimum and median of every program; a failure stands in a program's place."""
    times = {name: [] for name in programs}
    for _ in range(setting.rounds):
        for name, run in programs.items():
            if isinstance(times[name], list):
                try:
                    times[name].append(run())
                except (Failed, ValueError, KeyError) as failure:
                    times[name] = failure
            time.sleep(0.2)  # threads of the last one that spin come to rest
    return times


def compared(what, times, targets):
    """Lines of the table: ours beside each peer; the ratio is peer ÷ ours of the minima."""
    lines = []
    for peer, target in targets:
        line = {"what": what, "peer": peer, "target": f"{target} ×" if target else None}
        for key, name in [("ours", "ours"), ("theirs", peer)]:
            value = times.get(name)
            if isinstance(value, list) and value:
                least, medians = zip(*value)
                line[key] = {"min": min(least), "median": statistics.median(medians), "unit": "ms"}
            elif value:
                line["note"] = str(value)
        if "ours" in line and "theirs" in line:
            line["ratio"] = line["theirs"]["min"] / line["ours"]["min"]
            line["met"] = line["ratio"] >= target if target else None
        lines.append(line)
    return lines


def steady(what, ours, *peers):
    """A row of steady state. peers: name, arguments of `peers.py serve`, target."""

    def run(setting):
        served, programs = {}, {}
        try:
            if not setting.peers_only:
                programs["ours"] = lambda: setting.ours.bench(*ours(setting))
            for name, arguments, _ in peers:
                served[name] = Peer(setting.python, setting.threads, [str(a) for a in arguments(setting)])
                programs[name] = served[name].round
            times = interleave(setting, programs)
        finally:
            for peer in served.values():
                peer.close()
        return compared(what, times, [(name, target) for name, _, target in peers])

    return run


def bert_base(action, batch, length, precision):
    """`bench forward` and `bench train` with BERT-base and one seq_bn adapter."""

    def arguments(setting):
        if precision == "bf16":
            setting.needs_bf16()
        return [action, "--config", "bert-base", "--method", "seq_bn", *([] if action == "train" else ["--adapters", "1"]),
                "--batch", str(batch), "--length", str(length), "--precision", precision]

    return arguments


def served(name, batch, length, precision):
    def arguments(setting):
        if precision == "bf16":
            setting.needs_bf16()
        return [name, batch, length, precision]

    return arguments


def tokenized(setting):
    text = SHARED / "text/wikitext-2.test.txt"
    setting.needs(MINILM, text)
    return text


def mixed_batch(setting):
    """Thirty-two sentences for as many adapters, beside the same batch for one."""
    def bench(adapters):
        return lambda: setting.ours.bench(
            "forward", "--config", "minilm", "--method", "seq_bn", "--adapters", str(adapters), "--batch", "32",
            "--length", "16", "--precision", "f32")

    if setting.peers_only:
        raise Skipped("ours alone")
    times = interleave(setting, {"ours": bench(32), "ours, one adapter": bench(1)})
    return compared("32 sentences for 32 adapters, MiniLM, 16 tokens each", times, [("ours, one adapter", 0.9)])


def whole_training(setting):
    """From starting the process to test accuracy: train, save, evaluate; in f32 and, where the CPU has it, in bf16."""
    setting.needs(MINILM)
    train, test = setting.snips("train"), setting.snips("validate")
    accuracy = {}

    def ours(name, precision):
        def run():
            output = setting.folder / f"trained-{time.monotonic_ns()}"
            _, training, _ = setting.ours.process(
                "train", "--model", str(MINILM), "--task", "text-classification", "--data", str(train), "--method",
                "seq_bn", "--output", str(output), "--epochs", "2", "--learning-rate", "1e-3", "--batch", "32",
                "--length", "48", "--seed", "0", "--precision", precision, "--json")
            text, evaluation, _ = setting.ours.process(
                "evaluate", "--model", str(MINILM), "--adapter", str(output), "--data", str(test), "--precision",
                precision, "--json")
            accuracy[name] = json.loads(text)["metrics"]["accuracy"]
            return summary([(training + evaluation) * 1e3])

        return run

    def theirs(name, precision):
        def run():
            text, seconds = setting.peer("train", MINILM, train, test, precision)
            accuracy[name] = json.loads(text.splitlines()[-1])["accuracy"]
            return summary([seconds * 1e3])

        return run

    what = "SNIPS, MiniLM, seq_bn, 2 epochs, whole process"
    programs = {} if setting.peers_only else {"ours": ours("ours", "f32")}
    programs["adapters f32"] = theirs("adapters f32", "f32")
    if setting.has_bf16():
        if not setting.peers_only:
            programs["ours, bf16"] = ours("ours, bf16", "bf16")
        programs["adapters, bf16 autocast"] = theirs("adapters, bf16 autocast", "bf16")
    kept, setting.rounds = setting.rounds, min(setting.rounds, 2)
    times = interleave(setting, programs)
    setting.rounds = kept
    lines = compared(what, times, [("adapters f32", 4)])
    if "ours, bf16" in times:
        half = {**times, "ours": times["ours, bf16"]}
        lines += compared(what + ", ours in bf16", half, [("adapters f32", 4), ("adapters, bf16 autocast", None)])
    for name, peer in [("ours", "adapters f32"), ("ours, bf16", "adapters, bf16 autocast")]:
        if name in accuracy or peer in accuracy:
            lines.append({
                "what": "its accuracy on the 700 validation sentences" + ("" if name == "ours" else ", bf16"), "peer": peer,
                "target": "≥ 98 %",
                **{key: {"min": accuracy[one] * 100, "unit": "%"} for key, one in [("ours", name), ("theirs", peer)]
                   if one in accuracy},
                "met": accuracy[name] >= 0.98 if name in accuracy else None,
            })
    return lines


def first_answer(setting):
    """The whole process, loading included; files are in the page cache."""
    adapter = setting.adapter()
    text = "book a table for two near the station"

    def ours():
        arguments = ["predict", "--model", str(MINILM), "--adapter", str(adapter), text]
        return summary([setting.ours.process(*arguments)[1] * 1e3 for _ in range(5)])

    rounds = []

    def theirs():
        if len(rounds) < 2:  # seconds each, and far from the target
            rounds.append(setting.peer("answer", MINILM, adapter, text)[1] * 1e3)
        return summary(rounds)

    programs = {"adapters": theirs} if setting.peers_only else {"ours": ours, "adapters": theirs}
    [line] = compared("process start to first answer, MiniLM + adapter", interleave(setting, programs), [("adapters", None)])
    line["target"] = "≤ 120 ms"
    line["met"] = line["ours"]["min"] <= 120 if "ours" in line else None
    return [line]


def memory(setting):
    """Peak resident memory of the process."""
    if setting.peers_only:
        raise Skipped("ours alone")
    adapter = setting.adapter()
    arguments = ["bench", "forward", "--model", str(MINILM), "--method", "seq_bn", "--adapters", "100", "--batch", "32",
                 "--length", "32", "--precision", "f32", "--json"]
    _, _, resident = setting.ours.process(*arguments)
    base = (MINILM / "model.safetensors").stat().st_size
    adapters = 100 * (adapter / "pytorch_adapter.bin").stat().st_size
    limit = (base + adapters + 150 * MEGABYTE) / MEGABYTE
    return [{
        "what": "resident memory, MiniLM + 100 adapters, f32, batch 32", "peer": "base + adapters' files + 150 MB",
        "ours": {"min": resident / MEGABYTE, "unit": "MB"}, "theirs": {"min": limit, "unit": "MB"},
        "target": f"≤ {limit:.0f} MB", "met": resident / MEGABYTE <= limit,
    }]


ROWS = {
    "forward-f32": steady(
        "forward 8×128, f32, classification head", bert_base("forward", 8, 128, "f32"),
        ("adapters f32", served("adapters-forward", 8, 128, "f32"), 2.5),
        ("OpenVINO f32, no adapter", served("openvino-forward", 8, 128, "f32"), 1.05)),
    "forward-small": steady(
        "forward 1×16, f32", bert_base("forward", 1, 16, "f32"),
        ("adapters f32", served("adapters-forward", 1, 16, "f32"), 3.5),
        ("OpenVINO f32, no adapter", served("openvino-forward", 1, 16, "f32"), None)),
    "forward-bf16": steady(
        "forward 8×128, bf16", bert_base("forward", 8, 128, "bf16"),
        ("adapters, bf16 weights", served("adapters-forward", 8, 128, "bf16"), 1.35),
        ("OpenVINO bf16, no adapter", served("openvino-forward", 8, 128, "bf16"), 1.0)),
    "predict": steady(
        "700 SNIPS sentences in batches of 32, MiniLM + adapter, f32, with tokenization",
        lambda s: ["predict", "--model", str(MINILM), "--adapter", str(s.adapter()), "--input", str(s.snips("validate")),
                   "--batch", "32"],
        ("adapters, padded to the longest",
         lambda s: ["adapters-predict", MINILM, s.adapter(), s.snips("validate"), 32], 5)),
    "mixed": mixed_batch,
    "train-f32": steady(
        "training step 16×128, f32", bert_base("train", 16, 128, "f32"),
        ("adapters f32", served("adapters-train", 16, 128, "f32"), 2.5)),
    "train-bf16": steady(
        "training step 16×128, bf16", bert_base("train", 16, 128, "bf16"),
        ("adapters, bf16 autocast", served("adapters-train", 16, 128, "bf16"), 1.7)),
    "snips": whole_training,
    "first-answer": first_answer,
    "memory": memory,
    "tokenize": steady(
        "tokenization of wikitext-2 (test), one thread",
        lambda s: ["tokenize", "--model", str(MINILM), "--input", str(tokenized(s))],
        *[(f"Rust tokenizers, {said}", lambda s, way=way: ["tokenizers-tokenize", MINILM, tokenized(s), way], 1.5)
          for way, said in [("lines", "a call per line"), ("batch", "encode_batch")]]),
}


# ---- Report -----------------------------------------------------------------------------------------


def cpu():
    """The CPU's name and its instruction sets, of those that matter here."""
    information = pathlib.Path("/proc/cpuinfo").read_text() if os.path.exists("/proc/cpuinfo") else ""

    def field(*names):
        found = [re.search(rf"^{name}\s*: (.*)$", information, re.MULTILINE) for name in names]
        return next((match[1] for match in found if match), "")

    flags = set(field("flags", "Features").split())
    telling = ["avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_tile", "amx_bf16", "amx_int8",
               "asimd", "bf16", "i8mm", "sve"]
    return {
        "name": field("model name") or platform.processor() or platform.machine(), "flags": flags,
        "family": f"family {field('cpu family')} model {field('model')}" if field("cpu family") else "",
        "sets": [flag for flag in telling if flag in flags],
    }


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        return (done.stdout or done.stderr).strip().splitlines()[0]
    except (OSError, IndexError):
        return "unknown"


def machine(setting):
    found = cpu()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    versions = json.loads(setting.peer("versions")[0])
    return {
        "cpu": found["name"], "family": found["family"], "instruction sets": " ".join(found["sets"]),
        "cores": os.cpu_count(), "threads": setting.threads, "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}", "load at the start": round(os.getloadavg()[0], 2),
        "swift": first_line("swift", "--version"), "commit": first_line("git", "describe", "--always", "--dirty"),
        **versions,
    }


def figure(value):
    if not value:
        return "–"
    text = f"{value['min']:.4g} {value['unit']}" if value["min"] < 1000 else f"{value['min']:.0f} {value['unit']}"
    return text + (f" ({value['median']:.4g})" if "median" in value else "")


def table(lines, about):
    met = {True: "yes", False: "**no**", None: "–"}
    rows = ["| what | ours | peer | | peer ÷ ours | target | met |", "|---|---|---|---|---|---|---|"]
    for line in lines:
        ratio = f"{line['ratio']:.2f}" if "ratio" in line else "–"
        note = f" — {line['note']}" if line.get("note") else ""
        rows.append(
            f"| {line['what']}{note} | {figure(line.get('ours'))} | {figure(line.get('theirs'))} | {line.get('peer') or '–'} "
            f"| {ratio} | {line.get('target') or '–'} | {met[line.get('met')]} |")
    heading = "Minimum (median of the rounds' medians) of interleaved rounds; the minima are compared. Written by `make bench`."
    return "\n".join([f"# {about['cpu']}, {datetime.date.today()}", "", heading, "", *rows, "",
                      *[f"- {key}: {value}" for key, value in about.items()], ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default=",".join(ROWS), help="which rows, of: " + ", ".join(ROWS))
    parser.add_argument("--rounds", type=int, default=5, help="how often ours and each peer take turns")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--peers-only", action="store_true", help="leave our program out")
    parser.add_argument("--emulate-bf16", action="store_true", help="measure bf16 where the CPU has none")
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "Results", help="the folder of the results")
    options = parser.parse_args()
    names = options.rows.split(",")
    if unknown := [name for name in names if name not in ROWS]:
        parser.error(f"no rows named {', '.join(unknown)}; there are {', '.join(ROWS)}")

    setting = Setting(options)
    about, lines = machine(setting), []
    for name in names:
        say(f"{name} …")
        try:
            measured = ROWS[name](setting)
        except (Skipped, Failed) as reason:
            measured = [{"what": name, "note": f"{'skipped' if isinstance(reason, Skipped) else 'failed'}: {reason}"}]
        for line in measured:
            line["row"] = name
            say(f"  {line['what']}: {figure(line.get('ours'))} beside {figure(line.get('theirs'))} "
                f"{line.get('peer', '')} {line.get('note', '')}")
        lines += measured
    setting.temporary.cleanup()

    slug = re.sub(r"[^A-Za-z0-9]+", "-", about["cpu"]).strip("-").lower()
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / f"{datetime.date.today()}-{slug}"
    path.with_suffix(".md").write_text(text := table(lines, about))
    path.with_suffix(".json").write_text(json.dumps({"machine": about, "lines": lines}, indent=1, ensure_ascii=False) + "\n")
    print(text)


if __name__ == "__main__":
    main()
