"""Why the ingress keeps a client on its replica: without that, the polling test fails."""

import contextlib
import json

import pytest
import requests

from tests.support import fleet
from tests.support.app import App, manifest
from tests.support.clients import POLLING
from tests.support.node_clients import NodeClients
from tests.support.replicas import Owners
from tests.support.waiting import wait_for

HOST = "loose.test"
POLL = f"http://{HOST}/socket.io/?EIO=4&transport=polling"


@pytest.fixture
def loose(kubectl, chat, namespace, figures) -> App:
    """The same app once more, on a host of its own, behind an ingress that picks a replica for each request."""
    app = App(kubectl, "loose", namespace)
    kubectl.apply(manifest("loose", namespace, replicas=3, server=chat.get()["spec"]["server"], drain={"deadline": "10s"},
                           exposure={"type": "Ingress", "className": "traefik", "host": HOST, "affinity": "None"}))
    figures.add("kubectl apply to Ready, three replicas", f"{app.wait_ready():.1f} s")
    answers = set()

    def each_replica_answered() -> bool:
        answer = requests.get(POLL, timeout=5)
        answers.update([answer.headers["Realtime-Replica"]] if answer.ok else [])
        return answers == app.replicas()

    wait_for(each_replica_answered, 30, lambda: f"an answer of each replica; answers came from {answers}")
    return app


def test_without_affinity_polling_fails_and_the_reason_is_an_unknown_session(loose):
    with contextlib.closing(NodeClients(loose.url, Owners(loose))) as opener, pytest.raises(AssertionError):
        clients = fleet.spread(opener, POLLING, loose.replicas(), patience=5)
        fleet.assert_each_heard_exactly_once(clients, ["one", "two", "three"])

    handshake = requests.get(POLL, timeout=5)
    sid = json.loads(handshake.text[1:])["sid"]
    answers = [requests.post(f"{POLL}&sid={sid}", data="40", timeout=5) for _ in range(6)]
    refusals = [answer.text for answer in answers if answer.status_code == 400]
    assert refusals, "six requests in a row reached the one replica that knows the session"
    assert all("Session ID unknown" in text for text in refusals), refusals
