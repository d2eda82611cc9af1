"""SIGTERM: the server continues for a while, then disconnects its clients one by one, and they reconnect to another replica."""

import asyncio
import contextlib
import signal
import time

import pytest
import requests

from tests.support.clients import MODES
from tests.support.official.client import settle, states
from tests.support.official.piped import NodeOpener
from tests.support.official.python import AsyncioOpener, PythonOpener
from tests.support.raw import GONE, POLL, SOCKET, Answer, Connection, WebSocket, handshake, open_polling, open_websocket
from tests.support.realtime_server import Server, example
from tests.support.relay import StickyRelay
from tests.support.waiting import Stopwatch, wait_for

pytestmark = pytest.mark.ours  # no peer drains
CLIENTS = {NodeOpener: 8, PythonOpener: 8, AsyncioOpener: 4}  # of each library over each transport
DELAY, PER_SECOND = 1.0, 20


def config(delay: float, deadline: float, per_second: float) -> dict:
    return example("protocol-suite", protocol={"pingInterval": "25s", "pingTimeout": "20s"},
                   drain={"propagationDelay": f"{delay}s", "deadline": f"{deadline}s",
                          "maxDisconnectsPerMinute": int(per_second * 60)})


def wait_ended(server: Server, timeout: float) -> None:
    wait_for(lambda: server.process.poll() is not None, timeout, f"{server.name} to end: {server.tail()}", 0.01)
    assert server.process.returncode == 0, server.tail()


def test_every_client_comes_back_elsewhere_and_they_leave_one_by_one(servers, capsys):
    going, staying = (servers(config(DELAY, 30, PER_SECOND), name=name) for name in ("going", "staying"))
    with contextlib.ExitStack() as stack:
        relay = stack.enter_context(contextlib.closing(StickyRelay(going.address)))
        openers = {library: stack.enter_context(contextlib.closing(library(relay.url))) for library in CLIENTS}
        clients = [openers[library].open(mode) for library, count in CLIENTS.items() for mode in MODES for _ in range(count)]
        settle(*clients)
        assert set(relay.handshakes) == {going.address}
        before = {client: client.sids["/"] for client in clients}

        going.signal(signal.SIGTERM)
        began = time.monotonic()
        relay.target = staying.address
        # Whoever still comes before the news has spread is let in.
        assert requests.get(f"{going.url}{POLL}", timeout=5).status_code == 200
        assert not any(client.disconnects for client in clients)

        def all_left() -> bool:
            if going.process.poll() is None:
                with contextlib.suppress(requests.ConnectionError):
                    assert going.readiness()[0] == 200
            return all(client.disconnects for client in clients)

        wait_for(all_left, 30, lambda: states(clients), 0.1)
        settle(*clients)
        wait_ended(going, 5)
        for client in clients:
            assert len(client.disconnects) == 1 and client.sids["/"] != before[client], client.state()
            assert client.call("message-with-ack", "back") == ["back"]
        assert set(relay.handshakes[len(clients):]) == {staying.address}

        times = sorted(client.disconnected_at[0] - began for client in clients)
        rate = len(times) / (times[-1] - times[0])
        with capsys.disabled():
            print(f"\n{len(times)} clients left within {times[0]:.1f} and {times[-1]:.1f} s: {rate:.1f} a second")
        assert times[0] >= DELAY
        assert rate <= 1.25 * PER_SECOND
        assert all(later - earlier >= 0.5 for earlier, later in zip(times, times[PER_SECOND:], strict=False)), times


COOKIE_TAKEN_BACK = "realtime-replica=; Path=/; Max-Age=0"


def assert_sent_away(answer: Answer) -> None:
    """A proxy that goes by a cookie would bring the client back for as long as the server answers anybody."""
    assert (answer.status, answer.headers.get("set-cookie")) == (503, COOKIE_TAKEN_BACK)


def test_what_a_drain_looks_like_on_the_wire(servers):
    server = servers(config(0.3, 10, 1000))

    async def look() -> None:
        polling, target = await open_polling(server.address)
        idle, idle_target = await open_polling(server.address)
        websocket = await open_websocket(server.address)
        async with polling, idle, websocket, await Connection.open(server.address) as late:
            polling.ask("GET", target)
            server.signal(signal.SIGTERM)
            assert await websocket.closed() == 1001
            assert_sent_away(await polling.answer())
            # The process exits when all clients have left.
            with contextlib.suppress(*GONE):
                assert_sent_away(await idle.request("GET", idle_target))
            with contextlib.suppress(*GONE):
                assert_sent_away(await late.request("GET", POLL))

    async def limited() -> None:
        async with asyncio.timeout(10):
            await look()

    asyncio.run(limited())
    wait_ended(server, 10)


def test_new_clients_are_refused_once_the_news_has_spread(servers):
    server = servers(config(0.3, 20, 1))

    async def look() -> None:
        async with asyncio.timeout(10), await open_websocket(server.address) as first, \
                await open_websocket(server.address), await open_websocket(server.address):
            server.signal(signal.SIGTERM)
            assert await first.closed() == 1001  # now it has begun, and two of three are still there
            async with await Connection.open(server.address) as connection:
                assert_sent_away(await connection.request("GET", POLL))
            for cookie in ({}, {"Cookie": "other=1"}):
                async with await Connection.open(server.address) as connection:
                    assert_sent_away(await connection.request("GET", SOCKET, **handshake(), **cookie))
            # Browsers take no cookie from a WebSocket's handshake that fails, so this one succeeds, and that is all.
            async with await Connection.open(server.address) as connection:
                answer = await connection.request("GET", SOCKET, **handshake(), Cookie="other=1; realtime-replica=1f")
                assert (answer.status, answer.headers.get("set-cookie")) == (101, COOKIE_TAKEN_BACK)
                websocket = WebSocket(connection)
                assert (await websocket.receive())[0] == "0", "libraries wait for the first packet, not for the end"
                assert await websocket.closed() == 1001
        assert server.readiness()[0] == 200

    asyncio.run(look())
    wait_ended(server, 20)


def test_the_deadline_is_kept_when_the_rate_is_too_low(servers):
    server = servers(config(0.3, 4, 1))
    watch = Stopwatch()

    async def look() -> list[float]:
        websockets = [await open_websocket(server.address) for _ in range(40)]
        server.signal(signal.SIGTERM)

        async def left(websocket) -> float:
            assert await websocket.closed() == 1001
            return watch.seconds()

        async with asyncio.timeout(10):
            times = sorted(await asyncio.gather(*(left(websocket) for websocket in websockets)))
        for websocket in websockets:
            websocket.connection.writer.transport.abort()
        return times

    times = asyncio.run(look())
    assert times[-1] - times[0] >= 1.5, times  # spread even so
    wait_ended(server, 10)
    assert watch.seconds() <= 5


def test_without_clients_it_ends_after_the_delay(servers):
    server = servers(config(0.3, 30, 1))
    watch = Stopwatch()
    server.signal(signal.SIGTERM)
    wait_ended(server, 5)
    assert 0.3 <= watch.seconds() <= 2


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(servers, first):
    server = servers(config(20, 30, 1))

    async def look() -> None:
        async with asyncio.timeout(10), await open_websocket(server.address) as websocket:
            server.signal(first)
            wait_for(lambda: server.metric("draining") == 1, 5, "the drain to begin")
            server.signal(signal.SIGTERM)
            await websocket.closed()

    watch = Stopwatch()
    asyncio.run(look())
    wait_for(lambda: server.process.poll() is not None, 5, f"{server.name} to end", 0.01)
    assert watch.seconds() <= 3
