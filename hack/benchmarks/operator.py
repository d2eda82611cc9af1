"""The benchmark `operator`: rounds in which every contestant does the same work, each on a fresh control plane.

A record is what one measurement of one contestant in one round gave. `void` says why it must not be used."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

from localcluster import binaries
from localcluster.progress import Failure

from . import operator_parts
from .contestants import OURS, ROOT, Missing, build
from .operator_cluster import ControlPlane
from .operator_contestants import CONTESTANTS
from .operator_load import Refused
from .operator_parts import Record, Stage
from .operator_settings import FEW, MB, OperatorSettings
from .progress import Progress

LOGS = ROOT / "build" / "bench" / "logs"


class OperatorBenchmark:
    """One run."""

    def __init__(self, settings: OperatorSettings, progress: Progress) -> None:
        self.settings = settings
        self.progress = progress
        self.records: list[Record] = []
        self.missing: dict[str, str] = {}
        self._programs: dict[str, pathlib.Path] = {}
        self._kubernetes = self._kwok = pathlib.Path()

    def prepare(self) -> None:
        """Builds the cluster's parts and what is to be measured; a contestant that cannot be had is missing, and the rest
        goes on."""
        LOGS.mkdir(parents=True, exist_ok=True)
        for log in LOGS.glob("operator-*.log"):
            log.unlink()
        self.progress.say("preparing: Kubernetes and kwok")
        try:
            go = binaries.go_program()
            self._kubernetes, self._kwok = binaries.ensure("kubernetes", go), binaries.ensure("kwok", go)
        except Failure as reason:
            raise Missing(str(reason)) from reason
        for name in self.settings.only:
            self.progress.say(f"preparing: {name}, {CONTESTANTS[name].what}")
            try:
                self._programs[name] = CONTESTANTS[name].prepare()
            except (Missing, Failure) as reason:
                self.missing[name] = str(reason)
                self.progress.say(f"NOT MEASURED: {name}: {reason}")
        if "no-op" in self.settings.parts and OURS in self._programs:
            build(operator_parts.RECONCILE.name)

    def run(self, after_part: Callable[[], None]) -> None:
        settings = self.settings
        for part in settings.parts:
            self.progress.plan(settings.rounds_of(part) * settings.estimate(part))
        self.progress.begin()
        for number in range(1, settings.rounds + 1):
            for part in settings.parts:
                if number <= settings.rounds_of(part):
                    self._part(number, part)
                    after_part()

    def _part(self, number: int, part: str) -> None:
        names = [name for name in self.settings.order(number) if name in self._programs]
        if part == "no-op":
            self._no_op(number)
            self.progress.done(self.settings.estimate(part))
            return
        if part == "foreign":
            self._together(number, names)
            self.progress.done(self.settings.estimate(part))
            return
        for name in names:
            self._alone(number, part, name)
            self.progress.done(self.settings.estimate(part) / len(self.settings.only))

    def _alone(self, number: int, part: str, name: str) -> None:
        kwok = self._kwok if part == "apps" else None
        measure = {"apps": operator_parts.apps, "many": operator_parts.many}[part]
        self.progress.say(f"round {number}/{self.settings.rounds_of(part)}, {part}: {name}")
        try:
            with ControlPlane(self._kubernetes, kwok, LOGS) as plane:
                measure(Stage(plane, self._programs[name], self._log(name)), self.settings,
                        lambda kind, record: self._note(number, name, kind, record))
        except (Refused, Failure) as reason:
            self._note(number, name, part, {"void": str(reason)})

    def _together(self, number: int, names: list[str]) -> None:
        self.progress.say(f"round {number}/{self.settings.rounds_of('foreign')}, foreign: {', '.join(names)}")
        try:
            with ControlPlane(self._kubernetes, None, LOGS) as plane:
                stages = {name: Stage(plane, self._programs[name], self._log(name)) for name in names}
                operator_parts.foreign(stages, self.settings,
                                       lambda name, kind, record: self._note(number, name, kind, record))
        except (Refused, Failure) as reason:
            for name in names:
                self._note(number, name, "foreign", {"void": str(reason)})

    def _no_op(self, number: int) -> None:
        """Of ours alone, by a program that has its reconciler."""
        if OURS not in self._programs:
            return
        self.progress.say(f"round {number}/{self.settings.rounds_of('no-op')}, no-op: {OURS}")
        try:
            self._note(number, OURS, "no-op", operator_parts.no_op(self.settings))
        except Refused as reason:
            self._note(number, OURS, "no-op", {"void": str(reason)})

    @staticmethod
    def _log(name: str) -> pathlib.Path:
        return LOGS / f"operator-{name}.log"

    def _note(self, number: int, name: str, kind: str, record: Record) -> None:
        self.records.append({"round": number, "contestant": name, "kind": kind, "void": None, **record})
        self.progress.say(f"round {number}, {kind}: {name}: {summary(kind, self.records[-1])}")


def summary(kind: str, record: Record) -> str:
    """One record in a line."""
    if record["void"]:
        return f"VOID: {record['void']}"
    if kind == "base":
        return f"{record['resident'] / MB:.1f} MB resident"
    if kind == "no-op":
        return (f"{record['few_us']:.0f} us of CPU with {FEW} apps, {record['many_us']:.0f} us with {record['count']:,}; "
                f"alone {record['few_alone_us']:.0f} and {record['many_alone_us']:.0f}")
    if kind == "foreign":
        return f"{record['grown'] / MB:+.1f} MB for {record['count']:,} objects of others"
    text = (f"{record['cpu_seconds']:.2f} s of CPU, {record['writes']:,} writes, {record['reads']:,} reads, "
            f"{record['resident'] / MB:.1f} MB")
    for field, words in (("ready_seconds", "all Ready after"), ("gone_seconds", "all gone after"),
                         ("leading_seconds", "leading after"), ("settled_seconds", "settled after")):
        if field in record:
            text += f", {words} {record[field]:.2f} s"
    return text
