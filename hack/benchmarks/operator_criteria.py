"""What must hold of our operator, each judged by how many rounds agree with it."""

from __future__ import annotations

from .contestants import OURS
from .criteria import Criterion, Record
from .operator_contestants import PEER
from .operator_settings import CHILDREN, FEW, MB, OperatorSettings

NEW_CPU_BOUND = 0.5  # times the peer's
START_CPU_BOUND = 0.25
READY_BOUND = 1.05  # times the peer's; so much differs between two runs of one operator
WRITES_BOUND = CHILDREN + 2  # for each app: its children and two writes of its status
EVENTS_BOUND = 1  # for each app: what one reconcile did
MANY_BOUND = 150  # MB
FOREIGN_BOUND = 2  # MB
NO_OP_BOUND = 200  # microseconds
NO_OP_GROWTH_BOUND = 1.2  # times the same with few apps

Values = list[float | None]


class OperatorRecords:
    """The records of a run, to be asked for by round."""

    def __init__(self, records: list[Record]) -> None:
        self._by_key = {(it["round"], it["contestant"], it["kind"]): it for it in records}
        self._rounds: dict[str, set[int]] = {}
        for it in records:
            self._rounds.setdefault(it["kind"], set()).add(it["round"])

    def of(self, contestant: str, kind: str) -> list[Record | None]:
        """One a round in which anybody was measured so; None where there is none, or where it is void."""
        found = [self._by_key.get((number, contestant, kind)) for number in sorted(self._rounds.get(kind, ()))]
        return [record if record and not record["void"] else None for record in found]

    def values(self, contestant: str, kind: str, field: str) -> Values:
        return [record.get(field) if record else None for record in self.of(contestant, kind)]

    def ratios(self, kind: str, field: str, contestant: str = OURS, to: str = PEER) -> Values:
        """Within a round."""
        pairs = zip(self.values(contestant, kind, field), self.values(to, kind, field))
        return [mine / other if mine is not None and other else None for mine, other in pairs]


def judge(settings: OperatorSettings, records: OperatorRecords) -> list[Criterion]:
    ours = f"{settings.apps:,} new apps"
    return [
        Criterion(f"{ours}: CPU, times {PEER}'s", NEW_CPU_BOUND, records.ratios("new", "cpu_seconds")),
        Criterion(f"{ours}: writes an app, without Events", WRITES_BOUND,
                  [record and (record["writes"] - record["writes_of"]["events"]) / record["count"]
                   for record in records.of(OURS, "new")]),
        Criterion(f"{ours}: Events an app", EVENTS_BOUND,
                  [record and record["writes_of"]["events"] / record["count"] for record in records.of(OURS, "new")]),
        Criterion(f"{ours}: time until all are Ready, times {PEER}'s", READY_BOUND, records.ratios("new", "ready_seconds")),
        Criterion(f"{settings.many:,} apps: MB of memory, resident", MANY_BOUND, _most_memory(records)),
        Criterion(f"start with {settings.many:,} apps until settled: CPU, times {PEER}'s", START_CPU_BOUND,
                  records.ratios("start", "cpu_seconds")),
        Criterion(f"{settings.foreign:,} objects of others: MB of memory", FOREIGN_BOUND,
                  [value and value / MB for value in records.values(OURS, "foreign", "grown")]),
        Criterion(f"a reconcile that changes nothing, with {settings.many:,} apps: us of CPU", NO_OP_BOUND,
                  records.values(OURS, "no-op", "many_us")),
        Criterion(f"one that comes alone, times that with {FEW}", NO_OP_GROWTH_BOUND,
                  [record and record["many_alone_us"] / record["few_alone_us"] for record in records.of(OURS, "no-op")]),
    ]


def _most_memory(records: OperatorRecords) -> Values:
    """Of the instance that created the children, and of the one that found them."""
    pairs = zip(records.values(OURS, "many", "resident"), records.values(OURS, "start", "resident"))
    return [max(pair) / MB if None not in pair else None for pair in pairs]
