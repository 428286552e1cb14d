"""All pages that links lead to, each shape of address a few times."""
import html.parser
import re
import urllib.parse

#: Addresses of things rather than pages: answers for programs, files, parts of pages.
NO_PAGES = re.compile(r"^/(api|static)/|^/[^/]+/[^/]+/(resolve|raw)/|^/(metrics|healthz|readyz)$")

#: Words that stand for themselves in an address.
WORDS = {
    "explore", "tasks", "languages", "base", "compare", "docs", "login", "join", "reset", "new",
    "settings", "tokens", "sessions", "profile", "password", "device", "hub", "users", "storage",
    "audit", "jobs", "health", "tree", "blob", "commits", "commit", "upload", "edit", "likes",
    "members", "access", "organisations", "invitations", "requests", "methods", "security", "all",
    "files", "diff", "history", "tags", "branches", "danger", "trash",
}


def shape(path):
    """An address with its names taken out: `/{}/{}/commit/{}?page`."""
    path, _, query = path.partition("?")
    parts = [part if part in WORDS or not part else "{}" for part in path.split("/")]
    # What follows a revision is one path, however deep.
    for word in ("tree", "blob"):
        if word in parts and (place := parts.index(word)) >= 3:
            parts[place + 2:] = ["…"] if len(parts) > place + 2 else []
    names = sorted({name for name, _ in urllib.parse.parse_qsl(query, keep_blank_values=True)})
    return "/".join(parts) + (f"?{'&'.join(names)}" if names else "")


class Links(html.parser.HTMLParser):
    """The addresses that a page leads to, and what of its head matters to us."""

    def __init__(self, text):
        super().__init__()
        self.paths, self.outside, self.title, self.description = [], [], "", None
        self._in_title = self._in_svg = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "title" and not self._in_svg:
            self._in_title = True
        elif tag == "svg":
            self._in_svg = True
        elif tag == "meta" and values.get("name") == "description":
            self.description = values.get("content")
        elif tag == "a" and (address := values.get("href")) is not None:
            if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//", address):
                self.outside.append((address, values.get("rel") or ""))
            else:
                self.paths.append(address)

    def handle_endtag(self, tag):
        if tag == "title":
            self._in_title = False
        elif tag == "svg":
            self._in_svg = False

    def handle_data(self, data):
        if self._in_title:
            self.title += data


class Found:
    """A page that the walk came to."""

    def __init__(self, path, status, headers, text, source):
        self.path, self.status, self.headers, self.text = path, status, headers, text
        #: The page with the link to it.
        self.source = source
        self.links = Links(text)

    @property
    def shape(self):
        return shape(self.path)

    def __repr__(self):
        return f"{self.path} (from {self.source})"


def walk(cookies, starts=("/",), each=2, most=250):
    """Pages, and links to files that are no pages as (path, status, source).

    starts: what is looked at in any case, and does not count
    each: how many are looked at of a shape
    """
    waiting, seen, counts = [(start, None) for start in starts], set(starts), {}
    pages, files = [], []
    while waiting and len(pages) < most:
        path, source = waiting.pop(0)
        kind = shape(path) if source else path
        if counts.get(kind, 0) >= (1 if NO_PAGES.search(path) else each):
            continue
        counts[kind] = counts.get(kind, 0) + 1
        status, headers, data, ended = cookies.get(path)
        if not headers.get("Content-Type", "").startswith("text/html"):
            files.append((path, status, source))
            continue
        page = Found(ended, status, headers, data.decode(), source)
        pages.append(page)
        for address in page.links.paths:
            goal = urllib.parse.urljoin(ended, address.partition("#")[0])
            if goal not in seen:
                seen.add(goal)
                waiting.append((goal, path))
    return pages, files
