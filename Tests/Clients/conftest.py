"""What the tests of the hub with real clients share: a hub for each file, and users of it."""
import atexit
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

from hub import Hub, clean_environment, free_port, unique

# The libraries read these when they are imported: all hubs of a run take the same port in turn, and
# nothing is cached in the home of the one who tests.
PORT = free_port()
CACHE = tempfile.mkdtemp(prefix="hub-clients-")
atexit.register(shutil.rmtree, CACHE, ignore_errors=True)
kept = clean_environment(HF_ENDPOINT=f"http://127.0.0.1:{PORT}", HF_HOME=CACHE)
kept.update((name, value) for name, value in os.environ.items() if name.startswith("ADAPTERHUB_"))
os.environ.clear()
os.environ.update(kept)


@pytest.fixture(scope="module")
def hub_options():
    """Options of the hub's command; a file overrides this for a hub of its own kind."""
    return ["--rate-limit", "0"]


@pytest.fixture(scope="module")
def hub(tmp_path_factory, hub_options):
    """A hub that runs; at the end its log holds no failure, and everything in it is whole."""
    with Hub(tmp_path_factory.mktemp("hub"), *hub_options, port=PORT) as hub:
        yield hub
        hub.check()


@pytest.fixture(scope="module")
def alice(hub):
    """A token for writing of a user `alice`."""
    return hub.user("alice")


@pytest.fixture(scope="module")
def bob(hub):
    """A token for writing of a user `bob`, who has nothing to do with alice."""
    return hub.user("bob")


@pytest.fixture
def api(hub, alice):
    """The library huggingface_hub as alice's."""
    import huggingface_hub
    return huggingface_hub.HfApi(token=alice)


@pytest.fixture
def repository(hub, alice):
    """An empty repository of alice's."""
    return hub.make(f"alice/{unique('r')}", alice)


@pytest.fixture
def python(hub, alice, tmp_path):
    """Runs a piece of Python in a process of its own, as alice, against the hub.

    The libraries read HF_ENDPOINT when they are imported, so they need a new process.
    """
    def run(code, *arguments, expected=0, **changes):
        environment = clean_environment(
            HF_ENDPOINT=hub.url, HF_TOKEN=alice, HF_HOME=str(tmp_path / "home"), **changes)
        done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)],
                              capture_output=True, text=True, env=environment, timeout=300,
                              cwd=tmp_path)
        assert expected is None or done.returncode == expected, done.stdout + done.stderr
        return done.stdout
    return run


@pytest.fixture
def command(hub, tmp_path):
    """Runs the `hf` command of the client that is installed here, without any token in sight."""
    def run(*words, expected=0, **changes):
        environment = clean_environment(
            HF_ENDPOINT=hub.url, HF_HOME=str(tmp_path / "home"), COLUMNS="200", **changes)
        done = subprocess.run(
            [str(pathlib.Path(sys.executable).parent / "hf"), *map(str, words)],
            capture_output=True, text=True, env=environment, timeout=120, cwd=tmp_path,
            stdin=subprocess.DEVNULL)
        assert expected is None or done.returncode == expected, done.stdout + done.stderr
        return done.stdout + done.stderr
    return run
