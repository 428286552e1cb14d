"""Every page that links lead to: it is there, it is valid, it is whole, and it fits a phone."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from browser import PHONE
from walk import walk
from world import OWN_PLACES, PLACES, Cookies

READERS = ["a stranger", "bob", "alice", "ada"]


@pytest.fixture(scope="module")
def walked(world):
    """The pages that each reader comes to, and the files."""
    found = {}
    for who in READERS:
        cookies = Cookies(world.hub) if who == "a stranger" else world.session(who)
        found[who] = walk(cookies, PLACES + OWN_PLACES.get(who, []))
    return found


@pytest.fixture(scope="module")
def pages(walked):
    """All of them, each once as each reader."""
    return [(who, page) for who in READERS for page in walked[who][0]]


def test_links_lead_somewhere(walked):
    broken = [f"{who}: {page.path} {page.status}, linked from {page.source}"
              for who, (pages, _) in walked.items() for page in pages if page.status != 200]
    # Files of a gated repository are not for everybody; links to them say so.
    broken += [f"{who}: {path} {status}, linked from {source}"
               for who, (_, files) in walked.items() for path, status, source in files
               if status != 200]
    assert not broken, "\n".join(broken)


def test_pages_have_a_title_and_a_description_of_their_own(pages):
    wrong, titles = [], {}
    for who, page in pages:
        title, description = page.links.title.strip(), (page.links.description or "").strip()
        if not 3 <= len(title) <= 300:
            wrong.append(f"{page.path} has the title {title!r}")
        if not 10 <= len(description) <= 500:
            wrong.append(f"{page.path} has the description {description!r}")
        # A list with a question may be called what it shows, as another page is.
        if "?" not in page.path:
            titles.setdefault(title, set()).add(page.path)
    wrong += [f"{sorted(paths)} are all called {title!r}"
              for title, paths in titles.items() if len(paths) > 1]
    assert not wrong, "\n".join(wrong)


def test_links_elsewhere_take_nothing_along(pages):
    for _, page in pages:
        for address, rel in page.links.outside:
            assert re.match(r"https?://|mailto:", address), f"{address} on {page.path}"
            assert {"nofollow", "noopener"} <= set(rel.split()), f"{address} on {page.path}"


def test_headers_keep_pages_safe(pages):
    for _, page in pages:
        policy = page.headers.get("Content-Security-Policy", "")
        assert "default-src 'none'" in policy and "unsafe" not in policy, page
        assert "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy, page
        assert page.headers.get("X-Content-Type-Options") == "nosniff", page
        assert "no-cache" in page.headers["Cache-Control"], page


def test_html_is_valid(pages, tmp_path):
    jar = checker()
    if not jar or not shutil.which("java"):
        pytest.skip("the HTML checker or a Java is missing")
    names = {}
    for number, (who, page) in enumerate(pages):
        file = tmp_path / f"{number}.html"
        file.write_text(page.text)
        names[str(number)] = f"{page.path} as {who}"
    done = subprocess.run(
        ["java", "-Xss8m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar", str(jar),
         "--format", "json", "--exit-zero-always", *map(str, sorted(tmp_path.glob("*.html")))],
        capture_output=True, text=True, timeout=300)
    messages = json.loads(done.stderr)["messages"]
    wrong = {}
    for message in messages:
        if message["type"] == "info" and message.get("subType") != "warning" or is_old(message):
            continue
        name = names[re.search(r"(\d+)\.html", message["url"]).group(1)]
        text = f"{message['message']} {message.get('extract', '')!r}"
        wrong.setdefault(text, []).append(name)
    assert not wrong, "\n".join(f"{text} on {len(where)} pages: {where[0]}"
                                for text, where in wrong.items())


def is_old(message):
    """What the checker, which is of 2020, does not know yet."""
    return re.search(
        r"Element .search. not allowed|“popover|“inert”|“fetchpriority”|“blocking”"
        r"|The “type” attribute is unnecessary|does not need a “role” attribute"
        # A name for a list is allowed, and all browsers know this attribute by now.
        # And what people write has the headings that they give it.
        r"|^Article lacks heading|Unicode Private Use Area|^Possible misuse of “aria-label”|^The “inputmode” attribute is not supported",
        message["message"])


def checker():
    """The checker's file, in the environment that the tests run in."""
    found = sorted(pathlib.Path(sys.prefix).rglob("vnu.jar"))
    return os.environ.get("VNU_JAR") or (found[0] if found else None)


#: What must hold of a page as it is drawn. The first header is the hub's own.
WHOLE = """(() => {
  const problems = [];
  const wide = document.scrollingElement.scrollWidth;
  if (wide > innerWidth) {
    const widest = [...document.body.querySelectorAll("*")]
      .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
      .filter(e => !e.closest(".hidden, .skip"))
      .slice(0, 3).map(e => e.outerHTML.slice(0, 120));
    problems.push(`is ${wide} wide in ${innerWidth}: ${widest.join(" | ")}`);
  }
  const main = document.querySelectorAll("main").length;
  const first = [...document.querySelectorAll("h1")].filter(e => e.checkVisibility()).length;
  if (main !== 1) problems.push(`${main} main`);
  if (first !== 1) problems.push(`${first} h1`);
  if (!document.querySelector("header nav") || !document.querySelector("footer"))
    problems.push("no header or footer");
  if (document.documentElement.lang !== "en") problems.push("no language");
  const names = [...document.querySelectorAll("[id]")].map(e => e.id);
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  if (twice.length) problems.push(`ids twice: ${twice}`);
  for (const part of document.querySelectorAll("[style], [onclick], script:not([src]), style"))
    problems.push(`inline: ${part.outerHTML.slice(0, 100)}`);
  for (const image of document.images)
    if (image.complete && image.naturalWidth === 0) problems.push(`picture: ${image.src}`);
  return problems;
})()"""


def jumps(page):
    seen = page.evaluate("window.__seen")
    return [f"jumps by {seen['shift']:.2f}: {', '.join(seen['shifted'])}"] if seen["shift"] > 0.05 else []


@pytest.mark.parametrize("who", READERS)
def test_pages_are_whole_and_fit(walked, visit, who):
    """In both sizes; nothing is said on the console, and nothing asked for elsewhere.

    Scripts come when the page was drawn already, and nothing may jump then.
    """
    page = visit(None, None if who == "a stranger" else who)
    page.keep_scripts_late()
    seen, problems = set(), []
    for found in walked[who][0]:
        # Pages that the stranger saw too are looked at once.
        if found.status != 200 or who != "a stranger" and any(
                other.path == found.path for other in walked["a stranger"][0]):
            continue
        if found.shape in seen and "?" in found.shape:
            continue
        seen.add(found.shape)
        page.open(page.site + found.path)
        problems += [f"{found.path}: {problem}" for problem in page.evaluate(WHOLE)]
        problems += [f"{found.path} {problem}" for problem in jumps(page)]
        page.resize(*PHONE, phone=True)
        page.open(page.site + found.path)
        problems += [f"{found.path} on a phone: {problem}" for problem in page.evaluate(WHOLE)
                     if "wide" in problem]
        problems += [f"{found.path} on a phone {problem}" for problem in jumps(page)]
        page.resize(1280, 900)
        before = page.problems(page.site)
        if before:
            problems += [f"{found.path}: {problem}" for problem in before]
            page.messages.clear(), page.violations.clear(), page.dialogs.clear()
            page.responses.clear(), page.requests.clear()
    assert not problems, "\n".join(problems)
