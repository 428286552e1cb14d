"""The library huggingface_hub, as its users call it; runs with an old version and the newest."""
import os
import time

import pytest
from huggingface_hub import (CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi,
                             HfFileSystem, hf_hub_download, snapshot_download)
from huggingface_hub.errors import GatedRepoError

from cutting import CuttingProxy
from hub import Hub, sha256, unique

CARD = b"""---
tags:
- adapters
license: mit
language: en
pipeline_tag: text-classification
base_model: alice/base
---
# A card
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with what folders have: a card, weights, a folder within, nothing at all."""
    folder = tmp_path / "adapter"
    (folder / "below" / "deep").mkdir(parents=True)
    (folder / "README.md").write_bytes(CARD)
    (folder / "weights.bin").write_bytes(os.urandom(300_000))
    (folder / "below" / "deep" / "words.txt").write_text("one\ntwo\n")
    (folder / "empty").write_bytes(b"")
    (folder / "Grüße 1.txt").write_text("ä")
    return folder


def test_who_am_i(api):
    answer = api.whoami()
    assert answer["name"] == "alice"
    assert answer["auth"]["accessToken"]["role"] == "write"


def test_a_repository_is_made_once_and_found(api, hub):
    name = f"alice/{unique('made')}"
    url = api.create_repo(name)
    assert str(url) == f"{hub.url}/{name}" and url.repo_id == name
    assert api.create_repo(name, exist_ok=True).repo_id == name
    assert api.repo_exists(name) and not api.repo_exists(name + "x")
    assert api.revision_exists(name, "main") and not api.revision_exists(name, "dev")
    api.delete_repo(name)
    assert not api.repo_exists(name)
    api.delete_repo(name, missing_ok=True)


def test_a_folder_comes_back_as_it_went(api, hub, repository, folder, tmp_path):
    first = api.upload_folder(repo_id=repository, folder_path=folder, commit_message="first")
    assert len(first.oid) == 40
    again = snapshot_download(repository, cache_dir=tmp_path / "cache")
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    assert {path: (folder / path).read_bytes() for path in files} == {
        path.relative_to(again): path.read_bytes()
        for path in type(folder)(again).rglob("*") if path.is_file()
        and path.name != ".gitattributes"}


def test_the_same_folder_again_makes_no_commit(api, repository, folder):
    first = api.upload_folder(repo_id=repository, folder_path=folder, commit_message="first")
    second = api.upload_folder(repo_id=repository, folder_path=folder, commit_message="second")
    assert second.oid == first.oid
    assert "second" not in [commit.title for commit in api.list_repo_commits(repository)]


def test_one_file_can_be_sent_and_fetched(api, hub, repository, tmp_path):
    api.upload_file(path_or_fileobj=b"hello", path_in_repo="a/b.txt", repo_id=repository)
    path = hf_hub_download(repository, "a/b.txt", cache_dir=tmp_path / "cache")
    assert open(path, "rb").read() == b"hello"
    assert api.file_exists(repository, "a/b.txt")
    assert not api.file_exists(repository, "a/c.txt")


def test_an_old_revision_stays_what_it_was(api, hub, repository, tmp_path):
    old = api.upload_file(path_or_fileobj=b"1", path_in_repo="n", repo_id=repository).oid
    api.upload_file(path_or_fileobj=b"2", path_in_repo="n", repo_id=repository)
    contents = [open(hf_hub_download(repository, "n", revision=revision, 
                                     cache_dir=tmp_path / "cache"), "rb").read()
                for revision in (old, "main")]
    assert contents == [b"1", b"2"]


def test_a_commit_adds_copies_and_deletes(api, repository):
    api.create_commit(repository, commit_message="begin", operations=[
        CommitOperationAdd("a", b"a"), CommitOperationAdd("b", b"b"),
        CommitOperationAdd("folder/c", b"c"), CommitOperationAdd("folder/d", b"d")])
    api.create_commit(repository, commit_message="change", operations=[
        CommitOperationAdd("e", b"e"), CommitOperationDelete("a"),
        CommitOperationCopy("b", "copy of b"),
        CommitOperationDelete("folder/", is_folder=True)])
    assert set(api.list_repo_files(repository)) - {".gitattributes"} == {"b", "e", "copy of b"}


def test_files_are_deleted_by_pattern(api, repository):
    api.create_commit(repository, commit_message="begin", operations=[
        CommitOperationAdd(name, b"x") for name in ("a.txt", "b.txt", "c.bin")])
    api.delete_files(repository, ["*.txt"])
    assert set(api.list_repo_files(repository)) - {".gitattributes"} == {"c.bin"}
    api.delete_file("c.bin", repository)
    assert set(api.list_repo_files(repository)) - {".gitattributes"} == set()


def test_ignored_files_are_left_out(api, repository, folder):
    (folder / ".gitignore").write_text("*.bin\n")
    api.upload_folder(repo_id=repository, folder_path=folder)
    names = api.list_repo_files(repository)
    assert "README.md" in names and "weights.bin" not in names


def test_a_tree_lists_files_with_their_hashes(api, repository, folder):
    api.upload_folder(repo_id=repository, folder_path=folder)
    tree = {entry.path: entry for entry in api.list_repo_tree(repository, recursive=True)}
    assert tree["weights.bin"].size == 300_000
    assert type(tree["below"]).__name__ == "RepoFolder"
    # git's name of the empty content
    assert tree["empty"].blob_id == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert [entry.path for entry in api.list_repo_tree(repository, "below")] == ["below/deep"]


def test_a_tree_says_which_commit_touched_what(api, repository):
    first = api.upload_file(path_or_fileobj=b"1", path_in_repo="a", repo_id=repository,
                            commit_message="one").oid
    api.upload_file(path_or_fileobj=b"2", path_in_repo="b", repo_id=repository,
                    commit_message="two")
    tree = {entry.path: entry
            for entry in api.list_repo_tree(repository, recursive=True, expand=True)}
    assert tree["a"].last_commit.oid == first
    assert tree["b"].last_commit.title == "two"


def test_paths_are_described_where_they_exist(api, repository, folder):
    api.upload_folder(repo_id=repository, folder_path=folder)
    found = api.get_paths_info(repository, ["weights.bin", "below", "nowhere", "Grüße 1.txt"])
    assert {entry.path for entry in found} == {"weights.bin", "below", "Grüße 1.txt"}


def test_information_names_files_and_sizes(api, repository, folder):
    commit = api.upload_folder(repo_id=repository, folder_path=folder)
    info = api.model_info(repository, files_metadata=True)
    assert info.sha == commit.oid and info.id == repository
    sizes = {file.rfilename: file.size for file in info.siblings}
    assert sizes["weights.bin"] == 300_000 and sizes["empty"] == 0
    assert api.model_info(repository, revision=commit.oid).sha == commit.oid


def test_information_can_be_narrowed_to_properties(api, repository):
    info = api.model_info(repository, expand=["downloads", "sha"])
    assert info.sha and info.downloads == 0 and info.siblings is None


def test_tags_come_from_the_card(api, repository, folder):
    api.upload_folder(repo_id=repository, folder_path=folder)
    info = api.model_info(repository)
    assert {"adapters", "license:mit", "en", "text-classification"} <= set(info.tags)
    assert info.pipeline_tag == "text-classification"
    assert info.card_data.license == "mit"


def test_branches_are_made_used_and_deleted(api, hub, repository, tmp_path):
    api.upload_file(path_or_fileobj=b"main", path_in_repo="f", repo_id=repository)
    api.create_branch(repository, branch="dev")
    api.create_branch(repository, branch="dev", exist_ok=True)
    api.create_branch(repository, branch="feature/a.b", revision="dev")
    api.upload_file(path_or_fileobj=b"dev", path_in_repo="f", repo_id=repository, revision="dev")
    names = {branch.name for branch in api.list_repo_refs(repository).branches}
    assert names == {"main", "dev", "feature/a.b"}
    for revision, content in [("main", b"main"), ("dev", b"dev"), ("feature/a.b", b"main")]:
        path = hf_hub_download(repository, "f", revision=revision, cache_dir=tmp_path / "cache")
        assert open(path, "rb").read() == content
    api.delete_branch(repository, branch="dev")
    api.delete_branch(repository, branch="feature/a.b")
    assert [branch.name for branch in api.list_repo_refs(repository).branches] == ["main"]


def test_tags_name_commits(api, hub, repository, tmp_path):
    old = api.upload_file(path_or_fileobj=b"1", path_in_repo="f", repo_id=repository).oid
    api.create_tag(repository, tag="v1", tag_message="the first")
    api.create_tag(repository, tag="v1", exist_ok=True)
    api.upload_file(path_or_fileobj=b"2", path_in_repo="f", repo_id=repository)
    tags = api.list_repo_refs(repository).tags
    assert [(tag.name, tag.ref, tag.target_commit) for tag in tags] == [
        ("v1", "refs/tags/v1", old)]
    path = hf_hub_download(repository, "f", revision="v1", cache_dir=tmp_path / "cache")
    assert open(path, "rb").read() == b"1"
    api.delete_tag(repository, tag="v1")
    assert api.list_repo_refs(repository).tags == []


def test_history_is_listed_newest_first(api, repository):
    for number in range(3):
        api.upload_file(path_or_fileobj=str(number).encode(), path_in_repo="f",
                        repo_id=repository, commit_message=f"number {number}",
                        commit_description="why")
    commits = api.list_repo_commits(repository, formatted=True)
    assert [commit.title for commit in commits[:3]] == ["number 2", "number 1", "number 0"]
    assert commits[0].message == "why" and commits[0].authors == ["alice"]


def test_history_can_be_squashed(api, repository):
    for number in range(3):
        api.upload_file(path_or_fileobj=str(number).encode(), path_in_repo="f", repo_id=repository)
    api.super_squash_history(repository, commit_message="all of it")
    assert [commit.title for commit in api.list_repo_commits(repository)] == ["all of it"]
    assert "f" in api.list_repo_files(repository)


def test_a_moved_repository_is_found_by_both_names(api, hub, repository, tmp_path):
    api.upload_file(path_or_fileobj=b"1", path_in_repo="f", repo_id=repository)
    api.move_repo(repository, repository + "-moved")
    assert api.model_info(repository).id == repository + "-moved"
    path = hf_hub_download(repository, "f", cache_dir=tmp_path / "cache")
    assert open(path, "rb").read() == b"1"
    assert "f" in api.list_repo_files(repository)
    api.upload_file(path_or_fileobj=b"2", path_in_repo="f", repo_id=repository + "-moved")


def test_settings_hide_and_show(api, hub, repository):
    anyone = HfApi(token=False)
    assert anyone.repo_exists(repository)
    api.update_repo_settings(repository, private=True)
    assert not anyone.repo_exists(repository) and api.model_info(repository).private
    api.update_repo_settings(repository, private=False)
    assert anyone.repo_exists(repository)


def test_gated_files_are_for_those_who_were_let_in(api, hub, repository, bob):
    api.upload_file(path_or_fileobj=b"1", path_in_repo="f", repo_id=repository)
    api.update_repo_settings(repository, gated="manual")
    reader = HfApi(token=bob)
    assert reader.model_info(repository).gated == "manual"
    assert hub.post(f"/api/models/{repository}/user-access-request", token=bob).status == 200
    with pytest.raises(GatedRepoError, match="review"):
        reader.auth_check(repository)
    api.accept_access_request(repository, "bob")
    reader.auth_check(repository)
    api.reject_access_request(repository, "bob", rejection_reason="no")
    with pytest.raises(GatedRepoError, match="rejected"):
        reader.auth_check(repository)


def test_requests_for_access_are_listed_and_decided(api, hub, repository, bob):
    api.update_repo_settings(repository, gated="manual")
    assert hub.post(f"/api/models/{repository}/user-access-request", token=bob).status == 200
    [pending] = list(api.list_pending_access_requests(repository))
    assert pending.username == "bob" and pending.status == "pending"
    # Newer clients know a request by an id.
    chosen = ({"request_id": pending.request_id} if hasattr(pending, "request_id")
              else {"user": "bob"})
    api.accept_access_request(repository, **chosen)
    assert [one.username for one in api.list_accepted_access_requests(repository)] == ["bob"]
    assert list(api.list_pending_access_requests(repository)) == []


def test_access_is_granted_without_a_request(api, hub, repository, bob):
    api.update_repo_settings(repository, gated="manual")
    api.grant_access(repository, "bob")
    HfApi(token=bob).auth_check(repository)


def test_likes_are_counted(api, hub, repository, bob):
    assert hub.post(f"/api/models/{repository}/like", token=bob).status == 200
    assert api.model_info(repository).likes == 1
    assert [user.username for user in api.list_repo_likers(repository)] == ["bob"]
    assert repository in HfApi(token=bob).list_liked_repos().models
    HfApi(token=bob).unlike(repository)
    assert api.model_info(repository).likes == 0


def test_users_and_organisations_are_described(api, hub, alice):
    team = unique("team")
    assert hub.post("/api/organizations", {"name": team}, token=alice).status == 200
    assert api.get_user_overview("alice").username == "alice"
    assert [member.username for member in api.list_organization_members(team)] == ["alice"]
    api.create_repo(f"{team}/adapter")
    assert api.get_organization_overview(team).num_models == 1
    assert team in [organisation["name"] for organisation in api.whoami()["orgs"]]


# Lists



@pytest.fixture(scope="module")
def shelf(hub):
    """A dozen public repositories of a librarian, and a hidden one; the librarian's token."""
    token = hub.user("librarian")
    for number in range(12):
        name = hub.make(f"librarian/shelf-{number:02}", token)
        method = "lora" if number % 2 else "bottleneck"
        card = (f"---\ntags:\n- adapters\n- {method}\nlicense: mit\n"
                f"pipeline_tag: text-classification\n---\n# number {number}\n")
        hub.committed(name, {"README.md": card.encode()}, token)
    hub.make("librarian/hidden", token, private=True)
    return token


def names(api, **query):
    return [model.id for model in api.list_models(author="librarian", **query)]


def test_lists_are_complete_across_pages(hub, shelf):
    api = HfApi(token=shelf)
    answer = hub.get("/api/models?author=librarian&limit=5", token=shelf)
    assert len(answer.json) == 5 and 'rel="next"' in answer.headers["Link"]
    seen, path = [], "/api/models?author=librarian&limit=5"
    while path:
        answer = hub.get(path, token=shelf)
        seen += [model["id"] for model in answer.json]
        link = answer.headers.get("Link")
        path = link and link.split(">")[0][1:].removeprefix(hub.url)
    assert len(seen) == 13 and len(set(seen)) == 13
    assert set(names(api)) == set(seen)
    assert len(names(api, limit=7)) == 7


def test_private_ones_are_listed_for_their_owner_alone(hub, shelf):
    assert "librarian/hidden" in names(HfApi(token=shelf))
    assert "librarian/hidden" not in names(HfApi(token=False))


def test_filters_must_all_match(hub, shelf):
    api = HfApi(token=False)
    assert len(names(api, filter="adapters")) == 12
    assert len(names(api, filter=["adapters", "lora"])) == 6
    assert len(names(api, filter="license:mit")) == 12
    assert names(api, filter=["lora", "bottleneck"]) == []
    assert len(names(api, pipeline_tag="text-classification")) == 12
    assert names(api, pipeline_tag="translation") == []


def test_words_are_searched_for(hub, shelf):
    api = HfApi(token=False)
    assert names(api, search="shelf-03") == ["librarian/shelf-03"]
    assert len(names(api, search="shelf")) == 12
    assert names(api, search="nothing-of-the-kind") == []


@pytest.mark.parametrize("order", ["last_modified", "created_at", "downloads", "likes"])
def test_lists_are_sorted(hub, shelf, order):
    values = [getattr(model, order) for model in HfApi().list_models(
        author="librarian", sort=order, full=True)]
    assert len(values) == 12 and values == sorted(values, reverse=True)


def test_full_lists_name_files(hub, shelf):
    models = list(HfApi(token=False).list_models(
        author="librarian", full=True, cardData=True, limit=3))
    assert all("README.md" in [file.rfilename for file in model.siblings] for model in models)
    assert all(model.card_data.license == "mit" for model in models)


def test_properties_can_be_chosen(hub, shelf):
    models = list(HfApi(token=False).list_models(
        author="librarian", expand=["downloads", "sha"], limit=2))
    assert all(len(model.sha) == 40 and model.tags is None for model in models)


def test_tags_are_counted_by_kind(hub, shelf):
    tags = HfApi(token=False).get_model_tags()
    assert "license:mit" in [tag["id"] for tag in tags["license"]]


# Downloads and more


def test_downloads_are_counted(api, hub, repository, tmp_path):
    api.upload_file(path_or_fileobj=b"{}", path_in_repo="adapter_config.json", repo_id=repository)
    hf_hub_download(repository, "adapter_config.json", cache_dir=tmp_path / "c")
    # They are written every ten seconds.
    end = time.monotonic() + 15
    while api.model_info(repository).downloads == 0 and time.monotonic() < end:
        time.sleep(0.5)
    assert api.model_info(repository).downloads == 1


def test_downloads_are_kept_when_the_hub_ends(tmp_path):
    with Hub(tmp_path / "hub") as hub:
        alice = hub.user("alice")
        hub.committed(hub.make("alice/a", alice), {"adapter_config.json": b"{}"}, alice)
        assert hub.get("/alice/a/resolve/main/adapter_config.json").status == 200
        hub.stop()
        hub.start()
        assert hub.get("/api/models/alice/a").json["downloads"] == 1


def test_a_cut_download_goes_on_where_it_stopped(api, hub, repository, tmp_path):
    content = os.urandom(14 << 20)
    api.upload_file(path_or_fileobj=content, path_in_repo="large.bin", repo_id=repository)
    with CuttingProxy(hub.port, cut_after=12 << 20, cuts=1) as proxy:
        path = None
        for _ in range(3):
            try:
                path = hf_hub_download(repository, "large.bin", endpoint=proxy.url,
                                       cache_dir=tmp_path / "cache")
                break
            except Exception as error:
                print("cut:", error)
        assert path and sha256(open(path, "rb").read()) == sha256(content)
        assert proxy.cuts_left == 0
        assert any(wanted.startswith("bytes=") and wanted != "bytes=0-" for wanted in proxy.ranges)


def test_a_filesystem_reads_parts(hub, alice, repository, api):
    api.upload_file(path_or_fileobj=bytes(range(256)) * 100, path_in_repo="d/f.bin",
                    repo_id=repository)
    files = HfFileSystem(token=alice)
    assert files.ls(f"{repository}/d", detail=False) == [f"{repository}/d/f.bin"]
    with files.open(f"{repository}/d/f.bin", "rb", block_size=1024) as file:
        file.seek(256 * 50 + 7)
        assert file.read(3) == bytes([7, 8, 9])
    with files.open(f"{repository}/d/new.txt", "w") as file:
        file.write("written")
    assert files.cat(f"{repository}/d/new.txt") == b"written"


def test_a_card_is_pushed_and_loaded(hub, python, repository):
    code = """
import sys
from huggingface_hub import HfApi, ModelCard
card = ModelCard("---\\nlicense: mit\\ntags:\\n- adapters\\n---\\n# Hello\\n")
HfApi().upload_file(path_or_fileobj=str(card).encode(), path_in_repo="README.md", repo_id=sys.argv[1])
print(ModelCard.load(sys.argv[1]).data.license)
"""
    assert python(code, repository).strip().endswith("mit")


def test_a_repository_is_copied(api, repository):
    if not hasattr(api, "duplicate_repo"):
        pytest.skip("this version of huggingface_hub cannot copy models")
    api.upload_file(path_or_fileobj=b"1", path_in_repo="f", repo_id=repository)
    api.duplicate_repo(repository, repository + "-copy", private=True)
    assert "f" in api.list_repo_files(repository + "-copy")
    assert api.model_info(repository + "-copy").private


def test_a_large_folder_is_uploaded_in_pieces(api, hub, repository, tmp_path):
    if not hasattr(api, "upload_large_folder"):
        pytest.skip("this version of huggingface_hub has upload_folder alone")
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number}.txt").write_text(str(number))
    api.upload_large_folder(repo_id=repository, folder_path=folder, repo_type="model",
                            print_report=False, num_workers=2)
    assert len(set(api.list_repo_files(repository)) - {".gitattributes"}) == 60
