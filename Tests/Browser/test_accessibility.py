"""Pages for everybody: the rules that a program can check, and the keyboard alone."""
import json
import pathlib
import sys

import pytest

from test_html import READERS
from walk import walk
from world import OWN_PLACES, PLACES, Cookies


@pytest.fixture(scope="module")
def axe():
    """The source of axe-core: it is put into a page over the protocol, which no policy forbids."""
    found = sorted(pathlib.Path(sys.prefix).rglob("axe.min.js"))
    assert found, "axe.min.js is not installed"
    return found[-1].read_text()


@pytest.fixture(scope="module")
def shapes(world):
    """One page of each shape of address, as those see it who see most of it."""
    seen = {}
    for who in READERS:
        cookies = Cookies(world.hub) if who == "a stranger" else world.session(who)
        for page in walk(cookies, PLACES + OWN_PLACES.get(who, []), each=1)[0]:
            kind = page.path if page.source is None else page.shape.partition("?")[0]
            if page.status == 200:
                seen.setdefault((kind, who), page.path)
    return seen


def is_seen_by_all(shapes, kind, path, who):
    """Whether a page was looked at as a stranger; the front page stands for what differs around."""
    return who != "a stranger" and path not in ("/", "/alice/sentiment") and (
        shapes.get((kind, "a stranger")) == path)


#: Rules of WCAG 2 and what is best beside.
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
                                   "best-practice"]}


#: What the theme makes a difference to.
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


def violations(page, axe, rules=RULES):
    page.send("Runtime.evaluate", expression=axe)
    found = page.evaluate(f"axe.run(document, {{runOnly: {json.dumps(rules)}, resultTypes: ['violations']}})"
                          ".then(r => r.violations.flatMap(v => v.nodes.slice(0, 4).map(n => "
                          "`${v.id}: ${n.html.slice(0, 160)} ${n.any.map(a => a.message).join('; ').slice(0, 200)}`)))",
                          patience=60)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("who", READERS)
def test_no_rule_is_broken(shapes, visit, axe, who, scheme):
    page = visit(None, None if who == "a stranger" else who, scheme=scheme, still=True)
    found, looked = {}, 0
    for (kind, reader), path in shapes.items():
        if reader != who or is_seen_by_all(shapes, kind, path, who):
            continue
        looked += 1
        page.open(page.site + path)
        for text in violations(page, axe, RULES if scheme == "light" else COLOURS):
            found.setdefault(text, []).append(path)
    assert looked
    assert not found, f"{len(found)}:\n" + "\n".join(
        f"{text} on {len(paths)}: {paths[0]}" for text, paths in list(found.items())[:25])


def test_rules_are_checked(visit, axe):
    """The check can fail: what is put into a page is found."""
    page = visit("/")
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend',"
                  "'<img src=\"/favicon.ico\"><input name=x>')")
    found = violations(page, axe)
    assert any(text.startswith("image-alt") for text in found)
    assert any(text.startswith("label") for text in found)


# The keyboard


#: Whether what has the focus can be seen, and to have it.
SHOWN = """(() => {
  const e = document.activeElement;
  const box = e.getBoundingClientRect();
  const style = getComputedStyle(e);
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return {name: e.localName + (e.id ? "#" + e.id : "") + " " + (e.textContent || e.name || "").trim().slice(0, 40),
    x: box.x, y: box.y + scrollY, width: box.width, height: box.height,
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    covered: hit !== null && !e.contains(hit) && !hit.contains(e),
    marked: outlined || style.boxShadow !== "none", body: e === document.body};
})()"""


@pytest.mark.parametrize("who", READERS)
def test_focus_follows_the_order_of_reading_and_is_seen(shapes, visit, who):
    page = visit(None, None if who == "a stranger" else who, still=True)
    found = []
    for (kind, reader), path in shapes.items():
        if reader != who or is_seen_by_all(shapes, kind, path, who):
            continue
        page.open(page.site + path)
        order = page.evaluate("""[...document.querySelectorAll(
            "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]")]
            .filter(e => e.checkVisibility({visibilityProperty: true}) && e.tabIndex > 0)
            .map(e => e.outerHTML.slice(0, 100))""")
        found += [f"{path}: an order of its own: {text}" for text in order]
        page.evaluate("document.activeElement.blur(); getSelection().removeAllRanges()")
        before, places = None, set()
        for _ in range(40):
            page.press("Tab")
            now = page.evaluate(SHOWN)
            if now["body"]:
                break
            if not now["inside"]:
                found.append(f"{path}: {now['name']} has the focus out of sight")
            elif now["covered"]:
                found.append(f"{path}: {now['name']} has the focus under something")
            if not now["marked"]:
                found.append(f"{path}: {now['name']} does not show the focus")
            before, places = now, places | {(now["name"], now["x"], now["y"])}
        assert before, f"{path}: nothing takes the focus"
        assert len(places) >= 5, f"{path}: the focus is caught in {places}"
    assert not found, f"{len(found)}:\n" + "\n".join(found[:25])


def test_the_first_link_leads_to_the_content(visit):
    page = visit("/alice/sentiment")
    page.press("Tab")
    assert page.focused.accessible == ("link", "Skip to the content")
    x, y, width, height = page.focused.box
    assert width > 20 and height > 10 and y >= 0, "the link is not seen where it has the focus"
    page.press("Enter")
    page.browser.pump(0.1)
    assert page.evaluate("document.activeElement.id") == "content"
    page.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_a_slash_leads_to_the_search(visit):
    page = visit("/")
    page.press("/")
    assert page.focused.accessible == ("searchbox", "Search adapters")
    page.type("a/b")
    assert page.focused.value == "a/b"
    with page.loading():
        page.press("Enter")
    assert page.path == "/explore?q=a%2Fb"


def test_the_menu_opens_and_closes_by_keys(visit):
    page = visit("/", "alice")
    summary = page.css("details.menu > summary").focus()
    assert summary.accessible[1] == "Account of alice"
    page.press("Enter")
    assert page.link("Settings", within=page.css("details.menu")).is_visible
    page.press("Tab")
    assert page.focused.accessible == ("link", "alice")
    page.press("Escape")
    assert not page.evaluate("document.querySelector('details.menu').open")
    assert summary.has_focus
    page.press("Space")
    assert page.evaluate("document.querySelector('details.menu').open")
    page.mouse(5, 600)
    assert not page.evaluate("document.querySelector('details.menu').open"), "it stays open"


def test_tabs_are_changed_by_arrows(visit):
    page = visit("/alice/sentiment")
    tabs = page.all("tab")
    assert len(tabs) >= 3, "there are no ways to use it"
    assert [tab.attribute("aria-selected") for tab in tabs].count("true") == 1
    tabs[0].focus()
    page.press("ArrowRight")
    assert tabs[1].has_focus and tabs[1].attribute("aria-selected") == "true"
    panels = page.all("tabpanel")
    assert len(panels) == 1 and panels[0].attribute("aria-labelledby") == tabs[1].attribute("id")
    page.press("ArrowLeft", "ArrowLeft")
    assert tabs[-1].has_focus, "the last follows before the first"
    # The tabs are one stop; what follows is in the panel.
    page.press("Tab")
    assert page.evaluate("document.querySelector('[role=tabpanel]:not([hidden])')"
                         ".contains(document.activeElement)")


def test_motion_is_not_forced_on_anybody(shapes, visit):
    page = visit("/", still=True)
    for path in list(shapes.values())[:20]:
        page.open(page.site + path)
        moving = page.evaluate("document.getAnimations().filter(a => a.effect.getTiming().duration > 10).length")
        assert not moving, path
