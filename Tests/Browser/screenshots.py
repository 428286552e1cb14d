"""Pictures of each shape of page: in light and dark, and at the width of a phone.

    ADAPTERHUB_PROGRAM=.build/debug/adapterhub .venv-browser/bin/python \\
        Tests/Browser/screenshots.py FOLDER [PATH…]

With paths, of those alone. A name tells who looked and at what: `alice-settings-tokens-dark.png`.
"""
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "Clients"))

from browser import Browser  # noqa: E402
from walk import walk  # noqa: E402
from world import OWN_PLACES, PLACES, Cookies, World  # noqa: E402

LOOKS = {"light": {}, "dark": {"scheme": "dark"}, "phone": {"phone": True},
         "phone-dark": {"phone": True, "scheme": "dark"}}

#: What no link leads to, and how the hub says no.
BESIDE = ["/login", "/nothing/here", "/alice/secret", "/explore?q=nothingatall", "/static/x/y"]


def main(folder, paths):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, World(data) as world, Browser() as browser:
        world.populate()
        wanted = {}
        for who in ["stranger", "alice", "ada"]:
            cookies = Cookies(world.hub) if who == "stranger" else world.session(who)
            for path in paths or [
                    page.path for page in walk(cookies, PLACES + OWN_PLACES.get(who, []), each=1)[0]
            ] + BESIDE:
                wanted.setdefault(path, who)
        if not paths:
            wanted["/"] = "alice"
        for look, settings in LOOKS.items():
            for who in ["stranger", "alice", "ada"]:
                context = browser.context(still=True, **settings)
                if who != "stranger":
                    for name, value in world.session(who).values.items():
                        context.set_cookie(world.hub.url, name, value)
                page = context.page()
                for path, reader in wanted.items():
                    if reader != who:
                        continue
                    page.open(world.hub.url + path)
                    name = re.sub(r"[^A-Za-z0-9]+", "-", path).strip("-") or "front"
                    name = name if len(name) <= 70 else f"{name[:40]}--{name[-28:]}"
                    page.screenshot(folder / f"{who}-{name}-{look}.png", whole=True)
                    print(f"{who}-{name}-{look}.png  {path}", flush=True)
                context.close()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
