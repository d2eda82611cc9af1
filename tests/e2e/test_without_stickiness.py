"""Why the ingress keeps a client on its replica: without that, the polling test fails."""

import json

import pytest
import requests
import socketio.exceptions

from tests.support import fleet
from tests.support.app import App, manifest
from tests.support.clients import POLLING
from tests.support.python_clients import PythonClients
from tests.support.waiting import wait_for

HOST = "loose.test"


@pytest.fixture
def loose(cluster, kubectl, chat, namespace, figures) -> App:
    """The example once more, on a host of its own, behind an ingress that picks a replica for each request."""
    app = App(kubectl, "loose", namespace)
    kubectl.apply(manifest("loose", namespace, replicas=3, app=chat.get()["spec"]["app"],
                           exposure={"type": "Ingress", "className": "traefik", "host": HOST, "affinity": "None"}))
    figures.add("kubectl apply to Ready, three replicas", f"{app.wait_ready():.1f} s")
    answers = set()

    def each_replica_answered() -> bool:
        answer = requests.get(f"{cluster.ingress}/healthz", headers={"Host": HOST}, timeout=5)
        answers.update([answer.json()["replica"]] if answer.ok else [])
        return answers == app.replicas()

    wait_for(each_replica_answered, 30, lambda: f"an answer of each replica; answers came from {answers}")
    return app


def test_without_affinity_polling_fails_and_the_reason_is_an_unknown_session(loose, cluster):
    opener = PythonClients(cluster.ingress, HOST)
    try:
        with pytest.raises((socketio.exceptions.SocketIOError, AssertionError)):
            clients = fleet.spread(opener, POLLING, loose.replicas())
            fleet.assert_each_heard_exactly_once(clients, ["one", "two", "three"])
    finally:
        opener.close()

    address, host = f"{cluster.ingress}/socket.io/?EIO=4&transport=polling", {"Host": HOST}
    handshake = requests.get(address, headers=host, timeout=5)
    sid = json.loads(handshake.text[1:])["sid"]
    answers = [requests.post(f"{address}&sid={sid}", data="40", headers=host, timeout=5) for _ in range(6)]
    refusals = [answer.text for answer in answers if answer.status_code == 400]
    assert refusals, "six requests in a row reached the one replica that knows the session"
    assert all("Invalid session" in text for text in refusals), refusals
