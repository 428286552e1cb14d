"""A hub with people, organisations and adapters of several kinds, for all tests to look at.

What is here is only looked at; a test that changes something makes a repository or a user of its own.
"""
import http.client
import json
import re
import urllib.parse

import adapters
from hub import Hub, commit_lines, quoted

#: Of everybody in this world.
PASSWORD = "tall horses"

SENTIMENT_TEXT = """\
Says whether a sentence is **positive** or *negative*. Trained on short reviews.

## Use

```python
from adapters import AutoAdapterModel
model.load_adapter("alice/sentiment")
```

| measured on | metric | value |
|---|---|---:|
| development data | accuracy | 0.91 |
| test data | accuracy | 0.90 |

### Limits

1. English alone.
2. Irony is not seen.

> It was made in an afternoon.

See [the guide](/docs), [the other one](/bob/slots) and <https://example.com/paper>.

![A curve](training.png)
"""

LONG_TEXT = """\
An adapter for a very long word: Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft
and a very long line of code:

```
adapterhub predict --model team/tiny-bert --adapter alice/a-name-that-is-as-long-as-names-may-be --text 'a b c d e f g'
```

| one | two | three | four | five | six | seven | eight | nine | ten | eleven | twelve | thirteen |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
| 0.123456 | 0.123456 | 0.123456 | 0.123456 | 0.123456 | 0.123456 | 0.123456 | 0.123456 | 0.123456 | 0.1 | 0.1 | 0.1 | 0.1 |

日本語の説明。 وصف قصير باللغة العربية. Emoji 🎉.
"""

LONG_NAME = "alice/a-name-that-is-as-long-as-names-may-be-and-then-some-more-of-it-so-that-it-wraps-on-phones"

#: Pages of every kind and state, which links lead to but a walk of few would not come by.
PLACES = ["/", *("/" + name for name in [
    "alice/sentiment", LONG_NAME, "alice/empty", "bob/slots", "bob/peft-lora", "bob/pickled",
    "bob/broken-card", "bob/no-card", "team/gated", "team/lang-sw", "team/tiny-bert"]),
    "/alice/sentiment/tree/experiment", "/alice/sentiment/commits/experiment",
    "/alice/sentiment/compare/v1.0...v2.0", f"/{LONG_NAME}/tree/main",
    "/alice/sentiment/blob/main/adapter.safetensors", "/alice/sentiment/blob/main/README.md",
    "/alice/sentiment/blob/main/training.png", "/bob/pickled/blob/main/pytorch_adapter.bin",
    f"/compare?ids=alice/sentiment,bob/slots,{LONG_NAME}", "/compare", "/docs", "/login",
    "/explore?q=nothing-is-called-this", "/team"]

#: And of those who see more.
OWN_PLACES = {"alice": ["/alice/secret", "/alice/empty/upload", "/alice/sentiment/edit",
                        "/team/gated/settings", "/alice/sentiment/settings", "/orgs/team/settings",
                        "/alice?deleted=1", "/orgs/new", "/login/device"],
              "ada": ["/hub/users/alice", "/hub/users/team"], "bob": ["/team/gated/access"]}

TASKS = ["text-classification", "token-classification", "question-answering", "summarization",
         "sentence-similarity"]
LANGUAGES = ["en", "de", "fr", "sw", "qu", "en de"]
LICENCES = ["apache-2.0", "mit", "cc-by-4.0", "bsd-3-clause"]
BASES = ["team/tiny-bert", "roberta-base", "xlm-roberta-base"]


class World:
    """The hub and who lives in it."""

    def __init__(self, folder, *options):
        self.hub = Hub(folder, "--rate-limit", "0", *options)
        self.tokens, self.passwords, self._sessions = {}, {}, {}

    def __enter__(self):
        self.hub.start()
        return self

    def __exit__(self, kind, *_):
        self.hub.__exit__(kind, *_)

    # People

    def person(self, name, *options):
        """Makes a user; their token is in `tokens`."""
        printed = self.hub.administer("user", "create", name, *options)
        self.passwords[name] = re.search(r"[Pp]assword: (\S+)", printed).group(1)
        self.tokens[name] = self.hub.token(name)
        return name

    def session(self, name):
        """The value of the cookie of somebody who is signed in."""
        if name not in self._sessions:
            cookies = Cookies(self.hub)
            cookies.sign_in(name, self.passwords[name])
            self.passwords[name] = PASSWORD
            self._sessions[name] = cookies
        return self._sessions[name]

    # Repositories

    def adapter(self, name, files, summary="Add the adapter", **settings):
        """Makes a repository with one commit; the commit's name."""
        owner = name.split("/")[0]
        token = self.tokens.get(owner) or self.tokens["alice"]
        self.hub.make(name, token, **settings)
        return self.change(name, files, summary)

    def change(self, name, files, summary, branch="main"):
        owner = name.split("/")[0]
        token = self.tokens.get(owner) or self.tokens["alice"]
        title, _, description = summary.partition("\n\n")
        header, _, rest = commit_lines(files, summary=title).partition(b"\n")
        header = json.loads(header)
        header["value"]["description"] = description
        answer = self.hub.post(
            f"/api/models/{name}/commit/{quoted(branch)}",
            json.dumps(header).encode() + b"\n" + rest, token=token,
            headers={"Content-Type": "application/x-ndjson"})
        assert answer.status == 200, answer
        return answer.json["commitOid"]

    def settle(self, name, **settings):
        """Changes a repository's settings."""
        token = self.tokens.get(name.split("/")[0]) or self.tokens["alice"]
        answer = self.hub.send("PUT", f"/api/models/{name}/settings", settings, token=token)
        assert answer.status == 200, answer

    def point(self, name, kind, label, revision="main"):
        """Makes a branch or a tag."""
        token = self.tokens.get(name.split("/")[0]) or self.tokens["alice"]
        if kind == "branch":
            path, body = f"branch/{quoted(label)}", {"startingPoint": revision}
        else:
            path, body = f"tag/{quoted(revision)}", {"tag": label}
        answer = self.hub.post(f"/api/models/{name}/{path}", body, token=token)
        assert answer.status == 200, answer

    def like(self, name, who):
        answer = self.hub.post(f"/api/models/{name}/like", token=self.tokens[who])
        assert answer.status == 200, answer

    def download(self, name, times=1):
        """Reads what every library reads first, which is what counts."""
        for _ in range(times):
            answer = self.hub.get(f"/{name}/resolve/main/adapter_config.json",
                                  headers={"X-HF-Download-Counter": "1"})
            assert answer.status == 200, answer

    # The whole

    def populate(self):
        """Makes everybody and everything."""
        self.person("ada", "--admin")
        for name in ["alice", "bob", "carol"]:
            self.person(name)
        self.hub.administer("org", "create", "team", "--owner", "alice")
        self.hub.administer("org", "member", "team", "carol", "--role", "read")

        self.adapter("team/tiny-bert", {
            **adapters.base_model(),
            "README.md": adapters.card("tiny-bert", "A model to try things on.", library="transformers",
                                       task="fill-mask", licence="mit", language="en")})
        self.revisions()
        self.kinds()
        self.crowd()

        for who in ["bob", "carol", "ada"]:
            self.like("alice/sentiment", who)
        self.like("bob/slots", "alice")
        self.download("alice/sentiment", 5)
        self.download("bob/slots", 2)
        # Downloads are counted in memory and written every few seconds, and at the end.
        self.hub.stop()
        self.hub.start()
        return self

    def revisions(self):
        """alice/sentiment: a history with every kind of change, a branch and tags."""
        name = "alice/sentiment"
        facts = {"task": "text-classification", "language": "en", "licence": "apache-2.0",
                 "base": "team/tiny-bert", "tags": ["adapter-transformers", "reviews"],
                 "dataset": "sst2"}
        first = adapters.card("sentiment", SENTIMENT_TEXT, accuracy=0.88, **facts)
        self.adapter(name, {
            **adapters.bottleneck("sentiment", reduction=8, seed=1, labels=["negative", "positive"]),
            "README.md": first, "training.png": adapters.picture(),
            "notes/training.txt": b"epoch 1 0.84\nepoch 2 0.88\n"})
        self.point(name, "tag", "v1.0")
        self.change(name, {"README.md": first.replace(b"Irony is not seen.",
                                                      b"Irony is seldom seen.\n3. It is young.")},
                    "Say more of its limits")
        self.change(name, {
            **adapters.bottleneck("sentiment", reduction=4, seed=2,
                                  labels=["negative", "positive"]),
            "README.md": adapters.card("sentiment", SENTIMENT_TEXT, accuracy=0.91, **facts),
            "notes/training.txt": b"epoch 1 0.86\nepoch 2 0.90\nepoch 3 0.91\n"},
            "Train a wider one\n\nHalf the reduction, three epochs.")
        self.point(name, "tag", "v2.0")
        self.point(name, "branch", "experiment")
        self.change(name, adapters.bottleneck("sentiment", reduction=4, seed=3,
                                              labels=["negative", "neutral", "positive"]),
                    "Try a third label", branch="experiment")
        self.change(name, {"notes/training.txt": None, "labels.txt": b"negative\npositive\n"},
                    "Move the notes away")

    def kinds(self):
        """One adapter of each kind, and each state that a repository may be in."""
        self.adapter("bob/slots", {
            **adapters.bottleneck("slots", seed=4, kind="tagging",
                                  labels=["O", "B-area", "I-area", "B-item", "I-item"]),
            "README.md": adapters.card("slots", "Finds rooms and things.", task=TASKS[1], f1=0.954,
                                       precision=0.957, recall=0.952, language="de", licence="mit",
                                       base="team/tiny-bert", dataset="home")})
        self.adapter("alice/toxicity", {
            **adapters.low_rank("toxicity", seed=5, labels=["civil", "toxic"]),
            "README.md": adapters.card("toxicity", "Is it civil?", task=TASKS[0], f1=0.87,
                                       language="en", licence="cc-by-4.0", base="team/tiny-bert")})
        self.adapter("bob/peft-lora", {
            **adapters.peft_low_rank("peft"),
            "README.md": adapters.card("peft-lora", "For roberta.", task=TASKS[0], library="peft",
                                       accuracy=0.93, language="en", base="roberta-base")})
        self.adapter("bob/prefix", {
            **adapters.prefix("prefix"),
            "README.md": adapters.card("prefix", "Sums up.", task=TASKS[3], rougeL=0.31,
                                       language="fr", base="team/tiny-bert")})
        self.adapter("bob/qa", {
            **adapters.rescaled("qa"),
            "README.md": adapters.card("qa", "Answers.", task=TASKS[2], exact_match=0.71, f1=0.8,
                                       language="en de", library="peft", base="xlm-roberta-base")})
        self.adapter("team/intent", {
            **adapters.bottleneck("intent", seed=6, parallel=True,
                                  labels=[f"intent_{i}" for i in range(18)]),
            "README.md": adapters.card("intent", "What is wanted.", task=TASKS[0], accuracy=0.99,
                                       language="en", licence="mit", base="team/tiny-bert")})
        self.adapter("team/lang-sw", {
            **adapters.bottleneck("sw", seed=7, invertible=True),
            "README.md": adapters.card("lang-sw", "Swahili.", language="sw",
                                       base="xlm-roberta-base", tags=["language-adapter"])})
        self.adapter("bob/pickled", {**adapters.pickled("pickled"),
                                     "README.md": adapters.card("pickled", "Do not run me.")})
        self.adapter("bob/broken-card", {
            **adapters.bottleneck("broken", seed=8),
            # What is plainly wrong is refused when it is sent; this is only odd.
            "README.md": b"---\nlicense: other\nlicense_name: my-own\nbase_model: ../../etc\n---\n"
                         b"no heading, \xff\xfe no UTF-8, <b>unclosed\n\n```never closed\n"})
        self.adapter("bob/no-card", adapters.bottleneck("bare", seed=9))
        self.adapter("alice/secret", {
            **adapters.bottleneck("secret", seed=10, labels=["no", "yes"]),
            "README.md": adapters.card("secret", "xyzzyprivate", task=TASKS[0],
                                       tags=["xyzzyprivatetag"])}, private=True)
        self.adapter("team/gated", {
            **adapters.bottleneck("gated", seed=11, labels=["no", "yes"]),
            "README.md": adapters.card("gated", "Ask first.", task=TASKS[0], language="en",
                                       base="team/tiny-bert"),
            "secret.txt": b"xyzzygated\n"})
        self.settle("team/gated", gated="manual")
        self.adapter(LONG_NAME, {
            **adapters.bottleneck("long", seed=12, labels=["a_label_" + "x" * 60, "短い"]),
            "a folder/with a very long name/" + "n" * 120 + ".txt": b"x" * 500 + b"\n",
            "README.md": adapters.card("A title that goes on and on and on " * 4, LONG_TEXT,
                                       task=TASKS[0], language="de", accuracy=0.5,
                                       base="team/tiny-bert",
                                       tags=[f"tag-number-{i}" for i in range(30)])})
        self.hub.make("alice/empty", self.tokens["alice"])

    def crowd(self, count=40):
        """Many adapters of one organisation, so that lists go on to a second page."""
        self.hub.administer("org", "create", "crowd", "--owner", "alice")
        for i in range(count):
            task = TASKS[i % len(TASKS)]
            self.adapter(f"crowd/adapter-{i:02}", {
                **(adapters.low_rank(f"a{i}", rank=2 ** (i % 4 + 1), seed=i) if i % 2
                   else adapters.bottleneck(f"a{i}", reduction=2 ** (i % 4 + 1), seed=i)),
                "README.md": adapters.card(
                    f"adapter {i}", f"Number {i} of many.", task=task,
                    language=LANGUAGES[i % len(LANGUAGES)], licence=LICENCES[i % len(LICENCES)],
                    base=BASES[i % len(BASES)], accuracy=round(0.5 + i / 100, 3))})


class Cookies:
    """A browser without a window: follows redirects, keeps cookies, fills in forms."""

    def __init__(self, hub):
        self.hub, self.values = hub, {}
        self.agent = "Mozilla/5.0 (X11; Linux x86_64) tests"

    def send(self, method, path, fields=None, follow=True):
        """Status, headers, text and the path that it ended at."""
        for _ in range(10):
            connection = http.client.HTTPConnection("127.0.0.1", self.hub.port, timeout=60)
            headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin",
                       "User-Agent": self.agent}
            if self.values:
                headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.values.items())
            body = None
            if fields is not None:
                body = urllib.parse.urlencode(fields)
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            data = response.read()
            connection.close()
            for cookie in response.headers.get_all("Set-Cookie") or []:
                name, value = cookie.split(";")[0].split("=", 1)
                if "Max-Age=0" in cookie:
                    self.values.pop(name, None)
                else:
                    self.values[name] = value
            if not follow or response.status not in (301, 302, 303, 307, 308):
                return response.status, response.headers, data, path
            path = urllib.parse.urljoin(path, response.headers["Location"])
            if response.status in (302, 303):
                method, fields = "GET", None
        raise AssertionError(f"{path} redirects for ever")

    def get(self, path, **rest):
        return self.send("GET", path, **rest)

    def submit(self, page, action, **fields):
        """Sends a form of a page."""
        status, _, data, _ = self.get(page)
        assert status == 200, f"{page} {status}"
        token = re.search(rb'name="csrf" value="([^"]*)"', data).group(1).decode()
        return self.send("POST", action, {"csrf": token, **fields})

    def sign_in(self, name, password):
        """Signs in; whoever must choose a password first chooses everybody's."""
        status, _, data, path = self.submit("/login", "/login", name=name, password=password)
        assert status == 200, f"signing in as {name}: {status} {data[:2000]}"
        assert "adapterhub_session" in self.values
        if path.startswith("/settings/password"):
            status, _, data, path = self.submit(path, "/settings/password", current=password,
                                                new=PASSWORD, again=PASSWORD)
            assert status == 200, f"choosing a password: {status} {data[:2000]}"
        return path
