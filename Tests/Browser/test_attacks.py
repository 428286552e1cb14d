"""Nothing that people write runs in another's browser, and nothing breaks the page around it.

Every place that shows what somebody wrote is filled with attacks. Chromium must then report no
dialog, message, exception or violation of the content security policy and no request elsewhere: so
an attack fails the test even where the policy stopped it. And the page's tree must hold nothing that
could run, for what waits to be clicked.
"""
import json
import re
import urllib.parse

import pytest

import adapters
from browser import BrowserError, Page
from hub import commit_lines, quoted, unique
from payloads import DOCUMENTS, SLOW, TRICKS, WORDS, published
from world import Cookies

#: What is wrong in a document: parts that run something, and addresses that would.
DANGERS = """(() => {
  const found = [];
  const say = (what, e) => found.push(`${what}: ${(e.outerHTML ?? "").slice(0, 160)}`);
  const origin = location.origin;
  for (const e of document.querySelectorAll("*")) {
    const name = e.localName;
    if (["iframe", "frame", "frameset", "object", "embed", "applet", "base", "style", "math",
         "foreignobject", "animate", "set", "use", "portal", "template", "video",
         "audio", "source", "marquee", "plaintext", "xmp", "dialog", "slot"].includes(name.toLowerCase()))
      say("element", e);
    if (name === "script" && !(e.getAttribute("src") ?? "").startsWith("/static/")) say("script", e);
    if (name === "link" && !(e.getAttribute("href") ?? "").startsWith("/static/")) say("link", e);
    if (name === "meta" && e.httpEquiv) say("meta", e);
    if (name.includes("-")) say("custom element", e);
    for (const attribute of e.attributes) {
      if (/^on/i.test(attribute.name)) say("handler", e);
      if (["style", "srcdoc", "formaction", "ping", "background", "xlink:href", "srcset", "is",
           "popovertarget", "accesskey", "contenteditable"].includes(attribute.name)) say(attribute.name, e);
    }
    if (name === "a" || name === "area") {
      const scheme = e.protocol;
      // An address that no browser can read leads nowhere.
      const nowhere = scheme === ":" && /^https?:/.test(e.getAttribute("href"));
      if (e.hasAttribute("href") && !nowhere && !["http:", "https:", "mailto:"].includes(scheme))
        say("scheme", e);
      if (scheme.startsWith("http") && e.origin !== origin
          && !/nofollow.*noopener|noopener.*nofollow/.test(e.rel)) say("rel", e);
      if (e.target && e.target !== "_blank") say("target", e);
    }
    if (name === "form" && new URL(e.getAttribute("action") ?? "", location).origin !== origin)
      say("form", e);
    if (name === "img" && new URL(e.getAttribute("src"), location).origin !== origin) say("img", e);
  }
  const twice = {};
  for (const e of document.querySelectorAll("[id]")) {
    if (twice[e.id]) say("id twice", e);
    twice[e.id] = true;
  }
  if (window.__executed) found.push("executed");
  return found;
})()"""

#: What a card may consist of.
CARD = """(() => {
  const tags = ["p", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "a", "img", "code", "pre",
    "blockquote", "table", "thead", "tbody", "tr", "th", "td", "em", "strong", "del", "hr", "br", "div",
    "span", "sup", "sub"];
  const attributes = {a: ["href", "rel", "title", "class", "aria-label"], img: ["src", "alt", "title", "loading"],
    code: ["class"], ol: ["start"], div: ["class", "tabindex", "role", "aria-label"], span: ["class"],
    pre: ["tabindex", "aria-label"]};
  const found = [];
  const card = document.querySelector("article.markdown");
  if (!card) return ["there is no card"];
  for (const e of card.querySelectorAll("*")) {
    if (!tags.includes(e.localName)) found.push(`element ${e.outerHTML.slice(0, 120)}`);
    for (const {name, value} of e.attributes) {
      const known = attributes[e.localName] ?? [];
      if (known.includes(name)) continue;
      if (/^h[2-6]$/.test(e.localName) && name === "id" && value.startsWith("user-content-")) continue;
      if (/^t[hd]$/.test(e.localName) && ["class", "align", "scope"].includes(name)) continue;
      found.push(`attribute ${name} of ${e.outerHTML.slice(0, 120)}`);
    }
    if (e.localName === "code" && e.className && !/^language-[A-Za-z0-9-]+$/.test(e.className))
      found.push(`class ${e.outerHTML.slice(0, 120)}`);
  }
  return found;
})()"""


def dangers(page, is_card=False):
    """What is wrong with the page that is shown; empty where all is well."""
    found = page.evaluate(DANGERS)
    if is_card:
        found += page.evaluate(CARD)
    # The page around it is whole, and its script runs.
    around = page.evaluate("""(() => {
        const count = (selector) => document.querySelectorAll(selector).length;
        const wanted = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
        document.querySelector(`[data-theme-form] button[value=${wanted}]`).click();
        return [count("main"), count("body > header"), count("body > footer"), count("h1"),
                document.querySelector("body > footer")?.checkVisibility(), document.compatMode,
                document.documentElement.dataset.theme === wanted]; })()""")
    if around != [1, 1, 1, 1, True, "CSS1Compat", True]:
        found.append(f"the page around it is not whole, or its script does not run: {around}")
    return found


def look(page, path, is_card=False, patience=20):
    """Opens a path; what is wrong there."""
    page.open(page.site + path, patience=patience, drawn=False)
    found = [f"{path}: {text}" for text in dangers(page, is_card)]
    # Pictures that cards speak of are not there.
    said = [text for text in page.problems(page.site)
            if not (text.startswith("status 404") and "/resolve/main/" in text)]
    forget(page)
    return found + [f"{path}: {text}" for text in said]


def forget(page: Page):
    """Forgets what was noted, as it was reported."""
    for notes in (page.messages, page.violations, page.dialogs, page.responses, page.requests):
        notes.clear()


@pytest.fixture(scope="module")
def mallory(world):
    """Somebody who writes all that; a token."""
    world.person("mallory")
    return world.tokens["mallory"]


def write(world, token, files, summary="attack", expected=True):
    """A new repository with these files; its name."""
    name = world.hub.make(f"mallory/{unique('x')}", token)
    answer = world.hub.commit(name, files, token, summary=summary)
    if expected:
        assert answer.status == 200, answer
    return name if answer.status == 200 else None


def some(found):
    """The first of many problems, for people to read."""
    return f"{len(found)}:\n" + "\n".join(text[:400] for text in found[:12])


def chunks(things, size):
    return [things[start:start + size] for start in range(0, len(things), size)]


def others():
    found = published()
    # A folder that lost a source must not make fewer tests of it in silence.
    assert not found or len(found) > 2000, f"{len(found)} payloads"
    return found


OTHERS = others()
ALL = OTHERS + [(f"trick {number}", text) for number, text in enumerate(TRICKS)]


@pytest.mark.parametrize("html", [
    "<img src=x onerror=alert(1)>", "<a href='java\tscript:alert(1)'>x</a>", "<iframe></iframe>",
    "<a href=//canary.test>x</a>", "<svg><script>alert(1)</script></svg>", "<b style='color:red'>",
    "<form action=https://canary.test></form>", "<img src=https://canary.test/x.png>",
    "<main>", "<p id=find>", "<style></style>", "<base href=/>"])
def test_dangers_are_seen(visit, html):
    """The tests here can fail: what is put into a page is found."""
    page = visit("/")
    assert not dangers(page)
    page.evaluate(f"document.querySelector('main').insertAdjacentHTML('beforeend', {json.dumps(html)})")
    page.rest(0.05)
    assert dangers(page)
    if "onerror" in html:
        assert any("violation" in text for text in page.problems(page.site))
    forget(page)


def test_there_are_payloads():
    if not OTHERS:
        pytest.skip("the payloads of others were not fetched")
    assert len(ALL) > 2300


@pytest.mark.parametrize("part", range(len(chunks(ALL, 150))))
def test_cards_run_nothing(world, mallory, visit, part):
    """Each payload in a quotation of its own, between two marks that must be seen, and in order."""
    payloads = chunks(ALL, 150)[part]
    text = "# Attacks\n\n"
    for number, (_, payload) in enumerate(payloads):
        lines = payload.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        text += f"MARK{number}A\n\n" + "".join(f"> {line}\n" for line in lines)
        text += f"\nMARK{number}B\n\n"
    name = write(world, mallory, {"README.md": text.encode("utf-8", "surrogatepass")})
    page = visit()
    found = look(page, f"/{name}", is_card=True)
    assert not found, some(found)
    seen = page.evaluate("document.querySelector('article.markdown').textContent")
    places = [(seen.find(f"MARK{n}A"), seen.find(f"MARK{n}B")) for n in range(len(payloads))]
    end = 0
    for (where, payload), (start, stop) in zip(payloads, places):
        assert end <= start < stop, f"{where} is not shown between its marks: {payload[:300]!r}"
        end = stop


def test_payloads_run_nothing_at_the_top_of_a_card(world, mallory, visit):
    """Outside of a quotation, where one that is never closed takes all that follows."""
    page, found = visit(), []
    for part in chunks(ALL, 400):
        text = "# Attacks\n\n" + "\n\n***\n\n".join(payload for _, payload in part)
        name = write(world, mallory, {"README.md": text.encode("utf-8", "surrogatepass")})
        found += look(page, f"/{name}", is_card=True)
    assert not found, some(found)


def test_each_trick_alone_runs_nothing(world, mallory, visit):
    """As whole files: from the first byte to the last."""
    page, found = visit(), []
    name = write(world, mallory, {
        f"{number}.md": trick.encode("utf-8", "surrogatepass")
        for number, trick in enumerate(TRICKS)})
    # Whole cards, whose beginning is the description of the page too, are the same but slower.
    for number, trick in enumerate(TRICKS):
        if number % 10 == 0:
            world.hub.committed(name, {"README.md": trick.encode("utf-8", "surrogatepass")}, mallory)
            found += [f"{trick!r}: {text}" for text in look(page, f"/{name}")]
        found += [f"{trick!r}: {text}" for text in look(page, f"/{name}/blob/main/{number}.md")]
    assert not found, some(found)


@pytest.mark.parametrize("kind", SLOW)
def test_no_card_takes_long(world, mallory, visit, kind):
    """What makes parsers slow is shown as quickly as the browser waits, or as it is."""
    name = write(world, mallory, {"README.md": f"# Long\n\n{SLOW[kind]}\n".encode()})
    assert not look(visit(), f"/{name}", is_card=False)


def test_files_run_nothing(world, mallory, visit):
    """As they are shown, and as they are: a page of its own each, whose origin is the hub's."""
    files = {**DOCUMENTS, "README.md": b"# Files"}
    name = write(world, mallory, files)
    page, beside, found = visit(), visit(), []
    for file in DOCUMENTS:
        found += look(page, f"/{name}/blob/main/{quoted(file)}")
        for kind in ["resolve", "raw"]:
            url = f"{page.site}/{name}/{kind}/main/{quoted(file)}"
            answer = world.hub.get(f"/{name}/{kind}/main/{quoted(file)}",
                                   headers={"Accept": "text/html"})
            if answer.status == 404 and kind == "raw":
                continue
            assert answer.headers["X-Content-Type-Options"] == "nosniff", url
            policy = answer.headers.get("Content-Security-Policy", "")
            assert "default-src 'none'" in policy and "sandbox" in policy, url
            # What a browser would run or follow is saved rather than opened.
            if re.search("html|svg|xml|script|css|pdf|flash", answer.headers["Content-Type"]):
                assert answer.headers["Content-Disposition"].startswith("attachment"), url
            try:
                beside.open(url, patience=5, drawn=False)
            except BrowserError:
                beside.browser.until(lambda: beside.downloads, what=f"a download of {url}")
                beside.downloads.clear()
            # The sandbox says that it holds back what these tests themselves put into each document,
            # and the style of the browser's own frame around a picture.
            said = [text for text in beside.problems(page.site)
                    if text.startswith(("dialog", "request", "window", "console exception"))]
            found += [f"{kind} of {file}: {text}" for text in said]
            forget(beside)
    beside.browser.pump(0.5)
    forget(beside)
    assert not found, some(found)


def test_names_of_files_run_nothing(world, mallory, visit):
    page, found, taken = visit(), [], 0
    for number, word in enumerate(WORDS):
        path = f"folder {word.replace('/', '∕')}/{word.replace('/', '∕')}.txt"
        name = write(world, mallory, {"README.md": b"# Names", path: word.encode()}, expected=False)
        if name is None:
            continue
        taken += 1
        folder, file = path.split("/")
        commit = world.hub.head_commit(name)
        for address in ["tree/main", f"tree/main/{quoted(folder)}",
                        f"blob/main/{quoted(folder)}/{quoted(file)}", f"commit/{commit}"]:
            found += look(page, f"/{name}/{address}")
    assert taken > len(WORDS) / 2, "hardly any name was taken"
    assert not found, some(found)


def test_messages_branches_and_tags_run_nothing(world, mallory, visit):
    page, found = visit(), []
    name = write(world, mallory, {"README.md": b"# Messages"})
    for number, word in enumerate(WORDS):
        body = commit_lines({f"{number}.txt": b"x"}, summary=f"{word} {number}")
        lines = body.split(b"\n")
        header = json.loads(lines[0])
        header["value"]["description"] = f"{word}\n\n{word}"
        lines[0] = json.dumps(header).encode()
        answer = world.hub.post(f"/api/models/{name}/commit/main", b"\n".join(lines), token=mallory,
                                headers={"Content-Type": "application/x-ndjson"})
        if answer.status != 200:
            continue
        found += look(page, f"/{name}/commit/{answer.json['commitOid']}")
        world.hub.post(f"/api/models/{name}/branch/{quoted(word)}", {}, token=mallory)
        world.hub.post(f"/api/models/{name}/tag/main", {"tag": f"t{word}", "message": word},
                       token=mallory)
    for branch in world.hub.get(f"/api/models/{name}/refs").json["branches"]:
        for kind in ["tree", "commits"]:
            found += look(page, f"/{name}/{kind}/{quoted(branch['name'])}")
    assert not found, some(found)


def facts(word, number):
    """An adapter whose every word is an attack."""
    label = f"{word} {number}"
    files = adapters.bottleneck("a", labels=[label, f"B-{label}"])
    config = json.loads(files["adapter_config.json"])
    config.update(name=word, model_name=word, model_class=word, model_type=word, version=word)
    config["config"].update(non_linearity=word, init_weights=word)
    config["config"][word] = word
    files["adapter_config.json"] = json.dumps(config).encode()
    files["adapter.safetensors"] = adapters.safetensors(
        {f"{word}.{part}": adapters.numbers([2, 2], 1) for part in "ab"})
    files["head_config.json"] = files["head_config.json"].replace(
        b'"activation_function": "tanh"', b'"activation_function": ' + json.dumps(word).encode())
    text = json.dumps(word)
    files["README.md"] = "\n".join([
        "---", f"tags: [{text}, adapters]", f"datasets: [{text}]", f"base_model: {text}",
        "license: other", f"license_name: {text}", f"license_link: {text}", "model-index:",
        f"- name: {text}", "  results:", f"  - task: {{type: text-classification, name: {text}}}",
        f"    dataset: {{type: {text}, name: {text}}}",
        f"    metrics: [{{type: {text}, name: {text}, value: 0.5}}]",
        f"    source: {{name: {text}, url: {text}}}", f"title: {text}", f"thumbnail: {text}",
        f"widget: [{{text: {text}}}]", "---", "", "# Facts", ""]).encode("utf-8", "surrogatepass")
    return files


def plain(word, number):
    """The same with a supported configuration, so that it is read in full."""
    files = facts(word, number)
    files.update(adapters.bottleneck("a", labels=[f"{word} {number}", f"B-{word} {number}"]))
    return files


@pytest.mark.parametrize("make", [facts, plain])
def test_facts_of_an_adapter_run_nothing(world, mallory, visit, make):
    """Labels, settings, tensors, tags, data sets, base models, metrics and their sources."""
    page, found, names, taken = visit(), [], [], 0
    for number, word in enumerate(WORDS):
        files = make(word, number)
        name = write(world, mallory, files, expected=False)
        if name is None:
            # What the card may not say is refused; the rest still is shown.
            name = write(world, mallory, {**files, "README.md": b"# Facts"})
        else:
            taken += 1
        names.append(name)
        changed = world.hub.committed(name, {
            path: content for path, content in make(word, number + 1).items()
            if path != "README.md"}, mallory, summary=word)
        addresses = ["", f"/commit/{changed}"]
        if make is facts:
            addresses += ["/blob/main/adapter.safetensors", "/blob/main/adapter_config.json"]
        for address in addresses:
            found += look(page, f"/{name}{address}")
    found += look(page, f"/compare?ids={','.join(names[:3])}")
    for path in ["/mallory", "/explore", "/explore?q=facts", "/base", "/languages", "/tasks",
                 "/explore?sort=updated", "/"]:
        found += look(page, path)
    assert taken > len(WORDS) / 2, "hardly any card was taken"
    assert not found, some(found)


def test_searches_and_addresses_run_nothing(visit):
    """Each word in a third of the places, each place with a third of the words."""
    page, found = visit(), []
    places = [
        "/explore?q={}", "/explore?task={}&language={}&base={}&method={}&licence={}",
        "/explore?sort={}&after={}&owner={}&dataset={}", "/login?next={}", "/compare?ids={}",
        "/compare?ids=alice/sentiment,{}", "/{}", "/alice/{}", "/alice/sentiment/tree/{}",
        "/alice/sentiment/blob/main/{}", "/alice/sentiment/commit/{}",
        "/alice/sentiment/compare/{}", "/tasks/{}", "/tasks/text-classification/{}",
        "/languages/{}", "/base/{}", "/static/x/{}", "/join/{}", "/reset/{}"]
    for number, word in enumerate(WORDS):
        text = urllib.parse.quote(word)
        for path in places[number % 3::3]:
            found += anyway(page, path.replace("{}", text))
    assert not found, some(found)


def anyway(page, path):
    """Like `look`, where the answer may well be that there is no such thing."""
    return [text for text in look(page, path) if ": status 4" not in text]


def test_the_address_of_a_page_runs_nothing(visit):
    """What stands behind the # is of the browser alone; scripts may read it."""
    page = visit()
    for word in WORDS + ["content", "find", "x'] , [y='", "javascript:alert(1)"]:
        page.open(f"{page.site}/alice/sentiment#{urllib.parse.quote(word)}")
        assert not dangers(page)
        page.open("about:blank")


def test_sign_in_shows_what_was_entered_and_runs_nothing(visit):
    page = visit("/login")
    page.expects("status", "422 */login")
    for word in WORDS[:8]:
        name = page.field("User name")
        name.fill(word)
        page.field("Password").fill(word)
        page.button("Sign in").follow()
        assert page.field("User name").value == word.strip()
        assert not dangers(page)


def test_a_browser_says_who_it_is_and_runs_nothing(world, mallory, visit):
    """The list of sessions shows what browsers say of themselves."""
    world.session("mallory")
    cookies = Cookies(world.hub)
    cookies.agent = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    cookies.sign_in("mallory", world.passwords["mallory"])
    page = visit("/settings/sessions", "mallory")
    assert any("<script>alert(1)</script>" in text for text in
               page.every("main *", "e => e.title || e.textContent"))
    assert not dangers(page)


def test_names_of_people_and_tokens_run_nothing(world, mallory, visit):
    """What somebody calls themselves, their organisation and their tokens; and why they ask."""
    cookies = world.session("mallory")
    page, admin, owner, found = visit(None, "mallory"), visit(None, "ada"), visit(None, "alice"), []
    organisation = unique("o")
    status, *_ = cookies.submit("/orgs/new", "/orgs/new", name=organisation)
    assert status == 200
    gated = f"alice/{unique('gated')}"
    world.adapter(gated, {"README.md": b"# x"})
    world.settle(gated, gated="manual")
    for number, word in enumerate(WORDS[:12]):
        cookies.submit("/settings", "/settings", **{"full-name": word, "email": ""})
        cookies.submit(f"/orgs/{organisation}/settings", f"/orgs/{organisation}/settings",
                       **{"full-name": word})
        cookies.submit("/settings/tokens", "/settings/tokens", name=f"{word} {number}", scope="read",
                       repository="", days="30")
        for path in ["/mallory", "/settings", f"/{organisation}", f"/orgs/{organisation}/settings"]:
            found += look(page, path)
        found += look(admin, "/hub/users/mallory")
    cookies.submit(f"/{gated}/access", f"/{gated}/access", reason=" ".join(WORDS))
    found += look(owner, f"/{gated}/settings")
    found += look(page, "/settings/tokens") + look(page, f"/{gated}/access")
    for path in ["/hub/users?q=mallory", "/hub/audit?actor=mallory", "/hub/audit", "/hub/storage"]:
        found += look(admin, path)
    assert not found, some(found)
    # They were taken, and are shown.
    page.open(page.site + "/mallory")
    assert page.css("h1").text == WORDS[11]
    page.open(page.site + "/settings/tokens")
    assert len(page.all("button", re.compile("^Revoke "))) >= 12
