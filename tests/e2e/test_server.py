"""The bundled server as a fleet: examples/echo.yaml, on a host of its own, where only restricted pods are admitted."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import uuid
from urllib.parse import urlsplit

import pytest
import requests
import socketio
import yaml

from tests.support.app import App, is_the_demo_page
from tests.support.audit import AuditLog, brief, writes_of
from tests.support.cluster import OPERATOR_USER, ROOT
from tests.support.waiting import Stopwatch, wait_for

HOST = "echo.test"
CLIENTS = 12
IDLE_SECONDS = float(os.environ.get("REALTIME_E2E_IDLE_SECONDS", "30"))


class Listener:
    """A client that keeps what it hears; over its own session, as the affinity cookie is kept there."""

    def __init__(self, url: str, transport: str) -> None:
        self.heard: list[object] = []
        self.socket = socketio.Client(http_session=requests.Session())
        self.socket.on("response", self.heard.append)
        self.socket.connect(url, transports=[transport])


@pytest.fixture(scope="module", autouse=True)
def resolved(cluster):
    """The host leads to the ingress for this process: clients that set a Host header send a second one."""
    look_up = socket.getaddrinfo
    address = urlsplit(cluster.ingress).hostname
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", lambda host, *rest, **named: look_up(
            address if host == HOST else host, *rest, **named))
        yield


@pytest.fixture(scope="module")
def echo(kubectl, figures):
    """Ready, with the image that the operator takes by itself."""
    namespace = f"e2e-{uuid.uuid4().hex[:8]}"
    kubectl("create", "namespace", namespace)
    kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    made = yaml.safe_load((ROOT / "examples" / "echo.yaml").read_text(encoding="utf-8"))
    made["metadata"]["namespace"] = namespace
    made["spec"]["exposure"]["host"] = HOST
    app = App(kubectl, "chat", namespace)
    kubectl.apply(made)
    figures.add("kubectl apply of the bundled server to Ready, three replicas", f"{app.wait_ready():.1f} s")
    yield app
    kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture
def clients(echo):
    """Half of them poll."""
    with contextlib.ExitStack() as stack:
        opened = []
        for number in range(CLIENTS):
            opened.append(Listener(echo.url, "polling" if number % 2 else "websocket"))
            stack.callback(opened[-1].socket.shutdown)
        yield opened


def configurations(app: App) -> set[str]:
    """The ConfigMaps of the app, which are all its own."""
    return {it["metadata"]["name"] for it in app.kubectl.items("configmaps", "-n", app.namespace)
            if it["metadata"]["name"].startswith(f"{app.name}-server-")}


def held(pod: dict) -> int:
    """Open connections in the metrics of one replica."""
    text = requests.get(f"http://{pod['status']['podIP']}:9090/metrics", timeout=5).text
    return sum(int(float(value)) for value in re.findall(r"^realtime_server_connections\S* (\S+)$", text, re.MULTILINE))


def test_each_client_of_all_replicas_hears_what_one_says_exactly_once(echo, clients):
    per_replica = [held(pod) for pod in echo.pods()]
    assert sum(per_replica) == CLIENTS
    assert sum(count > 0 for count in per_replica) > 1, f"all clients are on one replica: {per_replica}"
    texts = [str(uuid.uuid4()) for _ in range(CLIENTS)]
    for client, text in zip(clients, texts):
        client.socket.emit("message", text)
    wanted = sorted(texts)
    wait_for(lambda: all(len(client.heard) >= CLIENTS for client in clients), 20,
             lambda: f"all to hear all: {[len(client.heard) for client in clients]}")
    for client in clients:
        assert sorted(it["echo"] for it in client.heard) == wanted


def test_the_status_counts_the_clients(echo, clients, figures):
    watch = Stopwatch()
    wait_for(lambda: echo.get()["status"].get("connections") == CLIENTS, 90,
             lambda: f"{CLIENTS} connections in {echo.get()['status']}", 1)
    figures.add("open connections are in the status after", f"{watch.seconds():.0f} s")


def test_nothing_is_written_while_nothing_changes(cluster, echo, figures):
    """Though the replicas are asked for their connections once a minute."""
    wait_for(lambda: echo.get()["status"].get("connections") == 0, 90, "the clients of earlier tests to be gone", 1)
    audit = AuditLog(cluster.audit_log)
    mark = audit.mark()
    wait_for(lambda: audit.seconds_since(mark) >= IDLE_SECONDS, IDLE_SECONDS + 60, "the log to cover the window", 1)
    writes = [brief(entry) for entry in writes_of(OPERATOR_USER, audit.since(mark))
              if entry.get("objectRef", {}).get("namespace") == echo.namespace]
    assert not writes
    figures.add(f"operator's writes for an idle fleet of the server in {IDLE_SECONDS:.0f} s", len(writes))


def test_the_page_of_the_server_is_there(echo):
    assert is_the_demo_page(requests.get(echo.url, timeout=10))


def test_another_configuration_is_a_rollout_and_the_last_one_stays(echo, kubectl):
    before, pods = configurations(echo), echo.incarnations()
    assert len(before) == 1
    kubectl("patch", "realtimeapp", echo.name, "-n", echo.namespace, "--type=merge",
            "-p", '{"spec":{"server":{"demoPage":false}}}')
    wait_for(lambda: echo.ready() and not pods.keys() & echo.replicas(), 240, "other pods to be ready", 0.5)
    after = configurations(echo)
    assert len(after) == 2 and before < after
    for name in after:
        assert kubectl.json("get", "configmap", name, "-n", echo.namespace)["immutable"] is True
    echo.kubectl("delete", "configmap", *(after - before), "-n", echo.namespace)
    wait_for(lambda: configurations(echo) == after, 30, "the deleted configuration to come back")


def test_a_wrong_rule_stops_nothing_and_is_named(echo, kubectl):
    pods = echo.incarnations()

    def patch(argument: str) -> None:
        rules = '{"/":{"events":{"message":[{"type":"Broadcast","event":"response","args":["%s"]}]}}}' % argument
        kubectl("patch", "realtimeapp", echo.name, "-n", echo.namespace, "--type=merge",
                "-p", '{"spec":{"server":{"namespaces":%s}}}' % rules)

    patch("$first")
    wait_for(lambda: any(it["reason"] == "InvalidSpec" and "$first" in it["message"]
                         for it in echo.get()["status"]["conditions"]), 30, "the status to name it")
    assert echo.incarnations() == pods
