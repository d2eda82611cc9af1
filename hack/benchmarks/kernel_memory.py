"""What the kernel keeps for processes: sockets, what they have in their buffers, descriptors. A pod's cgroup is charged for
it as for the processes' own memory, so it is read from a cgroup of their own."""

from __future__ import annotations

import contextlib
import itertools
import os
import pathlib
from collections.abc import Iterable

_V1 = pathlib.Path("/sys/fs/cgroup/memory")
_V2 = pathlib.Path("/sys/fs/cgroup")
_numbers = itertools.count()


class KernelMemory:
    """Where no cgroup can be made, the figure is None. close() it when the processes have ended."""

    def __init__(self) -> None:
        self._folder: pathlib.Path | None = None
        folder = (_V1 if _V1.is_dir() else _V2) / f"realtime-bench-{os.getpid()}-{next(_numbers)}"
        with contextlib.suppress(OSError):
            folder.mkdir()
            limit = folder / "memory.kmem.tcp.limit_in_bytes"
            if limit.exists():
                limit.write_text(str(1 << 40), encoding="ascii")  # without a limit, v1 does not count what TCP has in buffers
            self._folder = folder

    def add(self, pids: Iterable[int]) -> None:
        """Counts what is kept for these from now on."""
        if self._folder is not None:
            for pid in pids:
                (self._folder / "cgroup.procs").write_text(str(pid), encoding="ascii")

    def bytes(self) -> int | None:
        if self._folder is None:
            return None
        if (self._folder / "memory.kmem.usage_in_bytes").exists():
            return sum(int((self._folder / f"memory.{it}.usage_in_bytes").read_text(encoding="ascii"))
                       for it in ("kmem", "kmem.tcp"))
        stat = dict(line.split() for line in (self._folder / "memory.stat").read_text(encoding="ascii").splitlines())
        return int(stat["kernel"]) + int(stat["sock"]) if "sock" in stat else None

    def close(self) -> None:
        if self._folder is not None:
            with contextlib.suppress(OSError):
                self._folder.rmdir()
