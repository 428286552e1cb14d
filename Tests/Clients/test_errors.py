"""Each refusal of the hub is the exception that the client has for it."""
import time

import pytest
from huggingface_hub import HfApi, hf_hub_download, snapshot_download
from huggingface_hub import errors as of
from huggingface_hub.utils import HfHubHTTPError

from hub import Hub, unique


@pytest.fixture
def private(hub, alice):
    """A private repository of alice's with one file."""
    name = hub.make(f"alice/{unique('private')}", alice, private=True)
    hub.committed(name, {"f": b"secret"}, alice)
    return name


def status(error):
    return error.value.response.status_code


@pytest.mark.parametrize("token", ["nobody", "bob"])
def test_a_repository_that_is_not_there(hub, alice, bob, token):
    api = HfApi(token=bob if token == "bob" else False)
    with pytest.raises(of.RepositoryNotFoundError) as error:
        api.model_info("alice/nothing")
    assert status(error) == (404 if token == "bob" else 401)


@pytest.mark.parametrize("token", ["nobody", "bob"])
def test_a_private_repository_looks_like_none(hub, private, bob, token):
    api = HfApi(token=bob if token == "bob" else False)
    for call in (api.model_info, api.list_repo_refs, api.list_repo_commits, api.list_repo_files):
        with pytest.raises(of.RepositoryNotFoundError):
            call(private)
    with pytest.raises(of.RepositoryNotFoundError):
        snapshot_download(private, token=bob if token == "bob" else False)


def test_a_private_repository_opens_for_its_owner(private, alice):
    assert open(hf_hub_download(private, "f", token=alice), "rb").read() == b"secret"


def test_a_revision_that_is_not_there(api, repository):
    for call in (lambda: api.model_info(repository, revision="nope"),
                 lambda: api.list_repo_commits(repository, revision="nope"),
                 lambda: snapshot_download(repository, revision="nope"),
                 lambda: hf_hub_download(repository, "f", revision="0" * 40)):
        with pytest.raises(of.RevisionNotFoundError):
            call()


def test_a_revision_is_missing_even_where_files_are_cached(hub, api, alice, repository):
    hub.committed(repository, {"f": b"1"}, alice)
    hf_hub_download(repository, "f")
    with pytest.raises(of.RevisionNotFoundError):
        hf_hub_download(repository, "f", revision="nope")


def test_a_file_that_is_not_there_and_is_remembered(api, repository, tmp_path):
    with pytest.raises(of.EntryNotFoundError):
        hf_hub_download(repository, "nope", cache_dir=tmp_path)
    # The client keeps that it is missing, by commit.
    assert list(tmp_path.rglob(".no_exist/*/nope"))


def test_a_folder_that_is_not_there(api, repository):
    with pytest.raises(of.EntryNotFoundError):
        list(api.list_repo_tree(repository, "nowhere"))


def test_a_gated_repository(hub, alice, bob, repository):
    hub.committed(repository, {"f": b"1"}, alice)
    HfApi(token=alice).update_repo_settings(repository, gated="manual")
    for token in (False, bob):
        with pytest.raises(of.GatedRepoError):
            hf_hub_download(repository, "f", token=token)
        with pytest.raises(of.GatedRepoError):
            HfApi(token=token).auth_check(repository)
    assert HfApi(token=False).model_info(repository).gated == "manual"


def test_a_gate_that_opens_by_itself(hub, alice, bob, repository):
    hub.committed(repository, {"f": b"1"}, alice)
    HfApi(token=alice).update_repo_settings(repository, gated="auto")
    with pytest.raises(of.GatedRepoError):
        hf_hub_download(repository, "f", token=bob)
    assert hub.post(f"/api/models/{repository}/user-access-request", {}, token=bob).json == {
        "status": "accepted"}
    hf_hub_download(repository, "f", token=bob)


def test_a_token_that_is_wrong(hub, private):
    with pytest.raises(HfHubHTTPError, match="Invalid credentials|Invalid user token") as error:
        HfApi(token="hf_wrong").model_info(private)
    assert status(error) == 401 and not isinstance(error.value, of.RepositoryNotFoundError)
    with pytest.raises(Exception, match="Invalid user token"):
        HfApi(token="hf_wrong").whoami()


def test_a_parent_that_is_stale(api, hub, alice, repository):
    old = hub.head_commit(repository, alice)
    api.upload_file(path_or_fileobj=b"1", path_in_repo="f", repo_id=repository)
    with pytest.raises(HfHubHTTPError) as error:
        api.upload_file(path_or_fileobj=b"2", path_in_repo="f", repo_id=repository,
                        parent_commit=old)
    assert status(error) == 412
    assert hub.get(f"/{repository}/resolve/main/f").body == b"1"


def test_a_reference_that_exists(api, repository):
    for make in (lambda **rest: api.create_branch(repository, branch="b", **rest),
                 lambda **rest: api.create_tag(repository, tag="t", **rest),
                 lambda **rest: api.create_repo(repository, **rest)):
        make(exist_ok=True)
        make(exist_ok=True)
        with pytest.raises(HfHubHTTPError) as error:
            make()
        assert status(error) == 409


def test_a_reference_that_is_not_there(api, repository):
    for call in (lambda: api.delete_branch(repository, branch="nope"),
                 lambda: api.delete_tag(repository, tag="nope")):
        with pytest.raises(of.RevisionNotFoundError) as error:
            call()
        assert status(error) == 404


def test_the_main_branch_stays(api, repository):
    with pytest.raises(HfHubHTTPError) as error:
        api.delete_branch(repository, branch="main")
    assert status(error) in (400, 403)


@pytest.mark.parametrize("card", [
    "---\ntags: [unclosed\n---\n", "---\nlicense: 7\n---\n", "---\ntags: {a: b}\n---\n",
    "---\nbase_model: {a: b}\n---\n", "---\n- a list\n---\n"])
def test_a_card_that_cannot_be_read(api, hub, repository, card):
    with pytest.raises(ValueError, match="Invalid metadata in README.md"):
        api.upload_file(path_or_fileobj=card.encode(), path_in_repo="README.md",
                        repo_id=repository)
    assert hub.get(f"/{repository}/resolve/main/README.md").status == 404
    # Who does not ask first is told the same.
    answer = hub.commit(repository, {"README.md": card.encode()}, api.token)
    assert answer.status == 400 and answer.json["errors"][0]["message"]


def test_a_card_without_front_matter_is_accepted(api, repository):
    api.upload_file(path_or_fileobj=b"# Hello\n", path_in_repo="README.md", repo_id=repository)


def test_a_token_for_reading_writes_nothing(hub, api, repository):
    reading = HfApi(token=hub.token("alice", "read"))
    for call in (lambda: reading.upload_file(path_or_fileobj=b"1", path_in_repo="f",
                                             repo_id=repository),
                 lambda: reading.create_repo(f"alice/{unique('x')}"),
                 lambda: reading.create_branch(repository, branch="b"),
                 lambda: reading.delete_repo(repository)):
        with pytest.raises(HfHubHTTPError) as error:
            call()
        assert status(error) == 403
    assert reading.model_info(repository).id == repository


def test_a_stranger_writes_nothing(hub, bob, repository):
    api = HfApi(token=bob)
    for call in (lambda: api.upload_file(path_or_fileobj=b"1", path_in_repo="f",
                                         repo_id=repository),
                 lambda: api.create_repo("alice/not-mine"),
                 lambda: api.update_repo_settings(repository, private=True),
                 lambda: api.move_repo(repository, "bob/mine-now")):
        with pytest.raises(HfHubHTTPError) as error:
            call()
        assert status(error) == 403


def test_what_this_hub_has_not_is_said(api, repository):
    with pytest.raises(HfHubHTTPError, match="no pull requests"):
        api.upload_file(path_or_fileobj=b"1", path_in_repo="f", repo_id=repository, create_pr=True)
    with pytest.raises(HfHubHTTPError, match="models and adapters"):
        api.create_repo("alice/data", repo_type="dataset")
    with pytest.raises(of.RepositoryNotFoundError):
        api.dataset_info("alice/data")


@pytest.mark.parametrize("name", ["..", "a--b", "-a", "a.git", "a b", "a/b/c", "é", "x" * 97])
def test_a_name_that_cannot_be(hub, alice, name):
    answer = hub.post("/api/repos/create", {"name": name}, token=alice)
    assert 400 <= answer.status < 500 and answer.json["error"]


def test_a_quota_that_is_used_up(hub, alice, tmp_path):
    token = hub.user("miser")
    name = hub.make("miser/full", token)
    hub.administer("quota", "miser", "100KB")
    api = HfApi(token=token)
    api.upload_file(path_or_fileobj=b"x" * 50_000, path_in_repo="a", repo_id=name)
    with pytest.raises(HfHubHTTPError, match="(?i)quota|may store") as error:
        api.upload_file(path_or_fileobj=b"y" * 60_000, path_in_repo="b", repo_id=name)
    assert status(error) in (403, 413)
    assert hub.get(f"/{name}/resolve/main/b").status == 404


def test_too_many_requests_are_told_when_to_come_back(tmp_path):
    with Hub(tmp_path / "hub", "--rate-limit", "20") as hub:
        token = hub.user("alice")
        answers = [hub.get("/api/whoami-v2", token=token) for _ in range(25)]
        refused = [answer for answer in answers if answer.status == 429]
        assert len(refused) == 5 and answers[0].status == 200
        assert "r=0" in refused[0].headers["RateLimit"]
        assert "q=20" in refused[0].headers["RateLimit-Policy"]
        assert int(refused[0].headers.get("Retry-After", "1")) > 0
        assert hub.get("/healthz").status == 200


def test_a_missing_file_is_said_quickly(hub, repository):
    """Libraries ask for many files that are not there: the answer is one header-only request."""
    start = time.monotonic()
    for _ in range(50):
        answer = hub.head(f"/{repository}/resolve/main/generation_config.json")
        assert answer.status == 404 and answer.code == "EntryNotFound"
        assert len(answer.headers["X-Repo-Commit"]) == 40 and answer.body == b""
    assert time.monotonic() - start < 5
