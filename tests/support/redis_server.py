"""A real redis-server of a test, which can go away and come back."""

from __future__ import annotations

import contextlib
import pathlib
import signal
import socket
import subprocess

import redis

from .waiting import wait_for


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RedisServer:
    """It keeps its port over a restart."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        """Returns when it answers."""
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir", self._folder],
                stdout=log, stderr=log)
        wait_for(self.answers, 10, "redis-server to answer", 0.01)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        self._process.wait(timeout=10)

    close = stop

    def freeze(self) -> None:
        """It keeps its connections and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def client(self) -> redis.Redis:
        return redis.Redis(host="127.0.0.1", port=self.port, socket_timeout=2)

    def answers(self) -> bool:
        with contextlib.suppress(redis.ConnectionError, redis.TimeoutError), self.client() as client:
            return client.ping()
        return False

    def subscribers(self) -> set[str]:
        """The ids of the connections that have subscribed to something."""
        with self.client() as client:
            return {entry["id"] for entry in client.client_list(_type="pubsub") if int(entry["sub"])}
