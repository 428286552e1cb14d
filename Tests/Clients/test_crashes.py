"""The hub is killed at random and at named moments; what it acknowledged is there, and nothing by half.

ADAPTERHUB_ROUNDS says how often (20); `make soak` does it 200 times each.
"""
import concurrent.futures
import http.client
import os
import random
import time

import pytest

from hub import Hub, commit_lines, line, sha256, unique

ROUNDS = int(os.environ.get("ADAPTERHUB_ROUNDS", "20"))

#: Where the program may be told to die, and what it is doing then.
MOMENTS = ["blob-before-keep", "blob-after-keep", "commit-before-description"]


class Writer:
    """Commits one file after another to a repository of its own, and remembers what was answered."""

    def __init__(self, hub, token, repository, draw):
        self.hub, self.token, self.repository, self.draw = hub, token, repository, draw
        #: The content of each file that was acknowledged, and of the one that was under way.
        self.acknowledged = {}
        self.open = {}
        #: Files that were read back once; `fsck` reads every byte of them again in each round.
        self.checked = set()
        #: An answer that was neither a success nor the end of the hub.
        self.refusal = None

    def write(self, count):
        for _ in range(count):
            name = f"f{self.draw.randrange(10**9)}.bin"
            content = self.draw.randbytes(self.draw.randrange(1, 200_000))
            self.open = {name: content}
            try:
                answer = self.hub.commit(self.repository, {name: content}, self.token, timeout=10)
            except (OSError, http.client.HTTPException):
                return
            if answer.status != 200:
                self.refusal = answer
                return
            self.acknowledged[name] = content
            self.open = {}

    def check(self):
        """What is there is what was acknowledged, and at most the one that was under way, whole."""
        tree = self.hub.get(f"/api/models/{self.repository}/tree/main?recursive=true", token=self.token)
        assert tree.status == 200, tree
        found = {entry["path"] for entry in tree.json}
        assert set(self.acknowledged) <= found, "an acknowledged file is lost"
        assert found <= set(self.acknowledged) | set(self.open), "a file came from nowhere"
        known = sorted(self.checked & found)
        for name in (found - self.checked) | set(self.draw.sample(known, min(10, len(known)))):
            content = self.acknowledged.get(name, self.open.get(name))
            file = self.hub.get(f"/{self.repository}/resolve/main/{name}", token=self.token)
            assert file.status == 200 and file.body == content, f"{name} is not what was sent"
            self.acknowledged[name] = content
            self.checked.add(name)
        self.open = {}
        # A repository is described by its newest commit, also when its writer died in between.
        info = self.hub.get(f"/api/models/{self.repository}", token=self.token).json
        listed = self.hub.get(f"/api/models?author={self.repository.split('/')[0]}&full=true&limit=1000",
                              token=self.token).json
        assert info["sha"] in {item["sha"] for item in listed}


@pytest.fixture
def stopped(tmp_path):
    """A hub with a user whose token is known, not running."""
    hub = Hub(tmp_path / "hub", "--rate-limit", "0").start()
    token = hub.user("alice")
    yield hub, token
    hub.kill()


@pytest.mark.parametrize("part", range(max(1, ROUNDS // 50)))
def test_a_hub_killed_at_random_keeps_what_it_acknowledged(stopped, part):
    # A new hub for each 50 rounds: `fsck` reads every byte there is in each of them.
    hub, token = stopped
    rounds = min(ROUNDS, 50)
    draw = random.Random(11 + part)
    repositories = [hub.make(f"alice/{unique('r')}", token) for _ in range(3)]
    writers = [Writer(hub, token, name, random.Random(100 * part + index))
               for index, name in enumerate(repositories)]
    for _ in range(rounds):
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            running = [pool.submit(writer.write, 50) for writer in writers]
            time.sleep(draw.uniform(0.01, 0.4))
            hub.kill()
            for one in running:
                one.result()
        hub.check()
        hub.start()
        for writer in writers:
            writer.check()
    assert sum(len(writer.acknowledged) for writer in writers) > rounds
    hub.check_log()


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_hub_killed_at_a_moment_of_an_upload_has_it_whole_or_not_at_all(stopped, moment):
    hub, token = stopped
    writer = Writer(hub, token, hub.make("alice/r", token), random.Random(5))
    for _ in range(ROUNDS):
        hub.kill()
        hub.start(ADAPTERHUB_CRASH_AT=moment)
        writer.write(1)
        assert writer.open, f"the hub did not die at {moment}"
        hub.process.wait(10)
        hub.check()
        hub.start()
        under_way = dict(writer.open)
        writer.check()
        # The client tries again, as all of them do; it lands once.
        before = len(hub.history("alice/r", token))
        for name, content in under_way.items():
            arrived = name in writer.acknowledged
            hub.committed("alice/r", {name: content}, token)
            assert len(hub.history("alice/r", token)) == before + (0 if arrived else 1)
            writer.acknowledged[name] = content
        writer.check()
        assert not hub.unfinished()
        hub.kill()
        hub.start()


def test_a_hub_killed_while_it_inspects_starts_again(stopped):
    hub, token = stopped
    hub.make("alice/r", token)
    files = {"adapter_config.json": b'{"peft_type": "LORA", "r": 4, "target_modules": ["query"]}',
             "adapter_model.safetensors": os.urandom(1000)}
    for turn in range(ROUNDS):
        hub.kill()
        hub.start(ADAPTERHUB_CRASH_AT="inspection")
        with pytest.raises((OSError, http.client.HTTPException)):
            hub.commit("alice/r", {**files, "turn": b"%d" % turn}, token, timeout=10)
        hub.process.wait(10)
        hub.check()
        hub.start()
        assert hub.get("/alice/r/resolve/main/turn").body == b"%d" % turn
        listed = hub.get("/api/models?author=alice&full=true").json[0]
        assert "turn" in {sibling["rfilename"] for sibling in listed["siblings"]}
        assert not list((hub.data / "incoming").iterdir())


@pytest.mark.parametrize("moment", ["gc-after-rows", "gc-after-blob"])
def test_a_sweep_that_is_killed_takes_nothing_that_is_needed(stopped, moment):
    hub, token = stopped
    kept = Writer(hub, token, hub.make("alice/kept", token), random.Random(1))
    kept.write(3)
    for turn in range(ROUNDS):
        gone = hub.make(f"alice/gone{turn}", token)
        hub.committed(gone, {"a": os.urandom(1000), "b": os.urandom(1000), "shared": b"shared"}, token)
        hub.committed("alice/kept", {"shared": b"shared"}, token)
        kept.acknowledged["shared"] = b"shared"
        answer = hub.send("DELETE", "/api/repos/delete", {"name": gone}, token=token)
        assert answer.status == 200, answer
        hub.kill()
        hub.start(ADAPTERHUB_CRASH_AT=moment)
        hub.administer("gc", "--grace-hours", "0", expected=1)
        hub.process.wait(10)
        hub.check()
        hub.start()
        kept.check()
        hub.administer("gc", "--grace-hours", "0")
        hub.check()
        kept.check()
        wanted = {sha256(content) for content in kept.acknowledged.values()}
        assert hub.contents() == wanted


def test_sweeps_and_uploads_go_on_together(stopped):
    hub, token = stopped
    writers = [Writer(hub, token, hub.make(f"alice/r{index}", token), random.Random(index))
               for index in range(3)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        running = [pool.submit(writer.write, 2 * ROUNDS) for writer in writers]
        while not all(one.done() for one in running):
            hub.administer("gc", "--grace-hours", "0")
        for one in running:
            one.result()
    assert [writer.refusal for writer in writers] == [None] * 3
    assert all(len(writer.acknowledged) == 2 * ROUNDS for writer in writers)
    hub.check()
    for writer in writers:
        writer.check()
    hub.stop()
    hub.check_log()


def test_a_hub_killed_at_random_while_it_sweeps_or_backs_up_is_whole(stopped, tmp_path):
    hub, token = stopped
    draw = random.Random(4)
    kept = Writer(hub, token, hub.make("alice/kept", token), random.Random(6))
    for turn in range(ROUNDS):
        gone = hub.make(f"alice/gone{turn}", token)
        hub.committed(gone, {str(index): os.urandom(500) for index in range(20)}, token)
        hub.send("DELETE", "/api/repos/delete", {"name": gone}, token=token)
        kept.write(1)
        target = tmp_path / f"backup{turn}"
        words = ["gc", "--grace-hours", "0"] if turn % 2 else ["backup", str(target)]
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            running = pool.submit(hub.administer, *words, expected=None)
            time.sleep(draw.uniform(0.02, 0.12))
            hub.kill()
            running.result()
        hub.check()
        if target.exists():
            hub.administer("restore", target, "--verify")
        hub.start()
        kept.check()


@pytest.mark.parametrize("moment", ["backup-after-database", "backup-before-rename"])
def test_a_backup_that_is_killed_is_none_and_the_next_one_is_whole(stopped, tmp_path, moment):
    hub, token = stopped
    writer = Writer(hub, token, hub.make("alice/r", token), random.Random(2))
    for turn in range(ROUNDS):
        writer.write(2)
        hub.kill()
        hub.start(ADAPTERHUB_CRASH_AT=moment)
        target = tmp_path / f"backup{turn}"
        hub.administer("backup", target, expected=1)
        hub.process.wait(10)
        assert not target.exists()
        hub.start()
        hub.administer("backup", target)
        other = tmp_path / f"restored{turn}"
        hub.administer("restore", target, data=other)
        hub.administer("fsck", data=other)
    restored = Hub(tmp_path / "second")
    restored.data = other
    restored.start()
    try:
        writer.hub = restored
        writer.check()
    finally:
        restored.kill()


def test_a_restore_that_is_killed_leaves_the_old_hub(stopped, tmp_path):
    hub, token = stopped
    hub.make("alice/r", token)
    hub.committed("alice/r", {"a": b"old"}, token)
    hub.administer("backup", tmp_path / "backup")
    for turn in range(ROUNDS):
        hub.committed("alice/r", {"a": b"new %d" % turn}, token)
        hub.kill()
        hub.start(ADAPTERHUB_CRASH_AT="restore-before-database")
        hub.administer("restore", tmp_path / "backup", "--replace", expected=1)
        hub.process.wait(10)
        hub.check()
        hub.start()
        assert hub.get("/alice/r/resolve/main/a").body == b"new %d" % turn
    hub.administer("restore", tmp_path / "backup", "--replace")
    assert hub.get("/alice/r/resolve/main/a").body == b"old"
    hub.check()


def test_a_damaged_hub_is_repaired_by_a_backup_and_a_foreign_one_is_refused(stopped, tmp_path):
    import sqlite3
    hub, token = stopped
    hub.make("alice/r", token)
    hub.committed("alice/r", {"a": b"content"}, token)
    backup = tmp_path / "backup"
    hub.administer("backup", f"{backup}/")
    blob = next(path for path in (hub.data / "blobs").rglob("*") if path.is_file())
    kept = blob.read_bytes()
    blob.unlink()
    blob.write_bytes(b"CONTENT")
    hub.administer("fsck", expected=1)
    hub.administer("restore", backup, "--replace")
    hub.check()
    assert blob.read_bytes() == kept
    database = sqlite3.connect(backup / "hub.sqlite")
    database.execute("PRAGMA user_version = 99")
    database.commit()
    database.close()
    hub.administer("restore", backup, "--replace", expected=1)
    hub.check()
    hub.kill()
    hub.start()
    assert hub.get("/alice/r/resolve/main/a").body == b"content"


def test_backups_made_while_others_write_are_whole(stopped, tmp_path):
    hub, token = stopped
    writers = [Writer(hub, token, hub.make(f"alice/r{index}", token), random.Random(index))
               for index in range(2)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        running = [pool.submit(writer.write, ROUNDS) for writer in writers]
        count = 0
        while not all(one.done() for one in running):
            hub.administer("backup", tmp_path / f"b{count}")
            hub.administer("restore", tmp_path / f"b{count}", "--verify")
            count += 1
    assert count > 0


def test_a_large_upload_that_is_killed_can_be_sent_again(tmp_path):
    hub = Hub(tmp_path / "hub", "--rate-limit", "0", "--regular-limit", "10", "--part-size", "100KB").start()
    try:
        token = hub.user("alice")
        hub.make("alice/r", token)
        content = os.urandom(450_000)
        digest = sha256(content)
        ask = {"operation": "upload", "transfers": ["multipart"],
               "objects": [{"oid": digest, "size": len(content)}]}
        for turn in range(max(2, ROUNDS // 4)):
            batch = hub.post("/alice/r.git/info/lfs/objects/batch", ask, token=token).json
            upload = batch["objects"][0]["actions"]["upload"]
            parts = {int(key): url for key, url in upload["header"].items() if key.isdigit()}
            for number in sorted(parts)[:turn + 1]:
                path = parts[number].split("/", 3)[3]
                piece = content[(number - 1) * 100_000:number * 100_000]
                assert hub.send("PUT", "/" + path, piece).status == 200
            hub.kill()
            hub.check()
            hub.start()
        batch = hub.post("/alice/r.git/info/lfs/objects/batch", ask, token=token).json
        upload = batch["objects"][0]["actions"]["upload"]
        for number, url in sorted((int(k), u) for k, u in upload["header"].items() if k.isdigit()):
            piece = content[(number - 1) * 100_000:number * 100_000]
            assert hub.send("PUT", "/" + url.split("/", 3)[3], piece).status == 200
        done = hub.post("/" + upload["href"].split("/", 3)[3], {"oid": digest, "parts": []})
        assert done.status == 200, done
        body = line("header", summary="large") + line("lfsFile", path="w", algo="sha256", oid=digest,
                                                      size=len(content))
        assert hub.post("/api/models/alice/r/commit/main", body, token=token).status == 200
        assert hub.get("/alice/r/resolve/main/w").body == content
        hub.check()
    finally:
        hub.kill()


def test_a_hub_that_is_told_to_end_answers_what_it_has_begun(stopped):
    hub, token = stopped
    hub.make("alice/r", token)
    content = os.urandom(3_000_000)
    body = commit_lines({"a": content})
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=30)
    connection.putrequest("POST", "/api/models/alice/r/commit/main")
    connection.putheader("Authorization", f"Bearer {token}")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    connection.send(body[:1_000_000])
    time.sleep(0.2)
    hub.process.terminate()
    time.sleep(0.3)
    connection.send(body[1_000_000:])
    assert connection.getresponse().status == 200
    assert hub.process.wait(20) == 0
    hub.check()
    hub.start()
    assert hub.get("/alice/r/resolve/main/a").body == content
