"""Clients of an app that keep talking while something happens to it, and the count of what each of them heard."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence

import requests
import socketio.exceptions

from tests.support import fleet
from tests.support.app import App
from tests.support.clients import POLLING, WEBSOCKET, Client, states, wait_heard
from tests.support.python_clients import PythonClients
from tests.support.replicas import Owners
from tests.support.waiting import wait_for

# The bundled server's rules for what the clients say.
ECHO = {"namespaces": {"/": {"events": {"message": [{"type": "Broadcast", "event": "response", "args": [{"echo": "$1"}]}]}}}}
PERIOD = 0.05  # seconds between two messages


def said(speaker: Client, text: str) -> bool:
    """Whether it took it: it may be between two connections."""
    try:
        speaker.send(text)
    except socketio.exceptions.SocketIOError:
        return False
    return True


class Traffic:
    """A WebSocket client and a polling one on each replica; the first one says a number twenty times a second."""

    def __init__(self, app: App, clients: Sequence[Client]) -> None:
        self.clients = clients
        self.sent = 0
        self._app = app
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()

    def _talk(self) -> None:
        speaker = self.clients[0]
        while not self._end.wait(PERIOD):
            if speaker.connected and said(speaker, f"number {self.sent}"):
                self.sent += 1

    def stop(self) -> None:
        """No more is said, and what was said has arrived wherever it will."""
        self.end()
        wait_for(self._settled, 90, lambda: f"every client to be on a replica that stays; {states(self.clients)}", 0.3)
        fleet.wait_hearing(self.clients, 60)

    def _settled(self) -> bool:
        replicas = self._app.replicas()
        return all(client.settled() and client.replica in replicas for client in self.clients)

    def end(self) -> None:
        self._end.set()
        self._thread.join()

    def numbers(self, client: Client) -> list[int]:
        """What it heard, sorted. Its library gives each message a thread of its own, so the order in which they are noted
        is not the order in which they came; that is proved by clients that keep it, see tests/support/exactly_once.py."""
        return sorted(int(str(text).split()[1]) for text in list(client.heard) if str(text).startswith("number "))

    def assert_undisturbed(self) -> int:
        """Everything came to everybody, once, and no client was cut; returns the count of deliveries."""
        self.stop()
        for client in self.clients:
            assert not client.disconnects and not client.errors, states(self.clients)
            wait_for(lambda client=client: len(self.numbers(client)) >= self.sent, 10,
                     lambda client=client: f"all of {self.sent} numbers at {client.state()}")
            assert self.numbers(client) == list(range(self.sent)), f"not each exactly once; {states(self.clients)}"
        return self.sent * len(self.clients)

    def assert_recovered(self) -> float:
        """All are back, nothing came twice, and what is said now comes to everybody; returns the part that arrived."""
        self.stop()
        for client in self.clients:
            heard = self.numbers(client)
            assert len(heard) == len(set(heard)), f"something came twice; {states(self.clients)}"
        last = "and once more"
        self.clients[0].send(last)
        wait_heard(self.clients, last)
        return sum(len(self.numbers(client)) for client in self.clients) / max(1, self.sent * len(self.clients))


def wait_led_everywhere(app: App, replicas: set[str]) -> None:
    """Until the ingress leads new clients to each of the replicas, of which it hears one by one."""
    reached: set[str | None] = set()

    def reach() -> bool:
        answer = requests.get(handshake(app.url), timeout=5)
        reached.add(answer.headers.get("Realtime-Replica"))
        return replicas <= reached

    wait_for(reach, 30, lambda: f"the ingress to lead to {replicas - reached}")


def handshake(url: str) -> str:
    return f"{url.rstrip('/')}/socket.io/?EIO=4&transport=polling"


@contextlib.contextmanager
def traffic(app: App) -> Iterator[Traffic]:
    clients = PythonClients(app.url, locate=Owners(app))
    try:
        replicas = app.replicas()
        wait_led_everywhere(app, replicas)
        made = Traffic(app, [*fleet.spread(clients, WEBSOCKET, replicas), *fleet.spread(clients, POLLING, replicas)])
        try:
            yield made
        finally:
            made.end()
    finally:
        clients.close()


class Prober:
    """Opens one session after another as a new client would, and counts those that fail."""

    def __init__(self, url: str) -> None:
        self.tried = 0
        self.failures: list[str] = []
        self._url = handshake(url)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._probe, daemon=True)

    def _probe(self) -> None:
        while not self._end.wait(PERIOD):
            self.tried += 1
            try:
                answer = requests.get(self._url, timeout=5)
                if not answer.ok:
                    self.failures.append(f"{answer.status_code}: {answer.text[:100]}")
            except requests.RequestException as error:
                self.failures.append(str(error)[:200])

    def __enter__(self) -> Prober:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
