"""Three replicas of the bundled server, a Flask-SocketIO process and a write-only emitter on one Redis: one fleet."""

from __future__ import annotations

import contextlib

import flask_socketio
import pytest
import requests
from redis import Redis

from tests.support import exactly_once
from tests.support.app import App
from tests.support.clients import MODES, POLLING, UPGRADE, WEBSOCKET
from tests.support.official.client import OfficialClient, Opener, settle
from tests.support.official.piped import NodeOpener
from tests.support.official.python import AsyncioOpener
from tests.support.realtime_server import Launcher
from tests.support.replicas import Owners
from tests.support.waiting import wait_for

EACH = 200  # of the five senders: a thousand in all
MOST_CLIENTS = 24


@pytest.fixture
def member(chat, tmp_path):
    """Of the fleet, though it runs on this machine."""
    with contextlib.closing(Launcher(tmp_path, peer=False)) as launcher:
        yield launcher.member(name="member", redis_url=chat.redis_url())


def on_each_replica(app: App, owners: Owners, opener: Opener, mode: str) -> list[OfficialClient]:
    """Clients that the ingress has spread over all replicas."""
    clients: list[OfficialClient] = []
    while missing := app.replicas() - {owners(client.sids["/"]) for client in clients}:
        assert len(clients) < MOST_CLIENTS, f"no client lands on {missing}"
        clients.append(opener.open(mode))
        settle(clients[-1])
    return clients


def test_what_anybody_sends_reaches_everybody_exactly_once(chat, member, figures):
    owners = Owners(chat)
    with contextlib.ExitStack() as stack:
        def opener(library: type[Opener], url: str) -> Opener:
            return stack.enter_context(contextlib.closing(library(url)))

        node, python, beside = opener(NodeOpener, chat.url), opener(AsyncioOpener, chat.url), opener(NodeOpener, member.url)
        clients = [client for mode in MODES for client in on_each_replica(chat, owners, node, mode)]
        clients += on_each_replica(chat, owners, python, POLLING)
        senders = list({owners(client.sids["/"]): client for client in clients}.values())
        clients += [beside.open(WEBSOCKET), beside.open(UPGRADE)]
        settle(*clients)
        with Redis.from_url(chat.redis_url()) as redis:
            wait_for(lambda: redis.pubsub_numsub("flask-socketio")[0][1] == 4, 20, "three replicas and the member to listen")

        def do(*steps: tuple[str, dict]) -> object:
            answer = requests.post(f"{member.url}/do", json=steps, timeout=60)
            assert answer.ok, answer.text
            return answer.json()

        emitter = flask_socketio.SocketIO(message_queue=chat.redis_url())
        assert len(senders) == 3
        deliveries = exactly_once.prove(clients, senders, do, emitter, EACH)
        figures.add("fleet of three, a Flask-SocketIO member and an emitter",
                    f"{5 * EACH} messages, {deliveries} deliveries to {len(clients)} clients, each exactly once")
