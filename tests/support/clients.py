"""What the tests know of a connected client, whichever library drives it: python_clients.py and node_clients.py fill
it in from threads of their own, the tests read it."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable

from .waiting import wait_for

POLLING = "polling only"
WEBSOCKET = "websocket only"
UPGRADE = "polling, then upgrade"
MODES = (POLLING, WEBSOCKET, UPGRADE)

# What the libraries take as `transports`.
TRANSPORTS = {POLLING: ["polling"], WEBSOCKET: ["websocket"], UPGRADE: ["polling", "websocket"]}


# The replica of a Socket.IO session by its id, where that tells; see replicas.py.
Locate = Callable[[str], str | None]


class Client(abc.ABC):
    """One client of the fleet. `heard` holds what was echoed to it, in the order in which it came."""

    def __init__(self, name: str, mode: str, locate: Locate | None) -> None:
        self.name = name
        self.mode = mode
        self.connected = False
        self._sid: str | None = None
        self._locate = locate
        self._welcomed_by: str | None = None
        self.heard: list[object] = []
        self.disconnects: list[str] = []
        self.errors: list[str] = []

    @property
    def replica(self) -> str | None:
        """Where it is connected, once that is known: the Flask example says it, of the bundled server the id tells."""
        sid = self._sid
        return self._locate(sid) if self._locate and sid else self._welcomed_by

    @abc.abstractmethod
    def transport(self) -> str | None:
        """`polling` or `websocket`: what it stands on now."""

    @abc.abstractmethod
    def send(self, data: object) -> None:
        """Emits `message`."""

    @abc.abstractmethod
    def close(self) -> None:
        """Leaves for good."""

    def receive(self, event: str, data: dict) -> None:
        """Called by the library's thread for each event."""
        if event == "welcome":
            self._welcomed_by = data["replica"]
        elif event == "response" and list(data) == ["echo"]:
            self.heard.append(data["echo"])
        else:
            self.errors.append(f"a {event} that the app does not send: {data!r:.200}")

    def enter(self, sid: str) -> None:
        """Called by the library's thread when it is connected."""
        self._sid = sid
        self.connected = True

    def leave(self, reason: str) -> None:
        """Called by the library's thread when the connection is lost."""
        self.connected = False
        self._sid = self._welcomed_by = None
        self.disconnects.append(reason)

    def forget(self) -> None:
        """What happened until now counts no more."""
        self.heard.clear()
        self.disconnects.clear()
        self.errors.clear()

    def settled(self) -> bool:
        """Whether it knows its replica and stands on the transport of its mode."""
        wanted = "polling" if self.mode == POLLING else "websocket"
        return self.connected and self.replica is not None and self.transport() == wanted

    def state(self) -> str:
        return (f"{self.name}: {'connected' if self.connected else 'not connected'} by {self.transport()} to "
                f"{self.replica}, heard {len(self.heard)}, disconnects {self.disconnects}, errors {self.errors[-3:]}")


def states(clients: Iterable[Client]) -> str:
    return "\n  ".join(["the clients are", *(client.state() for client in clients)])


def wait_settled(clients: Iterable[Client], timeout: float = 20) -> None:
    clients = list(clients)
    wait_for(lambda: all(client.settled() for client in clients), timeout, lambda: states(clients))


def wait_heard(clients: Iterable[Client], text: object, timeout: float = 20) -> None:
    """Until each of the clients has heard `text`."""
    clients = list(clients)
    wait_for(lambda: all(text in client.heard for client in clients), timeout,
             lambda: f"{str(text)[:60]!r} at every client; {states(clients)}")
