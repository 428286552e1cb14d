"""The cache that our client and Python's share: many at once, killed at any moment, each reading the other's.

ADAPTERHUB_ROUNDS says how often (20 by default, of which some tests do fewer).
"""
import concurrent.futures
import json
import os
import pathlib
import random
import signal
import subprocess
import time

import pytest

from hub import PROGRAM, clean_environment

ROUNDS = int(os.environ.get("ADAPTERHUB_ROUNDS", "20"))
PROCESSES = 32


@pytest.fixture(scope="module")
def content():
    return random.Random(3).randbytes(3_000_000)


@pytest.fixture(scope="module")
def adapter(hub, alice, content):
    """A repository that looks like an adapter."""
    name = hub.make("alice/shared", alice)
    hub.committed(name, {"weights.safetensors": content, "adapter_config.json": b"{}", "sub/notes.txt": b"notes",
                         "README.md": b"# An adapter\n"}, alice)
    return name


def environment(hub, token, cache, **changes):
    return clean_environment(HF_ENDPOINT=hub.url, HF_TOKEN=token, HF_HUB_CACHE=str(cache), **changes)


def pull(hub, token, cache, *words, expected=0, **changes):
    done = subprocess.run([PROGRAM, "pull", *words], capture_output=True, text=True, timeout=120,
                          env=environment(hub, token, cache, **changes))
    assert expected is None or done.returncode == expected, done.stdout + done.stderr
    return done.stdout.strip()


def whole(folder, content):
    """Whether a snapshot has what was published, every byte."""
    folder = pathlib.Path(folder)
    return ((folder / "weights.safetensors").read_bytes() == content
            and (folder / "adapter_config.json").read_bytes() == b"{}")


def sent(hub, path):
    """How often the hub was asked for a file."""
    return sum(1 for line in hub.log.splitlines()
               if f"resolve/" in line and path in line and '"method":"GET"' in line)


def test_many_processes_fetch_a_file_once(hub, alice, adapter, content, tmp_path):
    rounds = max(2, ROUNDS // 4)
    before = sent(hub, "weights.safetensors")
    for turn in range(rounds):
        cache = tmp_path / f"cache{turn}"
        with concurrent.futures.ThreadPoolExecutor(PROCESSES) as pool:
            folders = set(pool.map(lambda _: pull(hub, alice, cache, adapter), range(PROCESSES)))
        assert len(folders) == 1
        assert whole(folders.pop(), content)
        leftovers = [path for path in cache.rglob("*") if path.suffix == ".incomplete" or ".tmp" in path.name]
        assert not leftovers
    # The lock spares the others the transfer; correctness does not rest on it.
    assert sent(hub, "weights.safetensors") - before <= rounds * 2


def test_a_pull_that_is_killed_leaves_nothing_wrong(hub, alice, adapter, content, tmp_path):
    draw = random.Random(9)
    for turn in range(ROUNDS):
        cache = tmp_path / f"cache{turn % 5}"
        process = subprocess.Popen([PROGRAM, "pull", adapter], env=environment(hub, alice, cache),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(draw.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        process.wait()
        # Whatever has a name is whole; what is not there is fetched by the next one.
        for blob in (cache / "models--alice--shared" / "blobs").glob("*"):
            if blob.name.endswith(".incomplete"):
                continue
            assert len(blob.name) in (40, 64)
        done = subprocess.run([PROGRAM, "cache", "verify"], capture_output=True, text=True,
                              env=environment(hub, alice, cache))
        assert done.returncode == 0, done.stdout + done.stderr
        assert whole(pull(hub, alice, cache, adapter), content)


def test_what_was_pulled_here_is_there_for_python(hub, alice, adapter, content, tmp_path, python):
    cache = tmp_path / "cache"
    folder = pull(hub, alice, cache, "--all", adapter)
    found = python("""
import sys
from huggingface_hub import snapshot_download, hf_hub_download, scan_cache_dir
print(snapshot_download(sys.argv[1], cache_dir=sys.argv[2], local_files_only=True))
hf_hub_download(sys.argv[1], "sub/notes.txt", cache_dir=sys.argv[2], local_files_only=True)
scan = scan_cache_dir(sys.argv[2])
assert not scan.warnings, scan.warnings
assert [repo.repo_id for repo in scan.repos] == [sys.argv[1]]
""", adapter, cache)
    assert found.strip() == folder
    assert whole(found.strip(), content)
    # Asked with the network, it has nothing to fetch.
    before = sent(hub, "weights.safetensors")
    python("import sys; from huggingface_hub import snapshot_download; "
           "snapshot_download(sys.argv[1], cache_dir=sys.argv[2])", adapter, cache)
    assert sent(hub, "weights.safetensors") == before


def test_what_python_fetched_is_there_for_us(hub, alice, adapter, content, tmp_path, python):
    cache = tmp_path / "cache"
    folder = python("import sys; from huggingface_hub import snapshot_download; "
                    "print(snapshot_download(sys.argv[1], cache_dir=sys.argv[2]))", adapter, cache).strip()
    before = sent(hub, "weights.safetensors")
    assert pull(hub, alice, cache, adapter) == folder
    assert pull(hub, alice, cache, adapter, HF_HUB_OFFLINE="1") == folder
    assert sent(hub, "weights.safetensors") == before
    listed = subprocess.run([PROGRAM, "cache", "list", "--json"], capture_output=True, text=True, check=True,
                            env=environment(hub, alice, cache)).stdout
    assert "alice/shared" in listed and json.loads(listed.splitlines()[0]) is not None


def test_a_broken_blob_is_found_and_fetched_anew(hub, alice, adapter, content, tmp_path):
    cache = tmp_path / "cache"
    folder = pathlib.Path(pull(hub, alice, cache, adapter))
    blob = (folder / "weights.safetensors").resolve()
    damaged = bytearray(content)
    damaged[1000] ^= 1
    blob.write_bytes(damaged)
    done = subprocess.run([PROGRAM, "cache", "verify"], capture_output=True, text=True,
                          env=environment(hub, alice, cache))
    assert done.returncode == 1, done.stdout
    assert blob.name in done.stderr
    subprocess.run([PROGRAM, "cache", "verify", "--repair"], capture_output=True,
                   env=environment(hub, alice, cache))
    assert whole(pull(hub, alice, cache, adapter), content)


def test_without_a_network_what_is_missing_is_said(hub, alice, adapter, tmp_path):
    done = subprocess.run([PROGRAM, "pull", adapter], capture_output=True, text=True,
                          env=environment(hub, alice, tmp_path / "cache", HF_HUB_OFFLINE="1"))
    assert done.returncode == 1
    assert "HF_HUB_OFFLINE" in done.stderr
