"""The proof that one fleet of clients hears whatever anybody sends exactly once, in its sender's order: clients, a
write-only emitter, and a Flask-SocketIO process that is a member of the fleet (flask_member.py); to everybody, to rooms, to
one, with skips, and binary."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import flask_socketio

from .official.client import OfficialClient, states, to_wire
from .waiting import wait_for

# Has the code of the Flask app do some things, one after the other.
Do = Callable[..., object]


def echoes(client: OfficialClient) -> list:
    """What was echoed to a client, in order."""
    return [args[0]["echo"] for args in client.heard("response")]


def assert_undisturbed(clients: Sequence[OfficialClient]) -> None:
    for client in clients:
        assert not client.disconnects and not client.errors, client.state()


class Sending:
    """What each client has to hear of each sender, in the sender's order."""

    def __init__(self, clients: Sequence[OfficialClient]) -> None:
        self._clients = clients
        self.due: dict[OfficialClient, dict[str, list]] = {client: {} for client in clients}

    def to(self, clients: Sequence[OfficialClient], sender: str, number: int, *more: object) -> list:
        """What is to be echoed."""
        echo = [sender, number, *more]
        for client in clients:
            self.due[client].setdefault(sender, []).append(echo)
        return echo

    def count(self, client: OfficialClient) -> int:
        return sum(map(len, self.due[client].values()))

    def wait(self) -> None:
        wait_for(lambda: all(len(echoes(client)) >= self.count(client) for client in self._clients), 60,
                 lambda: "\n".join(f"{client.name}: {len(echoes(client))} of {self.count(client)}" for client in self._clients))

    def check(self) -> int:
        """How many deliveries there were."""
        for client in self._clients:
            heard: dict[str, list] = {}
            for echo in echoes(client):
                heard.setdefault(echo[0], []).append(echo)
            if not client.keeps_order:
                heard = {sender: sorted(echoes, key=lambda echo: echo[1]) for sender, echoes in heard.items()}
            assert heard == self.due[client], f"not each exactly once and in its sender's order: {client.state()}"
        return sum(map(self.count, self._clients))


class Crowd:
    """The clients by what rooms they are in and what is skipped, and what is sent to them."""

    def __init__(self, clients: Sequence[OfficialClient], do: Do) -> None:
        self.all = clients
        self.rooms = {"even": clients[0::2], "third": clients[0::3]}
        self.both = [client for client in clients if any(client in room for room in self.rooms.values())]
        self.skipped = [clients[1], clients[4]]
        self.others = [client for client in clients if client not in self.skipped]
        self.sending = Sending(clients)
        self._do = do

    def enter(self) -> None:
        self._do(*(("enter_room", {"sid": client.sids["/"], "room": room})
                   for room, members in self.rooms.items() for client in members))
        # Rooms come through Redis in the order in which they were entered: who hears this is in all of them.
        for room, members in self.rooms.items():
            self._do(("emit", {"event": "entered", "args": [room], "to": room}))
            wait_for(lambda room=room, members=members: all([room] in client.heard("entered") for client in members), 10,
                     lambda: states(self.all))

    def from_client(self, client: OfficialClient, number: int) -> None:
        client.emit("message", self.sending.to(self.all, client.name + client.sids["/"], number))

    def from_emitter(self, emitter: flask_socketio.SocketIO, number: int) -> None:
        match number % 4:
            case 0:
                emitter.emit("response", {"echo": self.sending.to(self.all, "emitter", number)})
            case 1:
                emitter.emit("response", {"echo": self.sending.to(self.rooms["even"], "emitter", number)}, to="even")
            case 2:
                skip = [client.sids["/"] for client in self.skipped]
                emitter.emit("response", {"echo": self.sending.to(self.others, "emitter", number)}, skip_sid=skip)
            case 3:
                echo = self.sending.to(self.both, "emitter", number, b"\x00\xff" * 50)
                emitter.emit("response", {"echo": echo}, to=["even", "third"])

    def from_member(self, number: int) -> tuple[str, dict]:
        """The step that does it."""
        first, skipped = self.all[:2]
        match number % 4:
            case 0:
                step = {"args": [{"echo": self.sending.to(self.all, "member", number, {"in": b"binary"})}]}
            case 1:
                step = {"args": [{"echo": self.sending.to(self.rooms["third"], "member", number)}], "to": "third"}
            case 2:
                without = [client for client in self.all if client is not skipped]
                step = {"args": [{"echo": self.sending.to(without, "member", number)}], "skip_sid": skipped.sids["/"]}
            case 3:
                step = {"args": [{"echo": self.sending.to([first], "member", number)}], "to": first.sids["/"]}
        return ("emit", {"event": "response", **to_wire(step)})


def prove(clients: Sequence[OfficialClient], senders: Sequence[OfficialClient], do: Do, emitter: flask_socketio.SocketIO,
          number: int) -> int:
    """Each of the senders, the emitter and the member sends so many at the same time; returns the count of deliveries."""
    crowd = Crowd(clients, do)
    crowd.enter()
    steps = [crowd.from_member(count) for count in range(number)]
    at_once = threading.Thread(target=lambda: do(*steps))
    at_once.start()
    for count in range(number):
        for client in senders:
            crowd.from_client(client, count)
        crowd.from_emitter(emitter, count)
    at_once.join()
    crowd.sending.wait()
    # What came twice could come late: not later than what the same sender sent last.
    last = 4 * number  # to everybody
    for client in senders:
        crowd.from_client(client, last)
    crowd.from_emitter(emitter, last)
    do(crowd.from_member(last))
    crowd.sending.wait()
    assert_undisturbed(clients)
    return crowd.sending.check()
