"""examples/flask-socketio with the official clients over each transport, without a cluster."""

import contextlib
import os
import re
import subprocess

import pytest
import requests

from tests.support.clients import MODES, wait_heard, wait_settled
from tests.support.fleet import assert_each_heard_exactly_once
from tests.support.node_clients import NodeClients
from tests.support.python_clients import PythonClients

TEXTS = ("plain", "\"quotes\", a \\ and \u2028", "emoji 🚢", "0123456789" * 10_240)


@pytest.fixture
def openers(fleet):
    """An opener of each library for each replica."""
    with contextlib.ExitStack() as stack:
        made = [library(url) for library in (NodeClients, PythonClients) for url in fleet.urls.values()]
        for opener in made:
            stack.callback(opener.close)
        yield made


@pytest.mark.parametrize("mode", MODES)
def test_a_message_reaches_the_clients_of_both_replicas_exactly_once(fleet, openers, mode):
    clients = [opener.open(mode) for opener in openers]
    wait_settled(clients)
    assert {client.replica for client in clients} == set(fleet.urls)
    assert_each_heard_exactly_once(clients, TEXTS)


def test_a_process_that_is_no_replica_emits_to_every_client(fleet, openers):
    clients = [opener.open(mode) for opener in openers for mode in MODES]
    wait_settled(clients)
    subprocess.run([fleet.python, "emit_from_outside.py", "The kitchen closes at ten."], cwd=fleet.app, check=True,
                   env={**os.environ, "REDIS_URL": fleet.redis_url})
    wait_heard(clients, "The kitchen closes at ten.")


def test_the_page_needs_nothing_from_elsewhere(fleet):
    url = next(iter(fleet.urls.values()))
    page = requests.get(url, timeout=5)
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self'")
    used = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert used and all(re.match(r"/[^/]", address) for address in used)
    assert requests.get(f"{url}/static/socket.io.min.js", timeout=5).text.startswith("/*!\n * Socket.IO v4.8")
