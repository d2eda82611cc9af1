"""Processes of a contestant with a real Redis: what a broadcast costs that has to reach two of them, and what events to rooms
cost that others emit."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import time
from collections.abc import Iterator

from . import generator
from .contestants import Contestant, StartMember
from .generator import Broken
from .processes import Command, Process, free_port

BOOT_SECONDS = 30


class Fleet:
    """Each listens on a port. Redis is on the generator's core: its work is not the contestant's."""

    def __init__(self, contestant: Contestant, start: StartMember, members: int, cores: tuple[int, int],
                 logs: pathlib.Path) -> None:
        self.contestant = contestant
        self.log = logs / f"{contestant.name}-fleet.log"
        self.ports = [free_port() for _ in range(members)]
        self.redis_port = redis = free_port()
        self._redis = Process(Command(["redis-server", "--bind", "127.0.0.1", "--port", redis, "--save", ""]), cores[1],
                             logs / "redis.log")
        _await(redis)
        self.members = [Process(start(port, f"redis://127.0.0.1:{redis}/0"), cores[0], self.log) for port in self.ports]

    def await_ready(self, core: int) -> None:
        """Until clients of all have connected, and a broadcast has reached them."""
        deadline = time.monotonic() + BOOT_SECONDS
        while True:
            with contextlib.suppress(Broken):
                said = generator.measure("deliver", self.ports[0], [], core, self.log, connections=2, other=self.ports[-1],
                                         bursts=1, warm_up_bursts=1, patience=0.5)
                if said["deliveries"] == 3:
                    return
            if time.monotonic() > deadline:
                raise Broken(f"the processes of {self.contestant.name} do not reach each other; see {self.log}")
            time.sleep(0.1)

    def pids(self) -> list[int]:
        return [pid for member in self.members for pid in member.pids()]

    def settle(self) -> None:
        for member in self.members:
            member.settle()

    def end(self) -> None:
        for process in (*self.members, self._redis):
            process.end()


@contextlib.contextmanager
def running(contestant: Contestant, start: StartMember, members: int, cores: tuple[int, int],
            logs: pathlib.Path) -> Iterator[Fleet]:
    fleet = Fleet(contestant, start, members, cores, logs)
    try:
        fleet.await_ready(cores[1])
        yield fleet
    finally:
        fleet.end()


def _await(port: int) -> None:
    deadline = time.monotonic() + BOOT_SECONDS
    while True:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        if time.monotonic() > deadline:
            raise Broken("redis-server does not start")
        time.sleep(0.05)
