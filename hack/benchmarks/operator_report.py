"""The figures of the benchmark `operator` as tables, as JSON and as a picture. A figure is the median of the rounds that are
not void."""

from __future__ import annotations

import json
import time

from .contestants import OURS, ROOT
from .criteria import Criterion
from .operator import OperatorBenchmark
from .operator_contestants import PEER
from .operator_criteria import OperatorRecords, judge
from .operator_picture import Group, draw
from .operator_settings import FEW, MB
from .report import Machine, median
from .tables import criteria_table, number, percent, table

PATH = ROOT / "build" / "bench" / "operator.json"
PICTURE = PATH.with_suffix(".svg")
BUSY_LOAD = 0.25  # of a core; a generator that uses more takes it from the cluster

Column = tuple[str, str, float, int]  # its head, the field, its unit, digits

_USE: tuple[Column, ...] = (("CPU s", "cpu_seconds", 1, 2), ("writes", "writes", 1, 0), ("reads", "reads", 1, 0),
                            ("MB", "resident", MB, 1), ("anon. MB", "anonymous", MB, 1))
_LOAD: tuple[Column, ...] = (("load s", "load_seconds", 1, 1),)
_STARTED: tuple[Column, ...] = (("leading s", "leading_seconds", 1, 2), ("settled s", "settled_seconds", 1, 2))


class OperatorReport:
    """Made when a run begins, asked when it ends or was stopped."""

    def __init__(self, benchmark: OperatorBenchmark) -> None:
        self.benchmark, self.settings = benchmark, benchmark.settings
        self._machine = Machine()
        self._started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def _records(self) -> OperatorRecords:
        return OperatorRecords(self.benchmark.records)

    def criteria(self) -> list[Criterion]:
        return judge(self.settings, self._records())

    def _names(self) -> list[str]:
        return [name for name in self.settings.only if name not in self.benchmark.missing]

    def write(self) -> None:
        PATH.parent.mkdir(parents=True, exist_ok=True)
        PATH.write_text(json.dumps({
            "benchmark": "operator", "started": self._started, "machine": self._machine.describe(),
            "settings": vars(self.settings), "missing": self.benchmark.missing,
            "criteria": [it.described() for it in self.criteria()], "records": self.benchmark.records,
        }, indent=1) + "\n", encoding="utf-8")
        PICTURE.write_text(draw(self._names(), self._groups()), encoding="utf-8")

    def text(self) -> str:
        s = self.settings
        parts = [
            self._kind("base", "an operator without apps", (("MB", "resident", MB, 1), ("anon. MB", "anonymous", MB, 1))),
            self._kind("new", f"{s.apps:,} apps, from their creation until all are Ready", (
                ("Ready s", "ready_seconds", 1, 1), ("median s", "ready_median_seconds", 1, 1),
                ("children s", "applied_seconds", 1, 1), *_USE, *_LOAD), ("cpu_seconds", "ready_seconds", "writes")),
            self._kind("change", f"a change of {s.apps:,} apps that is a rollout of each", (
                ("Ready s", "ready_seconds", 1, 1), ("children s", "applied_seconds", 1, 1), *_USE, *_LOAD),
                ("cpu_seconds", "ready_seconds", "writes")),
            self._kind("delete", f"the deletion of {s.apps:,} apps", (("gone s", "gone_seconds", 1, 1), *_USE),
                       ("cpu_seconds",)),
            self._kind("idle", f"{s.idle_seconds:g} s with {s.apps:,} Ready apps", _USE, ("cpu_seconds",)),
            self._kind("many", f"{s.many:,} apps, created with their children; nobody runs workloads",
                       (("s", "seconds", 1, 1), *_USE), ("cpu_seconds", "resident")),
            self._kind("start", f"a start with {s.many:,} apps there", (*_STARTED, *_USE),
                       ("cpu_seconds", "settled_seconds", "resident")),
            self._kind("takeover", f"a take-over with {s.many:,} apps there, by an instance that was waiting",
                       (*_STARTED, ("waiting MB", "standby_resident", MB, 1), *_USE),
                       ("cpu_seconds", "leading_seconds", "settled_seconds")),
            self._kind("foreign", f"{s.foreign:,} objects of others, anonymous memory in MB", (
                ("before", "before", MB, 1), ("after", "after", MB, 1), ("started again", "started", MB, 1),
                ("grown", "grown", MB, 1))),
            self._kind("no-op", f"a reconcile that changes nothing, of ours: CPU with {FEW} apps and with {s.many:,}", (
                ("few us", "few_us", 1, 1), ("many us", "many_us", 1, 1), ("few, alone", "few_alone_us", 1, 1),
                ("many, alone", "many_alone_us", 1, 1))),
            self._requests(), self._writes(), self._oddities(),
            criteria_table(self.criteria()) if OURS in self._names() else "",
        ]
        return "\n\n".join(part for part in parts if part)

    def _has(self, kind: str) -> bool:
        return any(it["kind"] == kind and not it["void"] for it in self.benchmark.records)

    def _kind(self, kind: str, title: str, columns: tuple[Column, ...], ratios: tuple[str, ...] = ()) -> str:
        """A row a contestant; below, how many times the peer's figures ours are."""
        if not self._has(kind):
            return ""
        records = self._records()
        shares = (("load", "load_share"), ("cluster", "cluster_share")) if any(it == _LOAD[0] for it in columns) else ()
        rows = [[name, *(number(median(records.of(name, kind), field), unit, digits) for _, field, unit, digits in columns),
                 *(percent(median(records.of(name, kind), field)) for _, field in shares)] for name in self._names()]
        if {OURS, PEER} <= set(self._names()) and ratios:
            known = {field: _middle(records.ratios(kind, field)) for field in ratios}
            rows.append([f"{OURS}, times {PEER}'s", *(number(known.get(field), 1, 2) if field in known else ""
                                                      for _, field, _, _ in columns), *("" for _ in shares)])
        return table(title, ("", *(head for head, *_ in columns), *(head for head, _ in shares)), rows)

    def _requests(self) -> str:
        """What was asked for, of the last round: by verb and resource."""
        return "\n\n".join(filter(None, (self._requests_of(kind) for kind in ("new", "change", "delete", "idle", "start"))))

    def _requests_of(self, kind: str) -> str:
        found = {name: [it for it in self._records().of(name, kind) if it] for name in self._names()}
        last = {name: records[-1]["requests"] for name, records in found.items() if records}
        names = sorted({request for counts in last.values() for request in counts},
                       key=lambda request: -max(counts.get(request, 0) for counts in last.values()))
        rows = [[request, *(f"{counts.get(request, 0):,}" for counts in last.values())] for request in names]
        return table(f"requests: {kind}", ("", *last), rows) if rows else ""

    def _writes(self) -> str:
        if not self._has("new"):
            return ""
        kinds = ("children", "status", "events", "other")
        rows = []
        for name in self._names():
            found = [{kind: it["writes_of"][kind] / it["count"] for kind in kinds}
                     for it in self._records().of(name, "new") if it]
            rows.append([name, *(number(median(found, kind), 1, 2) for kind in kinds)])
        return table("writes for each new app", ("", *kinds), rows)

    def _oddities(self) -> str:
        lines = [f"NOT MEASURED: {name}: {reason}" for name, reason in self.benchmark.missing.items()]
        for record in self.benchmark.records:
            where = f"round {record['round']}, {record['kind']}: {record['contestant']}"
            if record["void"]:
                lines.append(f"VOID: {where}: {record['void']}")
            elif record.get("load_share", 0) > BUSY_LOAD:
                lines.append(f"THE LOAD TOOK ITS SHARE: {where}: {record['load_share']:.0%} of a core")
        return "\n".join(lines)

    def _groups(self) -> list[Group]:
        """What the picture shows: costs, so shorter is better."""
        s, records = self.settings, self._records()

        def group(title: str, kind: str, field: str, unit: float, suffix: str) -> Group:
            return Group(title, suffix, [_over(median(records.of(name, kind), field), unit) for name in self._names()])
        return [
            group(f"{s.apps:,} new apps: CPU", "new", "cpu_seconds", 1, "s"),
            group(f"{s.apps:,} new apps: writes", "new", "writes", 1, ""),
            group(f"{s.apps:,} new apps: until all are Ready", "new", "ready_seconds", 1, "s"),
            group(f"{s.apps:,} rollouts: CPU", "change", "cpu_seconds", 1, "s"),
            group(f"{s.idle_seconds:g} s idle with {s.apps:,} apps: CPU", "idle", "cpu_seconds", 1, "s"),
            group(f"start with {s.many:,} apps: CPU", "start", "cpu_seconds", 1, "s"),
            group(f"start with {s.many:,} apps: memory", "start", "resident", MB, "MB"),
            group(f"take-over with {s.many:,} apps: CPU", "takeover", "cpu_seconds", 1, "s"),
            group(f"{s.foreign:,} objects of others: memory", "foreign", "grown", MB, "MB"),
        ]


def _over(value: float | None, unit: float) -> float | None:
    return None if value is None else value / unit


def _middle(values: list[float | None]) -> float | None:
    return median([{"value": value} for value in values if value is not None], "value")


