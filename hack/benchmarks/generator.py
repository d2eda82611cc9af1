"""The load generator, tests/bench/generator: called once for a measurement, or kept to hold idle sessions."""

from __future__ import annotations

import json
import pathlib
import subprocess
from collections.abc import Iterable

from .contestants import PROGRAMS, build
from .processes import Command, Process

PROGRAM = PROGRAMS / "bench-generator"


class Broken(Exception):
    """A measurement that failed, and why."""


def prepare() -> None:
    build("bench-generator")


def _words(mode: str, port: int, options: dict[str, object]) -> list[object]:
    return [PROGRAM, mode, f"port={port}", *(f"{name.replace('_', '-')}={value}" for name, value in options.items())]


def measure(mode: str, port: int, pids: Iterable[int], core: int, log: pathlib.Path, **options: object) -> dict:
    """Runs one measurement and returns its result."""
    options = {"pids": ",".join(map(str, pids)), "core": core, **options}
    process = Process(Command(_words(mode, port, options)), core, log, stdout=subprocess.PIPE)
    try:
        said = process.process.stdout.read()
        if process.process.wait() != 0:
            raise Broken(f"the generator exited with {process.process.returncode}; see {log}")
        return json.loads(said)
    finally:
        process.end()


class Holder:
    """A generator that keeps sessions open."""

    def __init__(self, port: int, core: int, log: pathlib.Path, connections: int, polling: bool, protocol: str) -> None:
        words = _words("hold", port, {"connections": connections, "polling": int(polling), "protocol": protocol,
                                      "core": core})
        self._process = Process(Command(words), core, log, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._connections = connections

    def tell(self, command: str) -> None:
        """Starts `open`, `churn TIMES` or `close`; answer() waits for its end."""
        self._process.process.stdin.write(command.encode() + b"\n")
        self._process.process.stdin.flush()

    def answer(self, joined: bool = True) -> None:
        """Broken if not all sessions are as they should be."""
        said = json.loads(self._process.process.stdout.readline() or b'{"joined": 0, "lost": 0, "why": "it exited"}')
        wanted = self._connections if joined else 0
        if said["joined"] != wanted or said["lost"]:
            raise Broken(f"{said['joined']} of {wanted} sessions are open, {said['lost']} were lost: {said['why']}")

    def cpu_ns(self) -> int:
        return self._process.cpu_ns()

    def end(self) -> None:
        self._process.end()
