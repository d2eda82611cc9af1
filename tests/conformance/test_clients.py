"""The realtime server with the official clients, over each transport."""

import contextlib
import json
import threading

import pytest
import requests

from tests.support.clients import MODES, POLLING, UPGRADE, WEBSOCKET
from tests.support.official.client import OfficialClient, Opener, settle, states
from tests.support.official.piped import JavaOpener, NodeOpener
from tests.support.official.python import AsyncioOpener, PythonOpener
from tests.support.realtime_server import Server, example
from tests.support.waiting import wait_for

MAX_PAYLOAD = 1_000_000
# What JSON and each of the languages can say.
ARGUMENTS = [1, -2.5, True, None, "", "a \"quote\", \\ and \u2028", "emoji 🚢", [], {}, {"nested": [{"3": [False]}]}]
BINARY = [b"", bytes(range(256)), {"in": ["between", b"\x00\xff"]}, "text"]
LIBRARIES = {opener.library: opener for opener in (NodeOpener, PythonOpener, AsyncioOpener, JavaOpener)}
# All but those of whose attachments one may overtake its event, which is lost then: see ThreadClient.
with_binary = pytest.mark.parametrize("opener", [name for name in LIBRARIES if name != PythonOpener.library], indirect=True)


@pytest.fixture(scope="module")
def server(session_servers) -> Server:
    # The suite's pings come so often that a busy machine's clients would miss one.
    return session_servers(example("protocol-suite", protocol={"pingInterval": "25s", "pingTimeout": "20s"}), name="clients")


@pytest.fixture(scope="module", params=LIBRARIES)
def opener(request, server):
    made = LIBRARIES[request.param](server.url)
    yield made
    made.close()


@contextlib.contextmanager
def opened(opener: Opener, mode: str, **options: object):
    client = opener.open(mode, **options)
    try:
        settle(client)
        yield client
    finally:
        client.close()


@pytest.fixture(params=MODES)
def client(request, opener):
    with opened(opener, request.param, namespaces=("/", "/custom"), auth={"token": "sesame"}) as made:
        yield made


def wait_answered(client: OfficialClient, count: int, namespace: str = "/") -> list[list]:
    wait_for(lambda: len(client.heard("message-back", namespace)) >= count, 20,
             lambda: f"{count} answers; {client.state()}", 0.01)
    return client.heard("message-back", namespace)


def assert_undisturbed(client: OfficialClient) -> None:
    assert not client.disconnects and not client.errors, client.state()


def test_events_come_back_as_they_were_sent(client):
    client.emit("message", *ARGUMENTS)
    client.emit("message")
    assert wait_answered(client, 2) == [ARGUMENTS, []]
    assert_undisturbed(client)


def test_events_keep_their_order(client, peer):
    # More at once, and the peer ends the session of a polling Python client: see below.
    numbers = [[number] for number in range(12 if peer else 200)]
    for (number,) in numbers:
        client.emit("message", number)
    answers = wait_answered(client, len(numbers))
    assert (answers if client.keeps_order else sorted(answers)) == numbers
    assert_undisturbed(client)


def test_acknowledgements(client):
    assert client.call("message-with-ack", *ARGUMENTS) == ARGUMENTS
    assert client.call("message-with-ack") == []
    assert_undisturbed(client)


@with_binary
def test_binary_events_and_acknowledgements(client):
    for namespace in client.namespaces:
        client.emit("message", *BINARY, namespace=namespace)
        assert wait_answered(client, 1, namespace) == [BINARY]
        assert client.call("message-with-ack", *BINARY, namespace=namespace) == BINARY
    assert_undisturbed(client)


def test_namespaces_are_apart_on_one_connection(client):
    client.emit("message", "to the custom one", namespace="/custom")
    client.emit("message", "to the main one")
    assert wait_answered(client, 1, "/custom") == [["to the custom one"]]
    assert wait_answered(client, 1) == [["to the main one"]]
    assert client.call("message-with-ack", "custom", namespace="/custom") == ["custom"]
    # Other servers tell a room that is a sid by its length.
    assert {len(sid) for sid in client.sids.values()} == {20}
    assert len(set(client.sids.values())) == 2
    assert_undisturbed(client)


def test_auth_is_what_the_client_gave(client):
    for namespace in client.namespaces:
        wait_for(lambda namespace=namespace: client.heard("auth", namespace), 5, f"auth in {namespace}")
        assert client.heard("auth", namespace) == [[{"token": "sesame"}]]


@pytest.mark.parametrize("mode", MODES)
def test_auth_is_empty_when_none_was_given(opener, mode):
    with opened(opener, mode) as client:
        wait_for(lambda: client.heard("auth"), 5, "auth")
        assert client.heard("auth") == [[{}]]


@pytest.mark.parametrize("mode", MODES)
def test_an_unknown_namespace_is_refused_and_the_others_live(opener, mode):
    client = opener.open(mode, namespaces=("/", "/nobody"))
    try:
        wait_for(lambda: client.errors and "/" in client.sids, 20, client.state)
        assert client.errors == [("/nobody", "Invalid namespace")]
        assert client.call("message-with-ack", "still there") == ["still there"]
    finally:
        client.close()


@pytest.mark.parametrize("opener", ["socket.io-client", "java"], indirect=True)
@pytest.mark.parametrize("mode", MODES)
def test_leaving_one_namespace_keeps_the_other(opener, mode):
    with opened(opener, mode, namespaces=("/", "/custom")) as client:
        client.leave("/custom")
        wait_for(lambda: client.disconnects, 5, client.state)
        assert client.call("message-with-ack", 1) == [1]
        assert [namespace for namespace, _ in client.disconnects] == ["/custom"]


def test_a_message_just_under_max_payload(client):
    text = "x" * (MAX_PAYLOAD - 40)
    client.emit("message", text)
    assert wait_answered(client, 1) == [[text]]
    assert_undisturbed(client)


@with_binary
def test_binary_data_just_under_max_payload(client):
    # On polling it is base64 that counts, in Java's with a line break after every 76, and with the packet it belongs to.
    data = bytes(MAX_PAYLOAD * 3 // 4 * 76 // 77 - 200)
    assert client.call("message-with-ack", data) == [data]
    assert_undisturbed(client)


# Python's write no more after a refused POST, but poll on until the next ping is due. Java's does not see that its
# WebSocket is being closed, only that pings are missing.
@pytest.mark.parametrize(("opener", "mode"), [
    *(("socket.io-client", mode) for mode in MODES), ("python-socketio", WEBSOCKET), ("python-socketio", UPGRADE),
    ("python-socketio-asyncio", WEBSOCKET), ("python-socketio-asyncio", UPGRADE), ("java", POLLING)], indirect=["opener"])
def test_a_message_over_max_payload_ends_the_connection_and_the_client_comes_back(opener, mode):
    with opened(opener, mode) as client:
        first = client.sids["/"]
        client.emit("message", "x" * MAX_PAYLOAD)
        wait_for(lambda: client.disconnects, 20, client.state)
        settle(client)
        assert client.sids["/"] != first
        assert client.call("message-with-ack", "back") == ["back"]
        assert not client.heard("message-back")


@pytest.mark.ours
@pytest.mark.parametrize("mode", [POLLING, UPGRADE])
def test_more_packets_than_a_python_client_takes_in_one_poll(server, mode):
    """Its library refuses more than 16 packets in an answer, and disconnects."""
    opener = PythonOpener(server.url)
    try:
        with opened(opener, mode) as client:
            for number in range(500):
                client.emit("message", number)
            assert sorted(wait_answered(client, 500)) == [[number] for number in range(500)]
            assert_undisturbed(client)
    finally:
        opener.close()


def test_a_poll_is_answered_with_at_most_sixteen_packets(server, peer):
    session = requests.Session()
    target = f"{server.url}/socket.io/?EIO=4&transport=polling"
    sid = json.loads(session.get(target).text[1:])["sid"]
    target += f"&sid={sid}"
    assert session.post(target, data="40").text == "ok"
    connected = session.get(target).text.split("\x1e")
    assert connected[0].startswith("40{")
    for _ in range(3):
        session.post(target, data="\x1e".join(f'42["message",{number}]' for number in range(17)))
    answers = []
    while sum(map(len, answers)) < 51 + (len(connected) == 1):
        answers.append(session.get(target).text.split("\x1e"))
    assert peer or max(map(len, answers)) <= 16
    packets = [packet for answer in answers for packet in answer if "message-back" in packet]
    assert packets == [f'42["message-back",{number}]' for _ in range(3) for number in range(17)]


def test_clients_come_back_after_the_server_was_killed(servers):
    server = servers(example("protocol-suite", protocol={"pingInterval": "25s", "pingTimeout": "20s"}))
    openers = [made(server.url) for made in LIBRARIES.values()]
    try:
        clients = [opener.open(mode) for opener in openers for mode in MODES]
        settle(*clients)
        before = {client: client.sids["/"] for client in clients}
        server.kill()
        wait_for(lambda: all(client.disconnects for client in clients), 20, lambda: states(clients))
        server.start()
        settle(*clients, timeout=30)
        for client in clients:
            assert client.sids["/"] != before[client]
            assert client.call("message-with-ack", "back") == ["back"]
    finally:
        # Each waits for its own process to end.
        closing = [threading.Thread(target=opener.close) for opener in openers]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()
