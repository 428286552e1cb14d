#!/usr/bin/env python3
"""Measures the hub and its client beside nginx and the Python client; writes Benchmarks/Results/<date>-hub-<cpu>.{md,json}.

    make bench-hub                                  builds, installs the peers, runs this
    python3 Benchmarks/hub.py --rows head,list

Peers: nginx for plain files, huggingface_hub 2.x in a virtual environment of its own (.venv-hub). Everything runs on
this machine and over loopback, so that client and server share its cores. Logs are on, rate limits are off.
"""
import argparse, datetime, json, os, pathlib, platform, random, re, shutil, statistics, subprocess, sys, tempfile, time
import urllib.parse, urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
PROGRAM = os.environ.get("ADAPTERHUB_PROGRAM", str(ROOT / ".build/release/adapterhub"))
PYTHON = os.environ.get("ADAPTERHUB_HUB_PYTHON", str(ROOT / ".venv-hub/bin/python"))


class Skipped(Exception):
    """A row cannot be measured here; says why."""


class Hub:
    """A hub in a folder of its own that runs."""

    def __init__(self, folder, *options):
        self.folder = pathlib.Path(folder)
        self.log = self.folder.parent / f"{self.folder.name}.log"
        self.port_file = self.folder.parent / f"{self.folder.name}.port"
        self.port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [PROGRAM, "hub", "--data", str(self.folder), "--port", "0", "--port-file", str(self.port_file),
             "--rate-limit", "0", *options], stderr=open(self.log, "ab"))
        while not self.port_file.exists():
            if self.process.poll() is not None:
                sys.exit(f"the hub ended: {self.log.read_text()[-2000:]}")
            time.sleep(0.02)
        self.url = f"http://127.0.0.1:{self.port_file.read_text().strip()}"

    def administer(self, *arguments):
        done = subprocess.run([PROGRAM, "hub", *arguments, "--data", str(self.folder)],
                              check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def token(self, name):
        self.administer("user", "create", name)
        return self.administer("token", "create", name, "--scope", "write")

    def memory(self):
        """The most memory the process had so far, in MB."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", text)[1]) * 1024 / 1e6

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)


def call(url, token=None, method="GET", body=None):
    request = urllib.request.Request(url, method=method, data=body)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request) as response:
        return response.read(), response.headers


def python(code, hub, token, **variables):
    """Runs Python with the field's client and returns what it prints last."""
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_TOKEN": token, "HF_HUB_DISABLE_TELEMETRY": "1",
                   "HF_HUB_DISABLE_PROGRESS_BARS": "1", **variables}
    done = subprocess.run([PYTHON, "-c", code], check=True, capture_output=True, text=True, env=environment)
    return done.stdout.strip().splitlines()[-1]


UPLOAD = """
import sys, time
from huggingface_hub import HfApi
api = HfApi()
api.create_repo("maker/%s", exist_ok=True)
start = time.perf_counter()
api.upload_folder(repo_id="maker/%s", folder_path="%s")
print(time.perf_counter() - start)
"""


def upload(hub, token, name, folder, **variables):
    return float(python(UPLOAD % (name, name, folder), hub, token, HF_HOME=str(hub.folder.parent / "home"), **variables))


def adapter(folder, megabytes, seed=0):
    """A folder that looks like an adapter; its numbers are random bytes."""
    folder.mkdir(parents=True)
    draw = random.Random(seed)
    with open(folder / "weights.bin", "wb") as file:
        for _ in range(max(1, int(megabytes))):
            file.write(draw.randbytes(int(min(megabytes, 1) * 1e6)))
    (folder / "README.md").write_text("---\ntags: [adapter-transformers]\n---\n# An adapter\n")
    return folder


# ---- Rows -------------------------------------------------------------------------------------------


def head(work):
    """HEAD of a file, 64 connections."""
    if not shutil.which("hey"):
        raise Skipped("hey is not installed")
    hub = Hub(work / "head")
    try:
        token = hub.token("maker")
        upload(hub, token, "small", adapter(work / "small", 0.1))
        url = f"{hub.url}/maker/small/resolve/main/weights.bin"
        best = None
        for _ in range(3):
            text = subprocess.run(["hey", "-z", "8s", "-c", "64", "-cpus", "1", "-m", "HEAD", url],
                                  check=True, capture_output=True, text=True).stdout
            rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
            tail = float(re.search(r"99% in ([\d.]+) secs", text)[1]) * 1000
            if re.findall(r"\[(\d+)\]\s+\d+ responses", text) != ["200"]:
                sys.exit(text)
            if best is None or rate > best[0]:
                best = rate, tail
        return [("HEAD resolve, 64 connections, requests per second", best[0], ">=", 8000, ""),
                ("the same, 99th percentile", best[1], "<=", 20, "ms")]
    finally:
        hub.stop()


def listing(work):
    """Lists with three filters and a search over 100,000 adapters; the server's own times."""
    folder = work / "list"
    Hub(folder).stop()
    subprocess.run([sys.executable, str(HERE / "fill-hub.py"), str(folder), "100000"], check=True)
    hub = Hub(folder)
    try:
        hub.log.write_bytes(b"")
        draw = random.Random(3)
        words = "sentiment review movie product intent command entity news question summary toxic emotion".split()
        tasks = ["text-classification", "token-classification", "question-answering", "summarization"]
        for _ in range(400):
            query = [("filter", draw.choice(tasks)), ("filter", draw.choice(["en", "de", "fr", "fi"])),
                     ("filter", "method:" + draw.choice(["lora", "seq_bn", "ia3"])),
                     ("search", draw.choice(words)), ("limit", "30"),
                     ("sort", draw.choice(["downloads", "likes", "lastModified", "trendingScore", "createdAt"]))]
            call(f"{hub.url}/api/models?{urllib.parse.urlencode(query)}")
        # Filters that nearly all have, a word that is everywhere: the most work for the least answer.
        for sort in ["downloads", "likes", "lastModified", "trendingScore"] * 5:
            query = [("filter", "adapters"), ("filter", "safetensors"), ("filter", "bert"), ("search", "re"), ("sort", sort)]
            call(f"{hub.url}/api/models?{urllib.parse.urlencode(query)}")
        times = [float(line["ms"]) for line in map(json.loads, hub.log.read_text().splitlines())
                 if line.get("path") == "/api/models"]
        times.sort()
        return [("list with three filters and a search over 100,000, 95th percentile", times[int(len(times) * 0.95)], "<=", 50, "ms"),
                ("the same, median", statistics.median(times), "", None, "ms"),
                ("the same, slowest", times[-1], "", None, "ms")]
    finally:
        hub.stop()


def filled(work, name, count):
    """A hub with so many adapters in it that runs, its log empty."""
    folder = work / name
    Hub(folder).stop()
    subprocess.run([sys.executable, str(HERE / "fill-hub.py"), str(folder), str(count)], check=True)
    hub = Hub(folder)
    call(f"{hub.url}/explore")
    hub.log.write_bytes(b"")
    return hub


def server_times(hub, keep=lambda path: True):
    """The server's own times of requests that went well, in order; any that did not is an end."""
    times = []
    for line in map(json.loads, hub.log.read_text().splitlines()):
        if "ms" not in line or not keep(line.get("path", "")):
            continue
        if line["status"] not in ("200", "303", "304"):
            sys.exit(f"an error: {line}")
        times.append(float(line["ms"]))
    times.sort()
    return times


def explore_address(draw):
    """Three facets, a search, an order."""
    query = [("task", draw.choice(["sentiment", "ner", "qa", "sum"])), ("language", draw.choice(["en", "de", "fr", "fi"])),
             ("method", draw.choice(["lora", "seq_bn", "ia3"])),
             ("q", draw.choice("sentiment review movie product intent command entity news question summary toxic".split())),
             ("sort", draw.choice(["trending", "downloads", "likes", "updated", "metric", "size"]))]
    return "/explore?" + urllib.parse.urlencode(query)


PUBLISH = """
import sys, threading, time, json, base64, urllib.request
url, token, seconds, writers = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
end, counts, errors = time.time() + seconds, [0] * writers, []

def post(path, body):
    request = urllib.request.Request(url + path, data=body, headers={"Authorization": "Bearer " + token})
    urllib.request.urlopen(request).read()

def write(index):
    while time.time() < end:
        name = f"new-{index}-{counts[index]}"
        card = f"---\\nlanguage: en\\ntags: [adapters, 'adapterhub:sentiment/sst-2']\\n---\\nA sentiment adapter, {name}.\\n"
        lines = [{"key": "header", "value": {"summary": "first"}},
                 {"key": "file", "value": {"path": "README.md", "encoding": "base64", "content": base64.b64encode(card.encode()).decode()}}]
        try:
            post("/api/repos/create", json.dumps({"name": name}).encode())
            post(f"/api/models/writer/{name}/commit/main", "\\n".join(map(json.dumps, lines)).encode())
            counts[index] += 1
        except Exception as error:
            errors.append(str(error))
            return

threads = [threading.Thread(target=write, args=(index,)) for index in range(writers)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(json.dumps({"published": sum(counts), "errors": errors}))
"""


def publishing(hub, token, seconds, writers=10):
    """Publishes adapters meanwhile, each with two commits and an inspection, as fast as the hub takes them."""
    return subprocess.Popen([sys.executable, "-c", PUBLISH, hub.url, token, str(seconds), str(writers)],
                            stdout=subprocess.PIPE, text=True)


def published(process):
    found = json.loads(process.communicate()[0])
    if found["errors"]:
        sys.exit(f"publishing failed: {found['errors'][:3]}")
    return found["published"]


def explore(work):
    """Explore with three facets and a search over 100,000 adapters, at rest and while ten publish."""
    hub = filled(work, "explore", 100_000)
    try:
        before = hub.memory()
        draw, largest = random.Random(5), 0
        for _ in range(400):
            largest = max(largest, len(call(hub.url + explore_address(draw))[0]))
        times = server_times(hub)
        rows = [("Explore with three facets and a search over 100,000, 95th percentile", times[int(len(times) * 0.95)], "<=", 60, "ms"),
                ("the same, median", statistics.median(times), "", None, "ms"),
                ("the same, largest page", largest / 1000, "<=", 100, "kB"),
                ("the server's memory after that", before, "", None, "MB")]
        hub.log.write_bytes(b"")
        token = hub.token("writer")
        writers = publishing(hub, token, 15)
        while writers.poll() is None:
            call(hub.url + explore_address(draw))
        count = published(writers)
        times = server_times(hub, lambda path: path == "/explore")
        rows += [("the same while 10 publish, 95th percentile", times[int(len(times) * 0.95)], "", None, "ms"),
                 ("adapters published meanwhile, per second", count / 15, "", None, "")]
        return rows
    finally:
        hub.stop()


PAGES = ["/", "/explore", "/explore?sort=metric", "/tasks", "/tasks/sentiment", "/tasks/sentiment/sst-2", "/languages",
         "/languages/fi", "/base", "/base/bert-base-uncased"]


def pages(work):
    """Every page of a hub with 10,000 adapters."""
    hub = filled(work, "pages", 10_000)
    try:
        medians = []
        for page in PAGES:
            hub.log.write_bytes(b"")
            for _ in range(40):
                call(hub.url + page)
            medians.append((statistics.median(server_times(hub)), page))
        return [(f"the slowest page of a hub with 10,000 adapters ({max(medians)[1]}), median at the server", max(medians)[0], "<=", 20, "ms")]
    finally:
        hub.stop()


def paint(work):
    """Every shape of page of a hub with 10,000 adapters, in Chromium."""
    if not shutil.which("chromium"):
        raise Skipped("Chromium is not installed")
    done = subprocess.run([sys.executable, str(HERE / "pages.py"), "--loads", "3"], capture_output=True, text=True,
                          env={**os.environ, "ADAPTERHUB_PROGRAM": PROGRAM})
    if done.returncode:
        sys.exit(done.stderr)
    shapes = json.loads(done.stdout)["pages"]
    slowest = max(shapes, key=lambda shape: shapes[shape]["lcp"])
    longest = max(shapes, key=lambda shape: shapes[shape]["server"])
    return [(f"largest contentful paint of the slowest of {len(shapes)} shapes of page ({slowest}), median", shapes[slowest]["lcp"], "<=", 500, "ms"),
            (f"the slowest of them at the reader without a browser ({longest}), median", shapes[longest]["server"], "<=", 20, "ms")]


BROWSE = """
import asyncio, json, random, sys, time, urllib.parse
url, seconds, readers, pages = urllib.parse.urlsplit(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4])
times, errors = [], []

async def read(index):
    end, turn = time.time() + seconds, index
    # People neither come all at once nor look equally long.
    await asyncio.sleep(random.uniform(0, 2))
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    while time.time() < end:
        start, page = time.perf_counter(), pages[turn % len(pages)]
        turn += 7
        writer.write(f"GET {page} HTTP/1.1\\r\\nHost: {url.netloc}\\r\\n\\r\\n".encode())
        head = await reader.readuntil(b"\\r\\n\\r\\n")
        length = int([line for line in head.lower().split(b"\\r\\n") if line.startswith(b"content-length")][0].split(b":")[1])
        await reader.readexactly(length)
        if b" 200 " not in head[:16] and b" 303 " not in head[:16]:
            errors.append(head[:60].decode())
        times.append(time.perf_counter() - start)
        # Somebody looks at the page before going on to the next.
        await asyncio.sleep(random.uniform(1, 3))
    writer.close()

async def main():
    await asyncio.gather(*[read(index) for index in range(readers)])

asyncio.run(main())
times.sort()
print(json.dumps({"count": len(times), "errors": errors[:3], "p99": times[int(len(times) * 0.99)], "median": times[len(times) // 2]}))
"""


def browsing(work, seconds=60):
    """200 readers who look at each page for two seconds, while 10 writers publish."""
    seconds = int(os.environ.get("ADAPTERHUB_BENCH_SECONDS", seconds))
    hub = filled(work, "browse", 10_000)
    try:
        token = hub.token("writer")
        draw = random.Random(9)
        pages = PAGES + [explore_address(draw) for _ in range(20)]
        writers = publishing(hub, token, seconds)
        done = subprocess.run([sys.executable, "-c", BROWSE, hub.url, str(seconds), "200", json.dumps(pages)],
                              capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        found = json.loads(done.stdout)
        count = published(writers)
        if found["errors"]:
            sys.exit(f"browsing failed: {found['errors']}")
        return [("200 readers while 10 publish, 99th percentile at the reader", found["p99"] * 1000, "<=", 300, "ms"),
                ("the same, median", found["median"] * 1000, "", None, "ms"),
                ("pages read meanwhile, per second", found["count"] / seconds, "", None, ""),
                ("adapters published meanwhile, per second", count / seconds, "", None, "")]
    finally:
        hub.stop()


NGINX = """
daemon off; pid {work}/nginx.pid; error_log {work}/nginx.error.log;
events {{ worker_connections 64; }}
http {{ access_log off; sendfile on; server {{ listen 127.0.0.1:{port}; root {root}; }} }}
"""


def download(work):
    """A file of 100 MB, beside nginx with sendfile."""
    if not shutil.which("nginx"):
        raise Skipped("nginx is not installed")
    hub = Hub(work / "download")
    folder = adapter(work / "hundred", 100)
    port = 18_000 + os.getpid() % 10_000
    configuration = work / "nginx.conf"
    configuration.write_text(NGINX.format(work=work, port=port, root=folder))
    for parent in [work, folder]:
        os.chmod(parent, 0o755)
    nginx = subprocess.Popen(["nginx", "-c", str(configuration)])
    try:
        token = hub.token("maker")
        upload(hub, token, "hundred", folder)
        time.sleep(0.5)
        urls = {"hub": f"{hub.url}/maker/hundred/resolve/main/weights.bin", "nginx": f"http://127.0.0.1:{port}/weights.bin"}
        rates = {name: [] for name in urls}
        for _ in range(12):
            for name, url in urls.items():
                text = subprocess.run(["curl", "--fail", "--silent", "--output", "/dev/null", "--write-out", "%{speed_download}", url],
                                      check=True, capture_output=True, text=True).stdout
                rates[name].append(float(text) / 1e6)
        ours, theirs = max(rates["hub"]), max(rates["nginx"])
        return [("download of 100 MB, as a part of nginx", ours / theirs * 100, ">=", 40, "%"),
                ("download of 100 MB", ours, "", None, "MB/s"), ("the same from nginx", theirs, "", None, "MB/s")]
    finally:
        nginx.terminate()
        hub.stop()


def uploads(work):
    """Uploads with the newest Python client; the server's memory through all of them."""
    hub = Hub(work / "upload")
    try:
        token = hub.token("maker")
        seconds = min(upload(hub, token, f"thirty{index}", adapter(work / f"thirty{index}", 30, index)) for index in range(3))
        rows = [("upload of 30 MB with huggingface_hub 2.x", seconds, "<=", 2, "s")]
        for index in range(20):
            upload(hub, token, f"many{index}", adapter(work / f"many{index}", 3, index))
        upload(hub, token, "regular", adapter(work / "regular", 200))
        upload(hub, token, "large", adapter(work / "large", 1000), HF_HUB_DISABLE_XET="1")
        rows.append(("the server's memory after uploads of 30, 200 and 1000 MB and 20 of 3 MB", hub.memory(), "<=", 120, "MB"))
        return rows
    finally:
        hub.stop()


SNAPSHOTS = """
import sys, time
from huggingface_hub import snapshot_download
start = time.perf_counter()
for index in range(50):
    snapshot_download(f"maker/a{index}", cache_dir=sys.argv[1])
print(time.perf_counter() - start)
"""


def pull(work):
    """50 adapters of 4 MB into an empty cache, beside snapshot_download."""
    hub = Hub(work / "pull")
    try:
        token = hub.token("maker")
        for index in range(50):
            upload(hub, token, f"a{index}", adapter(work / f"a{index}", 4, index))
        ours, theirs = [], []
        # Caches stay until the end: right after a removal this file system makes new files slowly.
        for turn in range(5):
            cache = work / f"ours{turn}"
            environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_TOKEN": token, "HF_HUB_CACHE": str(cache)}
            start = time.perf_counter()
            subprocess.run([PROGRAM, "pull", *[f"maker/a{index}" for index in range(50)]], check=True,
                           capture_output=True, env=environment)
            ours.append(time.perf_counter() - start)
            cache = work / f"theirs{turn}"
            theirs.append(float(python(SNAPSHOTS.replace("sys.argv[1]", repr(str(cache))), hub, token)))
        return [("pull of 50 adapters of 4 MB, times as fast as snapshot_download", min(theirs) / min(ours), ">=", 2, "x"),
                ("pull of 50 adapters, the whole process", min(ours), "", None, "s"),
                ("snapshot_download of the same, without starting Python", min(theirs), "", None, "s")]
    finally:
        hub.stop()


ROWS = {"head": head, "list": listing, "explore": explore, "pages": pages, "paint": paint, "browse": browsing, "download": download, "upload": uploads, "pull": pull}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--print-only", action="store_true", help="write no file")
    arguments = parser.parse_args()
    table = []
    for name in arguments.rows.split(","):
        with tempfile.TemporaryDirectory(prefix="bench-hub-") as work:
            try:
                rows = ROWS[name](pathlib.Path(work))
            except Skipped as reason:
                rows = [(f"{name}: skipped, {reason}", None, "", None, "")]
        for row in rows:
            print(format_row(row), flush=True)
        table += rows
    if not arguments.print_only:
        write(table)


def format_row(row):
    what, value, sign, wanted, unit = row
    found = "–" if value is None else f"{value:,.2f} {unit}".strip()
    goal = "" if wanted is None else f"{sign.replace('>=', '≥').replace('<=', '≤')} {wanted:,} {unit}".strip()
    met = "" if wanted is None else ("yes" if (value >= wanted if sign == ">=" else value <= wanted) else "**no**")
    return f"| {what} | {found} | {goal} | {met} |"


def write(table):
    processor = re.search(r"model name\s*:\s*(.+)", pathlib.Path("/proc/cpuinfo").read_text())[1]
    name = f"{datetime.date.today()}-hub-{re.sub('[^a-z0-9]+', '-', processor.lower()).strip('-')[:20]}"
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    lines = [f"# The hub, {datetime.date.today()}", "",
             f"{processor}, {os.cpu_count()} processors shared by server and clients; Linux {platform.release()}; commit {commit}. "
             "Written by `make bench-hub`.", "", "| what | found | at least | met |", "|---|---|---|---|"]
    lines += [format_row(row) for row in table]
    results = HERE / "Results"
    (results / f"{name}.md").write_text("\n".join(lines) + "\n")
    (results / f"{name}.json").write_text(json.dumps(
        [dict(zip(["what", "value", "sign", "wanted", "unit"], row)) for row in table], indent=1) + "\n")
    print(f"written to Benchmarks/Results/{name}.md")


if __name__ == "__main__":
    main()
