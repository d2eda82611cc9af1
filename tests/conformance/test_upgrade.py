"""From long polling to a WebSocket while both sides continue to send: every message arrives, once and in order."""

import asyncio
import json
import os
import signal
import subprocess

import pytest

from tests.support.raw import POLL, SOCKET, TEXT, Connection, WebSocket, frame, open_polling, open_websocket, round_trip
from tests.support.realtime_server import ROOT, Server, made_by

UPGRADES, AT_ONCE = 1_000, 50
SESSIONS = 25  # of each interleaving
RULES = {"namespaces": {"/": {"events": {
    "message": [{"type": "Emit", "event": "message-back", "args": ["$args"]}],
    "tick": [{"type": "Broadcast", "event": "tick", "args": ["$args"]}]}}}}


@pytest.fixture(scope="module")
def server(session_servers) -> Server:
    return session_servers(RULES, name="upgrades")


def test_a_thousand_clients_upgrade_under_load_from_both_sides(server):
    program = ROOT / "tests" / "support" / "official" / "upgrades.mjs"
    environment = {**os.environ, "NODE_PATH": os.environ.get("NODE_PATH") or made_by("node_modules")}
    run = subprocess.run(["node", program, server.url, str(UPGRADES), str(AT_ONCE)], env=environment, timeout=120,
                         stdout=subprocess.PIPE, text=True, check=True)
    result = json.loads(run.stdout)
    assert result["wrong"] == []
    assert result["upgraded"] == UPGRADES
    assert result["echoes"] >= 25 * UPGRADES and result["ticks"] >= UPGRADES, result


class Session:
    """A session on long polling that will upgrade, and what was echoed to it."""

    def __init__(self, address: str, connection: Connection, target: str, peer: bool) -> None:
        self.address = address
        self.peer = peer
        self.polling = connection
        self.target = target
        self.sent = 0
        self.heard: list[int] = []

    @classmethod
    async def open(cls, address: str, peer: bool) -> "Session":
        session = cls(address, *await open_polling(address), peer)
        await session.post("40")
        assert (await session.poll()).startswith("40{")
        return session

    def messages(self, count: int) -> list[str]:
        """The next ones."""
        self.sent += count
        return [f'42["message",{number}]' for number in range(self.sent - count, self.sent)]

    def take(self, packet: str) -> None:
        if packet != "6":
            event, number = json.loads(packet.removeprefix("42"))
            assert event == "message-back"
            self.heard.append(number)

    async def post(self, *packets: str) -> None:
        answer = await self.polling.request("POST", self.target, "\x1e".join(packets))
        assert answer.text == "ok", answer

    async def poll(self) -> str:
        answer = await self.polling.request("GET", self.target)
        assert answer.status == 200, answer
        return answer.text

    async def take_poll(self) -> None:
        for packet in (await self.poll()).split("\x1e"):
            self.take(packet)

    async def open_websocket(self) -> WebSocket:
        return await WebSocket.open(self.address, self.target.replace(POLL, SOCKET))

    async def probe(self) -> WebSocket:
        websocket = await self.open_websocket()
        websocket.send("2probe")
        assert await websocket.receive() == "3probe"
        return websocket

    async def finish(self, websocket: WebSocket, *, upgrade: bool = True) -> None:
        """The upgrade with what follows it in one segment; then everything that is still due."""
        packets = (["5"] if upgrade else []) + self.messages(5)
        websocket.connection.write(b"".join(frame(TEXT, packet.encode()) for packet in packets))
        while len(self.heard) < self.sent:
            self.take(await websocket.receive())
        assert self.heard == list(range(self.sent))
        websocket.connection.writer.transport.abort()
        self.polling.writer.transport.abort()


async def while_a_poll_waits(session: Session) -> None:
    session.polling.ask("GET", session.target)
    websocket = await session.probe()
    assert (await session.polling.answer()).text == "6"
    await session.finish(websocket)


async def with_messages_that_were_not_fetched(session: Session) -> None:
    await session.post(*session.messages(20))
    await session.finish(await session.probe())


async def with_messages_that_were_fetched_in_part(session: Session) -> None:
    await session.post(*session.messages(40))
    await session.take_poll()
    assert session.peer or len(session.heard) == 16
    await session.finish(await session.probe())


async def with_polls_after_the_probe(session: Session) -> None:
    websocket = await session.probe()
    for _ in range(3):
        await session.post(*session.messages(3))
        # The peer hands out what it has.
        answer = await session.poll()
        assert session.peer or answer == "6"
        for packet in answer.split("\x1e"):
            session.take(packet)
    await session.finish(websocket)


async def with_a_post_on_its_way(session: Session) -> None:
    async with await Connection.open(session.address) as other:
        body = "\x1e".join(session.messages(10))
        other.ask("POST", session.target, body[:40], Content_Length=str(len(body)))
        websocket = await session.probe()
        other.write(body[40:].encode())
        assert (await other.answer()).text == "ok"
    await session.finish(websocket)


async def without_waiting_for_the_answer_to_the_probe(session: Session) -> None:
    await session.post(*session.messages(5))
    websocket = await session.open_websocket()
    packets = ["2probe", "5", *session.messages(5)]
    websocket.connection.write(b"".join(frame(TEXT, packet.encode()) for packet in packets))
    assert await websocket.receive() == "3probe"
    await session.finish(websocket, upgrade=False)


async def after_an_upgrade_that_came_to_nothing(session: Session) -> None:
    await session.post(*session.messages(5))
    async with await session.probe():
        await session.post(*session.messages(5))
    while len(session.heard) < session.sent:
        await session.take_poll()
    await session.post(*session.messages(5))
    await session.finish(await session.probe())


INTERLEAVINGS = [while_a_poll_waits, with_messages_that_were_not_fetched, with_messages_that_were_fetched_in_part,
                 with_polls_after_the_probe, with_a_post_on_its_way, without_waiting_for_the_answer_to_the_probe,
                 after_an_upgrade_that_came_to_nothing]


@pytest.mark.parametrize("interleaving", INTERLEAVINGS, ids=lambda function: function.__name__)
def test_an_upgrade(server, peer, interleaving):
    async def run() -> None:
        await interleaving(await Session.open(server.address, peer))

    async def all_at_once() -> None:
        async with asyncio.timeout(20):
            await asyncio.gather(*(run() for _ in range(SESSIONS)))

    asyncio.run(all_at_once())


@pytest.mark.ours
def test_a_client_that_upgrades_when_it_has_missed_something_is_closed(servers):
    """A gap would be worse than the end: what did not fit while it polled came in the same turn as its upgrade."""
    rules = {"events": {"message": [{"type": "Broadcast", "event": "news", "args": ["$args"]}]}}
    # Between two broadcasts lies one for others, so that each is an entry of its own.
    server = servers({"limits": {"sendQueueSegments": 16}, "namespaces": {"/": rules, "/others": rules}})

    async def look() -> int:
        session = await Session.open(server.address, peer=False)
        async with await open_websocket(server.address) as sender, await session.probe() as websocket:
            for namespace in ("40", "40/others,"):
                sender.send(namespace)
                assert (await sender.receive()).startswith(namespace)
            sender.send('42["message"]')  # so that the session is behind
            assert await sender.receive() == '42["news"]'
            server.signal(signal.SIGSTOP)  # so that both are read in one turn of the loop
            sender.connection.write(b"".join(frame(TEXT, b'42["message"]') + frame(TEXT, b'42/others,["message"]')
                                             for _ in range(17)))
            websocket.send("5")
            server.signal(signal.SIGCONT)
            async with asyncio.timeout(10):
                return await websocket.closed()

    assert asyncio.run(look()) == 1006
    assert server.metrics()['closes_total{reason="slow_consumer"}'] == 1


@pytest.mark.ours
def test_a_post_that_an_upgrade_overtakes_does_not_tie_its_connection_to_the_session(server):
    """Behind a proxy the next request on it comes from another client."""
    async def look() -> None:
        session = await Session.open(server.address, peer=False)
        other = await Session.open(server.address, peer=False)
        async with await Connection.open(server.address) as shared, await session.probe() as websocket:
            shared.ask("POST", session.target, "6", Content_Length="2")
            await round_trip(server.address)
            websocket.send("5")
            websocket.send('42["message",0]')
            assert await websocket.receive() == '42["message-back",0]'
            shared.write(b"6")
            assert (await shared.answer()).status == 400
            shared.ask("GET", other.target)
            await round_trip(server.address)
            websocket.send("1")
            await websocket.closed()
            await other.post('42["message",1]')
            assert (await shared.answer()).text == '42["message-back",1]'

    async def limited() -> None:
        async with asyncio.timeout(10):
            await look()

    asyncio.run(limited())
