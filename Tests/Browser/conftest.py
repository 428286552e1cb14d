"""What the tests in a browser share: one hub with its world, one browser, a fresh context per test."""
import os

import pytest

from browser import Browser, chromium
from hub import PROGRAM
from world import World

assert PROGRAM, "ADAPTERHUB_PROGRAM must name the program adapterhub"


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """A hub with all kinds of things; at the end its log holds no failure, and all is whole."""
    with World(tmp_path_factory.mktemp("world")) as world:
        yield world.populate()
        world.hub.check()


@pytest.fixture(scope="session")
def browser():
    assert chromium(), "there is no Chromium"
    with Browser() as browser:
        yield browser


@pytest.fixture
def visit(world, browser, request):
    """Opens a tab in a context of its own: as somebody, or a stranger; at a path.

        page = visit("/settings", "alice", phone=True)

    At the end of the test nothing may have happened that the page was not expected to do.
    """
    contexts = []

    def open_page(path=None, who=None, hub=None, **settings):
        before = settings.pop("before", [])
        context = browser.context(**settings)
        context.before = before
        contexts.append((context, (hub or world.hub).url))
        if who:
            for name, value in world.session(who).values.items():
                context.set_cookie(world.hub.url, name, value, httpOnly=True)
        page = context.page()
        if path is not None:
            page.open((hub or world.hub).url + path)
        page.site = (hub or world.hub).url
        return page

    yield open_page
    problems, failed = [], getattr(request.node, "failed", False)
    folder = os.environ.get("ADAPTERHUB_SCREENSHOTS")
    for context, origin in contexts:
        for page in context.pages:
            if failed and folder:
                os.makedirs(folder, exist_ok=True)
                page.screenshot(os.path.join(folder, f"failed-{request.node.name}.png"))
            problems += page.problems(origin)
        context.close()
    if not failed:
        assert not problems, "the page did what nobody expected:\n  " + "\n  ".join(problems)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if call.when == "call" and report.failed:
        item.failed = True
