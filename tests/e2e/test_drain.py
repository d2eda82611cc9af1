"""A replica with three hundred clients is deleted: they leave one by one, and come back by themselves to those that stay."""

from __future__ import annotations

import collections
import contextlib
import statistics
import time

import pytest
import requests

from tests.support import metrics, replicas
from tests.support.app import App
from tests.support.clients import MODES
from tests.support.cluster import example
from tests.support.exactly_once import echoes
from tests.support.official.client import OfficialClient, settle, states
from tests.support.official.piped import NodeOpener
from tests.support.official.python import AsyncioOpener
from tests.support.waiting import wait_for

EACH = 50  # of each library over each transport
PER_SECOND = 15
PROPAGATION = 5  # seconds that the news needs to reach the ingress; nobody is closed before


@pytest.fixture
def app(kubectl, namespace) -> App:
    """One replica so far, on which all clients will be."""
    made = example("echo.yaml", namespace=namespace, host="drain.test")
    made["spec"] |= {"replicas": 1, "drain": {"deadline": "45s", "maxDisconnectsPerMinute": 60 * PER_SECOND}}
    kubectl.apply(made)
    app = App(kubectl, made["metadata"]["name"], namespace)
    app.wait_ready()
    app.wait_served()
    return app


@pytest.fixture
def clients(app):
    """They reconnect as their libraries do by themselves, and keep the cookie of the ingress as browsers do."""
    with contextlib.ExitStack() as stack:
        openers = [stack.enter_context(contextlib.closing(library(app.url, own_pace=True)))
                   for library in (NodeOpener, AsyncioOpener)]
        clients = [opener.open(mode) for mode in MODES for _ in range(EACH) for opener in openers]
        settle(*clients, timeout=60)
        yield clients


def refused(admin: str) -> int | None:
    """Attempts of clients that came back to a replica that drains; nothing when it answers no more."""
    with contextlib.suppress(requests.RequestException):
        return int(metrics.samples(admin)['connects_total{outcome="draining"}'])
    return None


def say_to_all(clients: list[OfficialClient], text: str) -> None:
    clients[0].emit("message", text)
    wait_for(lambda: all(text in echoes(client) for client in clients), 30, lambda: f"{text!r} at all; {states(clients)}")


def test_every_client_comes_back_by_itself_and_none_to_the_dying_pod(app, clients, kubectl, figures):
    (pod,) = app.pods()
    dying, admin = pod["metadata"]["name"], replicas.admin(pod)
    assert replicas.connections(app) == {dying: len(clients)}
    app.scale(3)
    app.wait_ready()
    say_to_all(clients, "before")

    path = r'jsonpath={.status.containerStatuses[0].state.terminated.exitCode}{"\n"}'
    with kubectl.watch("pod", dying, "-n", app.namespace, "-o", path) as exit_codes:
        began, attempts = time.monotonic(), [0]
        kubectl("delete", "pod", dying, "-n", app.namespace, "--wait=false")
        wait_for(lambda: attempts.append(refused(admin)) or attempts[-1] is None, 90, lambda: f"the end; {states(clients)}", 0.2)
        wait_for(lambda: any(exit_codes), 20, "the exit code of the dying pod", 0.2)
    assert set(exit_codes) == {"", "0"}, "it ended by itself"
    settle(*clients, timeout=30)

    owners = replicas.Owners(app)
    homes = collections.Counter(owners(client.sids["/"]) for client in clients)
    assert set(homes) <= app.replicas() and dying not in homes
    for client in clients:
        assert len(client.disconnects) == 1, f"once, and so never back on the pod that goes: {client.state()}"
    say_to_all(clients, "after")
    assert all(echoes(client) == ["before", "after"] for client in clients), states(clients)

    times = sorted(client.disconnected_at[0] - began for client in clients)
    rate = (len(times) - 1) / (times[-1] - times[0])
    away = sorted(client.connected_at[1] - client.disconnected_at[0] for client in clients)
    figures.add(f"drain of {len(clients)} clients", f"from {times[0]:.1f} to {times[-1]:.1f} s after the deletion, {rate:.1f}/s")
    figures.add("drain: a client was away for", f"{statistics.median(away):.1f} s (median), {away[-1]:.1f} s (longest)")
    figures.add("drain: attempts that the dying pod refused", attempts[-2])
    figures.add("drain: clients of each replica afterwards", dict(homes))
    assert times[0] >= PROPAGATION
    assert 0.75 * PER_SECOND <= rate <= 1.25 * PER_SECOND
    # Half a second for so many as are due in one: the clock is that of clients on a busy machine.
    assert all(later - earlier >= 0.5 for earlier, later in zip(times, times[PER_SECOND:], strict=False)), times
    assert away[-1] < 15, "nobody is kept away until the pod is gone"

    # Counted once a minute; what is less than a twentieth off is not worth a write.
    wait_for(lambda: app.get()["status"].get("connections", 0) > 0.95 * len(clients), 130,
             lambda: f"{len(clients)} connections in {app.get()['status']}", 0.5)
    shown = app.get()["status"]["connections"]
    figures.add("status.connections", f"{shown} of {len(clients)}, {time.monotonic() - began:.0f} s after the deletion")
    assert shown <= len(clients)
