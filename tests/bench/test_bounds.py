"""What clients can make one replica use at most: the rows of "Limits" in docs/server-configuration.md, each attacked. Watched
from outside: the process's peak memory, what other clients get and in which order, and how soon one is answered."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest
import requests

from benchmarks.kernel_memory import KernelMemory
from tests.bench import attacks
from tests.bench.attacks import close_all, events, frame, request
from tests.support.long_run import choose
from tests.support.programs import built
from tests.support.raw import POLL, TEXT
from tests.support.realtime_server import Server
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_for

MIB = 1 << 20
LIMITS = {"totalSendQueueBytes": 32 * MIB, "totalReceiveBytes": 16 * MIB, "connectsPerSecond": 0}
BOUND = 48 * MIB + 64 * MIB  # the sum of the limits, and what the server may need beside them
KERNEL_BYTES = 544 * 1024  # for each connection
ANSWERED_WITHIN = 0.25  # seconds
CLIENTS = choose(500, 2_000)
RULES = {"/": {"events": {"message": [{"type": "Broadcast", "event": "response", "args": [{"echo": "$1"}]}],
                          "ask": [{"type": "Acknowledge", "args": ["$args"]}]}},
         "/probe": {"events": {"ask": [{"type": "Acknowledge", "args": ["$1"]}]}}}


class Probe:
    """A client that asks again and again; how long it waited for an answer at worst, and what the kernel kept for the server
    at most meanwhile."""

    def __init__(self, port: int, kernel: KernelMemory) -> None:
        self._kernel, self.kernel = kernel, 0
        self._raw = attacks.open_websocket(port, namespace="/probe")
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.worst, self.answers, self.failure = 0.0, 0, None
        self._thread.start()

    def _ask(self) -> None:
        try:
            while not self._ends.wait(0.02):
                begin = time.monotonic()
                self._raw.sendall(frame(TEXT, b'42/probe,1["ask",7]'))
                got = attacks.read_until(self._raw, b"43/probe,1[7]")
                if b"\x81\x012" in got:  # a ping
                    self._raw.sendall(frame(TEXT, b"3"))
                self.worst = max(self.worst, time.monotonic() - begin)
                self.answers += 1
                self.kernel = max(self.kernel, self._kernel.bytes())
        except OSError as error:
            self.failure = error

    def stop(self) -> None:
        self._ends.set()
        self._thread.join()
        close_all([self._raw])
        assert self.failure is None, self.failure


class Witnesses:
    """Clients that read everything; see `bench-generator witness`."""

    def __init__(self, generator: pathlib.Path, port: int, clients: int, senders: int = 1) -> None:
        self._process = subprocess.Popen([generator, "witness", f"port={port}", f"connections={clients}", f"senders={senders}"],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.tell("open")["joined"] == clients

    def tell(self, command: str) -> dict:
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def await_each(self, count: int, seconds: float) -> None:
        """Until each has got so many broadcasts, none more, and every sender's in order."""
        wait_for(lambda: self.tell("report")["least"] >= count, seconds, lambda: f"{count} broadcasts: {self.tell('report')}", 0.2)
        told = self.tell("report")
        assert (told["least"], told["most"], told["out_of_order"], told["strange"], told["lost"]) == (count, count, 0, 0, 0), told

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()


@dataclasses.dataclass
class World:
    server: Server
    generator: pathlib.Path
    kernel: KernelMemory
    redis: RedisServer | None = None

    @property
    def port(self) -> int:
        return int(self.server.address.split(":")[1])

    def resident(self) -> int:
        return self.server.resident_bytes()

    def peak(self) -> int:
        status = pathlib.Path(f"/proc/{self.server.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)[1]) * 1024

    @contextlib.contextmanager
    def watched(self, what: str, connections: int, more: int = 0) -> Iterator[Probe]:
        """Memory is within the bound, and comes back; a client is answered in time. `connections`: how many there are at most.
        `more`: bytes that the attack may take in sessions and rooms."""
        pathlib.Path(f"/proc/{self.server.process.pid}/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
        start = self.resident()
        probe = Probe(self.port, self.kernel)
        try:
            yield probe
        finally:
            probe.stop()
        peak = self.peak()
        print(f"\n{what}: {start / MIB:.1f} MiB at the start, {peak / MIB:.1f} at the peak; answered after "
              f"{probe.worst * 1000:.0f} ms at worst, {probe.answers} times; the kernel kept {probe.kernel / MIB:.1f} MiB, "
              f"{probe.kernel / 1024 / (connections + 1):.0f} KiB for each of {connections:,} connections and the one that asks")
        assert 0 < probe.kernel <= (connections + 1) * KERNEL_BYTES
        assert peak <= start + BOUND + more
        assert probe.answers > 0 and probe.worst <= ANSWERED_WITHIN
        wait_for(lambda: self.resident() <= 1.2 * start, 60,
                 lambda: f"memory to come back: {start / MIB:.1f} MiB before, {self.resident() / MIB:.1f} now", 0.5)
        print(f"{what}: {self.resident() / MIB:.1f} MiB afterwards")


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    with serving(tmp_path) as world:
        yield world


@pytest.fixture
def world_with_redis(tmp_path) -> Iterator[World]:
    """Whose clients are missed soon."""
    pings = {"pingInterval": "1s", "pingTimeout": "4s"}
    with contextlib.closing(RedisServer(tmp_path)) as redis, serving(tmp_path, protocol=pings, redis=redis) as world:
        yield world


@contextlib.contextmanager
def serving(folder: pathlib.Path, limits: dict | None = None, protocol: dict | None = None,
            redis: RedisServer | None = None) -> Iterator[World]:
    generator = built("dev", "bench-generator") / "bench-generator"
    program = built("release", "realtime-server") / "realtime-server"
    config = {"limits": {**LIMITS, **(limits or {})}, "protocol": protocol or {}, "namespaces": RULES}
    with contextlib.closing(KernelMemory()) as kernel, \
            contextlib.closing(Server(folder, [str(program)], config, redis_url=redis.url if redis else None)) as server:
        server.start()
        kernel.add([server.process.pid])
        if redis:
            wait_for(lambda: server.readiness()[0] == 200, 10, "the server to subscribe")
        world = World(server, generator, kernel, redis)
        settle(world)
        yield world


def settle(world: World) -> None:
    """What the first of everything takes."""
    with contextlib.closing(attacks.connect(world.port)) as raw:
        attacks.open_polling(raw)
    close_all([attacks.open_websocket(world.port)])


def test_one_post_of_very_many_small_events(world):
    packets = events(0, choose(20_000, 48_000))  # the latter are the megabyte that a POST may have
    with contextlib.closing(Witnesses(world.generator, world.port, CLIENTS)) as witnesses, world.watched("one POST", CLIENTS + 1):
        with contextlib.closing(attacks.connect(world.port)) as raw:
            target = attacks.open_polling(raw)
            raw.settimeout(choose(60, 300))
            assert attacks.ask(raw, request("POST", target, b"\x1e".join(packets))) == b"200 ok"
        witnesses.await_each(len(packets), choose(60, 300))


@pytest.mark.parametrize(("each", "clients"), choose([(100, CLIENTS)], [(240, CLIENTS), (45_000, 10)]))
def test_very_many_small_events_from_many_websockets_at_once(world, each, clients):
    """A megabyte of them in all, and with few others a megabyte from each, of which the server takes what it can in five
    seconds. What it took reaches everyone."""
    senders = 200
    with contextlib.closing(Witnesses(world.generator, world.port, clients, senders)) as witnesses, \
            world.watched(f"200 WebSockets with {each} events each", clients + senders):
        everything, sizes = {}, {}
        for sender in range(senders):
            frames = [frame(TEXT, packet) for packet in events(sender, each)]
            raw = attacks.open_websocket(world.port, small_to_send=True)
            everything[raw], sizes[raw] = b"".join(frames), [len(it) for it in frames]
        with attacks.Drain(everything):
            taken = attacks.send_all(everything, 5)
            witnesses.await_each(sum(count_whole(sizes[raw], taken[raw]) for raw in everything), choose(60, 500))
        close_all(everything)


def count_whole(sizes: list[int], taken: int) -> int:
    """How many frames are complete within so many bytes."""
    count = 0
    for size in sizes:
        if taken < size:
            break
        taken -= size
        count += 1
    return count


def test_acknowledgements_that_nobody_reads(world):
    asks = b"".join(frame(TEXT, b'42%d["ask","%s"]' % (number % 1000, b"x" * 1000)) for number in range(20_000))
    with world.watched("acknowledgements", 100) as probe:
        greedy = [attacks.open_websocket(world.port, small_to_send=True, small_to_read=True) for _ in range(100)]
        attacks.send_all(dict.fromkeys(greedy, asks), choose(5, 30))
        close_all(greedy)
    assert probe.kernel > 100 * 65_536  # what TCP has in buffers is counted
    assert world.server.metrics()['closes_total{reason="slow_consumer"}'] > 0
    assert world.server.metric("send_queue_memory_bytes") < MIB


def test_attachments_that_never_end(world):
    announced = frame(TEXT, b"4510-" + json.dumps(["message", *({"_placeholder": True, "num": n} for n in range(10))]).encode())
    data = announced + attacks.attachment(100_000) * 9
    with world.watched("attachments", 1_000):
        clients = [attacks.open_websocket(world.port) for _ in range(1_000)]
        attacks.send_all(dict.fromkeys(clients, data), 30)
        close_all(clients)
    assert world.server.metrics()['closes_total{reason="overloaded"}'] > 0
    assert world.server.metric("received_memory_bytes") == 0


@pytest.mark.parametrize("what", ["bodies", "messages", "requests"])
def test_what_is_never_complete(world, what):
    begun = {"bodies": f"POST {POLL}&sid={{sid}} HTTP/1.1\r\nHost: h\r\nContent-Length: 999999\r\n\r\n".encode() + bytes(900_000),
             "requests": b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 16_000}
    with world.watched(what, 4_000 if what == "requests" else 500):
        if what == "messages":
            clients = {attacks.open_websocket(world.port): frame(TEXT, b"x" * 999_000)[:-1] for _ in range(500)}
        else:
            clients = {}
            for _ in range(500 if what == "bodies" else 4_000):
                raw = attacks.connect(world.port)
                sid = attacks.open_polling(raw).rpartition("=")[2] if what == "bodies" else ""
                clients[raw] = begun[what].replace(b"{sid}", sid.encode())
        attacks.send_all(clients, 30)
        wait_for(lambda: world.server.metrics()['closes_total{reason="overloaded"}'] > 0, 10, "some to be closed")
        close_all(clients)
    assert world.server.metric("received_memory_bytes") == 0


@pytest.mark.parametrize("connections", [1, 1_000])
def test_handshakes_as_fast_as_they_can_be(tmp_path, connections):
    sessions = 20_000
    handshakes = request("GET", POLL) * 1_000
    # About fifty are replaced before the server has closed them. They keep less than nine with full buffers would.
    at_most = connections + 9
    with serving(tmp_path, {"maxSessions": sessions, "connectsPerSecond": 10_000}, {"connectTimeout": "10s"}) as world, \
            world.watched(f"handshakes over {connections} connections", at_most, more=sessions * 2_048):
        end = time.monotonic() + choose(5, 60)
        while time.monotonic() < end:
            raws = [attacks.connect(world.port) for _ in range(connections)]
            # They read nothing, so each gets as many answers as its buffers take.
            attacks.send_all(dict.fromkeys(raws, handshakes), 2)
            close_all(raws)
        metrics = world.server.metrics()
        assert metrics['connections{transport="polling"}'] <= sessions
        assert metrics['connects_total{outcome="too_many_sessions"}'] > 0
    made = sum(value for name, value in metrics.items() if name.startswith("connects_total"))
    print(f"{made:.0f} handshakes were asked for")


def test_a_flood_of_rooms(world_with_redis):
    world = world_with_redis
    clients, rooms = 100, 1_500
    with contextlib.closing(world.redis.client()) as redis, world.watched("rooms", clients, more=clients * 1_000 * 400):
        opened = [attacks.connect(world.port) for _ in range(clients)]
        sids = []
        for raw in opened:
            target = attacks.open_polling(raw)
            sids.append(json.loads(attacks.ask(raw, request("GET", target)).partition(b"40")[2])["sid"])
        for number in range(rooms):
            with redis.pipeline(transaction=False) as pipe:
                for sid in sids:
                    pipe.publish("flask-socketio", json.dumps({"method": "enter_room", "sid": sid, "namespace": "/",
                                                               "room": f"{sid}-{number}-{'r' * 60}", "host_id": "x"}))
                pipe.execute()
        wait_for(lambda: world.server.metric("redis_messages_total") >= clients * rooms, 30,
                 lambda: f"{clients * rooms} rooms: {world.server.metric('redis_messages_total')}; {world.server.tail(5)}")
        close_all(opened)
        wait_for(lambda: world.server.metric("connections") <= 1, 60, "the sessions to end")


def test_a_message_of_a_hundred_megabytes_from_redis(world_with_redis):
    world = world_with_redis
    with contextlib.closing(world.redis.client()) as redis, world.watched("a message from Redis", 1):
        redis.config_set("client-output-buffer-limit", "pubsub 0 0 0")  # or Redis would disconnect the server
        redis.publish("flask-socketio", b'{"method":"emit","event":"x","data":"' + bytes(100_000_000) + b'"}')
        wait_for(lambda: world.server.metric("redis_messages_refused_total") == 1, 30, "the message to be refused")


def test_silent_connections_to_the_admin_port_delay_no_probe(world):
    host, port = world.server.admin.split(":")
    silent = [socket.create_connection((host, int(port))) for _ in range(50)]
    for number, raw in enumerate(silent):
        if number % 2 == 0:
            raw.sendall(b"GET /readyz HTTP/1.1\r\nHost:")  # half a request
    times = []
    for _ in range(20):
        begin = time.monotonic()
        assert requests.get(f"http://{world.server.admin}/readyz", timeout=5).status_code == 200
        times.append(time.monotonic() - begin)
    close_all(silent)
    print(f"\n/readyz beside 50 silent connections: {max(times) * 1000:.1f} ms at worst")
    assert max(times) <= 0.1
    assert requests.post(f"http://{world.server.admin}/readyz", timeout=5).status_code == 405
    assert requests.get(f"http://{world.server.admin}/nowhere", timeout=5).status_code == 404
