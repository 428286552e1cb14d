"""Input that is broken, hostile or too much: a clear refusal, nothing kept, and the hub goes on."""
import base64
import contextlib
import gzip
import json
import os
import socket
import struct
import subprocess
import threading
import time
import unicodedata

import pytest

from hub import Hub, commit_lines, file_line, line, quoted, sha256, unique

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def hub_options():
    return ["--rate-limit", "0", "--file-limit", "2MB"]


@pytest.fixture
def nothing_changes(hub, alice, repository):
    """Whatever a test does: no content and no commit comes of it, and the next request is served."""
    contents, head = hub.contents(), hub.head_commit(repository, alice)
    yield
    assert hub.get("/healthz").status == 200
    assert hub.head_commit(repository, alice) == head
    assert hub.contents() == contents
    end = time.monotonic() + 5
    while hub.unfinished() and time.monotonic() < end:
        time.sleep(0.05)
    assert hub.unfinished() == []


def refused(answer, *statuses):
    """That an answer says no, and why, and is no failure of the hub's own."""
    assert answer.status in statuses if statuses else 400 <= answer.status < 500, answer
    assert answer.json.get("error") or answer.json.get("errors"), answer
    return answer


def send_commit(hub, repository, token, body, **headers):
    return hub.post(f"/api/models/{repository}/commit/main", body, token=token,
                    headers={"Content-Type": "application/x-ndjson", **headers})


# Paths

PATHS = [
    "", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/..", ".", "./a", "a/./b", "a//b", "a/",
    "\\windows\\x", "a\\b", "C:\\x\\..\\y", ".git/config", "a/.GIT/hooks", "a\0b", "a\nb", "a\tb",
    "a\x7fb", " a", "a ", "a.", "a/b. ", "\u202egnp.exe", "a\u200bb", "\ufeffa", "e\u0301",
    "x" * 256, "/".join(["x" * 200] * 6), "a\u2028\u202ab",
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ascii(path)[:30])
def test_paths_that_lead_elsewhere_are_refused(hub, alice, repository, nothing_changes, path):
    answer = refused(hub.commit(repository, {path: b"content of a bad path"}, alice), 400, 422)
    assert "path" in answer.json["error"]
    refused(send_commit(hub, repository, alice,
                        commit_lines({}) + line("deletedFile", path=path)), 400, 404, 422)
    refused(hub.post(f"/api/models/{repository}/preupload/main",
                     {"files": [{"path": path, "size": 1}]}, token=alice), 400, 422)
    refused(send_commit(hub, repository, alice,
                        commit_lines({}) + line("lfsFile", path=path, algo="sha256",
                                                oid="0" * 64, size=1)), 400, 422)


@pytest.mark.parametrize("path", [
    "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "..%5c..%5cetc", "%00", "a%00b",
    "%c0%ae%c0%ae/etc", "%ff%fe", "%", "%zz", "%ed%a0%80", "....//....//etc/passwd", "%252e%252e/x",
    "/etc/passwd", "?", "#", ";", "a" * 7000])
def test_addresses_that_lead_elsewhere_find_nothing(hub, alice, repository, path):
    for prefix in (f"/{repository}/resolve/main/", f"/api/models/{repository}/tree/main/",
                   f"/{repository}/raw/main/", f"/{repository}/resolve/", "/api/models/",
                   f"/api/models/{repository}/revision/", "/api/users/"):
        answer = hub.get(prefix + path, token=alice)
        assert answer.status < 500 and b"root:" not in answer.body, (prefix, answer)
        if "/main/" in prefix:
            assert answer.status in (200, 307, 400, 404), answer
            assert answer.status != 200 or "/tree/" in prefix


def test_good_names_of_every_tongue_are_kept(hub, alice, repository):
    names = ["Grüße.txt", "説明/モデル.bin", "данные.json", "a b+c&d=e#f?g%h.txt", "emoji 🦓.md", "-", "..a",
             "x" * 255, "a'b\"c", "~", "$HOME", "*", "con", ".hidden", "עברית"]
    names = [unicodedata.normalize("NFC", name) for name in names]
    hub.committed(repository, {name: name.encode() for name in names}, alice)
    for name in names:
        answer = hub.get(f"/{repository}/resolve/main/{quoted(name)}")
        assert answer.status == 200 and answer.body == name.encode(), name
    tree = hub.get(f"/api/models/{repository}/tree/main?recursive=true").json
    assert {entry["path"] for entry in tree if entry["type"] == "file"} == set(names)


def test_a_file_and_a_folder_cannot_have_one_name(hub, alice, repository):
    hub.committed(repository, {"a": b"file", "b/c": b"below"}, alice)
    for files in ({"a/b": b"1"}, {"b": b"1"}, {"new": b"1", "new/x": b"2"}):
        refused(hub.commit(repository, files, alice), 400, 409, 422)


def test_names_that_differ_in_case_alone_are_refused(hub, alice, repository):
    """They are one file on the systems of half of the people who download them."""
    refused(hub.commit(repository, {"Read": b"1", "read": b"2"}, alice), 400, 409, 422)


# Commits

def deep(depth):
    return b'{"key":"header","value":' + b"[" * depth + b"]" * depth + b"}\n"


BODIES = {
    "empty": b"",
    "no JSON": b"hello\n",
    "no header": file_line("a", b"1"),
    "two headers": commit_lines({}) + commit_lines({}),
    "unknown key": commit_lines({}) + line("symlink", path="a", target="/etc/passwd"),
    "no key": commit_lines({}) + b'{"value": {}}\n',
    "no value": commit_lines({}) + b'{"key": "file"}\n',
    "a list": b"[1, 2]\n",
    "a number": b"1\n",
    "not base64": commit_lines({}) + line("file", path="a", content="!!!!", encoding="base64"),
    "half of base64": commit_lines({}) + line("file", path="a", content="YWJ", encoding="base64"),
    "base64 with more behind": commit_lines({}) + line("file", path="a", content="YQ==YQ=="),
    "other encoding": commit_lines({}) + line("file", path="a", content="a", encoding="utf-8"),
    "no content": commit_lines({}) + line("file", path="a", encoding="base64"),
    "no path": commit_lines({}) + line("file", content="YQ==", encoding="base64"),
    "path of another kind": commit_lines({}) + line("file", path=["a"], content="YQ=="),
    "content of another kind": commit_lines({}) + line("file", path="a", content=["YQ=="]),
    "content is null": commit_lines({}) + line("file", path="a", content=None),
    "cut within content": (commit_lines({}) + file_line("a", b"1" * 1000))[:-200],
    "cut within a line": commit_lines({})[:-10],
    "too deep": deep(100_000),
    "too deep, open": b'{"key":' * 50_000,
    "a line too long": line("header", summary="x" * (2 * MEGABYTE)),
    "not UTF-8": b'{"key": "header", "value": {"summary": "\xff\xfe"}}\n' + file_line("a", b"1"),
    "UTF-16": commit_lines({"a": b"1"}).decode().encode("utf-16"),
    "key twice": b'{"key": "header", "key": "file", "value": {"summary": "x"}}\n',
    "NaN": b'{"key": "header", "value": {"summary": NaN}}\n',
    "comma at the end": b'{"key": "header", "value": {"summary": "x",}}\n',
    "NUL": b"\0" * 1000,
    "two on a line": commit_lines({}).strip() + file_line("a", b"1"),
    "parent of another kind": commit_lines({"a": b"1"}, parent="main"),
    "parent that is none": commit_lines({"a": b"1"}, parent="../../x"),
    "hash that is none": commit_lines({}) + line("lfsFile", path="a", algo="sha256", oid="x"),
    "hash of another kind": commit_lines({}) + line("lfsFile", path="a", algo="md5", oid="0" * 64),
    "hash that never came": commit_lines({}) + line("lfsFile", path="a", algo="sha256", oid="a" * 64),
    "negative size": commit_lines({}) + line("lfsFile", path="a", oid="a" * 64, size=-1),
    "delete what is not there": commit_lines({}) + line("deletedFile", path="nowhere"),
}


@pytest.mark.parametrize("name", BODIES)
def test_commits_that_are_wrong_are_refused(hub, alice, repository, nothing_changes, name):
    refused(send_commit(hub, repository, alice, BODIES[name]), 400, 404, 413, 422)


def test_a_later_mistake_undoes_the_whole_commit(hub, alice, repository):
    body = commit_lines({"good": b"good"}) + line("file", path="../bad", content="YQ==")
    refused(send_commit(hub, repository, alice, body), 400, 422)
    assert hub.get(f"/{repository}/resolve/main/good").status == 404


def test_one_change_more_than_is_allowed(hub, alice, repository, nothing_changes):
    lines = [line("deletedFile", path=f"f{number}") for number in range(10_001)]
    refused(send_commit(hub, repository, alice, commit_lines({}) + b"".join(lines)), 413)


def test_files_up_to_the_limit_and_no_byte_more(hub, alice, repository):
    refused(hub.commit(repository, {"a": b"x" * 2_000_001}, alice), 413)
    assert hub.get(f"/{repository}/resolve/main/a").status == 404
    assert hub.commit(repository, {"a": b"x" * 2_000_000}, alice).status == 200


def test_a_large_commit_does_not_come_into_memory(hub, alice, repository):
    hub.committed(repository, {"first": os.urandom(100_000)}, alice)
    before = hub.memory
    hub.committed(repository, {f"part{part}": os.urandom(1_900_000) for part in range(8)}, alice)
    assert hub.memory - before < 8 * MEGABYTE


def test_a_compressed_body_is_not_unpacked(hub, alice, repository, nothing_changes):
    body = gzip.compress(commit_lines({"a": b"\0" * MEGABYTE}))
    refused(send_commit(hub, repository, alice, body, **{"Content-Encoding": "gzip"}), 400, 415)


# JSON

@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b"1", b'"x"', b"{'a': 1}", b'{"name": 1}', b'{"name": null}',
    b'{"name": "a", "name": "b"}', b'{"name": "\\ud800"}', b'{"name": "a\\u0000b"}', b"\xef\xbb\xbf{}",
    b"{" * 100_000, b'{"name":' + b"[" * 100_000, b'{"name": "' + b"x" * 100_000 + b'"}', b'{"a": 1e999999}',
    b"\0", b"\xff"], ids=lambda body: ascii(body)[:30])
def test_requests_that_are_no_json_are_refused(hub, alice, body):
    for method, path in [("POST", "/api/repos/create"), ("POST", "/api/repos/move"),
                         ("DELETE", "/api/repos/delete"), ("POST", "/api/organizations")]:
        refused(hub.send(method, path, body, token=alice,
                         headers={"Content-Type": "application/json"}))


@pytest.mark.parametrize("field", [{"private": "yes"}, {"visibility": 7}, {"visibility": "secret"},
                                   {"type": 1}, {"organization": ["alice"]}])
def test_fields_of_another_kind_are_refused(hub, alice, field):
    refused(hub.post("/api/repos/create", {"name": unique("kind"), **field}, token=alice))


def test_json_that_is_too_long_is_refused(hub, alice):
    body = b'{"name": "' + b"x" * (9 * MEGABYTE) + b'"}'
    refused(hub.post("/api/repos/create", body, token=alice), 413)


@pytest.mark.parametrize("query", [
    "limit=0", "limit=-1", "limit=abc", "limit=99999999999999999999", "limit=1e3", "limit=",
    "sort=drop", "sort=", "direction=7", "cursor=x", "cursor=%00", "cursor=" + "A" * 5000,
    "filter=%27%20OR%201%3D1--", "search=%22", "search=*", "search=NEAR(", "search=a%20AND", "search=-",
    "search=a:b", "search=%00", "search=" + "a%20" * 1500, "author=%25", "author=..%2f",
    "num_parameters=x", "num_parameters=min:9,max:1", "num_parameters=min:1e400", "expand=nothing",
    "expand=" + ",".join("x" * 50), "&&&===", "filter=" + "&filter=".join("x" * 60), "full=maybe",
    "a=%zz", "gated=x", "search=%ff"])
def test_questions_that_make_no_sense_are_answered_or_refused(hub, alice, query):
    answer = hub.get(f"/api/models?{query}")
    assert answer.status < 500, answer
    assert answer.status == 200 or answer.json["error"]


@pytest.mark.parametrize("name", [
    "../../etc", "a/b/c/d", ".", "..", "a..b", "a--b", ".git", "x.git", "a\0b", "\u202ea", "é", "a b", "",
    "-a", "a-", "a.", "x" * 97, "'; DROP TABLE repositories; --", "%2e%2e", "<script>"])
def test_names_that_are_none_make_nothing(hub, alice, name):
    refused(hub.post("/api/repos/create", {"name": name, "organization": "alice"}, token=alice))
    refused(hub.post("/api/organizations", {"name": name or "/"}, token=alice))


@pytest.mark.parametrize("name", ["api", "datasets", "spaces", "healthz", "metrics", "readyz"])
def test_names_of_routes_are_no_names_of_owners(hub, alice, name):
    refused(hub.post("/api/organizations", {"name": name}, token=alice))


@pytest.mark.parametrize("name", ["..", "a..b", "a b", "a~b", "a^", "a:b", "-a", "a/", "/a", "a//b",
                                  "x.lock", "@{", "a\\b", "HEAD", "0" * 40, "x" * 300, "a\0", "\u202ea"])
def test_branches_and_tags_have_names_that_git_would_take(hub, alice, repository, name):
    refused(hub.post(f"/api/models/{repository}/branch/{quoted(name)}", {}, token=alice))
    refused(hub.post(f"/api/models/{repository}/tag/main", {"tag": name}, token=alice))


# Cards

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(12))
CARDS = {
    "a billion laughs": LAUGHS,
    "an anchor within itself": "a: &a [*a]\n",
    "too deep": "a: " + "[" * 50_000 + "]" * 50_000 + "\n",
    "deep by indentation": "".join(f"{' ' * n}a:\n" for n in range(2_000)),
    "a tag that makes an object": "a: !!python/object/apply:os.system ['true']\n",
    "a key twice": "license: mit\nlicense: apache-2.0\n",
    "not UTF-8": "license: \udcff\n",
    "NUL": "license: \0\n",
    "a tabulator": "tags:\n\t- a\n",
    "a list of lists as tags": "tags: [[a], [b]]\n",
    "a million tags": "tags:\n" + "- a\n" * 200_000,
    "too long": "x: " + "y" * (2 * MEGABYTE) + "\n",
    "an alias to nothing": "a: *b\n",
    "a merge bomb": "a: &a {x: 1}\nb: {<<: [" + ",".join(["*a"] * 10_000) + "]}\n",
}


@pytest.mark.parametrize("name", CARDS)
def test_cards_that_explode_are_refused_or_harmless(hub, alice, repository, name):
    card = f"---\n{CARDS[name]}---\n# Title\n".encode("utf-8", "surrogateescape")
    before, start = hub.memory, time.monotonic()
    answers = [hub.commit(repository, {"README.md": card}, alice)]
    with contextlib.suppress(UnicodeDecodeError):
        answers.append(hub.post("/api/validate-yaml", {"content": card.decode(), "repoType": "model"}))
    for answer in answers:
        assert answer.status in (200, 400, 413, 422), answer
    assert time.monotonic() - start < 10 and hub.memory - before < 200 * MEGABYTE
    assert hub.get(f"/api/models/{repository}").status == 200
    assert hub.get("/api/models?author=alice&full=true&cardData=true").status == 200


# Adapters: what is uploaded is looked into, and may be anything

def safetensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


WEIGHTS = {
    "empty": b"", "seven bytes": b"1234567", "an endless header": b"\xff" * 8 + b"{}",
    "a header of 2^62": struct.pack("<Q", 1 << 62) + b"{}", "no JSON": safetensors(b"hello"),
    "a deep header": safetensors(b"[" * 100_000),
    "offsets that overflow": safetensors({"a": {"dtype": "F32", "shape": [1 << 62, 1 << 62],
                                                "data_offsets": [0, 1 << 63]}}),
    "offsets beyond the end": safetensors({"a": {"dtype": "F32", "shape": [4],
                                                 "data_offsets": [0, 16]}}),
    "negative": safetensors({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [-4, 0]}}),
    "noise": os.urandom(10_000),
    "a page": b"<!DOCTYPE html><html>not found</html>",
}
CONFIGURATIONS = {
    "no JSON": b"{", "a list": b"[]", "deep": b'{"a":' * 50_000, "huge numbers":
    b'{"peft_type": "LORA", "r": 1e308, "lora_alpha": 99999999999999999999999999}',
    "wrong kinds": b'{"peft_type": 7, "r": "x", "target_modules": {"a": [null]}}',
    "a bad pattern": b'{"peft_type": "LORA", "r": 4, "target_modules": "((((((a+)+)+)+)+)+)+$("}',
    "negative": b'{"peft_type": "LORA", "r": -1, "lora_alpha": -1, "target_modules": ["q"]}',
    "noise": os.urandom(1_000), "empty": b"", "names": json.dumps(
        {"config": {"architecture": "../../x"}, "name": "../../etc/passwd", "model_name": "\u202e" * 9,
         "hidden_size": 10 ** 30, "model_type": "bert\0"}).encode(),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_broken_weights_are_stored_and_harm_nothing(hub, alice, repository, name):
    files = {"adapter_config.json": b'{"peft_type": "LORA", "r": 4, "target_modules": ["query"]}',
             "adapter_model.safetensors": WEIGHTS[name], "pytorch_adapter.bin": WEIGHTS[name],
             "pytorch_model_head.bin": WEIGHTS[name]}
    hub.committed(repository, files, alice)
    assert hub.get(f"/api/models/{repository}").status == 200
    assert hub.get(f"/{repository}/resolve/main/adapter_model.safetensors").body == WEIGHTS[name]


def test_a_pointer_is_not_taken_for_the_file(hub, alice, repository, nothing_changes):
    """In git a large file and the text of its pointer have one name: one would tell of the other."""
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 5\n"
    answer = hub.commit(repository, {"adapter_model.safetensors": pointer}, alice)
    assert answer.status == 422 and "git lfs pull" in answer.json["error"]


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_broken_configurations_are_stored_and_harm_nothing(hub, alice, repository, name):
    files = {file: CONFIGURATIONS[name]
             for file in ("adapter_config.json", "config.json", "tokenizer.json", "head_config.json",
                          "model.safetensors.index.json")}
    hub.committed(repository, files, alice)
    assert hub.get(f"/api/models/{repository}").status == 200
    assert hub.get("/api/models?author=alice&full=true&config=true&limit=1000").status == 200


# HTTP itself

def raw(hub, text, timeout=10, half=True):
    """Sends bytes as they are; what comes back until the hub closes, or a while has passed."""
    answer = b""
    with socket.create_connection(("127.0.0.1", hub.port), timeout=timeout) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(text)
            if half:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                answer += piece
    return answer


def request(hub, token, body=b"", path="/api/repos/create", method="POST", **headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: hub", f"Authorization: Bearer {token}",
             *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


SMUGGLED = b"GET /api/audit HTTP/1.1\r\nHost: hub\r\n\r\n"
MALFORMED = {
    "noise": os.urandom(2_000), "nothing": b"\r\n\r\n", "no version": b"GET /\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\nHost: hub\r\n\r\n", "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "a name with a blank": b"GET / HTTP/1.1\r\nA b: c\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nHost\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nHost: hub\r\n folded\r\n\r\n",
    "two lengths": b"POST /api/validate-yaml HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"
                   b"Content-Length: 40\r\n\r\n{}" + SMUGGLED,
    "length and chunks": b"POST /api/validate-yaml HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "negative length": b"POST /api/validate-yaml HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
    "length of letters": b"POST /api/validate-yaml HTTP/1.1\r\nHost: h\r\nContent-Length: 1x\r\n\r\n",
    "a chunk of letters": b"POST /api/validate-yaml HTTP/1.1\r\nHost: h\r\n"
                          b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "an endless chunk": b"POST /api/validate-yaml HTTP/1.1\r\nHost: h\r\n"
                        b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx",
    "an absolute address": b"GET http://elsewhere.example/api/audit HTTP/1.1\r\nHost: hub\r\n\r\n",
    "an asterisk": b"OPTIONS * HTTP/1.1\r\nHost: hub\r\n\r\n",
    "CONNECT": b"CONNECT hub:80 HTTP/1.1\r\nHost: hub\r\n\r\n",
    "TRACE": b"TRACE / HTTP/1.1\r\nHost: hub\r\n\r\n", "no method": b"FOO / HTTP/1.1\r\nHost: hub\r\n\r\n",
    "headers without end": b"GET / HTTP/1.1\r\n" + b"".join(b"A%d: b\r\n" % n for n in range(20_000)),
    "a header without end": b"GET / HTTP/1.1\r\nA: " + b"x" * MEGABYTE,
    "an address without end": b"GET /" + b"a" * MEGABYTE + b" HTTP/1.1\r\nHost: hub\r\n\r\n",
    "an upgrade": b"GET / HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_not_http_is_refused_and_forgotten(hub, name):
    answer = raw(hub, MALFORMED[name])
    assert b" 500 " not in answer.split(b"\r\n")[0]
    # What was hidden behind a body is not answered as a request of its own.
    if name in ("two lengths", "length and chunks"):
        assert answer.count(b"HTTP/1.1 ") <= 1, answer
    assert hub.get("/healthz").status == 200


@pytest.mark.parametrize("count, status", [(8_000, (404,)), (8_300, (414, 431, 400))])
def test_addresses_have_a_limit(hub, count, status):
    assert hub.get("/" + "a" * count).status in status


def test_headers_have_a_limit(hub):
    answer = raw(hub, b"GET /healthz HTTP/1.1\r\nHost: h\r\nA: " + b"x" * 100_000 + b"\r\n\r\n")
    assert b" 200 " not in answer.split(b"\r\n")[0]


def test_a_method_that_is_not_possible_is_answered_with_those_that_are(hub, repository):
    for path in ("/api/models", f"/api/models/{repository}", "/healthz", "/api/repos/create"):
        for method in ("PATCH", "TRACE", "OPTIONS", "PUT"):
            answer = hub.send(method, path)
            assert answer.status == 405 and answer.headers["Allow"], f"{method} {path}: {answer}"


@pytest.mark.parametrize("value", ["a\tb", "x" * 100, "<script>", "a b", "\xff", "../..", "1;2", ""])
def test_names_of_requests_are_echoed_when_harmless_alone(hub, value):
    answer = hub.get("/healthz", headers={"X-Request-Id": value.encode("latin-1")})
    assert answer.status == 200 and answer.headers["X-Request-Id"] != value
    assert hub.get("/healthz", headers={"X-Request-Id": "abc-123"}).headers["X-Request-Id"] == "abc-123"


@pytest.mark.parametrize("text", ["a\r\nSet-Cookie: x=1", "a\nb", "\u202e", "é", "\x00"])
def test_texts_do_not_become_headers(hub, alice, repository, text):
    for answer in (hub.get(f"/{repository}/resolve/main/{quoted(text)}"),
                   hub.get(f"/{repository}/resolve/{quoted(text)}/x"),
                   hub.get(f"/api/models/{quoted(text)}/x", token=alice)):
        assert answer.status in (400, 401, 404)
        assert "Set-Cookie" not in answer.headers
        assert all(0x20 <= ord(character) < 0x7f
                   for value in answer.headers.values() for character in value)


def test_a_foreign_host_is_not_believed_by_caches(hub, alice):
    """Addresses in answers follow the Host that a client used, and no other header of a stranger."""
    answer = hub.get("/api/openapi.json", headers={"X-Forwarded-Host": "evil.example",
                                                   "X-Forwarded-Proto": "https"})
    assert b"evil.example" not in answer.body


# Bodies that end too early, or never

def test_a_body_that_is_cut_leaves_nothing(hub, alice, repository, nothing_changes):
    body = commit_lines({"a": os.urandom(500_000)})
    for share in (0.1, 0.5, 0.99):
        head = request(hub, alice, path=f"/api/models/{repository}/commit/main",
                       Content_Length=len(body))
        answer = raw(hub, head + body[:int(len(body) * share)])
        assert b" 200 " not in answer.split(b"\r\n")[0]


def test_a_body_that_is_longer_than_announced_is_cut_there(hub, alice, repository):
    body = commit_lines({"a": b"1"})
    head = request(hub, alice, path=f"/api/models/{repository}/commit/main", Content_Length=len(body))
    answer = raw(hub, head + body + SMUGGLED)
    # What follows is a request of its own, of one who has not signed in.
    assert answer.count(b"HTTP/1.1 ") <= 2 and b"HTTP/1.1 200" in answer


def test_chunks_come_together(hub, alice, repository):
    body = commit_lines({"a": os.urandom(100_000)})
    pieces = [body[start:start + 777] for start in range(0, len(body), 777)]
    head = request(hub, alice, path=f"/api/models/{repository}/commit/main",
                   Transfer_Encoding="chunked", Connection="close")
    text = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    assert b"HTTP/1.1 200" in raw(hub, head + text, half=False)


def test_a_length_that_is_too_much_is_refused_before_the_body_comes(hub, alice, repository,
                                                                    nothing_changes):
    head = request(hub, alice, path=f"/api/models/{repository}/commit/main",
                   Content_Length=1 << 45, Expect="100-continue")
    with socket.create_connection(("127.0.0.1", hub.port), timeout=3) as connection:
        connection.sendall(head)
        assert b" 413 " in connection.recv(65536).split(b"\r\n")[0]


def test_slow_clients_do_not_keep_others_waiting(hub, alice, repository):
    """Two hundred that send a byte now and then, within the head and within the body."""
    whole = commit_lines({"slow": b"slow"})
    slow = []
    for number in range(200):
        connection = socket.create_connection(("127.0.0.1", hub.port))
        head = request(hub, alice, path=f"/api/models/{repository}/commit/main",
                       Content_Length=len(whole))
        connection.sendall(head[:30] if number % 2 else head + whole[:20])
        slow.append(connection)
    try:
        start = time.monotonic()
        for number in range(20):
            assert hub.get("/api/models?limit=1").status == 200
            for connection in slow[number::20]:
                connection.sendall(b"x")
        hub.committed(repository, {"quick": b"quick"}, alice)
        assert time.monotonic() - start < 5
    finally:
        for connection in slow:
            connection.close()


def test_readers_that_stop_reading_do_not_fill_the_memory(hub, alice, repository):
    hub.committed(repository, {"large": os.urandom(1_900_000)}, alice)
    before = hub.memory
    lazy = []
    try:
        for _ in range(60):
            connection = socket.create_connection(("127.0.0.1", hub.port))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(request(hub, alice, path=f"/{repository}/resolve/main/large",
                                       method="GET"))
            lazy.append(connection)
        time.sleep(1)
        assert hub.get("/healthz").status == 200
        assert hub.memory - before < 100 * MEGABYTE
    finally:
        for connection in lazy:
            connection.close()


@pytest.mark.parametrize("wanted, status", [
    ("bytes=0-9", 206), ("bytes=-5", 206), ("bytes=95-", 206), ("bytes=100-", 416), ("bytes=50-10", 200),
    ("bytes=-0", 416), ("bytes=99-1000", 206), ("bytes=a-b", 200), ("items=0-1", 200), ("bytes=", 200),
    ("bytes=99999999999999999999-", 200), ("bytes=0-1,3-4", 200), ("bytes=--1", 200)])
def test_ranges_are_answered_or_ignored(hub, alice, repository, wanted, status):
    content = bytes(range(100))
    if hub.get(f"/{repository}/resolve/main/f").status == 404:
        hub.committed(repository, {"f": content}, alice)
    answer = hub.get(f"/{repository}/resolve/main/f", headers={"Range": wanted})
    # What is no range may be ignored or refused; it is never another part of the file.
    assert answer.status in {status, 416} if status == 200 else answer.status == status
    if answer.status == 206:
        first, rest = answer.headers["Content-Range"].removeprefix("bytes ").split("-")
        assert answer.body == content[int(first):int(rest.split("/")[0]) + 1]
    if answer.status == 416:
        assert answer.headers["Content-Range"] == "bytes */100"
    if answer.status == 200:
        assert answer.body == content


# A full disk

@pytest.fixture
def small_disk(tmp_path):
    """A hub whose data folder is a file system of 10 MB."""
    folder = tmp_path / "small"
    (folder / "data").mkdir(parents=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", str(folder / "data")],
                          capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    hub = Hub(folder, "--rate-limit", "0")
    try:
        yield hub.start()
    finally:
        hub.kill()
        subprocess.run(["umount", "-l", str(folder / "data")], check=True)


def test_a_full_disk_is_said_and_nothing_is_kept_by_half(small_disk):
    hub = small_disk
    alice = hub.user("alice")
    name = hub.make("alice/a", alice)
    hub.committed(name, {"before": b"before"}, alice)
    contents = hub.contents()
    refused(hub.commit(name, {"large": os.urandom(10 * MEGABYTE)}, alice), 507)
    assert hub.contents() == contents and hub.unfinished() == []
    assert hub.get(f"/{name}/resolve/main/before").body == b"before"
    hub.committed(name, {"after": b"after"}, alice)

    # So full that not even a row can be written: whatever is refused is refused with 507.
    ballast = hub.data / "ballast"
    with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)
    statuses = set()
    for number in range(30):
        statuses.add(hub.commit(name, {f"f{number}": os.urandom(50_000)}, alice).status)
        statuses.add(hub.post("/api/repos/create", {"name": f"r{number}"}, token=alice).status)
    assert statuses <= {200, 507} and 507 in statuses
    assert hub.get(f"/{name}/resolve/main/before").body == b"before"
    assert hub.get("/api/models").status == 200

    ballast.unlink()
    hub.committed(name, {"later": b"later"}, alice)
    hub.check()
    hub.stop()
    hub.start()
    assert hub.get(f"/{name}/resolve/main/later").body == b"later"
    hub.check()
    hub.check_log()


def test_a_full_disk_stops_large_uploads_too(small_disk):
    hub = small_disk
    hub.stop()
    hub.options += ["--regular-limit", "10KB", "--part-size", "3MB"]
    hub.start()
    alice = hub.user("alice")
    name = hub.make("alice/a", alice)
    content = os.urandom(12 * MEGABYTE)
    ask = {"operation": "upload", "transfers": ["multipart"],
           "objects": [{"oid": sha256(content), "size": len(content)}]}
    answer = hub.post(f"/{name}.git/info/lfs/objects/batch", ask, token=alice).json
    upload = answer["objects"][0]["actions"]["upload"]
    statuses = []
    for number in sorted(int(key) for key in upload["header"] if key.isdigit()):
        part = content[(number - 1) * 3_000_000:number * 3_000_000]
        path = upload["header"][str(number)].removeprefix(hub.url)
        statuses.append(hub.send("PUT", path, part).status)
    statuses.append(hub.post(upload["href"].removeprefix(hub.url), {}).status)
    assert set(statuses) <= {200, 507, 422} and 507 in statuses
    assert sha256(content) not in hub.contents()
    hub.administer("gc", "--grace-hours", "0")
    hub.committed(name, {"small": b"small"}, alice)
    hub.check()
    hub.check_log()
