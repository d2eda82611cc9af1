"""Clients spread over all replicas of an app, and the proof that a message reaches each of them exactly once."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable, Sequence
from typing import Protocol

from .clients import Client, states, wait_heard, wait_settled
from .waiting import Stopwatch, wait_for

# The load balancer picks the replica; this many tries are plenty.
MOST_CLIENTS = 24


class Opener(Protocol):
    """NodeClients or PythonClients."""

    library: str

    def open(self, mode: str) -> Client: ...


def spread(opener: Opener, mode: str, replicas: Iterable[str], patience: float = 20) -> list[Client]:
    """Clients opened one after another until each of the replicas has at least one of them."""
    wanted, clients = set(replicas), []
    while missing := wanted - {client.replica for client in clients}:
        assert len(clients) < MOST_CLIENTS, f"no client lands on {missing}; {states(clients)}"
        clients.append(opener.open(mode))
        wait_settled(clients[-1:], patience)
    return clients


def one_of_each_replica(clients: Iterable[Client]) -> list[Client]:
    """The last client that was opened on each replica."""
    return list({client.replica: client for client in clients}.values())


def wait_hearing(clients: Sequence[Client], timeout: float) -> float:
    """Seconds until what is said on any replica is heard by all, however much was lost before."""
    watch, numbers = Stopwatch(), itertools.count()
    senders = one_of_each_replica(clients)
    mark = uuid.uuid4().hex

    def heard() -> bool:
        number = next(numbers)
        for index, sender in enumerate(senders):
            sender.send(f"{mark} {index} {number}")
        return all(len({text.split()[1] for text in list(client.heard) if text.startswith(mark)}) == len(senders)
                   for client in clients)

    wait_for(heard, timeout, lambda: f"all to hear all; {states(clients)}", 0.1)
    # What is still on its way is not to be taken for something later.
    last = f"{mark} {{}} {next(numbers)}".format
    for index, sender in enumerate(senders):
        sender.send(last(index))
        wait_heard(clients, last(index))
    return watch.seconds()


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
