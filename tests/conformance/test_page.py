"""The demo page in Chromium, at the size of a phone: with a WebSocket, without one, and when the server goes away."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pathlib
import re
import subprocess
from collections.abc import Iterator

import pytest
import requests

from tests.support.realtime_server import ROOT, example, made_by
from tests.support.relay import Relay, copy, open_to

pytestmark = pytest.mark.ours

PROGRAM = pathlib.Path(__file__).resolve().parent / "page.mjs"
SCREENSHOTS = ROOT / "build" / "test"


class Browser:
    """Tabs that show the page of one server, by name."""

    def __init__(self, url: str) -> None:
        environment = {**os.environ, "NODE_PATH": made_by("node_modules")}
        self._process = subprocess.Popen(["node", PROGRAM, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                         env=environment)

    def do(self, name: str, tab: str, **options: object) -> dict:
        self._process.stdin.write(json.dumps({"do": name, "tab": tab, **options}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "failed" not in answer, f"{name} {options}: {answer['failed']}\n{self.do('describe', tab)}"
        return answer

    def open(self, tab: str, transport: str, **options: object) -> None:
        self.do("open", tab, **options)
        self.do("see", tab, where="state", text="connected")
        self.do("see", tab, where="transport", text=transport)

    def exchange(self, *texts: str) -> None:
        """Tabs a and b write in turns, and both see each text."""
        for number, text in enumerate(texts):
            self.do("write", "ab"[number % 2], text=text)
            for tab in "ab":
                self.do("see", tab, where="log", text=text)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(timeout=20)


class WithoutUpgrades(Relay):
    """A proxy that knows no WebSockets. One request a connection."""

    def __init__(self, target: str) -> None:
        self._target = target
        self.refused = 0
        super().__init__()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if re.search(rb"\r\nupgrade:", head, re.IGNORECASE):
            self.refused += 1
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        head = re.sub(rb"\r\nconnection:[^\r]*", b"", head, flags=re.IGNORECASE)[:-2] + b"Connection: close\r\n\r\n"
        server_reader, server_writer = await open_to(self._target)
        server_writer.write(head)
        await asyncio.gather(copy(reader, server_writer), copy(server_reader, writer), return_exceptions=True)


@pytest.fixture
def browse() -> Iterator[object]:
    """Opens browsers and closes them."""
    with contextlib.ExitStack() as stack:
        def make(url: str) -> Browser:
            browser = Browser(url)
            stack.callback(browser.close)
            return browser
        yield make


def test_two_tabs_see_each_other_over_websockets(servers, browse):
    server = servers(example("echo"), name="chat-0")
    browser = browse(server.url)
    for tab, scheme in (("a", "light"), ("b", "dark")):
        browser.open(tab, "WebSocket", colorScheme=scheme)
    texts = ["Who holds my connection?", "<b>\"quotes\"</b> & 🚢 \u2028 done", "x" * 300, "over a WebSocket"]
    browser.exchange(*texts)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    seen = []
    for number, tab in enumerate("ab"):
        browser.do("screenshot", tab, file=str(SCREENSHOTS / f"page-{tab}.png"))
        shown = browser.do("describe", tab)
        assert [message["text"] for message in shown["messages"]] == texts
        assert [message["origin"] for message in shown["messages"]] == [
            "you, on chat-0" if turn % 2 == number else "from chat-0" for turn in range(len(texts))]
        assert shown["handshakes"] == [101], "one WebSocket, switched to by status 101"
        assert (shown["state"], shown["transport"], shown["replica"]) == ("connected", "WebSocket", "chat-0")
        assert re.fullmatch(r"\d+(\.\d)? ms", shown["latency"])
        assert not shown["complaints"], "the browser's console is empty"
        assert not shown["foreign"], "the page needs nothing from elsewhere"
        assert not shown["isSideways"] and not shown["isBelow"], "a phone shows all of it"
        assert shown["smallestTarget"] >= 44, "a finger hits the controls"
        seen.append(shown)
    assert seen[0]["ground"] != seen[1]["ground"], "dark where the phone is dark"


def test_where_websockets_are_blocked_the_page_stays_on_polling_and_says_so(servers, browse):
    relay = WithoutUpgrades(servers(example("echo"), name="chat-0").address)
    try:
        browser = browse(f"http://{relay.address}/")
        for tab in "ab":
            browser.open(tab, "long polling (WebSocket blocked)")
        browser.exchange("by polling", "and back")
        for tab in "ab":
            shown = browser.do("describe", tab)
            assert [message["text"] for message in shown["messages"]] == ["by polling", "and back"]
            assert not shown["handshakes"]
            assert (shown["state"], shown["replica"]) == ("connected", "chat-0")
            assert all("WebSocket" in complaint for complaint in shown["complaints"]), "the browser's own complaint"
        assert relay.refused == 2, "one attempt a session"
    finally:
        relay.close()


@pytest.mark.parametrize("transports, shown, replica", [
    (["polling"], "long polling", "chat-0"),
    (["websocket"], "WebSocket", "not told"),  # without a polling handshake no script sees the header
])
def test_a_server_of_one_transport_is_enough(servers, browse, transports, shown, replica):
    browser = browse(servers(example("echo", protocol={"transports": transports}), name="chat-0").url)
    for tab in "ab":
        browser.open(tab, shown)
    browser.exchange("one", "two")
    tab = browser.do("describe", "a")
    assert (tab["transport"], tab["replica"]) == (shown, replica)


def test_the_page_comes_back_when_the_server_does(servers, browse):
    server = servers(example("echo", protocol={"pingInterval": "1s", "pingTimeout": "1s"}), name="chat-0")
    browser = browse(server.url)
    for tab in "ab":
        browser.open(tab, "WebSocket")
    server.kill()
    for tab in "ab":
        browser.do("see", tab, where="state", text="reconnecting")
        browser.do("see", tab, where="notice", text="Not connected: ")
    server.start()
    for tab in "ab":
        browser.do("see", tab, where="transport", text="WebSocket")
    browser.exchange("still here", "me too")
    assert [message["text"] for message in browser.do("describe", "a")["messages"]] == ["still here", "me too"]


def test_a_server_without_the_rule_is_named(servers, browse):
    browser = browse(servers({}, name="chat-0").url)
    browser.open("a", "WebSocket")
    browser.do("write", "a", text="anybody?")
    browser.do("see", "a", where="notice", text="No answer: the server has no rule")


def test_the_page_follows_the_path_and_the_policy_allows_nothing_else(servers, browse):
    server = servers(example("echo", protocol={"path": "/chat/v1/"}), name="chat-0")
    for path in ("/", "/chat", "/chat/"):
        page = requests.get(f"{server.url}{path}", timeout=5, allow_redirects=False)
        assert page.status_code == 200
        assert page.headers["Content-Type"].lower() == "text/html; charset=utf-8"
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none';") and "unsafe" not in policy
        browser = browse(f"{server.url}{path}")
        browser.open("a", "WebSocket")
        shown = browser.do("describe", "a")
        assert not shown["complaints"]
        assert set(shown["asked"]) == {path, "/chat/v1/"}, "nothing that an Ingress of /chat would not lead here"
    for path in ("/cha", "/chat/v", "/chat/v1/x", "/v1"):
        assert requests.get(f"{server.url}{path}", timeout=5).status_code == 404


def test_a_server_whose_page_is_off_has_none(servers):
    server = servers({"demoPage": False})
    assert requests.get(server.url, timeout=5).status_code == 404
    assert requests.get(f"{server.url}/socket.io/?EIO=4&transport=polling", timeout=5).status_code == 200
