"""What browsers, the official clients of other languages and proxies really send, as raw requests."""

import asyncio
import json

import pytest
import requests

from tests.support.raw import POLL, SOCKET, Answer, Connection, WebSocket, handshake, open_polling, open_websocket, run
from tests.support.realtime_server import Server, example
from tests.support.waiting import wait_for

pytestmark = pytest.mark.ours
PAGE = "https://chat.example.com"


def ask(server: Server, method: str, target: str, body: bytes | None = None, **headers: str) -> Answer:
    async def look() -> Answer:
        async with await Connection.open(server.address) as connection:
            return await connection.request(method, target, body, **headers)
    return run(look())


def ask_raw(server: Server, request: str) -> Answer:
    async def look() -> Answer:
        async with await Connection.open(server.address) as connection:
            connection.write(request.encode())
            return await connection.answer()
    return run(look())


@pytest.mark.parametrize(("host", "origin", "status"), [
    ("h.test:443", "wss://h.test", 101),  # Starscream, as Socket.IO's client for Swift has it
    ("h.test", "https://h.test:443", 101),
    ("h.test:80", "ws://h.test", 101),
    ("h.test:8080", "http://h.test:8080", 101),  # okhttp on Android with an Origin of its own
    ("h.test:8443", "wss://h.test", 403),
    ("h.test", "https://other.test", 403)])
def test_the_own_origin_has_many_spellings(servers, host, origin, status):
    assert ask(servers({}), "GET", SOCKET, Host=host, Origin=origin, **handshake()).status == status


@pytest.mark.parametrize("line", [
    # URLSession's and Starscream's order and spelling; two lines of Connection, as some proxies write them.
    "Upgrade: websocket\r\nConnection: Upgrade\r\nConnection: keep-alive\r\n",
    "Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n",
    "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"])
def test_headers_of_an_upgrade_may_take_several_lines(servers, line):
    request = (f"GET {SOCKET} HTTP/1.1\r\nHost: h.test\r\n{line}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n")
    answer = ask_raw(servers({}), request)
    assert answer.status == 101
    assert answer.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert "sec-websocket-extensions" not in answer.headers


def test_a_subprotocol_that_is_offered_is_selected(servers):
    server = servers({})
    for offered, selected in (("bearer.abc", "bearer.abc"), ("a, b", "a")):
        answer = ask(server, "GET", SOCKET, Sec_WebSocket_Protocol=offered, **handshake())
        assert (answer.status, answer.headers["sec-websocket-protocol"]) == (101, selected)
    assert "sec-websocket-protocol" not in ask(server, "GET", SOCKET, **handshake()).headers

    async def upgrade() -> Answer:
        connection, target = await open_polling(server.address)
        async with connection, await Connection.open(server.address) as other:
            return await other.request("GET", target.replace("polling", "websocket"), Sec_WebSocket_Protocol="x",
                                       **handshake())

    assert run(upgrade()).headers["sec-websocket-protocol"] == "x"


def test_a_preflight_request_may_ask_for_any_header(servers):
    server = servers({"allowedOrigins": [PAGE]})
    wants = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "authorization,x-team"}
    answer = ask(server, "OPTIONS", POLL, Origin=PAGE, **wants)
    assert answer.status == 204
    assert answer.headers["access-control-allow-headers"] == "authorization,x-team"
    refused = ask(server, "OPTIONS", POLL, Origin="https://other.example.com", **wants)
    assert not [name for name in refused.headers if name.startswith("access-control")]


def test_an_allowed_page_may_read_every_answer(servers):
    server = servers({"allowedOrigins": [PAGE], "protocol": {"maxPayload": 1024}})

    async def look() -> dict[str, Answer]:
        async with await Connection.open(server.address) as connection:
            opened = await connection.request("GET", POLL, Origin=PAGE)
            target = f"{POLL}&sid={json.loads(opened.text[1:])['sid']}"
            answers = {"handshake": opened, "POST": await connection.request("POST", target, "40", Origin=PAGE),
                       "poll": await connection.request("GET", target, Origin=PAGE)}
            for name, request in {
                    "unknown session": ("GET", f"{POLL}&sid=AAEAnothingAAAAAAAAA"), "bad method": ("PUT", POLL),
                    "too large": ("POST", target, b"x" * 2000), "path": ("GET", "/nowhere"),
                    "version": ("GET", POLL.replace("EIO=4", "EIO=3"))}.items():
                async with await Connection.open(server.address) as other:
                    answers[name] = await other.request(*request, Origin=PAGE)
            return answers

    answers = run(look())
    assert {name: answer.status for name, answer in answers.items()} == {
        "handshake": 200, "POST": 200, "poll": 200, "unknown session": 400, "bad method": 400, "too large": 413,
        "path": 404, "version": 400}
    for name, answer in answers.items():
        assert answer.headers.get("access-control-allow-origin") == PAGE, name
        assert answer.headers.get("access-control-allow-credentials") == "true", name


@pytest.mark.parametrize(("config", "origin", "allowed", "credentials"), [
    ({"allowedOrigins": ["*"]}, PAGE, "*", None),
    ({"allowedOrigins": ["*"], "allowCredentials": True}, PAGE, PAGE, "true"),
    ({"allowedOrigins": [PAGE]}, PAGE, PAGE, "true"),
    ({"allowedOrigins": [PAGE], "allowCredentials": False}, PAGE, PAGE, None),
    ({"allowedOrigins": ["file://"]}, "file://", "file://", "true"),
    ({"allowedOrigins": ["null"]}, "null", "null", "true"),
    ({"allowedOrigins": ["https://H.example:443"]}, "https://h.example", "https://h.example", "true")])
def test_credentials_are_for_pages_that_are_named(servers, config, origin, allowed, credentials):
    answer = ask(servers(config), "GET", POLL, Origin=origin)
    assert answer.status == 200
    assert answer.headers.get("access-control-allow-origin") == allowed
    assert answer.headers.get("access-control-allow-credentials") == credentials


@pytest.mark.parametrize(("limits", "size", "status"), [({}, 9_500, 200), ({}, 17_000, 431),
                                                        ({"headerBytes": 32_768}, 30_000, 200)])
def test_a_user_may_have_many_cookies(servers, limits, size, status):
    server = servers({"limits": limits})
    assert ask(server, "GET", POLL, Cookie="c=" + "x" * size).status == status
    assert ask(server, "GET", SOCKET, Cookie="c=" + "x" * size, **handshake()).status == (101 if status == 200 else 431)


def test_an_idle_connection_is_kept_for_as_long_as_is_set(servers):
    server = servers({"limits": {"idleTimeout": "1s"}})

    async def look() -> float:
        async with await Connection.open(server.address) as connection:
            assert (await connection.request("GET", POLL)).status == 200
            loop = asyncio.get_running_loop()
            begin = loop.time()
            assert await connection.end() == b""
            return loop.time() - begin

    assert 0.9 <= run(look()) <= 3


def test_a_target_may_be_in_absolute_form(servers):
    server = servers({})
    assert ask(server, "GET", f"http://h.test{POLL}").status == 200
    assert ask(server, "GET", f"http://h.test{SOCKET}", Host="x", Origin="http://h.test", **handshake()).status == 101
    assert ask(server, "GET", f"http://x{SOCKET}", Host="h.test", Origin="http://h.test", **handshake()).status == 403


def test_http_1_0_has_no_chunks(servers):
    server = servers({})
    request = (f"POST {POLL}&sid=x HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
               "2\r\n40\r\n0\r\n\r\n")
    answer = ask_raw(server, request)
    assert (answer.status, answer.headers["connection"]) == (400, "close")


FORWARDED = {"Host": "inner:8080", "X_Forwarded_For": "203.0.113.7", "X_Forwarded_Host": "h.test", "X_Forwarded_Proto": "wss"}


def test_a_trusted_proxy_tells_host_and_scheme(servers):
    trusting, other = servers({"trustedProxies": ["127.0.0.0/8"]}), servers({}, name="other")
    for origin, status in (("https://h.test", 101), ("http://h.test", 403), ("http://inner:8080", 403)):
        assert ask(trusting, "GET", SOCKET, Origin=origin, **FORWARDED, **handshake()).status == status
    assert ask(other, "GET", SOCKET, Origin="https://h.test", **FORWARDED, **handshake()).status == 403
    # The log says what to change, and names who was refused.
    line = wait_for(lambda: next((line for line in other.lines() if "origin" in line), None), 5, "a line in the log")
    assert (line["origin"], line["host"], line["address"]) == ("https://h.test", "inner:8080", "127.0.0.1")
    assert "trustedProxies" in line["msg"] and "X-Forwarded-Host" in line["msg"]


def test_an_address_has_so_many_sessions(servers):
    server = servers({"trustedProxies": ["127.0.0.1"], "limits": {"perAddress": 2}, "demoPage": False})

    async def look() -> None:
        async with await open_websocket(server.address), await open_websocket(server.address), \
                await Connection.open(server.address) as connection:
            refused = await connection.request("GET", POLL)
            assert refused.status == 429 and int(refused.headers["retry-after"]) > 0
        for headers in ({"X_Forwarded_For": "203.0.113.7"}, {"X_Forwarded_For": "203.0.113.8, 127.0.0.1"}):
            assert await statuses(server, 3, **headers) == [200, 200, 429]
        async with await Connection.open(server.address) as connection:
            connection.write(b"PROXY TCP4 203.0.113.7 127.0.0.1 1234 80\r\n")
            assert (await connection.request("GET", POLL)).status == 429

    run(look())
    assert server.metrics()['connects_total{outcome="too_many_of_address"}'] == 4
    addresses = {line["address"] for line in server.lines() if line.get("reason") == "too_many_of_address"}
    assert addresses >= {"127.0.0.1", "203.0.113.7"}
    wait_for(lambda: requests.get(f"{server.url}{POLL}", timeout=5).status_code == 200, 5, "room for others")


async def statuses(server: Server, count: int, **headers: str) -> list[int]:
    """Of so many handshakes, each on a connection of its own."""
    answers = []
    for _ in range(count):
        async with await Connection.open(server.address) as connection:
            answers.append((await connection.request("GET", POLL, **headers)).status)
    return answers


@pytest.mark.parametrize(("limits", "outcome"), [({"maxSessions": 3}, "too_many_sessions"),
                                                 ({"connectsPerSecond": 3}, "too_fast")])
def test_sessions_are_bounded_also_on_one_connection(servers, limits, outcome):
    server = servers({"limits": limits})

    async def look() -> list[Answer]:
        async with await Connection.open(server.address) as connection:
            answers = [await connection.request("GET", POLL) for _ in range(3)]
        async with await Connection.open(server.address) as connection:
            return [*answers, await connection.request("GET", POLL)]

    answers = run(look())
    assert [answer.status for answer in answers] == [200, 200, 200, 503]
    assert int(answers[-1].headers["retry-after"]) > 0 and "see limits." in answers[-1].text
    assert server.metrics()[f'connects_total{{outcome="{outcome}"}}'] == 1


@pytest.mark.parametrize("limits", [{"messagesPerSecond": 10}, {"bytesPerSecond": 200}])
@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_who_sends_faster_than_allowed_is_read_from_later(servers, limits, transport):
    """In order, without loss, and the others do not notice."""
    server = servers(example("echo", limits=limits))
    packets = [f'42["message",{number:5}]' for number in range(20)]  # 20 bytes each, with what stands before them

    async def look() -> float:
        loop = asyncio.get_running_loop()
        async with await open_websocket(server.address) as hearing:
            hearing.send("40")
            assert (await hearing.receive()).startswith("40")
            begin = loop.time()
            if transport == "websocket":
                async with await open_websocket(server.address) as sender:
                    for packet in ("40", *packets):
                        sender.send(packet)
                    return await hear(hearing) - begin
            connection, target = await open_polling(server.address)
            async with connection:
                connection.ask("POST", target, "\x1e".join(["40", *packets]))
                heard = await hear(hearing)
                assert (await connection.answer()).text == "ok"
                return heard - begin

    async def hear(websocket: WebSocket) -> float:
        for number in range(len(packets)):
            assert json.loads((await websocket.receive())[2:]) == ["response", {"echo": number}]
        return asyncio.get_running_loop().time()

    assert 0.8 <= run(look()) <= 3
    assert server.metric("pauses_total") > 0


def test_a_message_and_its_attachments_are_limited_together(servers):
    server = servers(example("echo"))

    async def look() -> int:
        async with await open_websocket(server.address) as websocket:
            websocket.send("40")
            assert (await websocket.receive()).startswith("40")
            websocket.send('452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]')
            for _ in range(2):
                websocket.send(b"x" * 600_000)
            return await websocket.closed()

    assert run(look()) == 1009
    assert server.metrics()['closes_total{reason="message_too_big"}'] == 1
