"""Starts, finds and watches the cluster's own processes.

Each carries a mark in its environment that names the data folder. That is how they are found again: a pid file may be
stale and its number another program's, but nobody else has the mark. Shims inherit it from containerd.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator

from .progress import Failure

MARK = "REALTIME_CLUSTER_MEMBER"
_LOG_LIMIT = 20_000_000
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def all_pids() -> Iterator[int]:
    return (int(entry) for entry in os.listdir("/proc") if entry.isdigit())


def read_proc(pid: int, file: str) -> bytes:
    """A file of /proc/PID; empty when the process is gone (or a zombie, whose environment is empty)."""
    try:
        return pathlib.Path(f"/proc/{pid}/{file}").read_bytes()
    except OSError:
        return b""


def tail(log: pathlib.Path, lines: int = 12) -> str:
    """The last lines of a log, indented, for a failure's message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 20_000))
            last = file.read().decode(errors="replace").splitlines()[-lines:]
    except OSError:
        return ""
    return "".join(f"\n    {line[:400]}" for line in last)


class Processes:
    """The long-running processes of one data folder, each known by a name such as `etcd` or `node1-kubelet`."""

    def __init__(self, data: pathlib.Path, path: Iterable[pathlib.Path] = ()):
        self.folder = data / "run"
        self.logs = data / "log"
        self._mark = f"{MARK}={data}".encode()
        self._environment = {
            "PATH": ":".join([*map(str, path), _SYSTEM_PATH]),
            "HOME": str(data),  # what would be written to a home goes away with the cluster
            MARK: str(data),
        }
        self._children: dict[str, subprocess.Popen[bytes]] = {}  # kept, so that a dead child is reaped

    def _is_ours(self, pid: int) -> bool:
        environment = read_proc(pid, "environ")
        for _ in range(5):
            if environment or not os.path.exists(f"/proc/{pid}/exe"):  # kernel threads and zombies have no program
                break
            time.sleep(0.001)  # it is empty for a moment within execve, too
            environment = read_proc(pid, "environ")
        return self._mark in environment.split(b"\0")

    def members(self) -> list[int]:
        """Every process with the mark, known by name or not."""
        return [pid for pid in all_pids() if self._is_ours(pid)]

    def log(self, name: str) -> pathlib.Path:
        return self.logs / f"{name}.log"

    def names(self) -> list[str]:
        return sorted(file.stem for file in self.folder.glob("*.json"))

    def _record(self, name: str) -> dict[str, object]:
        try:
            record = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def pid(self, name: str) -> int | None:
        """The pid of a process that runs, None of one that does not."""
        if child := self._children.get(name):
            return child.pid if child.poll() is None else None
        pid = self._record(name).get("pid")
        return pid if isinstance(pid, int) and self._is_ours(pid) else None

    def start(self, name: str, command: list[str], *, netns: str | None = None,
              configuration: Iterable[pathlib.Path] = ()) -> bool:
        """Starts it unless it runs already with the same command and configuration. True if it was started."""
        digest = hashlib.sha256("\0".join(command).encode())
        for file in configuration:
            digest.update(file.read_bytes())
        pid = self.pid(name)
        if pid and self._record(name).get("digest") == digest.hexdigest():
            return False
        if pid:
            self.stop(name)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.log(name)
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        # nsenter, not `ip netns exec`: that one mounts /sys again and hides the cgroups from the kubelet. nsenter
        # replaces itself by the command, so the pid stays.
        prefix = ["nsenter", f"--net=/run/netns/{netns}", "--"] if netns else []
        with log.open("ab") as output:
            child = subprocess.Popen([*prefix, *command], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                     env=self._environment, start_new_session=True, cwd="/")
        self._children[name] = child
        record = {"pid": child.pid, "digest": digest.hexdigest()}
        (self.folder / f"{name}.json").write_text(json.dumps(record), encoding="utf-8")
        return True

    def stop(self, name: str, patience: float = 10) -> None:
        """SIGTERM, and SIGKILL if that is not heard."""
        deadline = time.monotonic() + patience
        while pid := self.pid(name):
            try:
                os.kill(pid, signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL)
            except ProcessLookupError:
                return
            time.sleep(0.1)

    def failure(self, name: str, what: str) -> Failure:
        return Failure(f"{what}; the log is {self.log(name)} and ends with:{tail(self.log(name))}")

    def wait(self, what: str, name: str, ready: Callable[[], bool], seconds: float = 90,
             explain: Callable[[], str] | None = None) -> None:
        """Waits until `ready` says so; `name` is the process that is to blame if it dies, and if it takes too long,
        unless `explain` has something better to say.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.pid(name):
                raise self.failure(name, f"{name} ended while waiting for {what}")
            if time.monotonic() > deadline:
                late = f"{what}: not within {seconds:.0f} s"
                raise Failure(f"{late}; {explain()}") if explain else self.failure(name, late)
            time.sleep(0.05)
