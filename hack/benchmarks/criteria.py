"""The criteria for the bundled server, each judged by how many rounds agree with it."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Iterator

from .contestants import BASELINE, OURS, PEERS, SOCKETIOXIDE
from .settings import Point, Settings

Record = dict[str, object]

# Times the baseline's CPU per delivery, by broadcasts in a burst.
CPU_BOUNDS = {1: 1.15, 8: 1.15, 64: 1.35}
ROOMS_BOUND = 1.3  # times a delivery's of an event to everyone
ASK_BOUND = 1.3  # times the baseline's CPU per acknowledged event
P99_BOUND = 1.25  # times the baseline's
IDLE_BOUNDS = {"websocket": 1200, "polling": 2100}  # bytes per session
BASE_BOUND = 8  # MiB
AGREEING = 6 / 7


@dataclasses.dataclass(frozen=True)
class Criterion:
    what: str
    bound: float
    values: list[float | None]  # of each round; None: unknown
    above: bool = False         # the value must be above the bound, else at most
    strict: bool = False        # at the bound is not enough

    def agrees(self, value: float | None) -> bool:
        if value is None:
            return False
        if self.above:
            return value > self.bound
        return value < self.bound if self.strict else value <= self.bound

    @property
    def agreeing(self) -> int:
        return sum(self.agrees(value) for value in self.values)

    @property
    def median(self) -> float | None:
        known = [value for value in self.values if value is not None]
        return statistics.median(known) if known else None

    @property
    def holds(self) -> bool | None:
        """None: nothing was measured."""
        if self.median is None:
            return None
        return self.agrees(self.median) and self.agreeing >= math.ceil(AGREEING * len(self.values))

    def described(self) -> dict[str, object]:
        """As JSON has it."""
        return {"what": self.what, "bound": self.bound, "values": self.values, "median": self.median,
                "agreeing": self.agreeing, "rounds": len(self.values), "holds": self.holds}


class Records:
    """The records of a run, to be asked for by round."""

    def __init__(self, records: list[Record], rounds: int, memory_rounds: int) -> None:
        self._by_key = {self._key(record): record for record in records}
        self._rounds = {"delivery": rounds, "fleet": rounds, "rooms": rounds, "everyone": rounds, "ask": rounds, "connect": rounds, "memory": memory_rounds}

    @staticmethod
    def _key(record: Record) -> tuple:
        point = None
        if record["kind"] in ("delivery", "fleet"):
            point = Point(record["connections"], record["burst"], record.get("polling", False))
        if record["kind"] == "ask":
            point = Point(record["connections"], 1)
        return record["round"], record["contestant"], record["kind"], point

    def of(self, contestant: str, kind: str, point: Point | None = None) -> list[Record | None]:
        """One a round; None where there is none, or where it is void."""
        found = [self._by_key.get((number, contestant, kind, point)) for number in range(1, self._rounds[kind] + 1)]
        return [record if record and not record["void"] else None for record in found]

    def pairs(self, to: str, kind: str, point: Point | None = None) -> list[tuple[Record, Record] | None]:
        """Ours and another's of the same round."""
        return [(ours, other) if ours and other else None
                for ours, other in zip(self.of(OURS, kind, point), self.of(to, kind, point))]

    def ratios(self, field: str, to: str, kind: str, point: Point | None = None) -> list[float | None]:
        return [pair and pair[0][field] / pair[1][field] for pair in self.pairs(to, kind, point)]


def judge(settings: Settings, records: Records) -> list[Criterion]:
    return [*_deliveries(settings, records), *_memory(records),
            Criterion("connects per second, times socketioxide's", 1, above=True,
                      values=[pair and _times_as_many(*pair) for pair in records.pairs(SOCKETIOXIDE, "connect")])]


def _times_as_many(ours: Record, other: Record) -> float:
    """Connects per second. If the generator was the limit, not the other server, the rate that the server's CPU time per
    connect would allow is used instead."""
    if other["at_least"]:
        return other["cpu_ns"] / ours["cpu_ns"]
    return ours["connects_a_second"] / other["connects_a_second"]


def _deliveries(settings: Settings, records: Records) -> Iterator[Criterion]:
    websocket = [point for point in settings.points() if not point.polling]
    for point in websocket:
        if point.burst in CPU_BOUNDS:
            yield Criterion(f"{point}: CPU per delivery, times the baseline's", CPU_BOUNDS[point.burst],
                            records.ratios("cpu_ns", BASELINE, "delivery", point))
    for point in settings.points():
        for name in PEERS if point.polling else [SOCKETIOXIDE]:
            yield Criterion(f"{point}: CPU per delivery, times {name}'s", 1, strict=True,
                            values=records.ratios("cpu_ns", name, "delivery", point))
    for point in settings.fleet_points():
        yield Criterion(f"{point}, over Redis: CPU per delivery of both processes, times socketioxide's", 1, strict=True,
                        values=records.ratios("cpu_ns", SOCKETIOXIDE, "fleet", point))
    yield Criterion("events from outside to rooms: CPU per delivery, times that of events to everyone", ROOMS_BOUND,
                    [rooms and everyone and rooms["cpu_ns"] / everyone["cpu_ns"]
                     for rooms, everyone in zip(records.of(OURS, "rooms"), records.of(OURS, "everyone"))])
    for connections in settings.connections:
        point = Point(connections, 1)
        yield Criterion(f"{connections:,} connections: CPU per acknowledged event, times the baseline's", ASK_BOUND,
                        records.ratios("cpu_ns", BASELINE, "ask", point))
        yield Criterion(f"{connections:,} connections: p99 latency of acknowledgements, times the baseline's", P99_BOUND,
                        records.ratios("p99_us", BASELINE, "ask", point))
    for point in websocket:
        yield Criterion(f"{point}: p99 latency, times the baseline's", P99_BOUND,
                        records.ratios("p99_us", BASELINE, "delivery", point))


def _memory(records: Records) -> Iterator[Criterion]:
    found = records.of(OURS, "memory")

    def values(field: str) -> list[float | None]:
        return [record.get(field) if record else None for record in found]

    for transport, bound in IDLE_BOUNDS.items():
        for moment, when in (("idle", "idle"), ("churned", "idle after churn")):
            yield Criterion(f"bytes of memory per {transport} session, {when}", bound, values(f"{transport}_{moment}"))
    yield Criterion("MiB of base memory, resident", BASE_BOUND,
                    [value and value / 2**20 for value in values("base_resident")])
