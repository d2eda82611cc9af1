"""The example as two processes of one fleet on this machine, with a Redis between them and no cluster."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import socket
import subprocess
from collections.abc import Iterator

import pytest
import requests

from tests.support.waiting import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "flask-socketio"


@dataclasses.dataclass(frozen=True)
class Fleet:
    redis_url: str
    urls: dict[str, str]  # of each replica, by its name
    python: str
    app: pathlib.Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url: str) -> bool:
    with contextlib.suppress(requests.ConnectionError):
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
