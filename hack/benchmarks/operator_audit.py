"""What an operator asked the API server for, from the audit log; only what its user asks for is logged."""

from __future__ import annotations

import datetime
import json
import pathlib
from collections import Counter

USER = "realtime-operator"
WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
CHILDREN = frozenset({"serviceaccounts", "configmaps", "secrets", "services", "statefulsets", "deployments",
                      "poddisruptionbudgets", "ingresses"})
_POLICY = f"""apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {{level: Metadata, users: [{USER}]}}
- {{level: None}}
"""


def write_policy(folder: pathlib.Path) -> pathlib.Path:
    file = folder / "operator-audit-policy.yaml"
    file.write_text(_POLICY, encoding="utf-8")
    return file


class AuditLog:
    """Reads a log that grows. A mark is a place in it."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path

    def mark(self) -> int:
        return self._path.stat().st_size if self._path.exists() else 0

    def since(self, mark: int) -> list[dict]:
        """What was logged after the mark, without a last line that is still being written."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as log:
            log.seek(mark)
            whole, _, _ = log.read().rpartition(b"\n")
        return [json.loads(line) for line in whole.split(b"\n") if line]


def resource_of(entry: dict) -> str:
    """`deployments`, `realtimeapps/status`; what is no resource by its path."""
    target = entry.get("objectRef", {})
    return "/".join(filter(None, (target.get("resource"), target.get("subresource")))) or entry["requestURI"].split("?")[0]


def is_once(entry: dict) -> bool:
    """A watch is logged when it begins and when it ends; it is one request."""
    return not (entry["verb"] == "watch" and entry["stage"] == "ResponseComplete")


def requests(entries: list[dict]) -> dict[str, int]:
    """How many there were, by verb and resource."""
    counts = Counter(f"{entry['verb']} {resource_of(entry)}" for entry in entries if is_once(entry))
    return dict(counts.most_common())


def is_lease(name: str) -> bool:
    """Whether it is about who leads, which is renewed all the time."""
    return name.endswith(" leases")


def writes(counts: dict[str, int]) -> int:
    """Events and the status included, renewals of a Lease left out."""
    return sum(count for name, count in counts.items() if name.split(" ")[0] in WRITES and not is_lease(name))


def kinds_of_writes(counts: dict[str, int]) -> dict[str, int]:
    """The same by what is written."""
    found = {"children": 0, "status": 0, "events": 0, "other": 0}
    for name, count in counts.items():
        verb, resource = name.split(" ", 1)
        if verb not in WRITES or is_lease(name):
            continue
        kind = "children" if resource in CHILDREN else "status" if resource.endswith("/status") else resource
        found[kind if kind in found else "other"] += count
    return found


def reads(counts: dict[str, int]) -> int:
    """Everything else but a look at the Lease."""
    return sum(count for name, count in counts.items() if name.split(" ")[0] not in WRITES and not is_lease(name))


def when(entry: dict) -> float:
    return datetime.datetime.fromisoformat(entry["stageTimestamp"]).timestamp()


def applied_at(entries: list[dict]) -> float | None:
    """When the last of the children had been written for the first time, in the clock of time.time."""
    first: dict[tuple, float] = {}
    for entry in entries:
        target = entry.get("objectRef", {})
        done = 200 <= entry.get("responseStatus", {}).get("code", 0) < 300
        if done and entry["verb"] in ("create", "patch", "update") and target.get("resource") in CHILDREN \
                and "subresource" not in target:
            # A child without a name in the log was created: the name is in what was sent.
            key = (target["resource"], target.get("namespace"), target.get("name") or entry["auditID"])
            first.setdefault(key, when(entry))
    return max(first.values(), default=None)
