"""A hub that runs for the tests, and plain HTTP to talk to it; the clients under test are elsewhere.

    with Hub(folder) as hub:
        alice = hub.user("alice")
        answer = hub.get("/api/whoami-v2", token=alice)

Only the standard library: this runs beside every version of every client.
"""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import time
import urllib.parse

PROGRAM = os.environ.get("ADAPTERHUB_PROGRAM", "")

#: What keeps clients to themselves: no telemetry, no bars, no cache or token of the one who tests.
QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "0",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "NO_COLOR": "1",
}


def clean_environment(**changes):
    """The environment without what would point a client elsewhere, and with the changes."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("HF_", "HUGGING", "TRANSFORMERS_", "ADAPTERHUB_"))
            and not name.lower().endswith("_proxy")}
    return {**kept, **QUIET, **changes}


class Answer:
    """Status, headers and body of a response."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.headers.get("X-Error-Code")

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Hub:
    """A hub process with a data folder of its own."""

    def __init__(self, folder, *options, port=0):
        assert PROGRAM, "ADAPTERHUB_PROGRAM must name the program adapterhub"
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.log_path = self.folder / "hub.log"
        self.options = list(options)
        self.wanted_port = port
        self.process = None
        self.port = None

    # The process

    def start(self, *prefix, **environment):
        """Starts the program, after a prefix such as `prlimit`, and waits until it listens."""
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*prefix, PROGRAM, "hub", "--data", str(self.data), "--port", str(self.wanted_port),
                 "--port-file", str(port_file), *self.options],
                stdout=log, stderr=subprocess.STDOUT,
                env=clean_environment(**environment))
        end = time.monotonic() + 30
        while not port_file.exists():
            assert self.process.poll() is None, f"the hub ended:\n{self.log[-3000:]}"
            assert time.monotonic() < end, f"the hub does not listen:\n{self.log[-3000:]}"
            time.sleep(0.01)
        self.port = int(port_file.read_text())
        return self

    def stop(self):
        """Ends the hub as a service manager does; it must come to its end by itself, with 0."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(40)
        self.process = None
        assert status == 0, f"the hub ended with {status}:\n{self.log[-3000:]}"

    def kill(self):
        """Ends the hub as a power cut does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is not None:
            self.kill()
            return
        self.stop()
        self.check_log()

    # What can be seen from outside

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def check_log(self):
        """No request may end in an error that nobody foresaw, and no secret may stand in the log."""
        failed = [line for line in self.log.splitlines()
                  if "request failed" in line or "Fatal error" in line or '"status":"500"' in line]
        assert not failed, "the hub failed:\n" + "\n".join(failed[:10])
        assert "ahk_" not in self.log, "a token stands in the hub's log"

    @property
    def memory(self):
        """The most memory that the process has had, in bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def contents(self):
        """The digests of all contents that are kept."""
        return {path.name for path in (self.data / "blobs").rglob("*") if path.is_file()}

    def unfinished(self):
        """Files of uploads that have not come to their end."""
        return [path for path in (self.data / "incoming").rglob("*") if path.is_file()]

    # Administration from the command line

    def administer(self, *words, expected=0, data=None, **environment):
        """Runs `adapterhub hub …` on the data folder; what it printed."""
        done = subprocess.run(
            [PROGRAM, "hub", *map(str, words), "--data", str(data or self.data)],
            capture_output=True, text=True, env=clean_environment(**environment), timeout=120)
        assert expected is None or done.returncode == expected, (
            f"hub {words}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def user(self, name, *options, scope="write"):
        """Makes a user, and a token of theirs."""
        self.administer("user", "create", name, *options)
        return self.token(name, scope)

    def token(self, name, scope="write", *options):
        return self.administer("token", "create", name, "--scope", scope, *options)

    def check(self):
        """Checks the database and every byte of every content."""
        return self.administer("fsck")

    # Plain HTTP

    def send(self, method, path, body=None, token=None, headers=None, timeout=60):
        """One request over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path, **rest):
        return self.send("GET", path, **rest)

    def head(self, path, **rest):
        return self.send("HEAD", path, **rest)

    def post(self, path, body=None, **rest):
        return self.send("POST", path, body, **rest)

    # Steps that many tests begin with

    def make(self, name, token, **settings):
        """Makes a repository `owner/name`."""
        owner, short = name.split("/")
        answer = self.post("/api/repos/create", {"name": short, "organization": owner, **settings},
                           token=token)
        assert answer.status == 200, answer
        return name

    def commit(self, repository, files, token, branch="main", parent=None, summary="change",
               **rest):
        """Commits files by name, as clients do: `None` deletes one."""
        return self.post(
            f"/api/models/{repository}/commit/{quoted(branch)}",
            commit_lines(files, parent, summary), token=token,
            headers={"Content-Type": "application/x-ndjson"}, **rest)

    def committed(self, *words, **rest):
        """Like `commit`, and it must succeed; the commit's name."""
        answer = self.commit(*words, **rest)
        assert answer.status == 200, answer
        return answer.json["commitOid"]

    def head_commit(self, repository, token=None, branch="main"):
        answer = self.get(f"/api/models/{repository}/revision/{quoted(branch)}", token=token)
        assert answer.status == 200, answer
        return answer.json["sha"]

    def history(self, repository, token=None, branch="main"):
        """The commits of a branch, newest first."""
        commits = []
        for page in range(1000):
            answer = self.get(
                f"/api/models/{repository}/commits/{quoted(branch)}?limit=1000&p={page}",
                token=token)
            assert answer.status == 200, answer
            commits += answer.json
            if "Link" not in answer.headers:
                return commits
        raise AssertionError("the history has no end")


def free_port():
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def quoted(text):
    """A text as one part of a path."""
    return urllib.parse.quote(text, safe="")


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def line(key, **value):
    return json.dumps({"key": key, "value": value}).encode() + b"\n"


def file_line(path, content):
    return line("file", content=base64.b64encode(content).decode(), path=path, encoding="base64")


def commit_lines(files, parent=None, summary="change"):
    """The body of a commit."""
    header = {"summary": summary, "description": ""}
    if parent:
        header["parentCommit"] = parent
    lines = [line("header", **header)]
    for path, content in files.items():
        lines.append(line("deletedFile", path=path) if content is None
                     else file_line(path, content))
    return b"".join(lines)


def unique(prefix):
    return f"{prefix}-{secrets.token_hex(4)}"
