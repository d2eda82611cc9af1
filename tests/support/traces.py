"""What a local cluster leaves on the machine: namespaces, links, mounts, cgroups, processes, files."""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "hack"))

from localcluster.layout import Layout  # noqa: E402  (the path has to be set first)
from localcluster.processes import Processes  # noqa: E402


def traces(layout: Layout, made: float) -> list[str]:
    """Everything on the machine that has the name or the folder of this cluster in it; `made` is when its copy was."""
    commands = (["ip", "netns"], ["ip", "link"], ["ip", "route", "show", "table", "all"], ["cat", "/proc/self/mounts"],
                ["find", "/sys/fs/cgroup", "-type", "d"])
    found = [line for command in commands
             for line in subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
             if layout.identity in line or str(layout.data) in line]
    found += [f"process {pid}" for pid in Processes(layout.data).members()]
    ps = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    found += [line for line in ps.splitlines() if str(layout.data) in line]
    # Others' files come and go meanwhile.
    for path in pathlib.Path("/var/lib/cni").rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            found += [str(path)] if path.is_file() and str(layout.data) in path.read_text(encoding="utf-8") else []
    for path in pathlib.Path("/var/log/containers").glob("*"):
        with contextlib.suppress(FileNotFoundError):
            found += [str(path)] if str(layout.data) in os.readlink(path) else []
    found += [str(path) for path in pathlib.Path("/run/containerd/s").glob("*") if path.stat().st_mtime > made
              and not others_run()]
    return found + [str(path) for path in (layout.short, layout.data, layout.data.parent) if path.exists()]


def others_run() -> bool:
    """Whether somebody else's cluster makes and removes things outside its folder."""
    return subprocess.run(["pgrep", "-x", "kubelet"], capture_output=True, check=False).returncode == 0
