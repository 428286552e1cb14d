"""Accounts: signing in, the settings, organisations, programs that ask to be let in."""
import re
import urllib.parse

import pytest

from hub import unique
from world import PASSWORD, Cookies


@pytest.fixture
def somebody(world):
    """A user of this test alone, who has chosen a password."""
    name = world.person(unique("u"))
    world.session(name)
    return name


def enter(page, name, password):
    page.field("User name").type(name)
    page.field("Password").type(password)
    page.button("Sign in").follow()


def test_a_user_signs_in_goes_on_and_signs_out(visit, somebody):
    """Where one was about to go is where one comes to."""
    page = visit("/new")
    assert page.path == "/login?next=%2Fnew"
    enter(page, somebody, PASSWORD)
    assert page.path == "/new" and page.heading("New adapter")
    cookie = page.context.cookies()["adapterhub_session"]
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    page.css("details.menu > summary").click()
    page.button("Sign out").follow()
    assert page.path == "/" and page.link("Sign in")
    assert "adapterhub_session" not in page.context.cookies()
    # What the browser still shows of before is not the account.
    page.back()
    page.reload()
    assert page.path.startswith("/login")


def test_a_wrong_password_is_said_and_the_name_is_kept(visit, somebody):
    page = visit("/login")
    page.expects("status", "422 */login")
    enter(page, somebody, "not the password")
    assert page.find("alert").text == "There is no user of this name with this password."
    assert page.field("User name").value == somebody and page.field("Password").value == ""
    enter(page, unique("nobody"), "x")
    assert page.find("alert").text == "There is no user of this name with this password."
    enter(page, somebody, PASSWORD)
    assert page.path == "/"


def test_another_site_is_no_place_to_go_on_to(visit, somebody):
    for goal in ["//canary.test", "https://canary.test", "/\\canary.test", "javascript:alert(1)"]:
        page = visit(f"/login?next={urllib.parse.quote(goal)}")
        enter(page, somebody, PASSWORD)
        assert page.path == "/"


def test_a_new_user_chooses_a_password_first(world, visit):
    name = world.person(unique("u"))
    once = world.passwords[name]
    page = visit("/login?next=%2Fnew")
    enter(page, name, once)
    assert page.path.startswith("/settings/password")
    page.heading("Choose a password of your own")
    page.open(page.site + "/settings/tokens")
    assert page.path.startswith("/settings/password"), "all else is closed"
    page.expects("status", "422 */settings/password")
    page.field("One-time password").type(once)
    page.field(re.compile("^New password(?! again)")).type("short-one1")
    page.field("New password again").type("another-one")
    page.button("Change the password").follow()
    assert page.find("alert").text
    page.field("One-time password").type(once)
    page.field(re.compile("^New password(?! again)")).type(PASSWORD)
    page.field("New password again").type(PASSWORD)
    page.button("Change the password").follow()
    assert not page.all("alert")
    world.passwords[name] = PASSWORD
    page.open(page.site + "/settings/tokens")
    assert page.path == "/settings/tokens"


@pytest.mark.parametrize("scripts", [True, False])
def test_the_theme_is_kept(visit, scripts):
    page = visit("/login", scripts=scripts)
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    button = page.button("Use the dark theme")
    if scripts:
        button.click()
        assert page.button("Use the light theme").has_focus
    else:
        button.follow()
    dark = page.evaluate(background)
    assert dark != light
    page.reload()
    assert page.evaluate(background) == dark
    page.open(page.site + "/")
    assert page.evaluate(background) == dark
    page.prefer("dark")
    button = page.button("Use the light theme")
    button.click() if scripts else button.follow()
    assert page.evaluate(background) == light, "what was chosen goes before the system's"


def test_the_system_says_which_theme_where_nobody_chose(visit, somebody):
    background = "getComputedStyle(document.body).backgroundColor"
    page = visit("/settings", somebody)
    light = page.evaluate(background)
    page.prefer("dark")
    dark = page.evaluate(background)
    assert dark != light
    page.find("radio", "Light").click()
    page.button("Use it").follow()
    assert page.path == "/settings" and page.evaluate(background) == light
    page.find("radio", "As the system").click()
    page.button("Use it").follow()
    assert page.evaluate(background) == dark


def test_a_token_is_made_copied_used_and_revoked(world, visit, somebody):
    page = visit("/settings/tokens", somebody)
    page.field("Name To know it by: laptop, nightly build …").type("laptop <b>")
    page.find("radio", re.compile("^write")).click()
    page.button("Make the token").follow()
    secret = page.css("#secret").text.strip()
    page.button("Copy").click()
    page.wait("[...document.querySelectorAll('button')].some(b => b.textContent === 'Copied')")
    assert page.clipboard().strip() == secret
    assert world.hub.get("/api/whoami-v2", token=secret).json["name"] == somebody
    page.link("Done").follow()
    assert page.path == "/settings/tokens" and secret not in page.source()
    page.heading(re.compile("^laptop <b>"))
    # Asked, and taken back.
    page.answers_dialog(yes=False)
    page.button("Revoke laptop <b>").click()
    assert page.dialogs[-1][0] == "confirm"
    assert world.hub.get("/api/whoami-v2", token=secret).status == 200
    page.answers_dialog(yes=True)
    page.button("Revoke laptop <b>").follow()
    assert world.hub.get("/api/whoami-v2", token=secret).status == 401
    assert not page.all("button", "Revoke laptop <b>")


def test_a_session_is_ended_elsewhere(world, visit, somebody):
    here = visit("/settings/sessions", somebody)
    there = visit("/login")
    enter(there, somebody, PASSWORD)
    here.reload()
    here.heading(re.compile("this one$"))
    assert len(here.all("button", re.compile("^End the session of"))) == 1, "that of the other browser"
    here.button(re.compile("^End the session of")).follow()
    assert not here.all("button", re.compile("^End the session of"))
    there.open(there.site + "/settings")
    assert there.path.startswith("/login"), "it is still signed in"
    here.open(here.site + "/settings")
    assert here.path == "/settings"


def test_another_password_ends_all_other_sessions(world, visit):
    name = world.person(unique("u"))
    world.session(name)
    other = visit("/login")
    enter(other, name, PASSWORD)
    page = visit("/settings/password", name)
    page.field("Current password").type(PASSWORD)
    page.field(re.compile("^New password(?! again)")).type("a wholly new one")
    page.field("New password again").type("a wholly new one")
    page.button("Change the password").follow()
    other.open(other.site + "/settings")
    assert other.path.startswith("/login")
    page.open(page.site + "/settings")
    assert page.path == "/settings", "the one who changed it is signed out"
    fresh = visit("/login")
    fresh.expects("status", "422 *")
    enter(fresh, name, PASSWORD)
    enter(fresh, name, "a wholly new one")
    assert fresh.path == "/"


def test_a_profile_is_changed_and_seen(visit, somebody):
    page = visit("/settings", somebody)
    page.field("Full name").type("Zoë <Quinn> O'Hara")
    page.button("Save").follow()
    assert page.field("Full name").value == "Zoë <Quinn> O'Hara"
    page.open(f"{page.site}/{somebody}")
    assert page.heading("Zoë <Quinn> O'Hara", within=page.css("main"))
    page.expects("status", "422 */settings")
    page.open(page.site + "/settings")
    field = page.field(re.compile("^E-mail"))
    field.fill("no address")
    page.evaluate("document.querySelectorAll('form').forEach(f => f.noValidate = true)")
    page.button("Save").follow()
    assert page.find("alert").text and page.field(re.compile("^E-mail")).value == "no address"


def test_an_account_is_closed_by_its_owner(world, visit):
    name = world.person(unique("u"))
    world.session(name)
    page = visit("/settings", name)
    page.expects("status", "422 */settings/delete")
    page.css("details.danger > summary").click()
    page.field("Your user name, to be sure").type("somebody-else")
    page.field("Password").type(PASSWORD)
    page.button(f"Delete the account {name}").follow()
    assert page.find("alert").text
    if not page.evaluate("document.querySelector('details.danger').open"):
        page.css("details.danger > summary").click()
    page.field("Your user name, to be sure").type(name)
    page.field("Password").type(PASSWORD)
    page.button(f"Delete the account {name}").follow()
    page.expects("status", "422 */login")
    page.open(page.site + "/login")
    enter(page, name, PASSWORD)
    assert page.find("alert")
    assert world.hub.get("/api/whoami-v2", token=world.tokens[name]).status == 401


def ask_to_be_let_in(world):
    answer = world.hub.post("/oauth/device", "client_id=x", headers={
        "Content-Type": "application/x-www-form-urlencoded", "User-Agent": "adapterhub/1.0; test"})
    assert answer.status == 200, answer
    return answer.json


def poll(world, code):
    return world.hub.post("/oauth/token", urllib.parse.urlencode({
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": code,
        "client_id": "x"}), headers={"Content-Type": "application/x-www-form-urlencoded"})


def test_a_program_is_let_in_by_a_code(world, visit, somebody):
    asked = ask_to_be_let_in(world)
    assert poll(world, asked["device_code"]).json["error"] == "authorization_pending"
    page = visit("/login/device", somebody)
    page.field("Code").type(asked["user_code"].lower().replace("-", " "))
    page.button("Go on").follow()
    assert asked["user_code"] in page.text and "adapterhub/1.0" in page.text
    page.button("Let it read").follow()
    token = None
    for _ in range(4):
        page.browser.pump(2)
        answer = poll(world, asked["device_code"]).json
        if token := answer.get("access_token"):
            break
    assert token, answer
    who = world.hub.get("/api/whoami-v2", token=token).json
    assert who["name"] == somebody
    page.open(page.site + "/settings/tokens")
    assert "adapterhub/1.0" in page.text


def test_a_new_user_comes_by_a_program_and_lets_it_in(world, visit):
    """The address that `adapterhub login` prints, by somebody with a one-time password."""
    name = world.person(unique("u"))
    once = world.passwords[name]
    asked = ask_to_be_let_in(world)
    page = visit(f"/login/device?user_code={asked['user_code']}")
    enter(page, name, once)
    page.field("One-time password").type(once)
    page.field(re.compile("^New password(?! again)")).type(PASSWORD)
    page.field("New password again").type(PASSWORD)
    page.button("Change the password").follow()
    assert asked["user_code"] in page.text and "Your password was changed" in page.text
    page.button("Let it read and write").follow()
    page.browser.pump(2)
    assert poll(world, asked["device_code"]).json.get("access_token")


def test_a_program_is_turned_away_and_a_wrong_code_is_said(world, visit, somebody):
    asked = ask_to_be_let_in(world)
    page = visit(f"/login/device?user_code={asked['user_code']}", somebody)
    page.button("Turn it away").follow()
    assert poll(world, asked["device_code"]).json["error"] == "access_denied"
    page.expects("status", "4?? *user_code*")
    page.open(page.site + "/login/device")
    page.field("Code").type("BBBB-BBBB")
    page.button("Go on").follow()
    assert page.find("alert").text and page.field("Code")


def test_an_organisation_is_made_and_a_member_invited_by_a_link(world, visit, somebody):
    name = unique("o")
    page = visit("/orgs/new", somebody)
    page.field(re.compile("^Name")).type(name)
    page.field("Full name").type("A Team")
    page.button("Make the organisation").follow()
    page.open(f"{page.site}/orgs/{name}/settings")
    form = page.css("form[action$='/invitations']")
    page.find("combobox", "Role", within=form).choose("write")
    page.button("Make the link").follow()
    link = page.css("#secret").text.strip()
    assert link.startswith(page.site)
    guest = visit(None, "carol")
    guest.open(link)
    assert name in guest.text and "write" in guest.text
    guest.button(f"Join {name}").follow()
    guest.open(f"{guest.site}/{name}?tab=members")
    assert "carol" in guest.css("main").text
    # The link is spent.
    late = visit(None, "bob")
    late.expects("status", "4?? *")
    late.open(link)
    page.open(f"{page.site}/orgs/{name}/settings")
    page.find("combobox", "Role of carol").choose("read")
    page.button("Save the role of carol").follow()
    assert page.find("combobox", "Role of carol").value == "read"
    page.button("Remove carol").follow()
    assert not page.all("combobox", "Role of carol")


def test_an_organisation_is_left_and_deleted(world, visit, somebody):
    name = unique("o")
    page = visit("/orgs/new", somebody)
    page.field(re.compile("^Name")).type(name)
    page.button("Make the organisation").follow()
    page.field("User name").type("carol")
    page.button("Add").follow()
    carol = visit("/settings", "carol")
    carol.answers_dialog()
    carol.button(f"Leave {name}").follow()
    assert f"You left {name}" in carol.text and not carol.all("button", f"Leave {name}")
    page.open(f"{page.site}/orgs/{name}/settings")
    assert not page.all("combobox", "Role of carol")
    page.css("details.danger > summary").click()
    page.expects("status", "422 *")
    for entered in ["another", name]:
        if not page.css("details.danger form").is_visible:
            page.css("details.danger > summary").click()
        page.field("Its name, to be sure").type(entered)
        page.button(f"Delete {name}").follow()
    assert f"{name} is gone" in page.text
    page.expects("status", "404 *")
    page.open(f"{page.site}/{name}")
    assert page.answer.status == 404


def test_the_last_administrator_cannot_leave(visit, somebody):
    name = unique("o")
    page = visit("/orgs/new", somebody)
    page.field(re.compile("^Name")).type(name)
    page.button("Make the organisation").follow()
    page.open(f"{page.site}/orgs/{name}/settings")
    page.expects("status", "4?? *")
    page.button(f"Remove {somebody}").follow()
    assert page.find("alert").text
    assert page.button(f"Save the role of {somebody}")


def test_settings_work_without_scripts(world, visit, somebody):
    page = visit("/settings/tokens", somebody, scripts=False)
    page.field("Name To know it by: laptop, nightly build …").type("plain")
    page.button("Make the token").follow()
    secret = page.css("#secret").text.strip()
    assert world.hub.get("/api/whoami-v2", token=secret).status == 200
    assert not page.all("button", "Copy"), "a button that does nothing"
    page.link("Done").follow()
    page.button("Revoke plain").follow()
    assert world.hub.get("/api/whoami-v2", token=secret).status == 401


def test_a_form_of_another_site_changes_nothing(world, visit, somebody):
    """The session goes along with what another site makes a browser send; the proof does not."""
    page = visit("/settings", somebody)
    page.expects("status", "403 *")
    answer = page.evaluate("""fetch("/settings", {method: "POST",
        headers: {"Content-Type": "application/x-www-form-urlencoded"}, body: "full-name=stolen&csrf=x"})
        .then(r => r.status)""")
    assert answer == 403
    # And the form that was shown to somebody else.
    other = Cookies(world.hub)
    _, _, data, _ = other.get("/login")
    token = re.search(rb'name="csrf" value="([^"]*)"', data).group(1).decode()
    assert page.evaluate(f"""fetch("/settings", {{method: "POST",
        headers: {{"Content-Type": "application/x-www-form-urlencoded"}},
        body: "full-name=stolen&csrf={token}"}}).then(r => r.status)""") == 403
    page.reload()
    assert page.field("Full name").value == ""
