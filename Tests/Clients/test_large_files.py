"""Files above the limit of a commit: Git LFS in one piece and in parts, with three real clients.

This hub takes files up to 10 kB within a commit, and sends what is above 100 kB in parts.
"""
import json
import os
import shutil
import subprocess

import huggingface_hub
import pytest

from hub import Hub, clean_environment, commit_lines, line, sha256, unique

LFS = {"Content-Type": "application/vnd.git-lfs+json", "Accept": "application/vnd.git-lfs+json"}
PART = 100_000


@pytest.fixture(scope="module")
def hub_options():
    return ["--rate-limit", "0", "--regular-limit", "10KB", "--part-size", "100KB"]


def batch(hub, repository, token, content, operation="upload", transfers=("basic", "multipart")):
    """What the hub says about one object."""
    return hub.post(
        f"/{repository}.git/info/lfs/objects/batch",
        json.dumps({"operation": operation, "transfers": list(transfers), "hash_algo": "sha256",
                    "objects": [{"oid": sha256(content), "size": len(content)}]}).encode(),
        token=token, headers=LFS)


def put(hub, url, content):
    """Sends bytes to a signed address, without any token, as clients do."""
    assert url.startswith(hub.url)
    return hub.send("PUT", url.removeprefix(hub.url), content)


def upload_of(answer):
    assert answer.status == 200, answer
    return answer.json["objects"][0]["actions"]["upload"]


def commit_large(hub, repository, token, path, content):
    body = commit_lines({}) + line("lfsFile", path=path, algo="sha256", oid=sha256(content),
                                   size=len(content))
    return hub.post(f"/api/models/{repository}/commit/main", body, token=token,
                    headers={"Content-Type": "application/x-ndjson"})


def store(hub, repository, token, content):
    """Uploads in one piece."""
    upload = upload_of(batch(hub, repository, token, content, transfers=["basic"]))
    assert put(hub, upload["href"], content).status == 200


# huggingface_hub

UPLOAD = """
import sys
from huggingface_hub import HfApi
api = HfApi()
print(api.upload_folder(repo_id=sys.argv[1], folder_path=sys.argv[2]).oid)
info = api.model_info(sys.argv[1], files_metadata=True)
print({file.rfilename: file.lfs.sha256 for file in info.siblings if file.lfs})
"""
DOWNLOAD = """
import sys
from huggingface_hub import snapshot_download
print(snapshot_download(sys.argv[1]))
"""


def test_a_client_sends_small_ones_in_the_commit_and_large_ones_apart(python, repository, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    contents = {"small.bin": os.urandom(10_000), "one.bin": os.urandom(60_000),
                "parts.bin": os.urandom(3 * PART + 7), "exact.bin": os.urandom(2 * PART)}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    told = python(UPLOAD, repository, folder, HF_HUB_DISABLE_XET="1").split("\n", 1)
    assert eval(told[1]) == {name: sha256(content) for name, content in contents.items()
                             if name != "small.bin"}
    again = python(UPLOAD, repository, folder, HF_HUB_DISABLE_XET="1").split("\n", 1)
    assert again[0] == told[0], "the same files made another commit"
    path = python(DOWNLOAD, repository).strip()
    assert {name: open(f"{path}/{name}", "rb").read() for name in contents} == contents


def test_a_client_that_wants_xet_is_told_what_to_do(python, repository, tmp_path):
    if int(huggingface_hub.__version__.split(".")[0]) < 2:
        pytest.skip("this version of huggingface_hub falls back to LFS by itself")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "one.bin").write_bytes(os.urandom(20_000))
    said = python("import sys; sys.stderr = sys.stdout\n" + UPLOAD, repository, folder, expected=1)
    assert "HF_HUB_DISABLE_XET=1" in said


# git-lfs

@pytest.fixture
def git(tmp_path, hub, alice):
    """git in a working copy, with the hub as its server of large files."""
    if shutil.which("git-lfs") is None:
        pytest.skip("git-lfs is not installed")
    folder = tmp_path / "copy"
    folder.mkdir()

    def run(*words, **rest):
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True,
                              env=clean_environment(HOME=str(tmp_path), GIT_TERMINAL_PROMPT="0"),
                              timeout=60, **rest)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    run("init", "-q", "-b", "main")
    run("config", "user.name", "alice")
    run("config", "user.email", "alice@example.org")
    run("lfs", "install", "--local")
    run.folder = folder
    return run


def test_git_lfs_pushes_and_fetches(git, hub, alice, repository):
    content = os.urandom(70_000)
    git("config", "lfs.url", f"{hub.url}/{repository}.git/info/lfs")
    git("config", f"lfs.{hub.url}/{repository}.git/info/lfs.locksverify", "false")
    git("config", "credential.helper", f"!echo username=alice; echo password={alice}; true")
    git("remote", "add", "origin", f"{hub.url}/{repository}.git")
    git("lfs", "track", "*.bin")
    (git.folder / "w.bin").write_bytes(content)
    git("add", "-A")
    git("commit", "-qm", "weights")
    git("lfs", "push", "--object-id", "origin", sha256(content))
    assert commit_large(hub, repository, alice, "w.bin", content).status == 200
    shutil.rmtree(git.folder / ".git" / "lfs" / "objects")
    pointer = git("show", "HEAD:w.bin")
    assert git("lfs", "pointer", "--check", "--stdin", input=pointer) == ""
    done = subprocess.run(["git", "lfs", "smudge", "w.bin"], cwd=git.folder, capture_output=True,
                          input=pointer.encode(), timeout=60,
                          env=clean_environment(HOME=str(git.folder.parent)))
    assert done.stdout == content, done.stderr


# The protocol itself

def test_one_piece_is_sent_verified_and_committed(hub, alice, repository):
    content = os.urandom(50_000)
    answer = batch(hub, repository, alice, content)
    assert answer.headers["Content-Type"].startswith("application/vnd.git-lfs+json")
    assert answer.json["transfer"] == "basic"
    actions = answer.json["objects"][0]["actions"]
    assert put(hub, actions["upload"]["href"], content).status == 200
    verify = actions["verify"]["href"].removeprefix(hub.url)
    named = {"oid": sha256(content), "size": len(content)}
    assert hub.post(verify, named, token=alice).status == 200
    assert commit_large(hub, repository, alice, "w.bin", content).status == 200
    head = hub.head(f"/{repository}/resolve/main/w.bin")
    assert head.headers["X-Linked-Etag"] == f'"{sha256(content)}"'
    assert head.headers["X-Linked-Size"] == "50000" == head.headers["Content-Length"]
    assert hub.get(f"/{repository}/resolve/main/w.bin").body == content
    raw = hub.get(f"/{repository}/raw/main/w.bin").body.decode()
    assert raw.startswith("version https://git-lfs.github.com/spec/v1") and sha256(content) in raw


def test_parts_are_put_together(hub, alice, repository):
    content = os.urandom(2 * PART + 5)
    answer = batch(hub, repository, alice, content)
    assert answer.json["transfer"] == "multipart"
    upload = upload_of(answer)
    parts = {name: url for name, url in upload["header"].items() if name.isdigit()}
    assert upload["header"]["chunk_size"] == str(PART) and sorted(parts) == ["1", "2", "3"]
    tags = []
    for number in (1, 2, 3):
        sent = put(hub, parts[str(number)], content[(number - 1) * PART:number * PART])
        assert sent.status == 200
        tags.append({"partNumber": number, "etag": sent.headers["ETag"]})
    completion = {"oid": sha256(content), "parts": tags}
    path = upload["href"].removeprefix(hub.url)
    assert hub.post(path, completion).status == 200
    assert hub.post(path, completion).status == 200, "an answer that was lost is asked for again"
    assert commit_large(hub, repository, alice, "w.bin", content).status == 200
    assert hub.get(f"/{repository}/resolve/main/w.bin").body == content


def test_parts_that_are_missing_or_wrong_make_no_file(hub, alice, repository):
    content = os.urandom(2 * PART + 5)
    upload = upload_of(batch(hub, repository, alice, content))
    complete = upload["href"].removeprefix(hub.url)
    assert put(hub, upload["header"]["1"], content[:PART - 1]).status == 400
    assert put(hub, upload["header"]["1"], content[:PART + 1]).status == 413
    assert put(hub, upload["header"]["1"], content[:PART]).status == 200
    assert put(hub, upload["header"]["2"], os.urandom(PART)).status == 200
    assert hub.post(complete, {}).status == 422
    assert put(hub, upload["header"]["3"], content[2 * PART:]).status == 200
    assert hub.post(complete, {}).status == 422, "the second part was not what was announced"
    assert sha256(content) not in hub.contents()
    assert put(hub, upload["header"]["2"], content[PART:2 * PART]).status == 200
    assert hub.post(complete, {}).status == 200, "the part can be sent again"


def test_what_is_there_is_not_sent_again(hub, alice, repository):
    content = os.urandom(20_000)
    store(hub, repository, alice, content)
    assert "actions" not in batch(hub, repository, alice, content).json["objects"][0]


def test_a_download_is_offered_for_what_is_there(hub, alice, repository):
    content = os.urandom(20_000)
    store(hub, repository, alice, content)
    commit_large(hub, repository, alice, "w.bin", content)
    answer = batch(hub, repository, None, content, operation="download")
    href = answer.json["objects"][0]["actions"]["download"]["href"].removeprefix(hub.url)
    assert hub.get(href).body == content
    part = hub.get(href, headers={"Range": "bytes=100-199"})
    assert part.status == 206 and part.body == content[100:200]
    missing = batch(hub, repository, None, b"nowhere", operation="download").json["objects"][0]
    assert missing["error"]["code"] == 404


@pytest.mark.parametrize("damage", ["short", "long", "wrong"])
def test_content_that_is_not_what_was_announced_is_not_kept(hub, alice, repository, damage):
    content = os.urandom(20_000)
    sent = {"short": content[:-1], "long": content + b"x", "wrong": os.urandom(20_000)}[damage]
    upload = upload_of(batch(hub, repository, alice, content))
    assert put(hub, upload["href"], sent).status in (400, 413, 422)
    assert not {sha256(content), sha256(sent)} & hub.contents() and hub.unfinished() == []
    assert commit_large(hub, repository, alice, "w.bin", content).status == 422
    assert put(hub, upload["href"], content).status == 200


def test_signed_addresses_cannot_be_altered(hub, alice, repository):
    content = os.urandom(20_000)
    href = upload_of(batch(hub, repository, alice, content))["href"].removeprefix(hub.url)
    path, query = href.split("?")
    other = sha256(b"other")
    for changed in (href[:-1] + ("0" if href[-1] != "0" else "1"), path,
                    href.replace(sha256(content), other), href.replace("/20000?", "/20001?"),
                    f"{path}?expires=9999999999&{query.split('&', 1)[1]}"):
        assert hub.send("PUT", changed, content).status in (401, 403, 404), changed
    assert hub.get(href).status in (403, 404, 405)
    assert sha256(content) not in hub.contents()


def test_who_may_not_write_gets_no_address(hub, bob, repository):
    assert batch(hub, repository, bob, b"x" * 20_000).status == 403
    assert batch(hub, repository, None, b"x" * 20_000).status == 401


def test_content_of_another_repository_cannot_be_taken_by_its_hash(hub, alice, bob, repository):
    """Who knows a hash of private content learns neither the content nor that it is here."""
    secret = os.urandom(20_000)
    private = hub.make(f"alice/{unique('private')}", alice, private=True)
    store(hub, private, alice, secret)
    commit_large(hub, private, alice, "w.bin", secret)
    own = hub.make(f"bob/{unique('own')}", bob)
    unknown = os.urandom(20_000)
    told, invented = (batch(hub, own, bob, content).json["objects"][0]
                      for content in (secret, unknown))
    assert set(told) == set(invented) and set(told["actions"]) == set(invented["actions"])
    assert commit_large(hub, own, bob, "w.bin", secret).status == 422
    told, invented = (batch(hub, own, bob, content, operation="download").json["objects"][0]
                      for content in (secret, unknown))
    assert told["error"]["code"] == invented["error"]["code"] == 404
    verify = [hub.post(f"/{own}.git/info/lfs/verify", {"oid": sha256(content), "size": 20_000},
                       token=bob).status for content in (secret, unknown)]
    assert verify == [404, 404]


def test_objects_are_refused_one_by_one(hub, alice, repository):
    good = os.urandom(20_000)
    answer = hub.post(
        f"/{repository}.git/info/lfs/objects/batch",
        {"operation": "upload", "objects": [{"oid": sha256(good), "size": len(good)},
                                            {"oid": sha256(b"x"), "size": 1 << 60}]},
        token=alice)
    first, second = answer.json["objects"]
    assert "upload" in first["actions"] and second["error"]["code"] in (413, 422)


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"{}", b'{"operation": "steal", "objects": []}',
    b'{"operation": "upload", "objects": [{"oid": "../../etc/passwd", "size": 1}]}',
    b'{"operation": "upload", "objects": [{"oid": "%s", "size": -1}]}' % (b"0" * 64),
    b'{"operation": "upload", "objects": [{"oid": "%s", "size": 1e999}]}' % (b"0" * 64),
    b'{"operation": "upload", "hash_algo": "md5", "objects": []}'])
def test_requests_that_are_wrong_are_refused(hub, alice, repository, body):
    answer = hub.post(f"/{repository}.git/info/lfs/objects/batch", body, token=alice, headers=LFS)
    assert 400 <= answer.status < 500, answer


def test_uploads_that_were_given_up_are_swept(tmp_path):
    with Hub(tmp_path / "hub", "--part-size", "1KB") as hub:
        alice = hub.user("alice")
        name = hub.make("alice/a", alice)
        content = os.urandom(2_500)
        upload = upload_of(batch(hub, name, alice, content))
        assert put(hub, upload["header"]["1"], content[:1_000]).status == 200
        store(hub, name, alice, b"never committed" * 100)
        hub.administer("gc")
        assert hub.contents(), "the grace time is over too early"
        hub.administer("gc", "--grace-hours", "0")
        assert not hub.contents()
        assert not [path for path in (hub.data / "parts").rglob("*") if path.is_file()]
        hub.check()
