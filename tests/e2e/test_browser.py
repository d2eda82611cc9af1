"""The example's page in Chromium: two tabs see each other over WebSockets."""

import json
import os
import subprocess

import pytest

from tests.support.cluster import ROOT

PROGRAM = ROOT / "tests" / "e2e" / "clients" / "two_tabs.mjs"
SCREENSHOT = ROOT / "build" / "test" / "two-tabs.png"
TEXTS = ["Who holds my connection?", "Another replica than mine. And yet I can read you.", "So the backplane works.",
         "And this came over a WebSocket, through the ingress."]


@pytest.fixture
def seen(chat) -> dict:
    """What two tabs showed and did while one text after the other was written, in turns."""
    SCREENSHOT.parent.mkdir(parents=True, exist_ok=True)
    result = subprocess.run(["node", PROGRAM, chat.url, SCREENSHOT, *TEXTS], env=os.environ, capture_output=True,
                            text=True, timeout=90, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_two_tabs_see_each_others_messages_over_websockets(seen, chat):
    for number, tab in enumerate(seen["tabs"]):
        assert [message["text"] for message in tab["messages"]] == TEXTS
        assert [message["origin"].startswith("you, on") for message in tab["messages"]] == [
            turn % 2 == number for turn in range(len(TEXTS))]
        assert tab["handshakes"] == [101], "the network log shows one WebSocket, switched to by status 101"
        assert tab["state"] == "connected"
        assert tab["replica"] in chat.replicas()
        assert not tab["complaints"], "the browser's console is empty"
        assert not tab["foreign"], "the page needs nothing from the internet"
    assert seen["tabs"][0]["replica"] != seen["tabs"][1]["replica"]
    assert not seen["sideways"], "a phone need not scroll sideways"
    assert SCREENSHOT.stat().st_size > 10_000
