"""An adapter's pages: card, files, history, differences, comparing, publishing, settings."""
import re

import pytest

import adapters
from hub import unique


@pytest.fixture
def own(world):
    """A repository of alice's with an adapter in it, for one test."""
    name = f"alice/{unique('r')}"
    world.adapter(name, {**adapters.bottleneck("a", labels=["no", "yes"]),
                         "README.md": adapters.card("a", "First text.", task="text-classification")})
    return name


def test_the_card_and_the_facts_are_shown(visit):
    page = visit("/alice/sentiment")
    text = page.css("main").text
    for part in ["seq_bn", "Says whether a sentence is positive", "negative", "positive",
                 "accuracy", "0.91", "team/tiny-bert"]:
        assert part in text, part
    assert page.evaluate("document.querySelector('article.markdown img').naturalWidth") == 320
    outside = page.link("https://example.com/paper")
    assert {"nofollow", "noopener"} <= set(outside.attribute("rel").split())
    page.link("the other one").follow()
    assert page.answer.status in (200, 404)


def test_a_snippet_is_copied(visit):
    page = visit("/alice/sentiment")
    for name in ["Command line", "Swift"]:
        page.find("tab", name).click()
        panel = page.find("tabpanel", name)
        page.button("Copy", within=panel).click()
        page.wait("document.activeElement.textContent === 'Copied'")
        copied = page.clipboard()
        assert copied == panel.call("e => e.querySelector('code').textContent")
        assert "alice/sentiment" in copied
    page.button("Copy the name").click()
    page.browser.pump(0.1)
    assert page.clipboard() == "alice/sentiment"
    page.browser.pump(2)
    assert page.evaluate("document.querySelector('[data-copy=full-name] svg') !== null")


def test_snippets_stand_below_each_other_without_scripts(visit):
    page = visit("/alice/sentiment", scripts=False)
    assert not page.all("tab") and len(page.every("[data-tab] pre")) >= 3
    assert page.heading("Command line") and page.heading("Swift")
    assert not page.all("button", "Copy")


def test_a_like_is_given_and_taken(world, visit, own):
    page = visit(f"/{own}", "bob")
    page.button(re.compile("^Like")).follow()
    assert page.button(re.compile("^Liked")).attribute("aria-pressed") == "true"
    assert world.hub.get(f"/api/models/{own}").json["likes"] == 1
    page.button(re.compile("^Liked")).follow()
    assert page.button(re.compile("^Like\\b")).attribute("aria-pressed") == "false"
    assert world.hub.get(f"/api/models/{own}").json["likes"] == 0


def test_files_are_read_at_every_revision(visit):
    page = visit("/alice/sentiment")
    page.link("Files").follow()
    assert page.path == "/alice/sentiment/tree/main"
    assert page.link("labels.txt") and not page.all("link", re.compile("^notes"))
    picker = page.css("details.picker > summary").focus()
    page.press("Enter")
    page.press("Tab")
    page.link("v1.0").follow()
    assert page.path == "/alice/sentiment/tree/v1.0"
    page.link(re.compile("^notes")).follow()
    page.link("training.txt").follow()
    assert page.path == "/alice/sentiment/blob/v1.0/notes/training.txt"
    assert "epoch 2 0.88" in page.css("main").text
    page.link("Line 2").click()
    assert page.evaluate("location.hash") == "#L2"
    page.link("Permanent link").follow()
    assert re.fullmatch(r"/alice/sentiment/blob/[0-9a-f]{40}/notes/training.txt", page.path)
    assert picker is not None


def test_weights_are_looked_into(visit):
    page = visit("/alice/sentiment/blob/main/adapter.safetensors")
    rows = page.every("table.compact tbody tr", "e => [...e.cells].map(c => c.textContent.trim())")
    assert len(rows) == 8
    name, shape, kind, count, norm = rows[0][:5]
    assert name.startswith("bert.encoder.layer.0.output.adapters.sentiment")
    assert kind == "F32" and float(norm) > 0
    assert sorted(int(row[3].replace(",", "")) for row in rows) == [8, 8, 32, 32, 256, 256, 256, 256]


def test_a_pickle_that_runs_something_is_called_that(visit):
    page = visit("/bob/pickled")
    assert page.heading("Found by inspection")
    page.open(page.site + "/bob/pickled/blob/main/pytorch_adapter.bin")
    assert "may run code" in page.text and "system" in page.text


def test_a_difference_is_read(visit):
    page = visit("/alice/sentiment/commits/main")
    assert page.every("ol.commit-list strong")[:4] == [
        "Move the notes away", "Train a wider one", "Say more of its limits", "Add the adapter"]
    page.link("Say more of its limits").follow()
    added = page.every("tr.added td:last-child")
    removed = page.every("tr.removed td:last-child")
    assert any("Irony is seldom seen." in line for line in added)
    assert any("It is young." in line for line in added)
    assert any("Irony is not seen." in line for line in removed)
    page.back()
    page.link("Train a wider one").follow()
    assert "three epochs" in page.css("main").text
    table = page.find("table", re.compile("^Changed settings of adapter_config.json"))
    rows = table.call("t => [...t.tBodies[0].rows].map(r => [...r.cells].map(c => c.textContent))")
    assert [row[1:] for row in rows if row[0].endswith("reduction_factor")] == [["8", "4"]]
    distances = page.find("table", re.compile("^Distance of each tensor of adapter.safetensors"))
    assert len(distances.call("t => [...t.tBodies[0].rows].map(r => r.cells[0].textContent)")) == 8


def test_two_revisions_are_compared_both_ways(visit):
    page = visit("/alice/sentiment/compare/v1.0...v2.0")
    assert "8" in page.text and page.find("table", re.compile("^Changed settings"))
    page.link("The other way round").follow()
    assert page.path == "/alice/sentiment/compare/v2.0...v1.0"
    page.open(page.site + "/alice/sentiment/compare/v2.0...experiment")
    tensors = page.find("table", re.compile("^Distance of each tensor of adapter.safetensors"))
    rows = tensors.call("t => [...t.tBodies[0].rows].map(r => [...r.cells].map(c => c.textContent))")
    assert all(float(row[2]) > 0 and -1 <= float(row[4].replace("−", "-")) <= 1 for row in rows)
    page.open(page.site + "/alice/sentiment/compare/v1.0...v1.0")
    assert page.heading("No file differs")


def test_adapters_stand_side_by_side(visit):
    page = visit("/alice/sentiment")
    page.link("Compare").follow()
    assert page.path == "/compare?ids=alice/sentiment"
    page.field("Name of an adapter").type("bob/slots")
    page.button("Add").follow()
    heads = page.every("table.compare thead th a:first-child")
    assert heads == ["alice/sentiment", "bob/slots"]
    assert page.every("tr.differs"), "nothing differs"
    page.field("Name of an adapter").type("alice/secret")
    page.button("Add").follow()
    assert "alice/secret" in page.find("alert").text
    assert page.every("table.compare thead th a:first-child") == heads
    page.link("Take bob/slots out").follow()
    assert page.every("table.compare thead th a:first-child") == ["alice/sentiment"]


def test_what_is_private_is_not_there_for_others(visit):
    for who in [None, "bob"]:
        page = visit(None, who)
        page.expects("status", "404 *")
        for path in ["", "/tree/main", "/commits/main", "/blob/main/README.md", "/settings",
                     "/upload", "/compare/main...main"]:
            page.open(page.site + "/alice/secret" + path)
            if who is None and page.path.startswith("/login"):
                continue
            assert page.answer.status == 404, path
            assert "xyzzyprivate" not in page.source()
    page = visit("/alice", "bob")
    assert "secret" not in page.css("main").text


def test_without_scripts_all_ways_to_use_it_are_there(visit):
    page = visit("/alice/sentiment", scripts=False)
    shown = page.every("[data-tab]", "panel => panel.checkVisibility()")
    assert len(shown) > 2 and all(shown)
    page.open(page.site + "/languages")
    assert not page.css("input[data-narrow]").is_visible, "a field that does nothing"


def test_a_gate_is_asked_at_and_opened(world, visit):
    name = f"alice/{unique('gated')}"
    world.adapter(name, {**adapters.bottleneck("g"), "secret.txt": b"xyzzygated\n"})
    world.settle(name, gated="manual")
    page = visit(f"/{name}", "bob")
    page.expects("status", "403 *")
    page.open(f"{page.site}/{name}/blob/main/secret.txt")
    assert page.answer.status == 403 and "xyzzygated" not in page.source()
    page.link("Ask to be let in").follow()
    assert page.field(re.compile("^What you need it for"))
    page.open(f"{page.site}/{name}")
    page.field(re.compile("^What you need it for")).type("To try it <b>out</b>")
    page.button("Ask to be let in").follow()
    assert page.path == f"/{name}" and "waits for a decision by alice" in page.text
    owner = visit(f"/{name}/settings", "alice")
    assert "To try it <b>out</b>" in owner.css("main").text
    owner.button("Let bob in").follow()
    page.open(f"{page.site}/{name}/blob/main/secret.txt")
    assert page.answer.status == 200 and "xyzzygated" in page.text
    owner.button("Turn bob away").follow()
    page.open(f"{page.site}/{name}/blob/main/secret.txt")
    assert page.answer.status == 403


def test_an_adapter_is_made_and_uploaded_by_a_drop(world, visit, tmp_path):
    name = unique("dropped")
    folder = tmp_path / "files"
    folder.mkdir()
    for path, content in adapters.bottleneck("d", labels=["a", "b"]).items():
        (folder / path).write_bytes(content)
    (folder / "broken.safetensors").write_bytes(b"\x00" * 40)
    page = visit("/new", "alice")
    page.field("Name").type(name)
    page.find("combobox", "Task").choose("text-classification")
    page.button("Make it, then upload files").follow()
    assert page.path == f"/alice/{name}/upload"
    page.css("[data-drop]").drop(*sorted(folder.iterdir()))
    page.heading("Before you send")
    row = page.css("li[data-path='adapter_config.json']")
    page.wait("document.querySelector(\"li[data-path='adapter_config.json']\").innerText.includes('reduction 8')")
    assert "team/tiny-bert" in row.text
    assert "584 parameters in 8 tensors" in page.css("li[data-path='adapter.safetensors']").text
    assert page.css("li[data-path='broken.safetensors'] .bad").text
    assert "1 problem" in page.css("[data-status]").text
    page.button("Leave out broken.safetensors").click()
    page.wait("!document.querySelector('[data-status]').textContent.includes('problem')")
    page.field("What changes").type("First upload")
    page.button("Upload").follow()
    assert page.path == f"/alice/{name}"
    files = [entry["path"] for entry in world.hub.get(f"/api/models/alice/{name}/tree/main").json]
    assert "adapter.safetensors" in files and "broken.safetensors" not in files
    commits = [commit["title"] for commit in world.hub.history(f"alice/{name}")]
    assert commits[0] == "First upload"
    assert "584" in page.css("main").text


def test_files_are_uploaded_without_scripts(world, visit, own, tmp_path):
    file = tmp_path / "notes ü.txt"
    file.write_bytes(b"some notes\n" * 1000)
    page = visit(f"/{own}/upload", "alice", scripts=False)
    page.field("What changes").type("Notes")
    page.css("input[type=file]").set_files(file)
    page.button("Upload").follow()
    answer = world.hub.get(f"/{own}/resolve/main/notes%20%C3%BC.txt")
    assert answer.status == 200 and answer.body == file.read_bytes()


def test_a_card_is_edited_with_a_preview(visit, own):
    page = visit(f"/{own}/edit", "alice")
    field = page.field("README.md")
    text = field.value
    assert "First text." in text
    field.fill(text.replace("First text.", "Second **text**.\n\n<script>alert(1)</script>"))
    page.button("Preview").click()
    page.wait("document.querySelector('#preview strong')?.textContent === 'text'")
    assert not page.evaluate("document.querySelector('#preview script')")
    assert page.field("README.md").value != text, "what was typed is gone"
    page.field("What changes").type("Say it anew")
    page.button("Save").follow()
    assert page.path == f"/{own}" and "Second text." in page.css("main").text


def test_a_card_that_somebody_changed_meanwhile_is_not_overwritten(world, visit, own):
    page = visit(f"/{own}/edit", "alice")
    page.expects("status", "4?? */edit")
    world.change(own, {"README.md": b"# Changed elsewhere\n"}, "meanwhile")
    page.field("README.md").fill("# Mine\n")
    page.button("Save").follow()
    assert page.find("alert").text
    assert page.field("README.md").value.strip() == "# Mine", "what was typed is gone"
    assert world.hub.get(f"/{own}/resolve/main/README.md").body == b"# Changed elsewhere\n"


def test_a_wrong_card_is_not_saved(world, visit, own):
    page = visit(f"/{own}/edit", "alice", scripts=False)
    page.expects("status", "4?? *")
    page.field("README.md").fill("---\nlicense: [\n---\n# x\n")
    page.button("Preview").follow()
    assert page.every("#preview .notice.bad")
    page.button("Save").follow()
    assert page.find("alert").text and "license: [" in page.field("README.md").value


def test_a_repository_is_renamed_and_the_old_name_leads_on(visit, own):
    page = visit(f"/{own}/settings", "alice")
    new = unique("renamed")
    page.field("Name").type(new)
    page.button("Rename").follow()
    page.open(f"{page.site}/{own}")
    assert page.path == f"/alice/{new}"


def test_a_repository_is_hidden_and_shown(visit, own):
    page = visit(f"/{own}/settings", "alice")
    page.find("radio", re.compile("^Only its owner")).click()
    page.button("Save").follow()
    other = visit(None, "bob")
    other.expects("status", "404 *")
    other.open(f"{other.site}/{own}")
    assert other.answer.status == 404
    page.open(f"{page.site}/{own}/settings")
    page.find("radio", re.compile("^Everybody who")).click()
    page.button("Save").follow()
    other.open(f"{other.site}/{own}")
    assert other.answer.status == 200


def test_a_tag_is_protected(world, visit, own):
    world.point(own, "tag", "v1")
    page = visit(f"/{own}/settings", "alice")
    page.button("Protect v1").follow()
    answer = world.hub.send("DELETE", f"/api/models/{own}/tag/v1", token=world.tokens["alice"])
    assert answer.status >= 400
    page.button("Let go of v1").follow()
    answer = world.hub.send("DELETE", f"/api/models/{own}/tag/v1", token=world.tokens["alice"])
    assert answer.status < 300, answer


def test_a_repository_is_deleted_and_restored(world, visit, own):
    page = visit(f"/{own}/settings", "alice")
    page.expects("status", "4?? *")
    field = page.field(re.compile("^To be sure"))
    field.type("alice/other")
    page.button(f"Delete {own}").follow()
    assert page.find("alert").text
    page.field(re.compile("^To be sure")).type(own)
    page.button(f"Delete {own}").follow()
    page.open(f"{page.site}/{own}")
    assert page.answer.status == 404
    page.open(page.site + "/alice?deleted=1")
    page.button(re.compile(f"^Restore .*{own.split('/')[1]}")).follow()
    page.open(f"{page.site}/{own}")
    assert page.answer.status == 200 and "First text." in page.text


def test_pages_to_change_are_for_those_who_may(visit):
    page = visit("/alice/sentiment", "bob")
    for name in ["Upload", "Edit card", "Settings"]:
        assert not page.all("link", name, within=page.find("navigation", "Repository"))
    page.expects("status", "403 *")
    for path in ["upload", "edit", "settings"]:
        page.open(f"{page.site}/alice/sentiment/{path}")
        assert page.answer.status == 403, path
    stranger = visit("/alice/sentiment/edit")
    assert stranger.path == "/login?next=%2Falice%2Fsentiment%2Fedit"


def test_an_empty_repository_says_what_to_do(visit):
    page = visit("/alice/empty", "alice")
    assert "adapterhub push" in page.text and page.link("Upload files")
    page = visit("/alice/empty/tree/main", "bob")
    assert "No files yet" in page.text


def test_pages_that_are_not_there_say_so(visit):
    page = visit(None)
    page.expects("status", "404 *")
    for path in ["/nobody/nothing", "/alice/sentiment/tree/nowhere", "/alice/sentiment/blob/main/no",
                 "/alice/sentiment/commit/" + "0" * 40, "/alice/sentiment/compare/x...y", "/nobody"]:
        page.open(page.site + path)
        assert page.answer.status == 404, path
        assert page.heading(re.compile(".")) and page.link("Front page", within=page.css("main"))
        assert "noindex" in page.evaluate("document.querySelector('meta[name=robots]')?.content ?? ''")

