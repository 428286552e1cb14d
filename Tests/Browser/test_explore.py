"""Finding an adapter: the front page, Explore with its facets, tasks, languages, base models."""
import re

import pytest

CARDS = ".results article h3"


def cards(page):
    """The adapters that are listed, in order."""
    return [name.replace("\n", "") for name in page.every(CARDS, "e => e.textContent.trim()")]


def total(page):
    """How many there are, as the page says."""
    return int(re.search(r"[\d,]+", page.css("p.count").text).group().replace(",", ""))


def facet(page, name, kind="Task"):
    """The check box of a value, by the beginning of its name."""
    return page.find("checkbox", re.compile(rf"^{re.escape(name)}\b"),
                     within=page.find("group", kind))


def test_the_front_page_says_what_is_here_and_leads_on(visit):
    page = visit("/")
    assert re.search(r"\d+", page.css("dl.totals").text)
    search = page.find("search", "All adapters")
    page.find("searchbox", within=search).type("intent")
    page.button("Search", within=search).follow()
    assert page.path == "/explore?q=intent"
    assert "team/intent" in cards(page)
    page.back()
    assert page.path == "/"
    page.link("All by date").follow()
    assert page.path == "/explore?sort=updated"


def test_the_quick_start_is_copied(visit):
    page = visit("/")
    page.find("tab", "Python").click()
    panel = page.find("tabpanel", "Python")
    button = page.button("Copy", within=panel)
    button.click()
    page.wait("document.activeElement.textContent === 'Copied'")
    assert page.clipboard() == panel.call("e => e.querySelector('pre').textContent")
    # A second click while it still says so is not for ever.
    button.click()
    page.browser.pump(3.5)
    assert button.text == "Copy"


def test_facets_narrow_down_and_the_address_keeps_them(visit):
    page = visit("/explore")
    everything = total(page)
    box = facet(page, "Question answering")
    count = int(re.search(r"(\d+)\s*$", box.accessible[1]).group(1))
    with page.loading():
        box.click()
    assert total(page) == count < everything
    assert "task=" in page.path
    assert facet(page, "Question answering").checked
    # Another facet narrows further, by as much as it says.
    box = facet(page, "German", "Language")
    count = int(re.search(r"(\d+)\s*$", box.accessible[1]).group(1))
    with page.loading():
        box.click()
    both = page.path
    assert total(page) == count == len(cards(page))
    page.back()
    assert total(page) > count and not facet(page, "German", "Language").checked
    page.forward()
    assert page.path == both and total(page) == count and facet(page, "German", "Language").checked
    # The same address shows anybody the same.
    assert total(visit(both)) == count
    page.link(re.compile("^Language: German")).follow()
    assert "language" not in page.path and total(page) > count
    page.link("Clear all").follow()
    assert page.path == "/explore" and total(page) == everything


def test_facets_work_by_keys_and_keep_the_place(visit):
    page = visit("/explore")
    box = facet(page, "Question answering").focus()
    with page.loading():
        page.press("Space")
    page.wait("document.activeElement.type === 'checkbox'")
    assert re.match("Question answering", page.focused.accessible[1]), "the focus is lost"
    assert box is not None


def test_facets_work_without_scripts(visit):
    page = visit("/explore", scripts=False)
    everything = total(page)
    # A wide window shows the filters without their being opened.
    if page.css("details.filters > summary").is_visible:
        page.css("details.filters > summary").click()
    facet(page, "Question answering").click()
    page.button("Apply filters").follow()
    assert 0 < total(page) < everything and facet(page, "Question answering").checked


def test_words_are_searched_and_nothing_is_said_well(visit):
    page = visit("/explore")
    field = page.css("main input[type=search]")
    field.type("reviews")
    with page.loading():
        page.press("Enter")
    assert "alice/sentiment" in cards(page)
    assert page.css("main input[type=search]").value == "reviews"
    page.css("main input[type=search]").type("zzzznothing")
    with page.loading():
        page.press("Enter")
    assert total(page) == 0 and page.heading("No adapter matches all of this")
    page.link("Show all adapters").follow()
    assert total(page) > 40


@pytest.mark.parametrize("order, wanted", [
    ("Most downloads", "alice/sentiment"), ("Most likes", "alice/sentiment"),
    ("Best metric", "team/intent")])
def test_the_order_is_chosen(visit, order, wanted):
    page = visit("/explore")
    with page.loading():
        page.find("combobox", "Order").choose(order)
    assert cards(page)[0] == wanted
    assert "sort=" in page.path


def test_pages_of_a_list_hold_each_adapter_once(visit):
    page = visit("/explore?sort=updated")
    wanted, seen = total(page), []
    for _ in range(10):
        seen += cards(page)
        if not page.all("link", re.compile("^Next")):
            break
        page.link(re.compile("^Next")).follow()
    assert len(seen) == len(set(seen)) == wanted
    page.link(re.compile("Previous")).follow()
    assert cards(page)[0] in seen


def test_what_is_private_is_found_by_its_owner_alone(visit):
    for path in ["/explore?q=xyzzyprivate", "/explore?q=secret", "/explore?tag=xyzzyprivatetag"]:
        for who in [None, "bob"]:
            assert "alice/secret" not in cards(visit(path, who))
    assert "alice/secret" in cards(visit("/explore?q=xyzzyprivate", "alice"))
    # Not even their number.
    assert total(visit("/explore")) + 1 == total(visit("/explore", "alice"))


def test_on_a_phone_the_filters_are_behind_a_button(visit):
    page = visit("/explore", phone=True)
    assert cards(page)
    x, y, width, height = page.css(CARDS).box
    assert y < 844, "the first adapter is below the first screen"
    page.css("details.filters > summary").click()
    with page.loading():
        facet(page, "Question answering").click()
    assert "task=" in page.path


def test_tasks_are_narrowed_by_letters(visit):
    page = visit("/tasks")
    names = page.every(".groups > *:not([hidden]) h2")
    assert len(names) >= 4
    page.field("Show tasks with these letters").type("question")
    left = page.every(".groups > *:not([hidden]) h2")
    assert 0 < len(left) < len(names) and any("uestion" in name for name in left)
    page.link("Question answering").follow()
    assert page.path.startswith("/tasks/") and page.heading("Question answering")
    assert cards(page)


def test_a_base_model_shows_the_tree_of_its_adapters(visit):
    page = visit("/base")
    page.link("team/tiny-bert").follow()
    assert page.path == "/base/team/tiny-bert"
    assert page.link("alice/sentiment") and page.link("bob/slots")
    assert "alice/secret" not in page.css("main").text
    page.link("alice/sentiment").follow()
    assert page.path == "/alice/sentiment"


def test_a_language_shows_its_adapters(visit):
    page = visit("/languages")
    page.field("Show languages with these letters").type("swah")
    assert page.every(".tongues tbody tr:not([hidden]) a") == ["Swahili"]
    page.link("Swahili").follow()
    assert page.path == "/languages/sw" and cards(page)


def test_an_identifier_of_the_old_hub_leads_on_or_says_what_it_is(visit):
    page = visit("/explore?q=sentiment/sst-2@ukp")
    assert "sst-2@ukp" in page.text
