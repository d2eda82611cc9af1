"""The pages of both examples in Chromium, through the ingress: two tabs see each other over WebSockets."""

import json
import os
import re
import subprocess

import pytest

from tests.support.cluster import ROOT

PROGRAM = ROOT / "tests" / "e2e" / "clients" / "two_tabs.mjs"
SCREENSHOTS = ROOT / "build" / "test"
TEXTS = ["Who holds my connection?", "Another replica than mine. And yet I can read you.", "So the backplane works.",
         "And this came over a WebSocket, through the ingress."]


@pytest.fixture
def seen(either, screenshot) -> dict:
    """What two tabs showed and did while one text after the other was written, in turns."""
    result = subprocess.run(["node", PROGRAM, either.app.url, screenshot, *TEXTS], env=os.environ, capture_output=True,
                            text=True, timeout=90, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def screenshot(either):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS / f"two-tabs-{either.name}.png"


def test_two_tabs_see_each_others_messages_over_websockets(seen, either, screenshot):
    for number, tab in enumerate(seen["tabs"]):
        assert [message["text"] for message in tab["messages"]] == TEXTS
        assert [message["origin"].startswith("you, on") for message in tab["messages"]] == [
            turn % 2 == number for turn in range(len(TEXTS))]
        assert tab["handshakes"] == [101], "the network log shows one WebSocket, switched to by status 101"
        assert (tab["state"], tab["transport"]) == ("connected", "WebSocket")
        assert tab["replica"] in either.app.replicas()
        if either.name == "bundled":
            assert re.fullmatch(r"\d+(\.\d)? ms", tab["latency"])
        assert not tab["complaints"], "the browser's console is empty"
        assert not tab["foreign"], "the page needs nothing from the internet"
    assert seen["tabs"][0]["replica"] != seen["tabs"][1]["replica"]
    assert not seen["sideways"], "a phone need not scroll sideways"
    assert screenshot.stat().st_size > 10_000
