"""What administrators see and do, and what nobody else does."""
import re

import pytest

from hub import Hub, unique
from test_people import enter
from world import PASSWORD


def test_pages_of_administrators_are_for_them_alone(visit):
    for who in [None, "alice"]:
        page = visit("/", who)
        assert not page.all("link", "Administration")
        if who:
            page.expects("status", "40? *")
        for path in ["/hub", "/hub/users", "/hub/users/bob", "/hub/storage", "/hub/audit", "/hub/jobs"]:
            page.open(page.site + path)
            if who:
                assert page.answer.status in (403, 404), path
            else:
                assert page.path.startswith("/login?next="), path


def test_a_user_is_made_signs_in_and_is_disabled(world, visit):
    name = unique("u")
    page = visit("/hub/users", "ada")
    page.field("User name").type(name)
    page.button("Make the user").follow()
    secret = page.css("#secret").text.strip()
    guest = visit("/login")
    enter(guest, name, secret)
    assert guest.path.startswith("/settings/password")
    page.open(f"{page.site}/hub/users/{name}")
    page.button("Disable").follow()
    guest.open(guest.site + "/settings")
    assert guest.path.startswith("/login"), "a disabled user is still signed in"
    guest.expects("status", "422 */login")
    enter(guest, name, secret)
    assert guest.find("alert")
    page.open(f"{page.site}/hub/users/{name}")
    page.button("Enable").follow()
    assert page.button("Disable")


def test_a_forgotten_password_is_replaced_by_a_link(world, visit):
    name = world.person(unique("u"))
    world.session(name)
    page = visit(f"/hub/users/{name}", "ada")
    page.button("Link for a new password").follow()
    link = page.css("#secret").text.strip()
    guest = visit(None)
    guest.open(link)
    guest.heading(f"A new password for {name}")
    guest.field(re.compile("^New password(?! again)")).type("found it again")
    guest.field("New password again").type("found it again")
    guest.button("Use it").follow()
    fresh = visit("/login")
    enter(fresh, name, "found it again")
    assert fresh.path == "/"
    late = visit(None)
    late.expects("status", "4?? *")
    late.open(link)
    assert late.answer.status in (403, 404, 410), "the link works twice"


def test_a_link_for_a_password_is_taken_back(world, visit):
    name = world.person(unique("u"))
    page = visit(f"/hub/users/{name}", "ada")
    page.button("Link for a new password").follow()
    link = page.css("#secret").text.strip()
    page.open(f"{page.site}/hub/users/{name}")
    page.button(re.compile("^End the link")).follow()
    assert not page.all("button", re.compile("^End the link"))
    guest = visit(None)
    guest.expects("status", "410 */reset/*")
    guest.open(link)
    assert guest.answer.status == 410


def test_somebody_joins_by_an_invitation(world, visit):
    page = visit("/hub/users", "ada")
    page.button("Make a link").follow()
    link = page.css("#secret").text.strip()
    name = unique("u")
    guest = visit(None)
    guest.open(link)
    guest.expects("status", "409 */join")
    for attempt, wanted in [("alice", False), (name, True)]:
        guest.field(re.compile("^User name")).type(attempt)
        guest.field(re.compile("^Password(?! again)")).type(PASSWORD)
        guest.field("Password again").type(PASSWORD)
        guest.button("Make the account").follow()
        assert bool(guest.all("alert")) != wanted
    guest.open(guest.site + "/settings")
    assert name in guest.css("main").text
    late = visit(None)
    late.expects("status", "4?? *")
    late.open(link)


def test_the_audit_log_says_who_did_what(visit):
    page = visit("/hub/audit", "ada")
    action = page.every("tbody tr th[scope=row]")[0]
    assert len(set(page.every("tbody tr th[scope=row]"))) > 1
    page.field("What").type(action)
    page.button("Filter").follow()
    rows = page.every("tbody tr th[scope=row]")
    assert rows and set(rows) == {action}
    page.link("Verify the log").follow()
    assert page.find("status").text and not page.all("alert")


def test_a_check_is_started_and_reports(visit):
    page = visit("/hub/jobs", "ada")
    page.button("Quick check").follow()
    for _ in range(40):
        if not page.all("progressbar"):
            break
        page.browser.pump(0.25)
        page.reload()
    assert re.search(r"done", page.css("main").text), page.css("main").text
    page.button("Trial").follow()
    assert "Sweep" in page.css("main").text


def test_users_are_found_and_figures_are_shown(visit):
    page = visit("/hub", "ada")
    assert "healthy" in page.text
    page.link("Users").follow()
    page.field("Name, full name or address").type("caro")
    page.press("Enter")
    page.wait("location.search.includes('caro')")
    page.rest()
    assert page.every("tbody th a") == ["carol"]
    page.link("Storage").follow()
    assert page.link("alice/sentiment") and page.link("crowd")


@pytest.fixture
def narrow(tmp_path):
    """A hub that lets nobody ask much."""
    with Hub(tmp_path, "--rate-limit", "40") as hub:
        yield hub


def test_too_many_requests_are_told_to_people(narrow, visit):
    page = visit(None, hub=narrow)
    page.expects("status", "429 *")
    for _ in range(60):
        page.open(narrow.url + "/login")
        if page.answer.status == 429:
            break
    assert page.answer.status == 429
    assert page.heading("Slow down") and page.answer.headers["retry-after"]


def test_a_hub_without_anything_says_how_to_begin(tmp_path, visit):
    with Hub(tmp_path, "--rate-limit", "0") as hub:
        page = visit("/", hub=hub)
        assert "adapterhub push" in page.text or "hub user create" in page.text
        for path in ["/explore", "/tasks", "/languages", "/base"]:
            page.open(hub.url + path)
            assert page.answer.status == 200 and len(page.css("main").text) > 60, path
