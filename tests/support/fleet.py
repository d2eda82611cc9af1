"""Clients spread over all replicas of an app, and the proof that a message reaches each of them exactly once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Protocol

from .clients import Client, states, wait_heard, wait_settled

# The load balancer picks the replica; this many tries are plenty.
MOST_CLIENTS = 24


class Opener(Protocol):
    """NodeClients or PythonClients."""

    library: str

    def open(self, mode: str) -> Client: ...


def spread(opener: Opener, mode: str, replicas: Iterable[str]) -> list[Client]:
    """Clients opened one after another until each of the replicas has at least one of them."""
    wanted, clients = set(replicas), []
    while missing := wanted - {client.replica for client in clients}:
        assert len(clients) < MOST_CLIENTS, f"no client lands on {missing}; {states(clients)}"
        clients.append(opener.open(mode))
        wait_settled(clients[-1:])
    return clients


def one_of_each_replica(clients: Iterable[Client]) -> list[Client]:
    """The last client that was opened on each replica."""
    return list({client.replica: client for client in clients}.values())


def assert_each_heard_exactly_once(clients: Sequence[Client], texts: Sequence[str]) -> int:
    """Sends the texts from one replica after another and returns how many deliveries were counted.

    What was delivered twice could come late. So after the last text each replica sends a sentinel through the same
    backplane: a second copy of any text would have come before the last of those.
    """
    senders = one_of_each_replica(clients)
    for client in clients:
        client.forget()
    for number, text in enumerate(texts):
        senders[number % len(senders)].send(text)
        wait_heard(clients, text)
    sentinels = [f"sentinel {uuid.uuid4()}" for _ in senders]
    for sender, sentinel in zip(senders, sentinels, strict=True):
        sender.send(sentinel)
        wait_heard(clients, sentinel)
    for client in clients:
        assert client.heard == [*texts, *sentinels], f"not each exactly once; {states(clients)}"
        assert not client.disconnects and not client.errors, states(clients)
    return sum(len(client.heard) for client in clients)
