"""Processes that are measured: on a core of their own, observed from outside, and killed with the benchmark."""

from __future__ import annotations

import ctypes
import dataclasses
import os
import pathlib
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


@dataclasses.dataclass(frozen=True)
class Command:
    words: Sequence[object]
    environment: Mapping[str, str | None] = dataclasses.field(default_factory=dict)  # None: not set
    folder: pathlib.Path | None = None


@dataclasses.dataclass(frozen=True)
class Memory:
    """Bytes."""

    resident: int   # shared libraries and the program's own pages included
    anonymous: int  # the process's alone: heap, stacks, and what it has written to


def free_port() -> int:
    """A free port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def raise_descriptor_limit(wanted: int) -> None:
    """For this process and its children; root may go beyond the hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except (ValueError, PermissionError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Process:
    """A process and its descendants, kept on one core; on any without one."""

    def __init__(self, command: Command, core: int | None, log: pathlib.Path, **options: object) -> None:
        def on_own_core() -> None:
            if core is not None:
                os.sched_setaffinity(0, {core})
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # nothing outlives a benchmark that was killed

        merged = {**os.environ, **command.environment}
        options = {"stdin": subprocess.DEVNULL, "stdout": None, **options}
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command.words], cwd=command.folder, stderr=output,
                env={name: value for name, value in merged.items() if value is not None},
                preexec_fn=on_own_core, start_new_session=True,
                **{**options, "stdout": options["stdout"] or output})

    def alive(self) -> bool:
        return self.process.poll() is None

    def pids(self) -> list[int]:
        """Its own and its descendants', which share the session that it was started in."""
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _session(pid) == self.process.pid]

    def cpu_ns(self) -> int:
        # A process's CPU clock is named by its inverted id; see clock_getcpuclockid(3).
        return sum(time.clock_gettime_ns((~pid << 3) | 2) for pid in self.pids())

    def memory(self) -> Memory:
        """Of processes that were forked from one another, shared pages count once."""
        totals = [_rollup(pid) for pid in self.pids()]
        resident = totals[0]["Rss"] if len(totals) == 1 else sum(total["Pss"] for total in totals)
        return Memory(resident, sum(total["Pss_Anon"] for total in totals))

    def settle(self, timeout: float = 10) -> None:
        """Waits until it is almost idle, or the timeout."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self.alive():
            before = self.cpu_ns()
            time.sleep(0.2)
            if self.cpu_ns() - before < 2_000_000:
                return

    def end(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def _rollup(pid: int) -> dict[str, int]:
    """Exact, unlike the counters of /proc/PID/status, which are kept for each core and summed now and then."""
    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()[1:]
    return {name: int(amount.split()[0]) * 1024 for name, amount in (line.split(":") for line in lines)}
