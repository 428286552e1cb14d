#!/usr/bin/env python3
"""Measures the pages of a hub with 10,000 adapters in Chromium; prints JSON.

    ADAPTERHUB_PROGRAM=.build/release/adapterhub Benchmarks/pages.py [--count 10000] [--loads 5]

For each shape of page: the largest contentful paint and the first byte as the browser saw them, each
load in a context of its own so that nothing is in a cache; the time the server took, and the size of
the HTML. Medians of the loads after one that is not counted; milliseconds and bytes.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "Tests" / "Browser"), str(HERE.parent / "Tests" / "Clients")]

from browser import Browser  # noqa: E402
from walk import walk  # noqa: E402
from world import Cookies, World  # noqa: E402

#: What a page of the browser knows of how it came to be.
TIMES = """(() => {
  const [page] = performance.getEntriesByType("navigation");
  return {lcp: window.__seen.largest, first_byte: page.responseStart - page.requestStart,
          load: page.loadEventEnd, shift: window.__seen.shift};
})()"""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--loads", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        world = World(folder)
        hub = world.hub
        with world:
            world.populate()
        subprocess.run([sys.executable, str(HERE / "fill-hub.py"), str(hub.data),
                        str(arguments.count)], check=True, stdout=subprocess.DEVNULL)
        with world:
            rows = {}
            for who in ["stranger", "alice", "ada"]:
                cookies = Cookies(hub) if who == "stranger" else world.session(who)
                for page in walk(cookies, each=1)[0]:
                    if page.status == 200 and page.shape not in rows:
                        rows[page.shape] = measure(browser, world, who, page.path, arguments.loads)
                        print(f"{page.shape} {rows[page.shape]}", file=sys.stderr)
        print(json.dumps({
            "adapters": arguments.count, "loads": arguments.loads, "browser": browser.version,
            "date": time.strftime("%Y-%m-%d"), "pages": rows}, indent=1))


def measure(browser, world, who, path, loads):
    """Medians of one page."""
    samples = []
    cookies = {} if who == "stranger" else world.session(who).values
    for _ in range(loads + 1):
        context = browser.context()
        for name, value in cookies.items():
            context.set_cookie(world.hub.url, name, value)
        page = context.page()
        page.open(world.hub.url + path)
        # The paint is told once the browser has nothing better to do.
        page.rest(0.1)
        samples.append(page.evaluate(TIMES))
        context.close()
    row = {key: round(statistics.median(sample[key] for sample in samples[1:]), 3)
           for key in samples[0]}
    reader = Cookies(world.hub)
    reader.values = dict(cookies)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        _, _, data, _ = reader.get(path)
        times.append((time.perf_counter() - start) * 1000)
    return {"path": path, "reader": who, **row, "server": round(statistics.median(times), 1),
            "bytes": len(data)}


if __name__ == "__main__":
    main()
