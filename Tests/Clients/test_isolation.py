"""Who may do what: every route of the interface's description, asked by everybody.

A private repository must look like none to those who may not read it: no answer shows, lists,
counts or finds it, and no answer differs from that for a name that was never given.
"""
import base64
import dataclasses
import itertools
import json
import re
import secrets

import pytest

from hub import commit_lines, line, quoted, sha256

NOTHING, READ, WRITE, ADMIN = range(4)

#: A word that stands in everything within private repositories, and nowhere else.
SECRET = "zebra" + secrets.token_hex(6)

CARD = f"---\ntags:\n- {SECRET}\n- adapters\n- adapterhub:{SECRET}/{SECRET}\nlicense: mit\n---\n# {SECRET}\n".encode()
LARGE = secrets.token_bytes(30_000)


@pytest.fixture(scope="module")
def hub_options():
    return ["--rate-limit", "0", "--regular-limit", "10KB"]


# What each route needs. A route that is not here is a mistake: the first test says so.

@dataclasses.dataclass
class Route:
    """What a caller needs, and a body that would do something."""
    need: object
    body: object = None
    #: Whether it changes something, so that each caller who may gets a repository of their own.
    changes: bool = False
    #: What a success is where it is not 2XX.
    success: tuple = (200,)
    #: Whether it is about the account, for which a token for reading or one repository will not do.
    account: bool = False


def large(name, **more):
    return {"operation": name, "transfers": ["basic"],
            "objects": [{"oid": sha256(LARGE), "size": len(LARGE)}], **more}


REPOSITORY = {
    "PUT /api/models/{owner}/{name}/settings": Route(ADMIN, {"gated": "manual"}, changes=True),
    "GET /api/models/{owner}/{name}/revision/{revision}": Route(READ),
    "GET /api/models/{owner}/{name}/auth-check": Route(READ),
    "GET /api/models/{owner}/{name}/auth-check/write": Route(WRITE),
    "GET /api/models/{owner}/{name}/likers": Route(READ),
    "GET /api/models/{owner}/{name}": Route(READ),
    "GET /api/models/{owner}/{name}/tree/{revision}/{path}": Route(READ),
    "POST /api/models/{owner}/{name}/paths-info/{revision}": Route(
        READ, b"paths=folder%2F" + SECRET.encode()),
    "GET /api/models/{owner}/{name}/refs": Route(READ),
    "GET /api/models/{owner}/{name}/commits/{revision}": Route(READ),
    "POST /api/models/{owner}/{name}/branch/{branch}": Route(WRITE, {}, changes=True),
    "DELETE /api/models/{owner}/{name}/branch/{branch}": Route(WRITE, changes=True),
    "POST /api/models/{owner}/{name}/tag/{revision}": Route(WRITE, {"tag": "new"}, changes=True),
    "DELETE /api/models/{owner}/{name}/tag/{tag}": Route(WRITE, changes=True),
    "POST /api/models/{owner}/{name}/super-squash/{branch}": Route(ADMIN, {}, changes=True),
    "POST /api/models/{owner}/{name}/user-access-request": Route(READ, {}, success=(422,)),
    "POST /api/models/{owner}/{name}/user-access-request/handle": Route(
        ADMIN, {"user": "stranger", "status": "accepted"}, success=(404,)),
    "POST /api/models/{owner}/{name}/user-access-request/grant": Route(
        ADMIN, {"user": "stranger"}, changes=True, success=(200, 422)),
    "GET /api/models/{owner}/{name}/user-access-request/{status}": Route(ADMIN),
    "POST /api/models/{owner}/{name}/preupload/{revision}": Route(
        WRITE, {"files": [{"path": "README.md", "size": 3, "sample": "YQ=="}]}),
    "POST /api/models/{owner}/{name}/commit/{revision}": Route(
        WRITE, commit_lines({"new": b"new"}), changes=True),
    "GET /api/models/{owner}/{name}/lfs-files": Route(WRITE),
    "POST /{owner}/{name}.git/info/lfs/objects/batch": Route(READ, large("download")),
    "POST /{owner}/{name}.git/info/lfs/verify": Route(
        WRITE, {"oid": sha256(LARGE), "size": len(LARGE)}),
    "GET /{owner}/{name}/resolve/{revision}/{path}": Route(READ),
    "GET /{owner}/{name}/raw/{revision}/{path}": Route(READ),
    "GET /api/models/{owner}/{name}/discussions": Route(READ),
    "POST /api/models/{owner}/{name}/discussions": Route(READ, {}, success=(404, 501)),
    "GET /api/models/{owner}/{name}/discussions/{rest}": Route(READ, success=(404,)),
    "POST /api/models/{owner}/{name}/discussions/{rest}": Route(READ, {}, success=(404, 501)),
    "GET /api/models/{owner}/{name}/xet-write-token/{revision}": Route(READ, success=(404,)),
    "GET /api/models/{owner}/{name}/xet-read-token/{revision}": Route(READ, success=(404,)),
}
#: These need an account besides the right to read.
WITH_ACCOUNT = {
    "POST /api/models/{owner}/{name}/like": Route(READ, account=True),
    "DELETE /api/models/{owner}/{name}/like": Route(READ, account=True),
    "POST /api/models/{owner}/{name}/user-access-request":
        REPOSITORY.pop("POST /api/models/{owner}/{name}/user-access-request"),
}
#: These name their repository in the body, or work upon an account; tests of their own follow.
OTHERS = {
    "GET /api/whoami-v2", "GET /api/users/{user}/overview", "GET /api/users/{user}/likes",
    "GET /api/settings/tokens", "POST /api/settings/tokens", "DELETE /api/settings/tokens/{token}",
    "POST /api/repos/create", "DELETE /api/repos/delete", "POST /api/repos/move",
    "POST /api/models/{owner}/{name}/duplicate", "GET /api/models", "GET /api/models-tags-by-type",
    "PUT /api/lfs/{repository}/{digest}/{size}", "PUT /api/lfs/{repository}/{digest}/{size}/{part}",
    "POST /api/lfs/{repository}/{digest}/{size}/complete",
    "POST /api/lfs/{repository}/{digest}/{size}/verify", "GET /api/lfs/{repository}/{digest}",
    "POST /api/organizations", "GET /api/organizations/{organisation}/overview",
    "GET /api/organizations/{organisation}/members",
    "PUT /api/organizations/{organisation}/members/{user}",
    "DELETE /api/organizations/{organisation}/members/{user}", "GET /metrics", "GET /api/audit",
    "GET /api/resolve-adapter",
    "POST /oauth/device", "POST /oauth/token",
}
#: These know nothing of repositories.
HARMLESS = {
    "POST /api/validate-yaml", "GET /healthz", "GET /readyz", "GET /api/openapi.json",
    "GET /api/agent-harnesses", "GET /api/telemetry/{rest}", "GET /api/datasets", "GET /api/spaces",
    *(f"{method} {root}/{kind}/{{id}}/{{rest}}" for method in ("GET", "POST", "PUT", "DELETE")
      for root in ("", "/api") for kind in ("datasets", "spaces")),
}


def test_every_route_of_the_description_is_known_here(hub):
    described = {f"{method.upper()} {path}"
                 for path, methods in hub.get("/api/openapi.json").json["paths"].items()
                 for method in methods}
    assert described == {*REPOSITORY, *WITH_ACCOUNT, *OTHERS, *HARMLESS}


# Who asks

@dataclasses.dataclass
class World:
    hub: object
    #: Tokens by what their bearers are; None for nobody.
    tokens: dict
    numbers: object

    def level(self, who, owner):
        """What a caller may do with a private repository of the team, or of the owner."""
        team = {"reader": READ, "contributor": READ, "writer": WRITE, "team administrator": ADMIN,
                "reading token of the team administrator": READ, "site administrator": ADMIN,
                "reading token of the site administrator": READ}
        own = {"owner": ADMIN, "reading token of the owner": READ, "site administrator": ADMIN,
               "reading token of the site administrator": READ}
        return (team if owner == "team" else own).get(who, NOTHING)

    def secret(self, owner):
        """A private repository, with something secret in every place there is."""
        hub = self.hub
        token = self.tokens["team administrator" if owner == "team" else "owner"]
        name = hub.make(f"{owner}/hidden{next(self.numbers)}-{SECRET}", token, private=True)
        hub.committed(name, {"README.md": CARD, f"folder/{SECRET}": SECRET.encode()}, token,
                      summary=SECRET)
        answer = hub.post(f"/{name}.git/info/lfs/objects/batch", large("upload"), token=token).json
        if "actions" in answer["objects"][0]:
            url = answer["objects"][0]["actions"]["upload"]["href"].removeprefix(hub.url)
            assert hub.send("PUT", url, LARGE).status == 200
        body = commit_lines({}) + line("lfsFile", path="large.bin", algo="sha256",
                                       oid=sha256(LARGE), size=len(LARGE))
        for path, content in [(f"commit/main", body), (f"branch/{SECRET}", b"{}"),
                              ("tag/main", json.dumps({"tag": SECRET}).encode())]:
            answer = hub.post(f"/api/models/{name}/{path}", content, token=token)
            assert answer.status == 200, answer
        return name


CALLERS = ["nobody", "stranger", "reader", "contributor", "writer", "team administrator",
           "reading token of the team administrator", "token of the team for another repository",
           "owner", "reading token of the owner", "token of the owner for another repository",
           "site administrator", "reading token of the site administrator",
           "token of the site administrator for another repository"]


@pytest.fixture(scope="module")
def world(hub):
    tokens = {"nobody": None}
    for who, name in [("stranger", "stranger"), ("reader", "rita"), ("contributor", "carl"),
                      ("writer", "will"), ("team administrator", "tina"), ("owner", "olga")]:
        tokens[who] = hub.user(name)
    tokens["site administrator"] = hub.user("root", "--admin")
    hub.administer("org", "create", "team", "--owner", "tina")
    for name, role in [("rita", "read"), ("carl", "contributor"), ("will", "write")]:
        hub.administer("org", "member", "team", name, "--role", role)
    for who, name, owner in [("team administrator", "tina", "team"), ("owner", "olga", "olga"),
                             ("site administrator", "root", "root")]:
        hub.make(f"{owner}/open", tokens[who])
        hub.committed(f"{owner}/open", {"README.md": b"# open\n"}, tokens[who])
        tokens[f"reading token of the {who}"] = hub.token(name, "read")
        other = "team" if owner == "team" else who
        tokens[f"token of the {other} for another repository"] = hub.token(
            name, "write", "--repo", f"{owner}/open")
    assert set(tokens) == set(CALLERS)
    return World(hub, tokens, itertools.count())


@pytest.fixture(scope="module", params=["team", "olga"])
def secret(world, request):
    """A private repository that many ask for and nobody changes."""
    return world.secret(request.param)


def address(route, repository):
    """The method and the path of a request for a repository."""
    method, path = route.split()
    owner, name = repository.split("/")
    file = f"folder/{SECRET}"
    values = {"owner": owner, "name": name, "revision": "main", "branch": SECRET, "tag": SECRET,
              "status": "pending", "rest": "1",
              "path": quoted("folder") if "/tree/" in path else file}
    if route.startswith("POST") and "/branch/" in path:
        values["branch"] = "new"
    if "super-squash" in path:
        values["branch"] = "main"
    return method, re.sub(r"{(\w+)}", lambda match: values[match[1]], path)


def ask(world, route, repository, who, **rest):
    method, path = address(route, repository)
    body = {**REPOSITORY, **WITH_ACCOUNT}[route].body
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if "paths-info" in route else {}
    return world.hub.send(method, path, body, token=world.tokens[who], headers=headers, **rest)


def face(answer, repository):
    """What a caller sees of an answer, without the name that they asked with."""
    owner, name = repository.split("/")
    hidden = {"x-request-id", "date", "content-length"}
    text = json.dumps([answer.status, sorted(
        (key.lower(), value) for key, value in answer.headers.items() if key.lower() not in hidden),
        answer.body.decode(errors="replace")])
    return text.replace(name, "NAME")


def state(world, repository):
    """All of a repository that a caller could change."""
    hub, token = world.hub, world.tokens["site administrator"]
    return [hub.get(f"/api/models/{repository}", token=token).body,
            hub.get(f"/api/models/{repository}/refs", token=token).body,
            hub.get(f"/api/models/{repository}/user-access-request/accepted", token=token).body]


# Routes of a repository

@pytest.mark.parametrize("route", [*REPOSITORY, *WITH_ACCOUNT])
def test_a_private_repository_is_as_good_as_none_to_those_who_may_not_read_it(world, secret, route):
    owner, name = secret.split("/")
    for who in CALLERS:
        if world.level(who, owner) >= READ:
            continue
        for method in {route.split()[0], "HEAD" if route.startswith("GET") else route.split()[0]}:
            asked = f"{method} {route.split()[1]}" if method != "HEAD" else route
            found = ask(world, asked, secret, who)
            none = f"{owner}/" + name.replace("hidden", "absent")
            assert found.status == (401 if who == "nobody" else 404), f"{who}: {found}"
            assert found.code == "RepoNotFound"
            assert face(found, secret) == face(ask(world, asked, none, who), none), who
            assert SECRET not in found.body.decode().replace(secret, "")


def test_even_the_headers_of_a_private_file_say_nothing(world, secret):
    owner = secret.split("/")[0]
    for who in CALLERS:
        if world.level(who, owner) >= READ:
            continue
        for path in (f"/{secret}/resolve/main/README.md", f"/{secret}/resolve/main/large.bin",
                     f"/{secret}/raw/main/large.bin"):
            answer = world.hub.head(path, token=world.tokens[who], headers={"Range": "bytes=0-1"})
            assert answer.status in (401, 404)
            told = {name.lower() for name in answer.headers}
            assert not told & {"etag", "x-repo-commit", "x-linked-etag", "x-linked-size",
                               "content-range", "accept-ranges"}


@pytest.mark.parametrize("route", [*REPOSITORY, *WITH_ACCOUNT])
def test_who_may_read_may_not_therefore_change(world, secret, route):
    """Each route works for those who have the right that it needs, and for nobody else."""
    entry = {**REPOSITORY, **WITH_ACCOUNT}[route]
    owner = secret.split("/")[0]
    for who in CALLERS:
        level = world.level(who, owner)
        if level < READ:
            continue
        narrow = entry.account and " token of " in f" {who}"
        if level >= entry.need and not narrow:
            target = world.secret(owner) if entry.changes else secret
            answer = ask(world, route, target, who)
            assert answer.status in entry.success, f"{who}: {answer}"
        else:
            before = state(world, secret)
            answer = ask(world, route, secret, who)
            assert answer.status == 403, f"{who}: {answer}"
            assert state(world, secret) == before, f"{who} changed something all the same"


@pytest.mark.parametrize("route", [name for name, entry in REPOSITORY.items() if entry.need > READ])
def test_an_open_repository_is_changed_by_its_own_people_alone(world, route):
    for who in ("nobody", "stranger", "reader", "reading token of the team administrator",
                "token of the owner for another repository"):
        before = state(world, "team/open")
        answer = ask(world, route, "team/open", who)
        assert answer.status == (401 if who == "nobody" else 403), f"{who}: {answer}"
        assert state(world, "team/open") == before


def test_large_files_are_uploaded_by_writers_alone(world, secret):
    owner = secret.split("/")[0]
    for who in CALLERS:
        answer = world.hub.post(f"/{secret}.git/info/lfs/objects/batch", large("upload"),
                                token=world.tokens[who])
        level = world.level(who, owner)
        expected = (200 if level >= WRITE else 403 if level == READ
                    else 401 if who == "nobody" else 404)
        assert answer.status == expected, f"{who}: {answer}"


def test_a_contributor_writes_to_what_they_made(world):
    hub, carl = world.hub, world.tokens["contributor"]
    name = hub.make("team/of-carl", carl, private=True)
    hub.committed(name, {"a": b"a"}, carl)
    assert hub.get(f"/{name}/resolve/main/a", token=world.tokens["reader"]).body == b"a"
    assert hub.commit(name, {"b": b"b"}, world.tokens["reader"]).status == 403
    assert hub.commit(name, {"b": b"b"}, world.tokens["stranger"]).status == 404
    assert hub.post("/api/repos/create", {"name": "x", "organization": "team"},
                    token=world.tokens["reader"]).status == 403


# Repositories that a body names

def levels(world, need, repository):
    for who in CALLERS:
        level = world.level(who, repository.split("/")[0])
        refusal = 401 if who == "nobody" else 404 if level < READ else 403
        yield who, level >= need, refusal


@pytest.mark.parametrize("owner", ["team", "olga"])
def test_only_administrators_delete(world, owner):
    for who, may, refusal in levels(world, ADMIN, f"{owner}/x"):
        target = world.secret(owner)
        answer = world.hub.send("DELETE", "/api/repos/delete", {
            "name": target.split("/")[1], "organization": owner}, token=world.tokens[who])
        assert answer.status == (200 if may else refusal), f"{who}: {answer}"
        alive = world.hub.get(f"/api/models/{target}", token=world.tokens["site administrator"])
        assert alive.status == (404 if may else 200)


@pytest.mark.parametrize("owner", ["team", "olga"])
def test_only_administrators_move(world, owner):
    for who, may, refusal in levels(world, ADMIN, f"{owner}/x"):
        target = world.secret(owner)
        answer = world.hub.post("/api/repos/move", {
            "fromRepo": target, "toRepo": target + "-moved"}, token=world.tokens[who])
        assert answer.status == (200 if may else refusal), f"{who}: {answer}"


def test_nobody_moves_into_a_foreign_house(world):
    hub = world.hub
    for who in ("stranger", "reader"):
        name = {"stranger": "stranger", "reader": "rita"}[who]
        own = hub.make(f"{name}/own", world.tokens[who])
        for target in ("team/taken", "olga/taken", "nobody-there/taken"):
            answer = hub.post("/api/repos/move", {"fromRepo": own, "toRepo": target},
                              token=world.tokens[who])
            assert answer.status in (403, 404), answer
            answer = hub.post("/api/repos/create", {
                "name": "taken", "organization": target.split("/")[0]}, token=world.tokens[who])
            assert answer.status in (403, 404), answer


def test_only_readers_copy(world, secret):
    owner = secret.split("/")[0]
    for number, (who, may, refusal) in enumerate(levels(world, READ, secret)):
        answer = world.hub.post(f"/api/models/{secret}/duplicate", {
            "repository": f"copy{number}-{owner}"}, token=world.tokens[who])
        if may and "reading token" in who:
            assert answer.status == 403
        else:
            assert answer.status == (200 if may else refusal), f"{who}: {answer}"
        if answer.status == 200:
            copy = answer.json["url"].removeprefix(world.hub.url + "/")
            seen = world.hub.get(f"/api/models/{copy}", token=world.tokens["stranger"])
            assert seen.status == 404, "a copy of a private repository is open to all"


def test_tokens_are_made_for_what_one_may_read(world, secret):
    answers = [world.hub.post("/api/settings/tokens", {"name": "t", "scope": "write",
                                                       "repository": name},
                              token=world.tokens["stranger"])
               for name in (secret, secret.replace("hidden", "absent"))]
    assert [answer.status for answer in answers] == [404, 404]
    assert face(answers[0], secret) == face(answers[1], secret.replace("hidden", "absent"))


# Lists, searches, counts

LISTS = [
    "/api/models?limit=1000", "/api/models?limit=1000&full=true&cardData=true&config=true",
    "/api/models?limit=1000&expand=siblings&expand=cardData&expand=adapter",
    "/api/models?author=team", "/api/models?author=olga", f"/api/models?search={SECRET}",
    "/api/models?search=hidden", f"/api/models?filter={SECRET}", "/api/models?filter=adapters",
    "/api/models?gated=false", "/api/models?limit=1", "/api/models?sort=likes&limit=2",
    "/api/models?num_parameters=min:0,max:9B", "/api/models-tags-by-type",
    "/api/users/olga/overview", "/api/organizations/team/overview", "/api/users/tina/likes",
    "/api/users/olga/likes", "/api/users/carl/overview",
    f"/api/resolve-adapter?id={SECRET}%2F{SECRET}", f"/api/resolve-adapter?id={SECRET}%40team",
    "/api/resolve-adapter?id=%40olga%2Fhidden",
]


def test_lists_are_the_same_before_and_after_for_those_who_may_not_read(world):
    """Not one byte of any list tells that a private repository was made, filled and liked."""
    def seen(owner):
        return {(who, path): world.hub.get(path, token=world.tokens[who]).body
                for who in CALLERS if world.level(who, owner) < READ for path in LISTS}

    for owner, who in [("team", "team administrator"), ("olga", "owner")]:
        before = seen(owner)
        name = world.secret(owner)
        liked = world.hub.post(f"/api/models/{name}/like", token=world.tokens[who])
        assert liked.status == 200
        after = seen(owner)
        changed = [key for key in before if before[key] != after[key]]
        assert not changed
        # What was asked for may be said again.
        assert not [key for key, body in after.items() if SECRET.encode() in body
                    and "resolve-adapter" not in key[1]
                    and world.level(key[0], "olga" if owner == "team" else "team") < READ]


def test_lists_show_readers_what_they_may_read(world, secret):
    owner = secret.split("/")[0]
    for who in CALLERS:
        for path in (f"/api/models?search={SECRET}&limit=1000", f"/api/models?filter={SECRET}&limit=1000",
                     f"/api/models?author={owner}&limit=1000"):
            found = [item["id"] for item in world.hub.get(path, token=world.tokens[who]).json]
            assert (secret in found) == (world.level(who, owner) >= READ), f"{who}: {path}"


def test_a_token_of_one_repository_sees_that_one_private_repository(world):
    hub = world.hub
    mine, other = world.secret("olga"), world.secret("olga")
    token = hub.token("olga", "write", "--repo", mine)
    found = [item["id"] for item in hub.get(f"/api/models?search={SECRET}&limit=1000",
                                            token=token).json]
    assert found == [mine]
    assert hub.get(f"/api/models/{mine}", token=token).status == 200
    assert hub.get(f"/api/models/{other}", token=token).status == 404
    assert hub.commit(mine, {"new": b"new"}, token).status == 200
    for answer in (hub.post("/api/repos/create", {"name": "more"}, token=token),
                   hub.post("/api/settings/tokens", {"name": "more", "scope": "write"}, token=token),
                   hub.post("/api/organizations", {"name": "more-of-us"}, token=token)):
        assert answer.status == 403, answer


def test_pages_skip_what_is_hidden_and_tell_no_gap(world):
    """A page is full, whatever private repositories lie between its rows."""
    hub = world.hub
    token = world.tokens["owner"]
    for number in range(6):
        hub.make(f"olga/page{number}", token, private=bool(number % 2))
    path, seen = "/api/models?author=olga&search=page&sort=createdAt&limit=1", []
    while path:
        answer = hub.get(path)
        assert len(answer.json) == 1
        seen += [item["id"] for item in answer.json]
        link = answer.headers.get("Link")
        path = link and link.split(">")[0][1:].removeprefix(hub.url)
    assert seen == ["olga/page4", "olga/page2", "olga/page0"]


# Hashes, names of old, links: ways around the door

def test_a_commit_is_found_in_its_own_repository_alone(world, secret):
    hub = world.hub
    commit = hub.head_commit(secret, world.tokens["site administrator"])
    for path in (f"/team/open/resolve/{commit}/README.md", f"/api/models/team/open/tree/{commit}",
                 f"/api/models/team/open/revision/{commit}", f"/api/models/team/open/commits/{commit}"):
        answer = hub.get(path, token=world.tokens["stranger"])
        assert answer.status == 404 and answer.code == "RevisionNotFound", path
    for route, body in [("tag", {"tag": "stolen"}), ("branch", {"startingPoint": commit})]:
        target = commit if route == "tag" else "stolen"
        own = hub.make(f"stranger/thief-{secrets.token_hex(4)}", world.tokens["stranger"])
        answer = hub.post(f"/api/models/{own}/{route}/{target}", body, token=world.tokens["stranger"])
        assert answer.status == 404, answer


def test_the_hash_of_private_content_opens_nothing(world):
    hub, token = world.hub, world.tokens["stranger"]
    world.secret("olga")
    own = hub.make(f"stranger/thief-{secrets.token_hex(4)}", token)
    unknown = secrets.token_bytes(len(LARGE))

    def told(content, operation):
        answer = hub.post(f"/{own}.git/info/lfs/objects/batch", {
            "operation": operation, "objects": [{"oid": sha256(content), "size": len(content)}]},
            token=token).json["objects"][0]
        return sorted(answer), sorted(answer.get("actions", {})), answer.get("error", {}).get("code")

    assert told(LARGE, "upload") == told(unknown, "upload")
    assert told(LARGE, "download") == told(unknown, "download")
    body = commit_lines({}) + line("lfsFile", path="w", algo="sha256", oid=sha256(LARGE))
    assert hub.post(f"/api/models/{own}/commit/main", body, token=token).status == 422
    # Nor does the hash make an upload shorter: all of it must be sent.
    answer = hub.post(f"/{own}.git/info/lfs/objects/batch", large("upload"), token=token).json
    url = answer["objects"][0]["actions"]["upload"]["href"].removeprefix(hub.url)
    assert hub.send("PUT", url, b"").status in (400, 422)
    assert hub.post(f"/api/models/{own}/commit/main", body, token=token).status == 422


def test_addresses_of_large_files_are_signed(world):
    hub = world.hub
    digest = sha256(LARGE)
    for number in range(1, 8):
        for method, path in [("GET", f"{number}/{digest}"), ("PUT", f"{number}/{digest}/30000"),
                             ("PUT", f"{number}/{digest}/30000/1"),
                             ("POST", f"{number}/{digest}/30000/complete"),
                             ("POST", f"{number}/{digest}/30000/verify")]:
            for query in ("", "?expires=9999999999&signature=" + "0" * 64,
                          "?expires=9999999999&signature=", "?signature=x&expires=-1"):
                for who in ("nobody", "stranger"):
                    answer = hub.send(method, f"/api/lfs/{path}{query}", b"{}",
                                      token=world.tokens[who])
                    assert answer.status in (401, 403, 404), f"{method} {path}{query}: {answer}"


def test_an_old_name_leads_nobody_to_a_private_repository(world):
    hub = world.hub
    name = world.secret("olga")
    moved = hub.post("/api/repos/move", {"fromRepo": name, "toRepo": name + "-new"},
                     token=world.tokens["owner"])
    assert moved.status == 200
    absent = name.replace("hidden", "absent")
    for path in ("/api/models/{}", "/{}/resolve/main/README.md"):
        found, none = (hub.get(path.format(one), token=world.tokens["stranger"])
                       for one in (name, absent))
        assert "Location" not in found.headers and face(found, name) == face(none, absent)
        assert hub.get(path.format(name), token=world.tokens["owner"]).status == 307


def test_what_was_open_is_closed_at_once(world):
    hub, olga = world.hub, world.tokens["owner"]
    name = hub.make(f"olga/turn-{secrets.token_hex(4)}", olga)
    hub.committed(name, {"f": b"1"}, olga)
    assert hub.get(f"/{name}/resolve/main/f").status == 200
    hub.send("PUT", f"/api/models/{name}/settings", {"private": True}, token=olga)
    assert hub.get(f"/{name}/resolve/main/f").status == 401
    assert name not in [item["id"] for item in hub.get("/api/models?author=olga&limit=1000").json]
    hub.send("PUT", f"/api/models/{name}/settings", {"private": False}, token=olga)
    assert hub.get(f"/{name}/resolve/main/f").status == 200


def test_a_right_that_is_taken_is_gone_at_once(world):
    hub = world.hub
    name = world.secret("team")
    token = hub.user("guest")
    assert hub.get(f"/api/models/{name}", token=token).status == 404
    hub.administer("org", "member", "team", "guest", "--role", "write")
    assert hub.commit(name, {"a": b"a"}, token).status == 200
    hub.administer("org", "member", "team", "guest", "--role", "read")
    assert hub.commit(name, {"b": b"b"}, token).status == 403
    hub.administer("org", "member", "team", "guest", "--remove")
    assert hub.get(f"/api/models/{name}", token=token).status == 404
    hub.administer("org", "member", "team", "guest", "--role", "read")
    hub.administer("user", "remove", "guest")
    assert hub.get(f"/api/models/{name}", token=token).status == 401


# Gates

def test_the_files_of_a_gated_repository_are_for_those_who_were_let_in(world):
    hub, tina = world.hub, world.tokens["team administrator"]
    name = world.secret("team")
    hub.send("PUT", f"/api/models/{name}/settings", {"private": False, "gated": "manual"}, token=tina)
    files = ["GET /{owner}/{name}/resolve/{revision}/{path}", "GET /{owner}/{name}/raw/{revision}/{path}",
             "GET /api/models/{owner}/{name}/auth-check", "POST /{owner}/{name}.git/info/lfs/objects/batch"]
    for route in files:
        for who in CALLERS:
            member = world.level(who, "team") >= READ
            answer = ask(world, route, name, who)
            if member and world.level(who, "team") >= WRITE:
                assert answer.status == 200, f"{route} {who}: {answer}"
            elif world.level(who, "team") < READ:
                assert SECRET not in answer.body.decode().replace(name, "")
                if route.endswith("batch") and answer.status == 200:
                    assert "actions" not in answer.json["objects"][0], f"{who} gets a gated file"
                else:
                    assert answer.status == (401 if who == "nobody" else 403), f"{route} {who}: {answer}"
                    assert answer.code == "GatedRepo"
    answer = hub.post(f"/api/models/{name}/duplicate", {"repository": "stolen"},
                      token=world.tokens["stranger"])
    assert answer.status == 403


# Accounts

def test_people_see_and_end_their_own_tokens_alone(world):
    hub = world.hub
    olga, stranger = world.tokens["owner"], world.tokens["stranger"]
    made = hub.post("/api/settings/tokens", {"name": "laptop", "scope": "read"}, token=olga).json
    mine = hub.get("/api/settings/tokens", token=olga).json
    assert "laptop" in [token["name"] for token in mine] and made["token"] not in json.dumps(mine)
    theirs = hub.get("/api/settings/tokens", token=stranger).json
    assert "laptop" not in [token["name"] for token in theirs]
    for token in mine:
        for which in (str(token["id"]), quoted(token["name"]), quoted(token["prefix"])):
            answer = hub.send("DELETE", f"/api/settings/tokens/{which}", token=stranger)
            if answer.status == 200:
                # It was one of their own with the same name; olga's must not be touched.
                world.tokens["stranger"] = stranger = hub.token("stranger")
    assert len(hub.get("/api/settings/tokens", token=olga).json) == len(mine)
    for who in ("nobody", "reading token of the owner", "token of the owner for another repository"):
        answer = hub.post("/api/settings/tokens", {"name": "more", "scope": "write"},
                          token=world.tokens[who])
        assert answer.status == (401 if who == "nobody" else 403)


def test_members_are_for_members(world):
    for who in CALLERS:
        answer = world.hub.get("/api/organizations/team/members", token=world.tokens[who])
        is_member = world.level(who, "team") >= READ or who.startswith("token of the team")
        if who == "nobody":
            assert answer.status == 401
        elif not is_member and "site administrator" not in who:
            assert answer.status == 403, f"{who}: {answer}"


def test_only_administrators_of_an_organisation_change_its_members(world):
    for who in CALLERS:
        if who in ("team administrator", "site administrator"):
            continue
        for method, body in [("PUT", {"role": "admin"}), ("DELETE", None)]:
            answer = world.hub.send(method, "/api/organizations/team/members/will", body,
                                    token=world.tokens[who])
            assert answer.status == (401 if who == "nobody" else 403), f"{who}: {answer}"
    answer = world.hub.send("DELETE", "/api/organizations/team/members/tina",
                            token=world.tokens["team administrator"])
    assert answer.status == 409, "nobody would be left to administer it"


def test_records_of_the_whole_hub_are_for_its_administrators(world):
    for path in ("/api/audit", "/metrics"):
        for who in CALLERS:
            answer = world.hub.get(path, token=world.tokens[who])
            if who == "site administrator":
                assert answer.status == 200
            elif who != "reading token of the site administrator":
                assert answer.status == (401 if who == "nobody" else 403), f"{path} {who}: {answer}"


def test_who_am_i_names_the_one_who_asks(world):
    for who in CALLERS[1:]:
        answer = world.hub.get("/api/whoami-v2", token=world.tokens[who]).json
        assert "password" not in json.dumps(answer)
        if who == "stranger":
            assert answer["orgs"] == []


@pytest.mark.parametrize("header", [
    "Bearer", "Bearer ", "Bearer  ", "Basic", "Basic !!!", "Basic " + base64.b64encode(b"a").decode(),
    "Digest x", "Bearer " + "a" * 5000, "Bearer null", "Bearer ' OR 1=1 --", "bearer ahk_"])
def test_credentials_that_are_none_open_nothing(world, secret, header):
    for path in (f"/api/models/{secret}", "/api/models", "/api/whoami-v2"):
        answer = world.hub.get(path, headers={"Authorization": header})
        assert answer.status == 401, answer
        assert SECRET.encode() not in answer.body.replace(secret.encode(), b"")
