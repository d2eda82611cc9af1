"""A cgroup of its own for each node, in every hierarchy, so that no two clusters of a machine mix their pods.

The kubelet wants its root made beforehand. Both cgroup v1 (one hierarchy for each controller) and v2 are served.
"""

from __future__ import annotations

import os
import pathlib

from .layout import Layout, Node

_ROOT = pathlib.Path("/sys/fs/cgroup")


def _hierarchies() -> list[pathlib.Path]:
    """Mount points of every cgroup hierarchy, v1 and v2."""
    lines = pathlib.Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    return [pathlib.Path(fields[1]) for fields in map(str.split, lines) if fields[2] in ("cgroup", "cgroup2")]


def _roots(node: Node) -> list[pathlib.Path]:
    return [hierarchy / node.cgroup.lstrip("/") for hierarchy in _hierarchies()]


def ensure(node: Node) -> None:
    for root in _roots(node):
        root.mkdir(exist_ok=True)
        for file in ("cpuset.cpus", "cpuset.mems"):  # v1: empty in a new cgroup, and nothing can run in it then
            target = root / file
            if (root / "tasks").exists() and target.exists() and not target.read_text().strip():
                target.write_text((root.parent / file).read_text())
        _delegate(root)


def _delegate(root: pathlib.Path) -> None:
    """v2: hands the controllers that there are down to the node's cgroup; the kubelet does the levels below."""
    if not (root / "cgroup.controllers").exists():
        return
    available = (root.parent / "cgroup.controllers").read_text().split()
    for controller in available:
        try:
            (root.parent / "cgroup.subtree_control").write_text(f"+{controller}")
        except OSError:  # one that this machine does not let go of; the kubelet says if it needs it
            pass


def pids(layout: Layout) -> set[int]:
    """Every process in this cluster's cgroups, that is, in its pods."""
    found: set[int] = set()
    for node in layout.possible_nodes:
        for root in _roots(node):
            for folder, _, files in os.walk(root):
                if "cgroup.procs" in files:
                    try:
                        found.update(map(int, pathlib.Path(folder, "cgroup.procs").read_text().split()))
                    except OSError:  # removed meanwhile, or a threaded cgroup
                        pass
    return found


def exist(layout: Layout) -> bool:
    return any(root.exists() for node in layout.possible_nodes for root in _roots(node))


def remove(layout: Layout) -> None:
    for node in layout.possible_nodes:
        for root in _roots(node):
            for folder, _, _ in os.walk(root, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:  # still busy; the caller looks again
                    pass
