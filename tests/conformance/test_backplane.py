"""Two realtime servers, a Flask-SocketIO process and a write-only emitter on one Redis: one fleet. As the peer, all three
members are Flask-SocketIO."""

import contextlib
import dataclasses
import itertools
import json

import flask_socketio
import pytest
import requests

from tests.support import exactly_once
from tests.support.clients import MODES, POLLING, UPGRADE, WEBSOCKET
from tests.support.exactly_once import assert_undisturbed, echoes
from tests.support.official.client import OfficialClient, Opener, settle, states
from tests.support.official.piped import JavaOpener, NodeOpener
from tests.support.official.python import AsyncioOpener, PythonOpener
from tests.support.realtime_server import Server, example
from tests.support.redis_server import RedisServer
from tests.support.relay import RedisRelay
from tests.support.waiting import Stopwatch, wait_for

CHANNEL = "flask-socketio"
MESSAGES = 1_000


@dataclasses.dataclass
class Fleet:
    redis: RedisServer
    replicas: list[Server]  # two of ours
    member: Server | None  # of Flask-SocketIO
    openers: dict[tuple[str, type], Opener] = dataclasses.field(default_factory=dict)
    clients: list[OfficialClient] = dataclasses.field(default_factory=list)

    def do(self, *steps: tuple[str, dict]) -> object:
        """What the code of the Flask app does, one after the other; the result of the last."""
        answer = requests.post(f"{self.member.url}/do", json=steps, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    def open(self, server: Server, mode: str, library: type[Opener] = NodeOpener) -> OfficialClient:
        opener = self.openers.get((server.url, library)) or library(server.url)
        self.openers[server.url, library] = opener
        self.clients.append(client := opener.open(mode))
        return client

    def open_each(self, *modes: str) -> list[OfficialClient]:
        """A client of each of our two, settled."""
        clients = [self.open(server, mode) for server, mode in zip(self.replicas, modes, strict=True)]
        settle(*clients)
        return clients

    def close_clients(self) -> None:
        while self.clients:
            self.clients.pop().close()

    def close(self) -> None:
        for opener in self.openers.values():
            opener.close()

    def emitter(self) -> flask_socketio.SocketIO:
        """What a background process has: it serves no clients, and only publishes."""
        return flask_socketio.SocketIO(message_queue=self.redis.url)

    def publish(self, payload: bytes | str) -> None:
        with self.redis.client() as client:
            client.publish(CHANNEL, payload)


@pytest.fixture(scope="module")
def whole_fleet(module_redis, session_servers):
    replicas = [session_servers(example("echo"), name=f"replica-{letter}", redis_url=module_redis.url) for letter in "ab"]
    fleet = Fleet(module_redis, replicas, session_servers.member(name="member", redis_url=module_redis.url))
    for server in (*fleet.replicas, fleet.member):
        requests.get(f"{server.url}/socket.io/?EIO=4&transport=polling", timeout=5)  # Python subscribes at its first client
    wait_for(lambda: len(module_redis.subscribers()) == 3, 10, "all to subscribe", 0.01)
    yield fleet
    fleet.close()


@pytest.fixture
def fleet(whole_fleet):
    """Without any clients yet. The member hears nothing for some seconds after a Redis that was away."""
    yield whole_fleet
    whole_fleet.close_clients()


def wait_echo(clients: list[OfficialClient], echo: object, timeout: float = 20) -> None:
    wait_for(lambda: all(echo in echoes(client) for client in clients), timeout,
             lambda: f"{echo!r} at every client; {states(clients)}", 0.01)


def test_a_message_reaches_every_client_exactly_once(fleet, peer):
    first, second = fleet.replicas
    # Flask-SocketIO loses a poll whose answer holds a binary that went to a WebSocket as well.
    polling = WEBSOCKET if peer else POLLING
    clients = [fleet.open(server, mode) for server in (first, second) for mode in (polling, WEBSOCKET, UPGRADE)]
    clients += [fleet.open(fleet.member, mode) for mode in (WEBSOCKET, UPGRADE, WEBSOCKET)]
    clients += [fleet.open(first, polling, AsyncioOpener), fleet.open(second, WEBSOCKET, JavaOpener)]
    settle(*clients)
    # Senders: one on each server, over each transport.
    exactly_once.prove(clients, [clients[index] for index in (0, 4, 8)], fleet.do, fleet.emitter(), MESSAGES // 5)


def test_a_client_acknowledges_to_the_process_that_asked(fleet):
    clients = [fleet.open(server, mode) for server in fleet.replicas for mode in MODES]
    clients += [fleet.open(fleet.replicas[0], POLLING, PythonOpener), fleet.open(fleet.replicas[1], UPGRADE, JavaOpener)]
    settle(*clients)
    for number, client in enumerate(clients):
        args = [number, {"nested": [None, "ü"]}]
        assert fleet.do(("call", {"event": "ask", "args": args, "to": client.sids["/"]})) == ["got", *args]
        # The answer may be there before the client has told us what it answered.
        wait_for(lambda who=client, sent=args: who.heard("ask") == [sent], 10, lambda who=client: str(who.heard("ask")), 0.01)
    assert_undisturbed(clients)


def test_rooms_are_left_and_closed_and_clients_disconnected(fleet):
    clients = [fleet.open(server, mode) for server in fleet.replicas for mode in (POLLING, WEBSOCKET)]
    settle(*clients)
    sids = {client: client.sids["/"] for client in clients}
    numbers = itertools.count()

    def who_hears(**to: object) -> list[OfficialClient]:
        """Of an emit; all of it was received when a later one to every client has arrived."""
        asked, end = next(numbers), next(numbers)
        fleet.do(("emit", {"event": "response", "args": [{"echo": asked}], **to}),
                 ("emit", {"event": "response", "args": [{"echo": end}]}))
        wait_echo([client for client in clients if client.sids], end)
        return [client for client in clients if asked in echoes(client)]

    fleet.do(*(("enter_room", {"sid": sid, "room": room}) for sid in sids.values() for room in ("blue", 7)))
    assert who_hears(to="blue") == clients
    assert who_hears(to=7) == clients
    fleet.do(("leave_room", {"sid": sids[clients[0]], "room": "blue"}))
    assert who_hears(to="blue") == clients[1:]
    assert who_hears(to=[sids[clients[0]], "blue"]) == clients
    fleet.do(("close_room", {"room": "blue"}))
    assert who_hears(to="blue") == []
    assert who_hears(to=7) == clients
    assert who_hears(to=sids[clients[3]]) == clients[3:]
    for client in (clients[0], clients[3]):
        fleet.do(("disconnect", {"sid": sids[client]}))
        wait_for(lambda client=client: client.disconnects, 10, client.state)
        assert client.disconnects == [("/", "io server disconnect")]
    assert who_hears() == clients[1:3]
    assert who_hears(to=sids[clients[0]]) == []
    assert_undisturbed(clients[1:3])


JUNK = [
    b"", b"\x00\xff\xfe", b"{", b"[]", b"null", b'"text"', b"17", b"[" * 100_000, b"{}", b'{"method":"nothing"}', b'{"method":1}',
    b"\x80\x04\x95\x20\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.",
    *(json.dumps({"method": "emit", "namespace": "/", "host_id": "x", **fields}).encode() for fields in (
        {}, {"event": 5, "data": {}}, {"event": "response", "data": [1], "binary": True},
        {"event": "response", "data": [[{"_placeholder": True, "num": 3}], "AA=="], "binary": True},
        {"event": "response", "data": [[{"_placeholder": True, "num": 0}], "!!!!"], "binary": True},
        {"event": "response", "data": [1], "room": {"an": "object"}}, {"event": "response", "data": [1], "namespace": "/nobody"},
        {"event": "response", "data": [1], "namespace": 5}, {"event": "response", "data": [1], "callback": ["too", "short"]})),
    *(json.dumps({"method": method}).encode()
      for method in ("callback", "disconnect", "enter_room", "leave_room", "close_room", "constructor")),
]


def refused(fleet: Fleet) -> list[float]:
    return [replica.metric("redis_messages_refused_total") for replica in fleet.replicas]


@pytest.mark.ours  # a number restarts the loop in which the peer receives
def test_junk_on_the_channel_changes_nothing(fleet):
    clients = fleet.open_each(WEBSOCKET, WEBSOCKET)
    before = refused(fleet)
    for payload in JUNK:
        fleet.publish(payload)
    fleet.emitter().emit("response", {"echo": "after the junk"})
    wait_echo(clients, "after the junk")
    assert all(echoes(client)[-1] == "after the junk" for client in clients)
    assert_undisturbed(clients)
    for replica, count in zip(fleet.replicas, before, strict=True):
        assert replica.metric("redis_messages_refused_total") > count
        assert replica.readiness()[0] == 200


@pytest.mark.ours  # the peer hands it on, and every JavaScript client that gets it disconnects
def test_what_is_no_json_is_refused_and_counted(fleet):
    clients = fleet.open_each(WEBSOCKET, WEBSOCKET)
    before, emitter = refused(fleet), fleet.emitter()
    for number in (float("nan"), float("inf"), -float("inf")):
        emitter.emit("response", {"echo": [number]})
    emitter.emit("response", {"echo": "a lone surrogate \ud800"})
    emitter.emit("response", {"echo": "after them"})
    wait_echo(clients, "after them")
    for client in clients:
        assert echoes(client) == ["a lone surrogate \ud800", "after them"]
    assert refused(fleet) == [count + 3 for count in before]
    assert_undisturbed(clients)


def hear_each_other(pairs: list[tuple[OfficialClient, OfficialClient]], label: str, timeout: float) -> float:
    """Each first one sends until the second one hears; the seconds that took."""
    watch, numbers = Stopwatch(), itertools.count()

    def all_heard() -> bool:
        number = next(numbers)
        for sender, _ in pairs:
            sender.emit("message", [label, sender.name, number])
        return all(any(echo[:2] == [label, sender.name] for echo in echoes(hearer) if isinstance(echo, list))
                   for sender, hearer in pairs)

    wait_for(all_heard, timeout, lambda: f"{label}; {states(client for pair in pairs for client in pair)}", 0.05)
    return watch.seconds()


def exchange_while(seconds: float, fleet: Fleet, clients: list[OfficialClient], label: str) -> None:
    """For so long the clients of each replica continue to exchange messages, replicas are ready, and new clients are let in."""
    watch, numbers = Stopwatch(), itertools.count()

    def still_well() -> bool:
        number = next(numbers)
        for client in clients:
            client.emit("message", [label, client.name, number])
        for replica in fleet.replicas:
            assert replica.readiness()[0] == 200, replica.readiness()
            handshake = requests.get(f"{replica.url}/socket.io/?EIO=4&transport=polling", timeout=5)
            assert handshake.status_code == 200, handshake.text
        for client in clients:
            wait_echo([client], [label, client.name, number], 2)
        return watch.seconds() > seconds

    wait_for(still_well, seconds + 30, "Redis to be away long enough", 0.1)


@pytest.mark.ours
def test_redis_goes_away_and_comes_back(fleet, pytestconfig):
    outage = pytestconfig.getoption("redis_outage")
    one, other = clients = fleet.open_each(WEBSOCKET, POLLING)
    both_ways = [(one, other), (other, one)]
    hear_each_other(both_ways, "before", 5)
    fleet.redis.stop()
    exchange_while(outage, fleet, clients, "while it is away")
    assert all(replica.metric("redis_publishes_lost_total") > 0 for replica in fleet.replicas)
    fleet.redis.start()
    assert hear_each_other(both_ways, "after it came back", 10) <= 2
    assert_undisturbed(clients)


@pytest.mark.ours
def test_redis_stops_answering_and_continues(fleet):
    one, other = clients = fleet.open_each(WEBSOCKET, WEBSOCKET)
    fleet.redis.freeze()
    exchange_while(2, fleet, clients, "while it is frozen")
    fleet.redis.thaw()
    assert hear_each_other([(one, other), (other, one)], "after it was frozen", 10) <= 2
    assert_undisturbed(clients)


@pytest.mark.ours
def test_a_killed_subscription_is_recreated(fleet):
    one, other = clients = fleet.open_each(WEBSOCKET, WEBSOCKET)
    # One for each process; the one in Python may still be coming back from an outage.
    wait_for(lambda: len(fleet.redis.subscribers()) == 3, 20, "every process to be subscribed", 0.05)
    before = fleet.redis.subscribers()
    with fleet.redis.client() as client:
        client.client_kill_filter(_type="pubsub")
    assert hear_each_other([(one, other), (other, one)], "after the kill", 10) <= 2
    assert not before & fleet.redis.subscribers()
    assert_undisturbed(clients)


@pytest.mark.ours
def test_a_replica_that_receives_nothing_from_redis_reports_it_and_recovers(redis, servers):
    relay = RedisRelay(redis.port)
    with contextlib.closing(relay):
        silent = servers(example("echo"), name="not-receiving", redis_url=relay.url)
        hearing = servers(example("echo"), name="hearing", redis_url=redis.url)
        with contextlib.closing(Fleet(redis, [silent, hearing], None)) as fleet:
            one, other = clients = fleet.open_each(WEBSOCKET, WEBSOCKET)
            hear_each_other([(one, other), (other, one)], "before", 5)
            relay.deafen()
            wait_for(lambda: silent.readiness()[0] == 503, 30, "the replica that receives nothing to report it", 0.1)
            assert "subscri" in silent.readiness()[1].lower() or "not receiving" in silent.readiness()[1], silent.readiness()
            assert hearing.readiness()[0] == 200
            # It can still publish, and serves its own clients.
            hear_each_other([(one, other), (one, one)], "while it receives nothing", 5)
            relay.heal()
            wait_for(lambda: silent.readiness()[0] == 200, 10, "the replica to be ready again", 0.05)
            assert hear_each_other([(one, other), (other, one)], "after it received nothing", 5) <= 2
            assert_undisturbed(clients)


@pytest.mark.ours
def test_a_replica_is_not_ready_before_its_first_subscription(redis, servers):
    redis.stop()
    replica = servers(example("echo"), name="early", redis_url=redis.url)
    try:
        status, message = replica.readiness()
        assert status == 503 and message
    finally:
        redis.start()
    wait_for(lambda: replica.readiness()[0] == 200, 5, lambda: f"ready: {replica.readiness()}", 0.05)


@pytest.mark.ours
def test_what_is_wrong_with_redis_is_in_the_readiness_and_in_the_log_once(redis, servers):
    with redis.client() as client:
        client.config_set("requirepass", "right")  # its own connection is let in already
        replica = servers(example("echo"), name="stranger", redis_url=redis.url.replace("//", "//:wrong@"))
        wait_for(lambda: "WRONGPASS" in replica.readiness()[1], 5, lambda: str(replica.readiness()), 0.05)
        assert replica.readiness()[0] == 503
        tries = client.info("stats")["total_connections_received"]
        wait_for(lambda: client.info("stats")["total_connections_received"] > tries + 4, 10, "it to try again", 0.05)
    problems = [line["problem"] for line in replica.lines() if "problem" in line]
    assert len(problems) == 2 and all("refuses the user or the password" in problem for problem in problems), problems


@pytest.mark.ours
def test_a_redis_that_takes_no_publishes_is_named_by_a_replica_that_is_ready(redis, servers):
    with redis.client() as client:
        client.execute_command("ACL", "SETUSER", "default", "-publish")
    replica = servers(example("echo"), name="mute", redis_url=redis.url)
    wait_for(lambda: replica.readiness() == (200, "ok\n"), 5, lambda: str(replica.readiness()), 0.05)
    with contextlib.closing(NodeOpener(replica.url)) as opener:
        client = opener.open(WEBSOCKET)
        settle(client)
        client.emit("message", "to all")
        wait_for(lambda: [{"echo": "to all"}] in client.heard("response"), 5, client.state)
    wait_for(lambda: "NOPERM" in replica.readiness()[1], 5, lambda: str(replica.readiness()), 0.05)
    assert replica.readiness()[0] == 200
