"""The `hf` command, as people type it; old versions know fewer words."""
import json

import huggingface_hub
import pytest

from hub import unique

IS_NEW = int(huggingface_hub.__version__.split(".")[0]) >= 2
REPOSITORY = "repos" if IS_NEW else "repo"
newest = pytest.mark.skipif(not IS_NEW, reason="this version of `hf` has not that command")


@pytest.fixture
def hf(command, alice):
    """`hf` after a login as alice."""
    command("auth", "login", "--token", alice)
    return command


def test_a_login_is_kept_and_ended(command, alice):
    command("auth", "login", "--token", alice)
    assert "alice" in command("auth", "whoami")
    command("auth", "logout")
    assert "alice" not in command("auth", "whoami", expected=None)


def test_a_wrong_token_does_not_log_in(command):
    answer = command("auth", "login", "--token", "ahk_" + "0" * 44, expected=1)
    assert "nvalid" in answer


def test_a_folder_goes_up_and_comes_down(hf, hub, alice, tmp_path):
    name = f"alice/{unique('shell')}"
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "below" / "b.bin").write_bytes(bytes(range(256)) * 50)
    hf(REPOSITORY, "create", name)
    hf("upload", name, folder, ".", "--commit-message", "from the shell")
    hf("download", name, "--local-dir", tmp_path / "copy")
    assert (tmp_path / "copy" / "below" / "b.bin").read_bytes() == bytes(range(256)) * 50
    assert hub.history(name)[0]["title"] == "from the shell"


def test_an_upload_makes_the_repository_that_is_not_there(hf, hub, tmp_path):
    (tmp_path / "one.txt").write_text("one")
    name = f"alice/{unique('made')}"
    hf("upload", name, tmp_path / "one.txt", "one.txt", "--private")
    assert hub.get(f"/{name}/resolve/main/one.txt").status == 401
    assert "one.txt" in hf("download", name, "one.txt")


def test_tags_are_made_and_listed(hf, hub, repository):
    hf(REPOSITORY, "tag", "create", repository, "v1", "-m", "the first")
    assert "v1" in hf(REPOSITORY, "tag", "list", repository)
    hf(REPOSITORY, "tag", "delete", repository, "v1", "-y")
    assert hub.get(f"/api/models/{repository}/refs").json["tags"] == []


def test_files_are_deleted(hf, hub, alice, repository):
    hub.committed(repository, {"a.txt": b"a", "b.txt": b"b"}, alice)
    hf(*(["repos", "delete-files"] if IS_NEW else ["repo-files", "delete"]), repository, "a.txt")
    assert hub.get(f"/{repository}/resolve/main/a.txt").code == "EntryNotFound"
    assert hub.get(f"/{repository}/resolve/main/b.txt").status == 200


def test_what_is_not_there_is_said(hf):
    answer = hf("download", "alice/nothing-of-the-kind", expected=1)
    assert "not found" in answer.lower()


@newest
def test_models_are_listed_and_described(hf, hub, alice):
    name = hub.make(f"alice/{unique('listed')}", alice)
    hub.committed(name, {"README.md": b"---\nlicense: mit\n---\n# Hello there\n"}, alice)
    listed = json.loads(hf("models", "ls", "--author", "alice", "--json"))
    assert name in [model["id"] for model in listed]
    assert name in hf("models", "info", name)
    assert "Hello there" in hf("models", "card", name)


@newest
def test_a_repository_is_moved_and_deleted(hf, hub, repository):
    hf("repos", "move", repository, repository + "-moved")
    assert hub.get(f"/api/models/{repository}-moved").json["id"] == repository + "-moved"
    hf("repos", "settings", repository + "-moved", "--private")
    assert hub.get(f"/api/models/{repository}-moved").status == 401
    hf("repos", "delete", repository + "-moved", "-y")


@newest
def test_branches_are_made_and_deleted(hf, hub, repository):
    hf("repos", "branch", "create", repository, "dev")
    assert "dev" in [one["name"] for one in hub.get(f"/api/models/{repository}/refs").json["branches"]]
    hf("repos", "branch", "delete", repository, "dev")


@newest
def test_what_is_cached_is_verified(hf, hub, alice, repository):
    hub.committed(repository, {"a.txt": b"a"}, alice)
    hf("download", repository)
    assert "erified" in hf("cache", "verify", repository)
