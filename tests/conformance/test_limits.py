"""What the realtime server promises beyond the protocol: whose pages may connect, how much it takes and keeps, and that
what is sent in one turn of its loop leaves in one write."""

import asyncio
import contextlib
import json
import socket
import subprocess

import pytest
import requests

from tests.support.raw import (GONE, POLL, SOCKET, TEXT, Closed, Connection, WebSocket, frame, handshake,
                               open_websocket, round_trip, run)
from tests.support.realtime_server import Server, example
from tests.support.waiting import Stopwatch, wait_for

pytestmark = pytest.mark.ours
ALLOWED, OTHER = "https://chat.example.com", "https://elsewhere.example.com"


@pytest.mark.parametrize(("allowed", "origin", "lets_in"), [
    ([ALLOWED], ALLOWED, True), ([ALLOWED], OTHER, False), ([ALLOWED], f"{ALLOWED}:8443", False), (["*"], OTHER, True)])
def test_pages_of_other_origins_connect_if_they_are_allowed(servers, allowed, origin, lets_in):
    server = servers({"allowedOrigins": allowed})
    headers = {"Origin": origin}
    handshake_answer = requests.get(f"{server.url}{POLL}", headers=headers, timeout=5)
    asks = {**headers, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    preflight = requests.options(f"{server.url}{POLL}", headers=asks, timeout=5)

    async def upgrade() -> int:
        async with await Connection.open(server.address) as connection:
            return (await connection.request("GET", SOCKET, Origin=origin, **handshake())).status

    if lets_in:
        assert handshake_answer.status_code == 200
        named = "*" if allowed == ["*"] else origin
        assert handshake_answer.headers["Access-Control-Allow-Origin"] == named
        assert preflight.ok and preflight.headers["Access-Control-Allow-Origin"] == named
        assert "content-type" in preflight.headers["Access-Control-Allow-Headers"].lower()
        assert run(upgrade()) == 101
    else:
        assert handshake_answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in {**handshake_answer.headers, **preflight.headers}
        assert run(upgrade()) == 403


def test_connections_over_the_limit_are_refused_until_others_end(servers):
    server = servers({"limits": {"maxConnections": 10}})

    async def look() -> list[str]:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(10):
                await stack.enter_async_context(await open_websocket(server.address))
            async with await Connection.open(server.address) as connection:
                try:
                    assert (await connection.request("GET", POLL)).status == 503
                except GONE:
                    pytest.fail("cut without an answer")

    run(look())
    wait_for(lambda: requests.get(f"{server.url}{POLL}", timeout=5).status_code == 200, 5, "room for others")
    assert server.metrics()['connects_total{outcome="too_many"}'] >= 1


def test_connections_that_wait_for_a_request_make_room(servers):
    server = servers({"limits": {"maxConnections": 10}})

    async def look() -> None:
        async with contextlib.AsyncExitStack() as stack:
            idle = [await stack.enter_async_context(await Connection.open(server.address)) for _ in range(10)]
            for connection in idle:
                assert (await connection.request("GET", "/")).status == 200
            async with await Connection.open(server.address) as late:
                assert (await late.request("GET", POLL)).status == 200
            assert await idle[0].end() == b""  # the one that has waited longest
            assert (await idle[-1].request("GET", "/")).status == 200

    run(look())


def test_connections_that_say_nothing_make_room(servers):
    server = servers({"limits": {"maxConnections": 10}})

    async def look() -> None:
        async with contextlib.AsyncExitStack() as stack:
            async with await Connection.open(server.address) as polling:
                sid = json.loads((await polling.request("GET", POLL)).body.decode()[1:])["sid"]
                silent = [await stack.enter_async_context(await Connection.open(server.address)) for _ in range(9)]
                quiet = Stopwatch()
                await asyncio.to_thread(wait_for, lambda: quiet.seconds() > 1.1, 5, "the time to say something to pass")
                async with await Connection.open(server.address) as late:
                    assert (await late.request("GET", POLL)).status == 200
                await silent[0].end()  # the one that has waited longest
                assert (await polling.request("POST", f"{POLL}&sid={sid}", b"40")).status == 200

    run(look())


def test_many_more_connections_than_the_limit_are_not_kept(servers):
    server = servers({"limits": {"maxConnections": 10}})

    async def look() -> None:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(1_050):
                await stack.enter_async_context(await Connection.open(server.address))
            assert server.metric("tcp_connections") <= 1_010

    run(look())
    assert server.metrics()['connects_total{outcome="too_many"}'] >= 40


def test_a_client_that_does_not_read_is_closed_and_the_others_hear(servers):
    server = servers(example("echo", protocol={"maxPayload": 100_000}, limits={"sendQueueBytes": 262_144}))

    async def look() -> None:
        async with await small_window(server) as slow, await open_websocket(server.address) as hearing, \
                await open_websocket(server.address) as sender:
            for websocket in (slow, hearing, sender):
                websocket.send("40")
                assert (await websocket.receive()).startswith("40")
            text = "x" * 90_000
            for number in range(100):  # the kernel takes several megabytes before the send queue has to hold any
                sender.send(f'42["message","{number} {text}"]')
                for websocket in (sender, hearing):
                    assert (await websocket.receive()).startswith(f'42["response",{{"echo":"{number} ')

    run(look())
    wait_for(lambda: server.metrics().get('closes_total{reason="slow_consumer"}') == 1, 5, lambda: str(server.metrics()))
    assert server.metric("send_queue_bytes") == 0


def test_a_message_as_large_as_the_memory_for_all_reaches_all(servers):
    """A broadcast is in memory once, so no client is a slow consumer because of the number of others."""
    limits = {"sendQueueBytes": 1 << 20, "totalSendQueueBytes": 1 << 20}
    server = servers(example("echo", protocol={"maxPayload": 1_000_000}, limits=limits))

    async def look() -> None:
        async with contextlib.AsyncExitStack() as stack:
            websockets = [await stack.enter_async_context(await open_websocket(server.address)) for _ in range(30)]
            for websocket in websockets:
                websocket.send("40")
                assert (await websocket.receive()).startswith("40")
            text = "x" * 900_000
            for number in range(3):
                websockets[number].send(f'42["message","{number} {text}"]')
                for websocket in websockets:
                    assert (await websocket.receive()).startswith(f'42["response",{{"echo":"{number} x')

    run(look(), 30)
    assert server.metrics()['closes_total{reason="slow_consumer"}'] == 0


def test_those_who_keep_most_are_cut_off_when_memory_is_short(servers):
    """Each of them keeps less than a session may, and who takes what it gets does not notice."""
    limits = {"sendQueueBytes": 1 << 20, "totalSendQueueBytes": 1 << 21}
    rules = {"/": {"events": {"message": [{"type": "Emit", "event": "message-back", "args": ["$args"]}]}}}
    server = servers({"limits": limits, "namespaces": rules})
    text = "x" * 500_000

    async def look() -> None:
        async with contextlib.AsyncExitStack() as stack:
            greedy = [await stack.enter_async_context(await small_window(server)) for _ in range(8)]
            healthy = await stack.enter_async_context(await open_websocket(server.address))
            for websocket in (*greedy, healthy):
                websocket.send("40")
                assert (await websocket.receive()).startswith("40")
            number = 0
            while server.metrics()['closes_total{reason="slow_consumer"}'] < 3:
                for websocket in greedy:
                    websocket.send(f'42["message","{text}"]')
                healthy.send(f'42["message",{number},"{text}"]')
                assert (await healthy.receive()).startswith(f'42["message-back",{number},"x')
                number += 1
            assert server.metric("send_queue_memory_bytes") <= 1 << 21

    run(look(), 30)


async def small_window(server: Server) -> WebSocket:
    """A WebSocket that takes a few kilobytes and is not read any further."""
    host, port = server.address.split(":")
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect((host, int(port)))
    reader, writer = await asyncio.open_connection(sock=raw, limit=4096)
    connection = Connection(reader, writer, server.address)
    answer = await connection.request("GET", SOCKET, **handshake())
    assert answer.status == 101, answer
    websocket = WebSocket(connection)
    assert (await websocket.receive()).startswith("0")
    return websocket


def test_what_one_turn_of_the_loop_sends_leaves_in_one_write_for_each_client(servers):
    server = servers(example("echo"))
    clients, messages = 20, 64

    async def look() -> float:
        async with contextlib.AsyncExitStack() as stack:
            websockets = [await stack.enter_async_context(await open_websocket(server.address)) for _ in range(clients)]
            for websocket in websockets:
                websocket.send("40")
                assert (await websocket.receive()).startswith("40")
            before = server.metric("websocket_writes_total")
            # One segment, so one read.
            packets = [f'42["message",{number}]' for number in range(messages)]
            websockets[0].connection.write(b"".join(frame(TEXT, packet.encode()) for packet in packets))
            for websocket in websockets:
                for number in range(messages):
                    assert await websocket.receive() == f'42["response",{{"echo":{number}}}]'
            return server.metric("websocket_writes_total") - before

    assert run(look()) == clients


def test_a_client_that_never_connects_to_a_namespace_is_closed(servers):
    server = servers({"protocol": {"connectTimeout": "300ms"}})

    async def look() -> None:
        async with await open_websocket(server.address) as silent, await open_websocket(server.address) as connected:
            connected.send("40")
            assert (await connected.receive()).startswith("40")
            await silent.closed()
            connected.send("42[\"nothing\"]")
            await round_trip(server.address)
            assert server.metric("connections") == 1

    run(look())
    assert server.metrics()['closes_total{reason="connect_timeout"}'] == 1


@pytest.mark.parametrize("attachments", [0, 1])
def test_a_binary_event_that_is_never_complete_is_not_waited_for(servers, attachments):
    """Not even if its client answers pings, which may come between attachments."""
    server = servers(example("echo", protocol={"pingInterval": "150ms", "pingTimeout": "850ms"}))

    async def look() -> None:
        async with await open_websocket(server.address) as waiting, await open_websocket(server.address) as whole:
            for websocket in (waiting, whole):
                websocket.send("40")
                assert (await websocket.receive()).startswith("40")
                websocket.send('452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]')
            for _ in range(attachments):
                waiting.send(b"x")
            for _ in range(2):
                whole.send(b"x")
            pongs = asyncio.create_task(answer_pings(whole))
            assert await answer_pings(waiting) >= 3
            assert not pongs.done()
            pongs.cancel()

    run(look())
    assert server.metrics()['closes_total{reason="body_timeout"}'] == 1


async def answer_pings(websocket: WebSocket) -> int:
    """Until the end; their number."""
    pings = 0
    with contextlib.suppress(Closed):
        while True:
            if await websocket.receive() == "2":
                pings += 1
                websocket.send("3")
    return pings


def test_a_session_is_known_to_its_own_replica_only(servers):
    home, elsewhere = (servers({}, name=name) for name in ("home", "elsewhere"))
    opening = requests.get(f"{home.url}{POLL}", timeout=5)
    assert opening.headers["Realtime-Replica"] == "home"
    sid = json.loads(opening.text[1:])["sid"]
    refusal = requests.post(f"{elsewhere.url}{POLL}&sid={sid}", data="40", timeout=5)
    assert refusal.status_code == 400
    error = refusal.json()
    assert error.pop("owner")  # opaque
    assert error == {"code": 1, "message": "Session ID unknown"}
    assert requests.post(f"{home.url}{POLL}&sid={sid}", data="40", timeout=5).text == "ok"


@pytest.mark.parametrize("arguments", [["--listen", "nowhere"], ["--nonsense"], ["--redis", "gopher://x"],
                                       ["--log-level", "loud"], ["--config", "/nowhere.yaml"]])
def test_a_wrong_command_line_ends_with_2(servers, arguments):
    ended = subprocess.run([*servers.command(), *arguments], capture_output=True, text=True, timeout=10, check=False)
    assert ended.returncode == 2
    assert ended.stderr.strip()


def test_a_wrong_configuration_ends_with_2_and_names_its_place(servers, tmp_path):
    file = tmp_path / "wrong.yaml"
    file.write_text("protocol:\n  pingInterval: 25s\n  pingTimout: 20s\n", encoding="utf-8")
    ended = subprocess.run([*servers.command(), "--config", file], capture_output=True, text=True, timeout=10, check=False)
    assert ended.returncode == 2
    assert "3:3" in ended.stderr and "pingTimout" in ended.stderr, ended.stderr
