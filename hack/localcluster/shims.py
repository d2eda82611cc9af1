"""containerd's shims: one process for each pod, with a socket in a place that no setting moves.

The sockets' names are hashes; whose they are stands in containerd's state, and follows from a running shim's command
line. A killed shim leaves its socket, and containerd forgets it at its next start, so it is looked up before that.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import pathlib
import socket

from .layout import Layout
from .processes import all_pids, read_proc

SOCKETS = pathlib.Path("/run/containerd/s")


def pids(layout: Layout) -> set[int]:
    """Shims of this cluster, by the containerd that they serve."""
    address = f"{layout.short}/".encode()
    return {pid for pid in all_pids()
            if b"containerd-shim" in (line := read_proc(pid, "cmdline")) and b"-address\0" + address in line}


def sockets(folder: pathlib.Path) -> list[pathlib.Path]:
    """The sockets of the shims that the containerd of this node folder knows."""
    found = set()
    for file in folder.glob("containerd/state/io.containerd.runtime.v2.task/*/*/bootstrap.json"):
        with contextlib.suppress(OSError, ValueError):  # a pod that ends; a machine that died
            address = json.loads(file.read_text(encoding="utf-8"))["address"]
            found.add(pathlib.Path(address.removeprefix("unix://")))
    return [path for path in found if path.parent == SOCKETS]


def sockets_of_running(layout: Layout) -> list[pathlib.Path]:
    """The same without that state, which may have been deleted: named as by SocketAddress in containerd's pkg/shim."""
    found = []
    for pid in pids(layout):
        words = read_proc(pid, "cmdline").decode().split("\0")
        flags = dict(zip(words[1::2], words[2::2], strict=False))
        if {"-address", "-namespace", "-id"} <= flags.keys():
            name = f"{flags['-address']}/{flags['-namespace']}/{flags['-id']}"
            found.append(SOCKETS / hashlib.sha256(name.encode()).hexdigest())
    return found


def remove_dead_sockets(folder: pathlib.Path) -> None:
    for path in sockets(folder):
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)
            except FileNotFoundError:
                pass
