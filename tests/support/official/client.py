"""What the tests know of a client of an official library, whichever it is; piped.py and python.py fill it in."""

from __future__ import annotations

import abc
import base64
import itertools
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tests.support.clients import POLLING
from tests.support.waiting import wait_for


class Event(NamedTuple):
    namespace: str
    name: str
    args: list


class OfficialClient(abc.ABC):
    """One connection. It acknowledges every event that wants to be, with "got" and the event's arguments. The lists grow
    in the order in which things happened, by threads of the library's."""

    keeps_order = True  # whether its library calls back in the order in which events came

    def __init__(self, name: str, mode: str, namespaces: Sequence[str]) -> None:
        self.name = name
        self.mode = mode
        self.namespaces = tuple(namespaces)
        self.sids: dict[str, str] = {}  # of the namespaces that are connected now
        self.events: list[Event] = []
        self.disconnects: list[tuple[str, str]] = []  # namespace, reason
        self.connected_at: list[float] = []  # by the monotonic clock
        self.disconnected_at: list[float] = []
        self.errors: list[tuple[str, str]] = []  # namespace, message
        self.answers: dict[int, list] = {}  # of acknowledgements
        self._numbers = itertools.count(1)

    @abc.abstractmethod
    def transport(self) -> str | None:
        """`polling` or `websocket`: what it stands on now."""

    @abc.abstractmethod
    def send(self, namespace: str, event: str, args: Sequence[object], ack: int | None) -> None:
        """Emits; what acknowledges it goes to `answers[ack]`."""

    @abc.abstractmethod
    def leave(self, namespace: str) -> None:
        """Disconnects from one namespace."""

    @abc.abstractmethod
    def close(self) -> None:
        """Leaves for good."""

    def emit(self, event: str, *args: object, namespace: str = "/") -> None:
        self.send(namespace, event, args, None)

    def call(self, event: str, *args: object, namespace: str = "/", timeout: float = 10) -> list:
        """Emits and waits for what acknowledges it."""
        number = next(self._numbers)
        self.send(namespace, event, args, number)
        wait_for(lambda: number in self.answers, timeout, lambda: f"{event} to be acknowledged; {self.state()}", 0.005)
        return self.answers.pop(number)

    def heard(self, name: str, namespace: str = "/") -> list[list]:
        """The arguments of each event of this name."""
        return [event.args for event in list(self.events) if event.name == name and event.namespace == namespace]

    def settled(self) -> bool:
        """Whether every namespace is connected, on the transport of its mode."""
        wanted = "polling" if self.mode == POLLING else "websocket"
        return set(self.namespaces) <= set(self.sids) and self.transport() == wanted

    def state(self) -> str:
        return (f"{self.name} ({self.mode}): connected to {sorted(self.sids)} by {self.transport()}, "
                f"{len(self.events)} events, the last {self.events[-1:]!r:.200}, disconnects {self.disconnects[-3:]}, "
                f"errors {self.errors[-3:]}")

    # What the library's threads call.

    def on_connect(self, namespace: str, sid: str) -> None:
        self.connected_at.append(time.monotonic())
        self.sids[namespace] = sid

    def on_disconnect(self, namespace: str, reason: str) -> None:
        self.sids.pop(namespace, None)
        self.disconnected_at.append(time.monotonic())
        self.disconnects.append((namespace, reason))


class Opener(abc.ABC):
    """Opens clients of one library against one address, and closes all of them."""

    library: str

    def __init__(self, url: str, *, own_pace: bool = False) -> None:
        """With `own_pace` clients reconnect as the library does by itself; else quickly, for the sake of tests."""
        self.url = url
        self.own_pace = own_pace
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    @abc.abstractmethod
    def open(self, mode: str, *, namespaces: Sequence[str] = ("/",), auth: Mapping[str, str] | None = None) -> OfficialClient:
        """A client that connects and reconnects by itself; see settle()."""

    @abc.abstractmethod
    def close(self) -> None: ...

    def next_name(self) -> str:
        with self._lock:
            return f"{self.library}-{next(self._numbers)}"


def settle(*clients: OfficialClient, timeout: float = 20) -> None:
    """Until all of them are settled."""
    wait_for(lambda: all(client.settled() for client in clients), timeout, lambda: states(clients), 0.01)


def states(clients: Iterable[OfficialClient]) -> str:
    return "\n  ".join(["the clients are", *(client.state() for client in clients)])


def to_wire(value: object) -> object:
    """Bytes as {"$bytes": BASE64}, at any depth."""
    match value:
        case bytes():
            return {"$bytes": base64.b64encode(value).decode()}
        case list() | tuple():
            return [to_wire(item) for item in value]
        case dict():
            return {key: to_wire(item) for key, item in value.items()}
    return value


def from_wire(value: object) -> object:
    match value:
        case {"$bytes": str(text)}:
            return base64.b64decode(text)
        case list():
            return [from_wire(item) for item in value]
        case dict():
            return {key: from_wire(item) for key, item in value.items()}
    return value
