"""Removes a cluster whole: processes, pods, mounts, cgroups, namespaces, links, files. Works on a cluster that runs and
on the remains of one, and finds everything by names that no other checkout's cluster has.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from . import cgroups, network, shims
from .layout import Layout
from .processes import Processes, all_pids, read_proc
from .progress import Failure, say

_CNI_RESULTS = pathlib.Path("/var/lib/cni/results")
_CONTAINER_LOGS = pathlib.Path("/var/log/containers")
_DEVICE_PLUGINS = pathlib.Path("/var/lib/kubelet/device-plugins")
_DEVICE_PLUGIN_FILES = ("kubelet.sock", "DEPRECATION", "kubelet_internal_checkpoint")


def remains(layout: Layout) -> bool:
    """Whether anything of this checkout's cluster, running or dead, is on the machine."""
    return bool(layout.data.exists() or layout.short.exists() or network.remains(layout) or cgroups.exist(layout)
                or Processes(layout.data).members())


def remove(layout: Layout) -> None:
    """Leaves nothing behind; raises if something resists."""
    processes = Processes(layout.data)
    sockets = [path for node in layout.possible_nodes for path in shims.sockets(node.folder)]
    sockets += shims.sockets_of_running(layout)
    _kill_everything(layout, processes)
    say("its processes have exited")
    _unmount(layout)
    _remove_cgroups(layout)
    network.remove(layout)
    _remove_outside(layout, sockets)
    for folder in (layout.short, layout.data):
        if folder.exists():
            shutil.rmtree(folder)
    if layout.data.parent.exists():
        with contextlib.suppress(OSError):
            layout.data.parent.rmdir()  # build/, if nothing else is in it
    say("its mounts, cgroups, network and files are removed")


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _in_namespaces(layout: Layout) -> set[int]:
    """Whoever else was put into the nodes' namespaces, a shell of a person's included: they could not be removed."""
    found: set[int] = set()
    for node in layout.possible_nodes:
        if (network.NETNS_FOLDER / node.netns).exists():
            listed = subprocess.run(["ip", "netns", "pids", node.netns], capture_output=True, text=True, check=False)
            found.update(map(int, listed.stdout.split()))
    return found


def _kill_everything(layout: Layout, processes: Processes) -> None:
    for node in layout.possible_nodes:  # first, or they start again what is killed next
        if pid := processes.pid(f"{node.name}-kubelet"):
            _kill(pid)
    deadline = time.monotonic() + 20
    while True:
        left = {*processes.members(), *shims.pids(layout), *cgroups.pids(layout), *_in_namespaces(layout)}
        left.discard(os.getpid())
        if not left:
            return
        if time.monotonic() > deadline:
            raise Failure(f"these processes of the cluster do not exit: {sorted(left)}")
        for pid in left:
            _kill(pid)
        time.sleep(0.05)


def mounts(layout: Layout) -> list[str]:
    """Mount points in the cluster's folders, deepest first."""
    lines = pathlib.Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    points = (re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), line.split()[1]) for line in lines)
    ours = (f"{layout.data}/", f"{layout.short}/")
    return sorted((point for point in points if point.startswith(ours)), reverse=True)


def _unmount(layout: Layout) -> None:
    for _ in range(5):  # on one mount point there may be several mounts
        points = mounts(layout)
        if not points:
            return
        for point in points:
            subprocess.run(["umount", "-l", point], capture_output=True, check=False)
    if points := mounts(layout):
        raise Failure(f"still mounted, so nothing was deleted: {', '.join(points[:5])}")


def _remove_cgroups(layout: Layout) -> None:
    deadline = time.monotonic() + 10
    while cgroups.exist(layout):
        cgroups.remove(layout)
        if time.monotonic() > deadline:
            raise Failure(f"these cgroups cannot be removed: /sys/fs/cgroup/*/{layout.identity}-*")
        time.sleep(0.05)


def _remove_outside(layout: Layout, sockets: list[pathlib.Path]) -> None:
    """What containerd, CNI and the kubelet keep in places that no setting moves."""
    ours = [*sockets, *(file for file in _CNI_RESULTS.glob("*") if _is_result_of(layout, file))]
    if _CONTAINER_LOGS.is_dir():
        ours += [link for link in _CONTAINER_LOGS.iterdir()
                 if link.is_symlink() and os.readlink(link).startswith(f"{layout.data}/")]
    if not _other_kubelet():
        ours += [_DEVICE_PLUGINS / name for name in _DEVICE_PLUGIN_FILES]
    for file in ours:
        file.unlink(missing_ok=True)
    for folder in (shims.SOCKETS, shims.SOCKETS.parent, _CNI_RESULTS, _CNI_RESULTS.parent, _CONTAINER_LOGS,
                   _DEVICE_PLUGINS, _DEVICE_PLUGINS.parent):
        with contextlib.suppress(OSError):
            folder.rmdir()  # only where nothing of anybody is left in it


def _is_result_of(layout: Layout, file: pathlib.Path) -> bool:
    """libcni keeps a file for each pod and network; it names the pod's namespace, which is mounted in our folder."""
    try:
        return f'"netns":"{layout.data}/' in file.read_text(encoding="utf-8")
    except FileNotFoundError:  # of another cluster, whose pod has just ended
        return False


def _other_kubelet() -> bool:
    return any(os.path.basename(read_proc(pid, "cmdline").split(b"\0")[0]) == b"kubelet" for pid in all_pids())
