"""The API server's audit log: who asked for what."""

from __future__ import annotations

import datetime
import json
import pathlib

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


class AuditLog:
    """Reads a log that grows. A mark is a place in it."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path

    def mark(self) -> int:
        return self._path.stat().st_size

    def since(self, mark: int) -> list[dict]:
        """What was logged after the mark, without a last line that is still being written."""
        with self._path.open("rb") as log:
            log.seek(mark)
            whole, _, _ = log.read().rpartition(b"\n")
        return [json.loads(line) for line in whole.split(b"\n") if line]

    def seconds_since(self, mark: int) -> float:
        """How much of the log's own time has passed since the mark."""
        times = [when(entry) for entry in self.since(mark)]
        return (times[-1] - times[0]).total_seconds() if times else 0


def when(entry: dict) -> datetime.datetime:
    return datetime.datetime.fromisoformat(entry["stageTimestamp"])


def is_lease(entry: dict) -> bool:
    """Whether it is about who leads, which is renewed all the time."""
    return entry.get("objectRef", {}).get("resource") == "leases"


def writes_of(user: str, entries: list[dict]) -> list[dict]:
    """What the user wrote, renewals of a Lease left out."""
    return [entry for entry in entries
            if entry["user"]["username"] == user and entry["verb"] in WRITES and not is_lease(entry)]


def brief(entry: dict) -> str:
    """`patch deployments default/chat at 12:00:00.5`."""
    target = entry["objectRef"]
    resource = "/".join(filter(None, (target["resource"], target.get("subresource"))))
    return f"{entry['verb']} {resource} {target.get('namespace')}/{target.get('name')} at {entry['stageTimestamp']}"
