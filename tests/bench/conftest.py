"""The load generator and the baseline, built, and servers for it."""

from __future__ import annotations

import contextlib
import json
import pathlib
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import yaml

from tests.support import realtime_server
from tests.support.programs import built
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_for

HERE = pathlib.Path(__file__).parent


class Server:
    """A process to put load on."""

    def __init__(self, process: subprocess.Popen, port: int, programs: pathlib.Path) -> None:
        self.process, self.port = process, port
        self._generator = programs / "bench-generator"

    def words(self, mode: str, **options: object) -> list[str]:
        named = {"port": self.port, "pids": self.process.pid, **options}
        return [str(self._generator), mode, *(f"{name.replace('_', '-')}={value}" for name, value in named.items())]

    def generate(self, mode: str, **options: object) -> dict:
        """What the generator says of this server."""
        done = subprocess.run(self.words(mode, **options), stdout=subprocess.PIPE, check=True, timeout=60)
        return json.loads(done.stdout)

    def begin(self, mode: str, **options: object) -> subprocess.Popen:
        return subprocess.Popen(self.words(mode, **options), stdout=subprocess.PIPE)

    def deliver(self, **options: object) -> dict:
        """A short measurement; messages are numbered from 0, the first 3 are the warm-up."""
        return self.generate("deliver", **{"connections": 3, "burst": 1, "bursts": 20, "bursts_a_second": 100,
                                           "warm_up_bursts": 3, "patience": 0.5, **options})


@pytest.fixture(scope="session")
def programs() -> pathlib.Path:
    """The folder of the built programs."""
    return built("dev", "bench-generator", "bench-baseline")


@pytest.fixture
def faulty(programs) -> Iterator[Callable[[str], Server]]:
    """Starts a server with a fault, by its name in faulty_server.py; none is fine."""
    with contextlib.ExitStack() as stack:
        def start(fault: str) -> Server:
            process = stack.enter_context(subprocess.Popen([sys.executable, HERE / "faulty_server.py", fault],
                                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            return Server(process, int(process.stdout.readline()), programs)
        yield start


@pytest.fixture
def ours(programs, tmp_path) -> Iterator[Server]:
    """The bundled server, as hack/bench starts it."""
    with serving(programs, tmp_path) as server:
        yield server


@pytest.fixture
def ours_with_redis(programs, tmp_path) -> Iterator[tuple[Server, RedisServer]]:
    with contextlib.closing(RedisServer(tmp_path)) as redis, serving(programs, tmp_path, redis.url) as server:
        yield server, redis


@contextlib.contextmanager
def serving(programs: pathlib.Path, folder: pathlib.Path, redis_url: str | None = None) -> Iterator[Server]:
    program = built("release", "realtime-server") / "realtime-server"
    config = yaml.safe_load((HERE / "server.yaml").read_text(encoding="utf-8"))
    with contextlib.closing(realtime_server.Server(folder, [str(program)], config, redis_url=redis_url)) as server:
        server.start()
        if redis_url:
            wait_for(lambda: server.readiness()[0] == 200, 10, "the server to subscribe")
        yield Server(server.process, int(server.address.split(":")[1]), programs)


@pytest.fixture
def baseline(programs) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def listens() -> bool:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return True
        return False

    with subprocess.Popen([programs / "bench-baseline", str(port)]) as process:
        try:
            wait_for(listens, 10, "the baseline to listen")
            yield Server(process, port, programs)
        finally:
            process.kill()
