"""What the conformance tests talk to, on this machine and without a cluster: the Flask example as two processes of one
fleet with a Redis between them; the realtime server, or the reference server instead (--server=reference)."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import subprocess
from collections.abc import Iterator

import pytest
import requests

from tests.support.realtime_server import Launcher
from tests.support.redis_server import RedisServer, free_port
from tests.support.waiting import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "flask-socketio"
LAUNCHERS: list[Launcher] = []


def pytest_addoption(parser):
    parser.addoption("--server", choices=("ours", "reference"), default="ours",
                     help="the realtime server (REALTIME_SERVER, or the one in build/dev/bin), or the reference server")
    parser.addoption("--redis-outage", type=float, default=8, help="seconds for which Redis is away")


def pytest_configure(config):
    config.addinivalue_line("markers", "ours: of features that the reference server lacks; left out with --server=reference")


def pytest_collection_modifyitems(config, items):
    if config.getoption("server") == "reference":
        left_out = [item for item in items if item.get_closest_marker("ours")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """The end of the servers' logs in the report of a failure."""
    report = (yield).get_result()
    if report.failed:
        report.sections += [(f"log of {server.name}", server.tail()) for launcher in LAUNCHERS
                            for server in launcher.running]


@dataclasses.dataclass(frozen=True)
class Fleet:
    redis_url: str
    urls: dict[str, str]  # of each replica, by its name
    python: str
    app: pathlib.Path


def answers(url: str) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(url, timeout=2).ok
    return False


@contextlib.contextmanager
def running(log: pathlib.Path, *command: object, **options: object) -> Iterator[subprocess.Popen]:
    with log.open("w") as output:
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=output, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def fleet(tmp_path_factory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    subprocess.run([EXAMPLE / "build.sh", folder], check=True)
    python = subprocess.run([ROOT / "tests" / "support" / "python_env", EXAMPLE / "requirements.txt"], check=True,
                            stdout=subprocess.PIPE, text=True).stdout.strip()
    redis_port, app = free_port(), folder / "app"
    redis_url = f"redis://127.0.0.1:{redis_port}/0"
    with contextlib.ExitStack() as stack:
        stack.enter_context(running(folder / "redis.log", "redis-server", "--bind", "127.0.0.1", "--port", redis_port,
                                    "--save", "", "--dir", folder))
        urls = {}
        for name in ("replica-a", "replica-b"):
            port = free_port()
            # Nobody waits for the clients of a test that is over.
            environment = {**os.environ, "PORT": str(port), "POD_NAME": name, "REDIS_URL": redis_url,
                           "GUNICORN_CMD_ARGS": "--graceful-timeout 0"}
            stack.enter_context(running(folder / f"{name}.log", python, "-m", "gunicorn", "app:app", cwd=app,
                                        env=environment))
            urls[name] = f"http://127.0.0.1:{port}"
        for name, url in urls.items():
            wait_for(lambda url=url: answers(f"{url}/healthz"), 30, f"{name} to answer; see {folder}")
        yield Fleet(redis_url, urls, python, app)


@pytest.fixture(scope="session")
def peer(pytestconfig) -> bool:
    """Whether the reference server is tested."""
    return pytestconfig.getoption("server") == "reference"


@pytest.fixture(scope="session")
def session_servers(peer, tmp_path_factory) -> Iterator[Launcher]:
    """Starts servers that end with the session."""
    yield from launching(peer, tmp_path_factory.mktemp("servers"))


@pytest.fixture
def servers(peer, tmp_path) -> Iterator[Launcher]:
    """Starts servers that end with the test: servers(config, name=…, redis_url=…)."""
    yield from launching(peer, tmp_path)


def launching(peer: bool, folder: pathlib.Path) -> Iterator[Launcher]:
    launcher = Launcher(folder, peer=peer)
    LAUNCHERS.append(launcher)
    yield launcher
    LAUNCHERS.remove(launcher)
    launcher.close()


@pytest.fixture(scope="module")
def module_redis(tmp_path_factory) -> Iterator[RedisServer]:
    with contextlib.closing(RedisServer(tmp_path_factory.mktemp("redis"))) as server:
        yield server


@pytest.fixture
def redis(tmp_path) -> Iterator[RedisServer]:
    with contextlib.closing(RedisServer(tmp_path)) as server:
        yield server
