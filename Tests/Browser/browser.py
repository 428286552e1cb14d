"""Chromium without a window, driven over its DevTools protocol through a pair of pipes.

    with Browser() as browser:
        context = browser.context()                 # as private as an incognito window
        page = context.page()
        page.open("http://127.0.0.1:8080/")
        page.link("Sign in").follow()
        page.field("User name").type("alice")
        page.press("Enter")

Elements are found as a screen reader finds them: by role and accessible name, as Chromium computes
them. The mouse and the keyboard are real events at real places. Everything that a page says or asks
for is noted: messages, exceptions, violations of its content security policy, requests, dialogs,
windows. What was not expected is listed by `Page.problems`.

Only the standard library.
"""
import base64
import collections
import contextlib
import fnmatch
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

#: How long anything may take; pages of a debug build on a busy machine take a second or two.
PATIENCE = 20

DESKTOP = (1280, 900)
PHONE = (390, 844)

#: Run in every document before its own scripts, and unseen by them: how it was drawn.
WATCH = r"""
window.__seen = {largest: 0, shift: 0, shifted: [], violations: []};
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.__seen.largest = entry.startTime;
}).observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    window.__seen.shift += entry.value;
    for (const {node} of entry.sources) window.__seen.shifted.push(node?.outerHTML?.slice(0, 60).replaceAll("\n", " ") ?? "");
  }
}).observe({type: "layout-shift", buffered: true});
document.addEventListener("securitypolicyviolation", (event) => {
  window.__seen.violations.push(`${event.effectiveDirective} ${event.blockedURI}`);
});
"""

KEYS = {
    "Tab": ("Tab", 9, ""), "Enter": ("Enter", 13, "\r"), "Escape": ("Escape", 27, ""),
    "Space": ("Space", 32, " "), "Backspace": ("Backspace", 8, ""), "Delete": ("Delete", 46, ""),
    "ArrowLeft": ("ArrowLeft", 37, ""), "ArrowUp": ("ArrowUp", 38, ""),
    "ArrowRight": ("ArrowRight", 39, ""), "ArrowDown": ("ArrowDown", 40, ""),
    "Home": ("Home", 36, ""), "End": ("End", 35, ""),
}
MODIFIERS = {"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}


class BrowserError(Exception):
    """The browser said no, or did not answer."""


def chromium():
    """The path of the browser; None where there is none."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    # Debian's command is a script around the program, with opinions about memory on its output.
    for name in ["chromium", "chromium-browser", "google-chrome"]:
        if found := shutil.which(name):
            return found
    return None


class Browser:
    """A process of Chromium."""

    def __init__(self, program=None):
        self.program = program or chromium()
        self.process = None
        self.sessions = {}
        self.targets = {}
        self._number = 0
        self._answers = {}
        self._buffer = b""
        self._ignored = set()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.folder = tempfile.mkdtemp(prefix="browser-")
        commands, self._commands = os.pipe()
        self._events, events = os.pipe()

        # The browser reads from 3 and writes to 4. Both are duplicated out of the way first.
        def give_pipes():
            reading, writing = os.dup(commands), os.dup(events)
            os.dup2(reading, 3, inheritable=True)
            os.dup2(writing, 4, inheritable=True)

        self._log = open(pathlib.Path(self.folder) / "log", "wb+")
        self.process = subprocess.Popen(
            [
                self.program, "--headless=new", "--remote-debugging-pipe", "--no-sandbox",
                "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--mute-audio",
                "--no-first-run", "--no-default-browser-check", "--disable-extensions",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-default-apps", "--disable-domain-reliability", "--no-pings",
                "--disable-features=Translate,OptimizationHints,MediaRouter,HttpsUpgrades",
                "--force-color-profile=srgb", "--font-render-hinting=none", "--lang=en-US",
                # Two ways out, and neither leads anywhere: no name resolves, and what needs none
                # goes to a proxy that is not there. Loopback needs no proxy.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                "--proxy-server=http://127.0.0.1:9",
                f"--user-data-dir={self.folder}", "about:blank",
            ],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
            close_fds=False, preexec_fn=give_pipes, start_new_session=True,
            env={**os.environ, "LANGUAGE": "en", "LANG": "C.UTF-8", "TZ": "UTC"})
        os.close(commands)
        os.close(events)
        self.version = self.send("Browser.getVersion")["product"]
        self.send("Target.setDiscoverTargets", discover=True)
        return self

    def stop(self):
        if self.process is None:
            return
        with contextlib.suppress(BrowserError, OSError):
            self.send("Browser.close")
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._commands)
        os.close(self._events)
        self._log.close()
        self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def context(self, **settings):
        """Cookies and caches of their own, until it is closed."""
        return Context(self, **settings)

    # The wire

    def post(self, method, session=None, **parameters):
        """Sends a command without waiting for its answer; its number."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        rest = json.dumps(command).encode() + b"\0"
        while rest:
            # What comes is taken while we send: two full pipes would wait for each other for ever.
            readable, writable, _ = select.select([self._events], [self._commands], [], PATIENCE)
            if not readable and not writable:
                raise BrowserError(f"the browser takes no commands: {method}")
            if readable:
                self._read()
            if writable:
                rest = rest[os.write(self._commands, rest[:4096]):]
        return self._number

    def tell(self, method, session=None, **parameters):
        """Sends a command whose answer nobody waits for."""
        self._ignored.add(self.post(method, session, **parameters))

    def send(self, method, session=None, patience=PATIENCE, **parameters):
        """Sends a command; its result."""
        number = self.post(method, session, **parameters)
        self.until(lambda: number in self._answers, patience, f"an answer to {method}")
        answer = self._answers.pop(number)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error'].get('message')}")
        return answer["result"]

    def until(self, condition, patience=PATIENCE, what="the browser"):
        """Takes what comes from the browser until the condition holds."""
        end = time.monotonic() + patience
        while not condition():
            left = end - time.monotonic()
            if left <= 0:
                raise BrowserError(f"{what} did not come in {patience} s")
            if select.select([self._events], [], [], min(left, 0.5))[0]:
                self._read()

    def pump(self, seconds=0.0):
        """Takes what has come, and what comes in that time."""
        end = time.monotonic() + seconds
        while True:
            left = max(0.0, end - time.monotonic())
            if select.select([self._events], [], [], left)[0]:
                self._read()
            elif left == 0:
                return

    def _read(self):
        data = os.read(self._events, 1 << 20)
        if not data:
            self._log.seek(0)
            raise BrowserError("the browser ended:\n"
                               + self._log.read().decode(errors="replace")[-2000:])
        *messages, self._buffer = (self._buffer + data).split(b"\0")
        for message in messages:
            self._take(json.loads(message))

    def _take(self, message):
        if "id" in message:
            if message["id"] in self._ignored:
                self._ignored.discard(message["id"])
            else:
                self._answers[message["id"]] = message
            return
        method, values = message["method"], message["params"]
        if method in ("Target.targetCreated", "Target.targetInfoChanged"):
            self.targets[values["targetInfo"]["targetId"]] = values["targetInfo"]
        elif method == "Target.targetDestroyed":
            self.targets.pop(values["targetId"], None)
        elif page := self.sessions.get(message.get("sessionId")):
            page.take(method, values)


class Context:
    """One person's browser: what it is signed in to, and how it likes its pages."""

    def __init__(self, browser, size=DESKTOP, phone=False, scheme="light", scripts=True,
                 still=False):
        """
        scheme: what the system asks for, light or dark
        still: whether the system asks for no motion
        """
        self.browser = browser
        self.size, self.phone, self.scheme = (PHONE if phone else size), phone, scheme
        self.scripts, self.still = scripts, still
        self.id = browser.send("Target.createBrowserContext", disposeOnDetach=True)[
            "browserContextId"]
        self.pages = []
        #: Scripts that run in every document before its own.
        self.before = []

    def page(self):
        page = Page(self)
        self.pages.append(page)
        return page

    def close(self):
        for page in self.pages:
            self.browser.sessions.pop(page.session, None)
        self.browser.send("Target.disposeBrowserContext", browserContextId=self.id)

    def cookies(self):
        cookies = self.browser.send("Storage.getCookies", browserContextId=self.id)["cookies"]
        return {cookie["name"]: cookie for cookie in cookies}

    def set_cookie(self, url, name, value, **settings):
        self.browser.send("Storage.setCookies", browserContextId=self.id,
                          cookies=[{"url": url, "name": name, "value": value, **settings}])

    def drop_cookies(self):
        self.browser.send("Storage.clearCookies", browserContextId=self.id)

    def windows(self):
        """Pages and frames that nobody opened on purpose."""
        ours = {page.target for page in self.pages}
        return [target for target in self.browser.targets.values()
                if target.get("browserContextId") == self.id and target["targetId"] not in ours
                and target["type"] != "browser_ui"]


Response = collections.namedtuple("Response", "url status type headers number")


class Page:
    """A tab."""

    def __init__(self, context):
        self.context, self.browser = context, context.browser
        self.target = self.browser.send(
            "Target.createTarget", url="about:blank", browserContextId=context.id,
            width=context.size[0], height=context.size[1])["targetId"]
        self.session = self.browser.send(
            "Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        self.browser.sessions[self.session] = self
        self.messages, self.requests, self.responses, self.dialogs = [], [], [], []
        self.answers = []
        self.loads, self.moves, self.violations, self.downloads = 0, 0, [], []
        self._expected, self._met = [], set()
        self._busy, self._document_loader = {}, None
        self._held = []
        for domain in ["Page", "Runtime", "DOM", "Network", "Log", "Audits", "Accessibility"]:
            self.send(f"{domain}.enable")
        self.send("Emulation.setFocusEmulationEnabled", enabled=True)
        self.send("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        for script in context.before:
            self.send("Page.addScriptToEvaluateOnNewDocument", source=script)
        self.resize(*context.size, phone=context.phone)
        self.prefer(scheme=context.scheme, still=context.still)
        if not context.scripts:
            self.send("Emulation.setScriptExecutionDisabled", value=True)

    def send(self, method, patience=PATIENCE, **parameters):
        return self.browser.send(method, self.session, patience, **parameters)

    def tell(self, method, **parameters):
        self.browser.tell(method, self.session, **parameters)

    # What is noted

    def take(self, method, values):
        """Notes an event."""
        match method:
            case "Page.loadEventFired":
                self.loads += 1
            case "Page.frameNavigated":
                if "parentId" not in values["frame"]:
                    self._document_loader = values["frame"]["loaderId"]
                if values.get("type") == "BackForwardCacheRestore":
                    self.loads += 1
            case "Page.navigatedWithinDocument":
                self.moves += 1
            case "Runtime.consoleAPICalled":
                words = [str(argument.get("value", argument.get("description", "")))
                         for argument in values["args"]]
                self.messages.append((values["type"], " ".join(words)))
            case "Runtime.exceptionThrown":
                details = values["exceptionDetails"]
                text = details.get("exception", {}).get("description") or details["text"]
                self.messages.append(("exception", f"{text} at {details.get('url')}"))
            case "Log.entryAdded":
                entry = values["entry"]
                # Answers are judged by their status, below.
                if entry["source"] != "network":
                    self.messages.append((entry["source"], entry["text"]))
            case "Audits.issueAdded":
                self._take_issue(values["issue"])
            case "Network.requestWillBeSent":
                self._busy[values["requestId"]] = values["loaderId"]
                self.requests.append(values["request"]["url"])
                if redirect := values.get("redirectResponse"):
                    self._note(redirect, values)
            case "Network.responseReceived":
                self._note(values["response"], values)
            case "Network.loadingFinished" | "Network.loadingFailed":
                self._busy.pop(values["requestId"], None)
            case "Fetch.requestPaused":
                self._held.append(values["requestId"])
            case "Page.javascriptDialogOpening":
                self.dialogs.append((values["type"], values["message"]))
                yes, text = self.answers.pop(0) if self.answers else (True, "")
                if not yes or text or values["type"] != "alert":
                    self._met.add(("dialog", values["message"]))
                self.browser.tell("Page.handleJavaScriptDialog", self.session,
                                  accept=yes, promptText=text)
            case "Page.downloadWillBegin":
                self.downloads.append(values["suggestedFilename"])

    def _take_issue(self, issue):
        details = issue.get("details", {})
        code = issue["code"]
        if violation := details.get("contentSecurityPolicyIssueDetails"):
            self.violations.append(
                f"{violation.get('violatedDirective')} {violation.get('blockedURL', 'inline')}")
        elif code not in ("GenericIssue", "LowTextContrastIssue", "PerformanceIssue",
                          "CookieIssue", "BounceTrackingIssue", "LazyLoadImageIssue"):
            self.messages.append(("issue", f"{code} {json.dumps(details)[:300]}"))
        elif code == "GenericIssue":
            error = details.get("genericIssueDetails", {}).get("errorType")
            # A field that only a script reads needs no name.
            if error != "FormEmptyIdAndNameAttributesForInputError":
                self.messages.append(("issue", error))

    def _note(self, response, values):
        self.responses.append(Response(
            response["url"], response["status"], values.get("type"),
            {name.lower(): value for name, value in response["headers"].items()},
            values["requestId"]))

    @property
    def answer(self):
        """The response of the document that is shown."""
        return next(response for response in reversed(self.responses)
                    if response.type == "Document" and not 300 <= response.status < 400)

    def source(self):
        """The document as the server sent it."""
        body = self.send("Network.getResponseBody", requestId=self.answer.number)
        return base64.b64decode(body["body"]).decode() if body["base64Encoded"] else body["body"]

    def expects(self, kind, pattern):
        """Says beforehand what would be a problem otherwise, and one if it does not come.

        kind: `status` of a response, `console`, `dialog`, `violation`, `request` elsewhere, `window`
        pattern: with * for anything; of a status, "404 */missing"
        """
        self._expected.append((kind, str(pattern)))

    def answers_dialog(self, yes=True, text=""):
        """How the next dialog that opens is answered; that it opens is expected."""
        self.answers.append((yes, text))
        self.expects("dialog", "*")

    def problems(self, origin):
        """What this page did that nobody expected, and what was expected and did not come."""
        self.browser.pump(0.02)
        found = [("console", f"{kind}: {text}") for kind, text in self.messages]
        found += [("violation", text) for text in self.violations]
        found += [("dialog", text) for _, text in self.dialogs]
        found += [("status", f"{response.status} {response.url}")
                  for response in self.responses if response.status >= 400]
        found += [("request", url) for url in self.requests if not is_inside(url, origin)]
        found += [("window", f"{target['type']} {target['url']}")
                  for target in self.context.windows()]
        unmet = set(self._expected)
        problems = []
        for kind, text in found:
            met = [(k, pattern) for k, pattern in self._expected
                   if k == kind and fnmatch.fnmatchcase(text, pattern)]
            unmet -= set(met)
            if not met:
                problems.append(f"{kind} {text}")
        return problems + [f"did not come: {kind} {pattern}" for kind, pattern in sorted(unmet)]

    # Where it goes

    def open(self, url, patience=PATIENCE, drawn=True):
        """Goes to an address and waits until all of it is there.

        drawn: and was drawn, which documents cannot tell that may run nothing at all
        """
        with self.loading(patience, drawn):
            answer = self.send("Page.navigate", url=url, patience=patience)
            if answer.get("errorText"):
                raise BrowserError(f"{url}: {answer['errorText']}")
        return self

    def keep_scripts_late(self):
        """From now on scripts come after the document was drawn, as over a slow line."""
        self.send("Network.setCacheDisabled", cacheDisabled=True)
        self.send("Fetch.enable", patterns=[{"resourceType": "Script"}])

    def _release(self):
        if self._held:
            self.evaluate("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")
        for number in self._held:
            self.tell("Fetch.continueRequest", requestId=number)
        self._held = []

    @contextlib.contextmanager
    def loading(self, patience=PATIENCE, drawn=True):
        """What is done within leads to another document; waits until it is there."""
        before = self.loads
        yield
        while self.loads == before:
            self.browser.until(lambda: self.loads > before or self._held, patience, "another page")
            self._release()
        self.rest(drawn=drawn)

    def rest(self, seconds=0.0, drawn=True):
        """Waits until no request is under way and two frames were drawn."""
        # What the document before still waited for never ends.
        self.browser.until(lambda: self._document_loader not in self._busy.values(),
                           what="an end of all requests")
        self.browser.pump(seconds)
        if self.context.scripts and drawn:
            self.evaluate("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")

    def back(self):
        self._go(-1)

    def forward(self):
        self._go(1)

    def _go(self, step):
        history = self.send("Page.getNavigationHistory")
        entry = history["entries"][history["currentIndex"] + step]
        before = self.loads + self.moves
        self.send("Page.navigateToHistoryEntry", entryId=entry["id"])
        self.browser.until(lambda: self.loads + self.moves > before, what="the page before")
        self.rest()

    def reload(self):
        with self.loading():
            self.send("Page.reload")

    @property
    def url(self):
        history = self.send("Page.getNavigationHistory")
        return history["entries"][history["currentIndex"]]["url"]

    @property
    def path(self):
        """The address without the host, with its query."""
        return "/" + self.url.split("/", 3)[3].split("#")[0]

    @property
    def title(self):
        return self.evaluate("document.title")

    @property
    def text(self):
        """The text that can be seen."""
        return self.evaluate("document.body.innerText")

    # What it is told

    def resize(self, width, height, phone=False):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=phone)
        self.send("Emulation.setTouchEmulationEnabled", enabled=phone, maxTouchPoints=5 if phone else 1)

    def prefer(self, scheme="light", still=False):
        self.send("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"}])

    def evaluate(self, expression, gesture=False, patience=PATIENCE):
        """The value of an expression, or of what its promise brings."""
        return value_of(self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True,
            userGesture=gesture, patience=patience))

    def press(self, *keys, send=None):
        """Presses keys one after another, such as `Tab`, `Shift+Tab`, `Control+a`, `x`."""
        send = send or self.send
        for chord in keys:
            *modifiers, key = chord.split("+") if len(chord) > 1 else [chord]
            flags = sum(MODIFIERS[modifier] for modifier in modifiers)
            # The numbers of other signs are those of other keys: 39 is both ' and an arrow.
            number = ord(key.upper()) if len(key) == 1 and key.isalnum() and key.isascii() else 0
            code, number, text = KEYS.get(key, (None, number, key))
            event = {"modifiers": flags, "key": " " if key == "Space" else key,
                     "windowsVirtualKeyCode": number}
            if code:
                event["code"] = code
            elif key.isalpha() and key.isascii():
                event["code"] = f"Key{key.upper()}"
            if text and not flags & ~8:
                event["text"] = text
            if flags & 2 and key == "a":
                event["commands"] = ["selectAll"]
            send("Input.dispatchKeyEvent", type="keyDown" if "text" in event else "rawKeyDown",
                 **event)
            event.pop("text", None)
            event.pop("commands", None)
            send("Input.dispatchKeyEvent", type="keyUp", **event)

    def type(self, text):
        """Types into what has the focus; what no key stands for is put in as an input method does."""
        for place, character in enumerate(text):
            # They are dealt with in order: the answer to the last is enough.
            send = self.send if place == len(text) - 1 else self.tell
            if character.isascii() and character.isprintable():
                self.press("Space" if character == " " else character, send=send)
            elif character == "\n":
                self.press("Enter", send=send)
            else:
                send("Input.insertText", text=character)

    def mouse(self, x, y, click=True, count=1):
        place = {"x": x, "y": y}
        self.send("Input.dispatchMouseEvent", type="mouseMoved", **place)
        if click:
            for kind in ["mousePressed", "mouseReleased"]:
                self.send("Input.dispatchMouseEvent", type=kind, button="left", clickCount=count,
                          **place)

    def tap(self, x, y):
        self.send("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def clipboard(self):
        """What was copied."""
        self.browser.send("Browser.setPermission", browserContextId=self.context.id,
                          permission={"name": "clipboard-read"}, setting="granted")
        return self.evaluate("navigator.clipboard.readText()", gesture=True)

    # What is on it

    def all(self, role, name=None, within=None):
        """The elements of a role that can be seen, as a screen reader is told of them.

        name: the whole accessible name, or a compiled pattern that is searched in it
        """
        root = within.reference if within else self._document()
        question = {"objectId": root, "role": role}
        if isinstance(name, str):
            question["accessibleName"] = name
        nodes = self.send("Accessibility.queryAXTree", **question)["nodes"]
        found = []
        for node in nodes:
            label = node.get("name", {}).get("value", "")
            if node.get("ignored") or "backendDOMNodeId" not in node:
                continue
            if hasattr(name, "search") and not name.search(label):
                continue
            element = self._element(node["backendDOMNodeId"], f"{role} {label!r}")
            if element and element.is_visible:
                found.append(element)
        return found

    def find(self, role, name=None, within=None, patience=5):
        """The one element of a role and name; waits for it a little."""
        end = time.monotonic() + patience
        while True:
            try:
                found = self.all(role, name, within)
            except BrowserError:
                # The document went away meanwhile.
                found = []
            if len(found) == 1:
                return found[0]
            if time.monotonic() > end:
                seen = found or self.all(role, None, within)
                raise AssertionError(
                    f"{len(found)} of {role} {name!r} on {self.url}; there are "
                    f"{[element.description for element in seen][:40]}")
            self.browser.pump(0.05)

    def button(self, name, **rest):
        return self.find("button", name, **rest)

    def link(self, name, **rest):
        return self.find("link", name, **rest)

    def heading(self, name, **rest):
        return self.find("heading", name, **rest)

    def field(self, name, **rest):
        """A field for text, by its label."""
        for role in ["textbox", "searchbox", "spinbutton", "combobox"]:
            if found := self.all(role, name, rest.get("within")):
                assert len(found) == 1, f"{len(found)} fields {name!r} on {self.url}"
                return found[0]
        return self.find("textbox", name, **rest)

    def css(self, selector, patience=5):
        """The first element of a selector; for what has neither role nor name."""
        end = time.monotonic() + patience
        while True:
            answer = self.send("Runtime.evaluate",
                               expression=f"document.querySelector({json.dumps(selector)})")
            if reference := answer["result"].get("objectId"):
                return Element(self, reference, selector)
            assert time.monotonic() < end, f"no {selector} on {self.url}"
            self.browser.pump(0.05)

    def every(self, selector, expression="element => element.textContent.trim()"):
        """What a function says of each element of a selector."""
        return self.evaluate(
            f"[...document.querySelectorAll({json.dumps(selector)})].map({expression})")

    @property
    def focused(self):
        """The element that has the focus."""
        answer = self.send("Runtime.evaluate", expression="document.activeElement")
        return Element(self, answer["result"]["objectId"], "what has the focus")

    def wait(self, expression, patience=5):
        """Waits until an expression is true."""
        end = time.monotonic() + patience
        while True:
            try:
                if value := self.evaluate(expression):
                    return value
            except BrowserError:
                pass
            assert time.monotonic() < end, f"never came: {expression} on {self.url}"
            self.browser.pump(0.05)

    def _document(self):
        return self.send("Runtime.evaluate", expression="document")["result"]["objectId"]

    def _element(self, number, description):
        try:
            node = self.send("DOM.resolveNode", backendNodeId=number)
        except BrowserError:
            return None
        return Element(self, node["object"]["objectId"], description)

    def screenshot(self, path=None, whole=False):
        answer = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole,
                           patience=60)
        data = base64.b64decode(answer["data"])
        if path:
            pathlib.Path(path).write_bytes(data)
        return data


class Element:
    """An element of a page."""

    def __init__(self, page, reference, description):
        self.page, self.reference, self.description = page, reference, description

    def __repr__(self):
        return self.description

    def call(self, function, *arguments, patience=PATIENCE, gesture=False):
        """Calls a function of the element, such as `e => e.id`; with a gesture as somebody's own doing."""
        return value_of(self.page.send(
            "Runtime.callFunctionOn", objectId=self.reference, returnByValue=True,
            functionDeclaration=f"function(...rest) {{ return ({function})(this, ...rest) }}",
            arguments=[{"value": argument} for argument in arguments], awaitPromise=True,
            userGesture=gesture, patience=patience))

    @property
    def is_visible(self):
        # A radio button or check box may be drawn by its label while it is out of sight itself.
        return self.call("""e => e.checkVisibility({visibilityProperty: true})
            && (e = e.matches("option") ? e.parentElement : e).getClientRects().length > 0""")

    @property
    def text(self):
        return self.call("e => e.innerText")

    @property
    def value(self):
        return self.call("e => e.value")

    @property
    def checked(self):
        return self.call("e => e.checked")

    @property
    def has_focus(self):
        return self.call("e => document.activeElement === e")

    def attribute(self, name):
        return self.call("(e, name) => e.getAttribute(name)", name)

    @property
    def accessible(self):
        """Role and name, as a screen reader is told."""
        nodes = self.page.send("Accessibility.getPartialAXTree", objectId=self.reference,
                               fetchRelatives=False)["nodes"]
        node = nodes[0]
        return node.get("role", {}).get("value"), node.get("name", {}).get("value", "")

    @property
    def box(self):
        """x, y, width, height in the window."""
        return self.call("e => { const r = e.getBoundingClientRect();"
                         "return [r.x, r.y, r.width, r.height] }")

    def _middle(self):
        self.page.send("DOM.scrollIntoViewIfNeeded", objectId=self.reference)
        quads = self.page.send("DOM.getContentQuads", objectId=self.reference)["quads"]
        assert quads, f"{self} has no place on {self.page.url}"
        x, y = sum(quads[0][0::2]) / 4, sum(quads[0][1::2]) / 4
        hit = self.call("""(e, x, y) => {
            const hit = document.elementFromPoint(x, y);
            if (!hit || e.contains(hit) || hit.contains(e) && hit.matches("label, summary, a, button"))
              return "";
            return [...(e.labels ?? [])].some(l => l.contains(hit)) ? "" : hit.outerHTML.slice(0, 200);
        }""", x, y)
        assert not hit, f"{self} on {self.page.url} is covered by {hit}"
        return x, y

    def click(self, count=1):
        """Presses the mouse, or the finger, at the element's middle, which must not be covered."""
        x, y = self._middle()
        if self.page.context.phone:
            self.page.tap(x, y)
        else:
            self.page.mouse(x, y, count=count)
        return self

    def point(self):
        """Brings the mouse over it."""
        self.page.mouse(*self._middle(), click=False)
        return self

    def follow(self):
        """Clicks what leads to another page, and waits for it."""
        with self.page.loading():
            self.click()
        return self.page

    def focus(self):
        self.page.send("DOM.focus", objectId=self.reference)
        return self

    def type(self, text):
        """Replaces what is in a field."""
        self.click()
        if self.value:
            self.page.press("Control+a", "Backspace")
        self.page.type(text)
        return self

    def fill(self, text):
        """Puts in a long text at once, as pasting does."""
        self.focus()
        if self.value:
            self.page.press("Control+a", "Backspace")
        self.page.send("Input.insertText", text=text)
        return self

    def choose(self, text):
        """Chooses an option of a list by its text or its value, and says so as the keyboard does."""
        self.call("""(e, text) => {
            const option = [...e.options].find(o => o.text.trim() === text || o.value === text);
            if (!option) throw new Error(`${text} of ${[...e.options].map(o => o.text)}`);
            if (option.selected) return;
            option.selected = true;
            e.dispatchEvent(new Event("input", {bubbles: true}));
            e.dispatchEvent(new Event("change", {bubbles: true}));
        }""", text, gesture=True)
        return self

    def set_files(self, *paths):
        self.page.send("DOM.setFileInputFiles", objectId=self.reference,
                       files=[str(path) for path in paths])
        return self

    def drop(self, *paths):
        """Drags files from outside of the browser over it and lets go."""
        x, y = self._middle()
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ["dragEnter", "dragOver", "drop"]:
            self.page.send("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)
        return self


def value_of(answer):
    """The value of an evaluation, or its exception."""
    if details := answer.get("exceptionDetails"):
        text = details.get("exception", {}).get("description") or details["text"]
        raise BrowserError(text)
    return answer["result"].get("value")


def is_inside(url, origin):
    """Whether a request stays within the hub, or needs none at all."""
    if url.startswith(("data:image/", "about:blank", f"blob:{origin}/")):
        return True
    return url == origin or url.startswith(f"{origin}/")


def exactly(text):
    """A pattern for a name that begins with a text: counts and dates may follow it."""
    return re.compile(rf"^\s*{re.escape(text)}\b")
