"""Signing in, forms, scripts, and logging in by a code, as browsers and the `hf` command do it."""
import html
import http.client
import json
import math
import os
import pathlib
import re
import struct
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest

import chromium as chromium_driver
from hub import PROGRAM, clean_environment

PASSWORD = "correct horse battery"


class Browser:
    """Keeps cookies and fills in forms."""

    def __init__(self, hub):
        self.hub = hub
        self.cookies = {}

    def send(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.hub.port, timeout=60)
        headers = {"Accept": "text/html", "User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0",
                   **(headers or {})}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read().decode()
        for cookie in response.headers.get_all("Set-Cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            if "Max-Age=0" in cookie:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        connection.close()
        return response.status, response.headers.get("Location"), text

    def get(self, path):
        return self.send("GET", path)

    def token(self, page):
        return re.search(r'name="csrf" value="([^"]+)"', self.get(page)[2]).group(1)

    def submit(self, path, page=None, **fields):
        body = urllib.parse.urlencode({"csrf": self.token(page or path), **fields})
        return self.send("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})


@pytest.fixture(scope="module")
def carol(hub):
    """A browser in which carol is signed in, who chose a password of her own."""
    once = hub.administer("user", "create", "carol").rsplit(" ", 1)[1]
    browser = Browser(hub)
    assert browser.submit("/login", name="carol", password=once)[0] == 303
    status, place, _ = browser.get("/")
    assert (status, place) == (303, "/settings/password")
    status, place, text = browser.submit(
        "/settings/password", current=once, new=PASSWORD, again=PASSWORD)
    assert status == 303, text
    return browser


def decide(browser, code, decision):
    """What the user does with a code: looks at what asks, then decides."""
    status, _, text = browser.get(f"/login/device?user_code={code}")
    assert status == 200 and code in text, text
    status, _, text = browser.submit(
        "/login/device", page=f"/login/device?user_code={code}", user_code=code, decision=decision)
    assert status == 303, text


def login(words, environment, tmp_path):
    """Begins a login of a program and waits for the code that it shows."""
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
        env=environment, cwd=tmp_path, bufsize=1)
    lines = []

    def read():
        for line in process.stdout:
            lines.append(line)
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = re.search(r"\b([B-Z]{4}-[B-Z]{4})\b", "".join(lines))
        if found:
            return process, found.group(1), lines, reader
        assert process.poll() is None, "".join(lines)
        time.sleep(0.05)
    process.kill()
    raise AssertionError(f"no code: {lines}")


def test_the_hf_command_logs_in_by_a_code(hub, carol, tmp_path):
    environment = clean_environment(
        HF_ENDPOINT=hub.url, HF_HOME=str(tmp_path / "home"), PYTHONUNBUFFERED="1", COLUMNS="200")
    hf = str(pathlib.Path(sys.executable).parent / "hf")
    process, code, lines, reader = login([hf, "auth", "login"], environment, tmp_path)
    decide(carol, code, "write")
    assert process.wait(60) == 0, "".join(lines)
    reader.join(5)
    who = subprocess.run([hf, "auth", "whoami"], capture_output=True, text=True, env=environment,
                         timeout=60)
    assert "carol" in who.stdout, who.stdout + who.stderr
    # What it got is a token like others: it is listed, and it can write.
    token = (tmp_path / "home" / "token").read_text().strip()
    assert hub.make("carol/by-code", token)
    assert "hf" in carol.get("/settings/tokens")[2]


def test_the_hf_command_is_turned_away(hub, carol, tmp_path):
    environment = clean_environment(
        HF_ENDPOINT=hub.url, HF_HOME=str(tmp_path / "home"), PYTHONUNBUFFERED="1", COLUMNS="200")
    hf = str(pathlib.Path(sys.executable).parent / "hf")
    process, code, lines, reader = login([hf, "auth", "login"], environment, tmp_path)
    decide(carol, code, "deny")
    assert process.wait(60) != 0
    reader.join(5)
    assert "denied" in "".join(lines)
    assert not (tmp_path / "home" / "token").exists()


def test_our_own_command_logs_in_by_a_code(hub, carol, tmp_path):
    environment = clean_environment(HF_ENDPOINT=hub.url, HF_HOME=str(tmp_path / "home"))
    process, code, lines, reader = login([PROGRAM, "login"], environment, tmp_path)
    decide(carol, code, "read")
    assert process.wait(60) == 0, "".join(lines)
    reader.join(5)
    assert "carol" in "".join(lines) and "may read" in "".join(lines)
    mode = os.stat(tmp_path / "home" / "token").st_mode & 0o777
    assert mode == 0o600
    token = (tmp_path / "home" / "token").read_text().strip()
    assert hub.post("/api/repos/create", {"name": "no"}, token=token).status == 403


def test_forms_work_without_a_script(hub, carol):
    status, place, text = carol.submit(
        "/new", owner="carol", name="plain", visibility="public", base="bert-base-uncased", task="",
        licence="mit")
    assert (status, place) == (303, "/carol/plain/upload"), text
    token = carol.token("/carol/plain/upload")
    content = os.urandom(3_000_000)
    body = b"".join([
        b'--xyz\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n', token.encode(), b"\r\n",
        b'--xyz\r\nContent-Disposition: form-data; name="files"; filename="random.bin"\r\n',
        b"Content-Type: application/octet-stream\r\n\r\n", content, b"\r\n--xyz--\r\n"])
    status, place, text = carol.send(
        "POST", "/carol/plain/upload", body, {"Content-Type": "multipart/form-data; boundary=xyz"})
    assert (status, place) == (303, "/carol/plain"), text
    assert hub.get("/carol/plain/resolve/main/random.bin").body == content


def test_a_form_of_another_site_does_nothing(hub, carol):
    token = carol.token("/settings")
    body = urllib.parse.urlencode({"csrf": token, "full-name": "Mallory", "email": ""})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert carol.send("POST", "/settings", body, {**kind, "Sec-Fetch-Site": "cross-site"})[0] == 403
    body = urllib.parse.urlencode({"full-name": "Mallory", "email": ""})
    assert carol.send("POST", "/settings", body, kind)[0] == 403
    assert "Mallory" not in html.unescape(carol.get("/carol")[2])


def test_a_browser_s_session_is_no_token(hub, carol):
    cookie = "; ".join(f"{name}={value}" for name, value in carol.cookies.items())
    answer = hub.post("/api/repos/create", {"name": "forged"}, headers={"Cookie": cookie})
    assert answer.status == 403, answer


def test_a_link_gives_a_forgotten_account_back(hub):
    hub.administer("user", "create", "dora")
    link = hub.administer("user", "reset-link", "dora")
    path = urllib.parse.urlsplit(link).path
    browser = Browser(hub)
    secret = path.rsplit("/", 1)[1]
    status, _, text = browser.submit(
        "/reset", page=path, token=secret, new=PASSWORD, again=PASSWORD)
    assert status == 303, text
    assert browser.get("/settings")[0] == 200
    assert Browser(hub).get(path)[0] == 410


# With scripts

@pytest.fixture
def chromium(hub, carol, tmp_path):
    """A real browser in which carol is signed in."""
    if chromium_driver.PROGRAM is None:
        pytest.skip("there is no Chromium here")
    browser = chromium_driver.Chromium(tmp_path / "profile")
    for name, value in carol.cookies.items():
        browser.call("Network.setCookie", name=name, value=value, url=hub.url)
    yield browser
    browser.close()


def safetensors(**tensors):
    """A file of tensors of 32-bit zeros, by their shapes."""
    header, end = {}, 0
    for name, shape in tensors.items():
        size = 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(end)


def test_files_are_looked_into_before_they_are_sent(hub, carol, chromium, tmp_path):
    carol.submit("/new", owner="carol", name="dropped", visibility="public")
    good = safetensors(a=[8, 16], b=[16, 8])
    contents = {
        "adapter_config.json": json.dumps({
            "peft_type": "LORA", "r": 8, "base_model_name_or_path": "bert-base-uncased"}).encode(),
        "adapter_model.safetensors": good,
        "cut.safetensors": good[:-4],
        "wrong.safetensors": b"\xff" * 64,
        "ü.json": b"{",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    chromium.open(f"{hub.url}/carol/dropped/upload")
    chromium.choose_files("#files", [tmp_path / name for name in contents])
    chromium.wait("document.querySelectorAll('[data-files] .notice').length === 2")
    found = chromium.run("""Object.fromEntries([...document.querySelectorAll('[data-files] li')].map(
        (item) => [item.dataset.path, item.querySelector('p').textContent]))""")
    assert found["adapter_config.json"] == "method lora, rank 8, on bert-base-uncased"
    assert found["adapter_model.safetensors"] == "256 parameters in 2 tensors, F32"
    assert "cut off" in found["cut.safetensors"] and "header" in found["wrong.safetensors"]
    assert chromium.run("document.querySelector('[data-status]').textContent") == "2 problems"
    for name in ("cut.safetensors", "wrong.safetensors"):
        chromium.run(f"document.querySelector(`[data-path='{name}'] button`).click()")
    chromium.run("document.querySelector('[data-send]').click()")
    chromium.wait("location.pathname === '/carol/dropped'")
    for name in ("adapter_config.json", "adapter_model.safetensors", "ü.json"):
        path = f"/carol/dropped/resolve/main/{urllib.parse.quote(name)}"
        assert hub.get(path).body == contents[name]
    assert hub.get("/carol/dropped/resolve/main/cut.safetensors").status == 404


def test_a_card_is_seen_before_it_is_saved(hub, carol, chromium):
    carol.submit("/new", owner="carol", name="carded", visibility="public")
    chromium.open(f"{hub.url}/carol/carded/edit")
    chromium.run("""const area = document.querySelector('textarea');
        area.value += '\\n<img src=x onerror="document.title = 1">\\n';
        document.querySelector('[data-preview-button]').click()""")
    chromium.wait("document.querySelector('#preview .rendered')")
    assert chromium.run("document.querySelector('textarea').value").endswith("title = 1\">\n")
    assert chromium.run("document.title") != "1"
    chromium.run("document.querySelector('[data-editor] .primary').click()")
    chromium.wait("location.pathname === '/carol/carded'")
    assert b"onerror" in hub.get("/carol/carded/resolve/main/README.md").body
    assert not [error for error in chromium.errors if "Content Security Policy" in error]
