"""The figures of a run as tables and as JSON. A figure is the median of the rounds that are not void."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import platform
import statistics
import time

from .contestants import CONTESTANTS, BASELINE, OURS, ROOT
from .criteria import Criterion, Records, judge
from .server import Benchmark
from .settings import Point
from .tables import criteria_table, number, percent, table

PATH = ROOT / "build" / "bench" / "server.json"
DISTURBING = 0.1
_STOLEN = 8  # among the numbers of the first line of /proc/stat


class Machine:
    """The machine that the figures depend on."""

    def __init__(self) -> None:
        self.load = os.getloadavg()[0]
        self._stolen, self._total = self._times()

    @staticmethod
    def _times() -> tuple[int, int]:
        numbers = [int(it) for it in pathlib.Path("/proc/stat").read_text(encoding="utf-8").split("\n")[0].split()[1:]]
        return numbers[_STOLEN - 1], sum(numbers)

    def describe(self) -> dict[str, object]:
        cpus = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        models = [line.split(":")[1].strip() for line in cpus if line.startswith("model name")]
        stolen, total = self._times()
        return {
            "cpu": models[0] if models else platform.machine(), "cores": os.cpu_count(), "kernel": platform.release(),
            "load_at_start": self.load, "stolen_share": (stolen - self._stolen) / max(1, total - self._total),
        }


def median(records: list[dict | None], field: str) -> float | None:
    known = [record[field] for record in records if record and field in record]
    return statistics.median(known) if known else None


class Report:
    """Created when a run begins; reports when it ends or was stopped."""

    def __init__(self, benchmark: Benchmark) -> None:
        self.benchmark = benchmark
        self.settings = benchmark.settings
        self._machine = Machine()
        self._started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def _records(self) -> Records:
        rounds = [record["round"] for record in self.benchmark.records]
        memory = [record["round"] for record in self.benchmark.records if record["kind"] == "memory"]
        return Records(self.benchmark.records, max(rounds, default=0), max(memory, default=0))

    def criteria(self) -> list[Criterion]:
        return judge(self.settings, self._records())

    def write(self) -> None:
        PATH.parent.mkdir(parents=True, exist_ok=True)
        PATH.write_text(json.dumps({
            "benchmark": "server",
            "started": self._started,
            "machine": self._machine.describe(),
            "settings": dataclasses.asdict(self.settings),
            "missing": self.benchmark.missing,
            "criteria": [it.described() for it in self.criteria()],
            "records": self.benchmark.records,
        }, indent=1) + "\n", encoding="utf-8")

    def text(self) -> str:
        parts = [*self._deliveries(), self._connects(), self._memory(), self._oddities(), self._criteria()]
        return "\n\n".join(part for part in parts if part)

    def _names(self) -> list[str]:
        return [name for name in self.settings.only if name not in self.benchmark.missing]

    def _deliveries(self) -> list[str]:
        records = self._records()
        columns = ("", "CPU µs", "x baseline", "p50 ms", "p99 ms", "p99.9 ms", "p99 x baseline", "generator", "waited")
        deliveries = [table(f"{point}, {self.settings.deliveries_a_second(point):,} deliveries per second", columns,
                            [self._delivery(records, name, "delivery", point) for name in self._names()])
                      for point in self.settings.points()]
        asks = [table(f"{connections:,} connections, {self.settings.asks_a_second:,} acknowledged events per second", columns,
                      [self._delivery(records, name, "ask", Point(connections, 1)) for name in self._names()])
                for connections in self.settings.connections]
        fleets = [table(f"{point}, two processes over Redis", columns,
                        [self._delivery(records, name, "fleet", point) for name in self._names()])
                  for point in self.settings.fleet_points()]
        rooms = [table("events that another process emits over Redis", columns,
                       [[kind, *self._delivery(records, OURS, kind, None)[1:]] for kind in ("rooms", "everyone")])]
        return [*deliveries, *asks, *fleets, *(rooms if self.settings.fleet_points() else [])]

    def _delivery(self, records: Records, name: str, kind: str, point: Point | None) -> list[str]:
        mine, baseline = records.of(name, kind, point), records.of(BASELINE, kind, point)

        def times_baseline(field: str) -> str:
            ratios = [a[field] / b[field] for a, b in zip(mine, baseline) if a and b]
            return f"{statistics.median(ratios):.2f}" if ratios else "-"

        waited = median(mine, "server_waited_share")
        return [name, number(median(mine, "cpu_ns"), 1e3, 2), times_baseline("cpu_ns"),
                *(number(median(mine, f"{it}_us"), 1e3, 2) for it in ("p50", "p99", "p99.9")), times_baseline("p99_us"),
                percent(median(mine, "generator_share")), percent(waited)]

    def _connects(self) -> str:
        rows = []
        for name in self._names():
            mine = self._records().of(name, "connect")
            least = any(record and record["at_least"] for record in mine)
            rows.append([name, (">= " if least else "") + number(median(mine, "connects_a_second"), 1, 0),
                         number(median(mine, "cpu_ns"), 1e3, 1), number(median(mine, "p50_us"), 1e3, 2),
                         number(median(mine, "p99_us"), 1e3, 2), percent(median(mine, "generator_share")),
                         percent(median(mine, "server_waited_share"))])
        return table(f"connects, {self.settings.connects:,} (upgrade, Engine.IO open, CONNECT answered, closed)",
                      ("", "per second", "CPU µs", "p50 ms", "p99 ms", "generator", "waited"), rows)

    def _memory(self) -> str:
        fields = [f"{transport}_{moment}" for transport in ("websocket", "polling")
                  for moment in ("idle", "idle_kernel", "churned", "left")]
        if not any(record["kind"] == "memory" for record in self.benchmark.records):
            return ""
        rows = []
        for name in self._names():
            mine = self._records().of(name, "memory")
            rows.append([name, *(number(median(mine, it), 2**20, 1) for it in ("base_resident", "base_anonymous")),
                         *(number(median(mine, it), 1, 0) for it in fields)])
        return table(f"memory: base in MiB; bytes a session with {max(self.settings.connections):,}, after "
                      f"{self.settings.idle_seconds:g} s idle, after {self.settings.churns} times of churn, when all left",
                      ("", "resident", "anonymous", "ws idle", "kernel", "churned", "left", "poll idle", "kernel", "churned", "left"), rows)

    def _oddities(self) -> str:
        lines = [f"NOT MEASURED: {name}: {reason}" for name, reason in self.benchmark.missing.items()]
        for record in self.benchmark.records:
            point = f", {record['connections']:,} connections" if "connections" in record else ""
            where = f"round {record['round']}, {record['kind']}{point}: {record['contestant']}"
            if record["void"]:
                lines.append(f"VOID: {where}: {record['void']}")
        return "\n".join([*lines, *self._faults_of_compared(), *self._disturbances()])

    def _disturbances(self) -> list[str]:
        """Of the programs that have one thread, for others also wait for themselves."""
        shares = [record["disturbance"] for record in self.benchmark.records
                  if not CONTESTANTS[record["contestant"]].is_compared and "disturbance" in record]
        much = [share for share in shares if share > DISTURBING]
        return [f"THE MACHINE WAS NOT QUIET: in {len(much)} of {len(shares)} measurements of ours and the baseline another "
                f"process used one of the two cores for more than {DISTURBING:.0%} of the time with outstanding deliveries "
                f"(median {statistics.median(shares):.0%}); p99 means little then"] if much else []

    def _faults_of_compared(self) -> list[str]:
        """The faults of a compared server, summed up over the run."""
        lines = []
        for name in self._names():
            mine = [record for record in self.benchmark.records
                    if record["contestant"] == name and record["kind"] == "delivery" and not record["void"]]
            faults: dict[str, int] = {}
            for record in mine:
                for fault, count in record["faults"].items():
                    faults[fault] = faults.get(fault, 0) + count
            deliveries = sum(record["deliveries_in_all"] for record in mine)
            lines += [f"FAULTS: {name}: {count:,} {fault} of {deliveries:,} deliveries" for fault, count in faults.items()]
        return lines

    def _criteria(self) -> str:
        if OURS not in self._names():
            return ""
        return criteria_table(self.criteria())
