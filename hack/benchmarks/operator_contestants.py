"""Which operators are measured, and one of them as a process outside of the cluster."""

from __future__ import annotations

import dataclasses
import pathlib
import time
from collections.abc import Callable

from localcluster import binaries

from .contestants import OURS, PROGRAMS, build
from .operator_cluster import ControlPlane
from .operator_load import Refused, wait_until
from .processes import Command, Memory, Process, free_port

PEER = "controller-runtime"
LEASE = "bench"
QUIET_SECONDS = 2.0
QUIET_SHARE = 0.03  # of a core; an operator with nothing to do renews its Lease, and its runtime may tidy up
LOOK_SECONDS = 0.05


@dataclasses.dataclass(frozen=True)
class Contestant:
    name: str
    what: str
    prepare: Callable[[], pathlib.Path]  # the program


def _ours() -> pathlib.Path:
    build("realtime-operator")
    return PROGRAMS / "realtime-operator"


def _peer() -> pathlib.Path:
    name = "controller-runtime-operator"
    return binaries.ensure(name, binaries.go_program()) / name


CONTESTANTS = {it.name: it for it in (
    Contestant(OURS, "the realtime-operator", _ours),
    Contestant(PEER, "a small operator on controller-runtime 0.25, Go: tests/bench/peers/controller-runtime", _peer),
)}


@dataclasses.dataclass(frozen=True)
class Reading:
    """A process's clocks at one moment."""

    at: float  # of time.monotonic
    cpu: float  # seconds


class Operator:
    """An instance. All take the same flags: those that the programs have in common."""

    def __init__(self, program: pathlib.Path, plane: ControlPlane, log: pathlib.Path, lease: str = LEASE) -> None:
        self.log, self.lease = log, lease
        self._plane = plane
        words = [program, "--kubeconfig", plane.kubeconfig, "--metrics-bind-address", f"127.0.0.1:{free_port()}",
                 "--health-probe-bind-address", f"127.0.0.1:{free_port()}", "--leader-elect",
                 "--leader-elect-resource-name", lease, "--leader-elect-resource-namespace", "default"]
        self.started = time.monotonic()
        self._process = Process(Command(words), None, log)

    def read(self) -> Reading:
        self.check()
        return Reading(time.monotonic(), self._process.cpu_ns() / 1e9)

    def memory(self) -> Memory:
        return self._process.memory()

    def check(self) -> None:
        if not self._process.alive():
            raise Refused(f"the operator is gone; see {self.log}")

    def await_leading(self, other_than: str = "", seconds: float = 120) -> float:
        """Until somebody who is not `other_than` holds the Lease; gives the time of that."""
        def leads() -> bool:
            self.check()
            return self._plane.holder(self.lease) not in ("", other_than)
        wait_until(leads, seconds, "somebody to lead")
        return time.monotonic()

    def await_quiet(self, seconds: float = 900) -> Reading:
        """Until it has done next to nothing for a while; gives the reading at the while's beginning."""
        readings = [self.read()]

        def is_quiet() -> bool:
            readings.append(self.read())
            while readings[1].at <= readings[-1].at - QUIET_SECONDS:
                readings.pop(0)
            return is_idle(readings[0], readings[-1])
        wait_until(is_quiet, seconds, "the operator to have nothing to do", LOOK_SECONDS)
        return readings[0]

    def stop(self, seconds: float = 30) -> None:
        """Asks it to, and waits for it to be gone."""
        self._process.process.terminate()
        wait_until(lambda: not self._process.alive(), seconds, "the operator to stop")

    def ask_to_stop(self) -> None:
        self._process.process.terminate()

    def end(self) -> None:
        self._process.end()


def is_idle(first: Reading, last: Reading) -> bool:
    """Whether the readings are far enough apart, and little was done in between."""
    seconds = last.at - first.at
    return seconds >= QUIET_SECONDS and last.cpu - first.cpu <= QUIET_SHARE * seconds
