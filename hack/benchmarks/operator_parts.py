"""The parts of the benchmark `operator`: what is done to a contestant on one control plane, and what that gives."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator

from . import operator_audit
from .contestants import PROGRAMS
from .operator_cluster import CHILD_LISTS, ControlPlane
from .operator_contestants import Operator, Reading
from .operator_load import APPS, Effort, Readiness, Refused, Request
from .operator_settings import CHANGE, FEW, OperatorSettings, app_of, foreign_of, namespace_of

Record = dict[str, object]
Note = Callable[[str, Record], None]  # the kind of a record, and its figures

RECONCILE = PROGRAMS / "bench-reconcile"
RECONCILES = 1000  # of which the median is taken
WARM_UP = 10  # apps
STALL_SECONDS = 180  # without progress, nothing more is to be expected


@dataclasses.dataclass(frozen=True)
class Stage:
    """A control plane and the contestant's program on it."""

    plane: ControlPlane
    program: pathlib.Path
    log: pathlib.Path

    @contextlib.contextmanager
    def operator(self, lease: str = "bench") -> Iterator[Operator]:
        instance = Operator(self.program, self.plane, self.log, lease)
        try:
            yield instance
        finally:
            instance.end()


class _Span:
    """What an operator and its cluster used from here on."""

    def __init__(self, stage: Stage, operator: Operator) -> None:
        self._plane, self._operator = stage.plane, operator
        self._mark = self._plane.audit.mark()
        self._cluster = self._plane.cpu_seconds()
        self.wall_clock = time.time()
        self.start = operator.read()

    def figures(self, end: Reading, count: int) -> tuple[Record, list[dict]]:
        """The operator's use until `end`, and what was logged of it."""
        entries = self._plane.audit.since(self._mark)
        counts = operator_audit.requests(entries)
        seconds = end.at - self.start.at
        memory = self._operator.memory()
        return {
            "count": count, "seconds": seconds, "cpu_seconds": end.cpu - self.start.cpu,
            "cluster_share": (self._plane.cpu_seconds() - self._cluster) / max(seconds, 1e-9),
            "requests": counts, "writes": operator_audit.writes(counts), "reads": operator_audit.reads(counts),
            "writes_of": operator_audit.kinds_of_writes(counts),
            "resident": memory.resident, "anonymous": memory.anonymous,
        }, entries


def apps(stage: Stage, settings: OperatorSettings, note: Note) -> None:
    """From nothing to Ready, idle, a change to all, and the deletion of all."""
    with stage.operator() as operator:
        operator.await_leading()
        operator.await_quiet()
        stage.plane.note_rest()
        base = operator.memory()
        note("base", {"resident": base.resident, "anonymous": base.anonymous})
        _warm_up(stage, operator, settings)
        with contextlib.closing(Readiness(stage.plane.client)) as readiness:
            note("new", _until_ready(stage, operator, readiness, settings.apps, 1, _creations(range(settings.apps))))
            note("idle", _idle(stage, operator, settings))
            changes = [Request("PATCH", f"{_apps(number)}/app-{number}", CHANGE) for number in range(settings.apps)]
            note("change", _until_ready(stage, operator, readiness, settings.apps, 2, changes))
        note("delete", _delete(stage, operator, settings.apps))


def _apps(number: int) -> str:
    return f"{APPS}/namespaces/{namespace_of(number)}/realtimeapps"


def _creations(numbers: range) -> list[Request]:
    return [Request("POST", _apps(number), app_of(number)) for number in numbers]


def _warm_up(stage: Stage, operator: Operator, settings: OperatorSettings) -> None:
    """A few apps come and go: what an API server does for the first object of each kind is nobody's cost."""
    others = range(settings.apps, settings.apps + WARM_UP)
    with contextlib.closing(Readiness(stage.plane.client)) as readiness:
        _until_ready(stage, operator, readiness, WARM_UP, 1, _creations(others))
    _delete(stage, operator, WARM_UP)
    stage.plane.await_quiet()


def _await_progress(stage: Stage, operator: Operator, count: Callable[[], int], wanted: int, what: str,
                    pause: float = 0.02) -> None:
    """Until the count is what is wanted; Refused if it stops moving."""
    moved, last = time.monotonic(), count()
    while last != wanted:
        if time.monotonic() > moved + STALL_SECONDS:
            raise Refused(f"{what}: {last:,} of {wanted:,}, and no more for {STALL_SECONDS} s")
        time.sleep(pause)
        operator.check()
        stage.plane.check()
        now = count()
        if now != last:
            moved, last = time.monotonic(), now


def _until_ready(stage: Stage, operator: Operator, readiness: Readiness, count: int, generation: int,
                 load: list[Request]) -> Record:
    span = _Span(stage, operator)
    effort = stage.plane.client.put_on(load)
    _await_progress(stage, operator, lambda: len(readiness.times(generation)), count, "apps that are Ready")
    ready = sorted(at - span.start.at for at in readiness.times(generation))
    figures, entries = span.figures(operator.await_quiet(), count)
    applied = operator_audit.applied_at(entries)
    return {**figures, **_of_load(effort, ready[-1]), "ready_seconds": ready[-1],
            "ready_median_seconds": statistics.median(ready),
            "applied_seconds": applied and applied - span.wall_clock}


def _of_load(effort: Effort, seconds: float) -> Record:
    """How long the load took, and how much of the measured time its generator used a core."""
    return {"load_seconds": effort.seconds, "load_share": effort.cpu_seconds / max(seconds, 1e-9)}


def _idle(stage: Stage, operator: Operator, settings: OperatorSettings) -> Record:
    operator.await_quiet()
    span = _Span(stage, operator)
    time.sleep(settings.idle_seconds)
    return span.figures(operator.read(), settings.apps)[0]


def _delete(stage: Stage, operator: Operator, count: int) -> Record:
    span = _Span(stage, operator)
    names = sorted({namespace_of(number) for number in range(count)})
    effort = stage.plane.client.put_on([Request("DELETE", f"{APPS}/namespaces/{name}/realtimeapps") for name in names])
    _await_progress(stage, operator, stage.plane.remaining, 0, "objects of deleted apps", pause=0.5)
    gone = time.monotonic() - span.start.at
    figures, _ = span.figures(operator.await_quiet(), count)
    return {**figures, **_of_load(effort, gone), "gone_seconds": gone}


def many(stage: Stage, settings: OperatorSettings, note: Note) -> None:
    """Memory with many apps, a start with them there, and a take-over. Nobody runs workloads."""
    count = settings.many
    with stage.operator() as operator:
        operator.await_leading()
        operator.await_quiet()
        span = _Span(stage, operator)
        effort = stage.plane.client.put_on(_creations(range(count)))
        _await_progress(stage, operator, lambda: stage.plane.client.count(CHILD_LISTS["deployments"]), count,
                        "Deployments", pause=0.5)
        end = operator.await_quiet()
        note("many", {**span.figures(end, count)[0], **_of_load(effort, end.at - span.start.at)})
        operator.stop()
    stage.plane.await_quiet()
    with stage.operator() as operator:
        note("start", _start(stage, operator, count))
        note("takeover", _take_over(stage, operator, count))


def _start(stage: Stage, operator: Operator, count: int) -> Record:
    span = _Span(stage, operator)
    leading = operator.await_leading() - operator.started
    end = operator.await_quiet()
    figures, _ = span.figures(end, count)
    return {**figures, "leading_seconds": leading, "settled_seconds": end.at - operator.started, "cpu_seconds": end.cpu}


def _take_over(stage: Stage, leader: Operator, count: int) -> Record:
    """The leader is asked to stop, and gives its Lease back."""
    with stage.operator() as standby:
        time.sleep(1)  # or it may be looked at before it has begun
        standby.await_quiet()
        waiting = standby.memory()
        before = stage.plane.holder(leader.lease)
        span = _Span(stage, standby)
        leader.ask_to_stop()
        leading = standby.await_leading(other_than=before) - span.start.at
        end = standby.await_quiet()
        figures, _ = span.figures(end, count)
        return {**figures, "leading_seconds": leading, "settled_seconds": end.at - span.start.at,
                "standby_resident": waiting.resident, "standby_anonymous": waiting.anonymous}


def no_op(settings: OperatorSettings) -> Record:
    """What a reconcile costs that finds all as it should be, in microseconds of CPU: with few apps, and with many; one right
    after the other, and alone."""
    wanted = [str(FEW), str(settings.many)]
    run = subprocess.run([RECONCILE, str(RECONCILES), *wanted], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise Refused(f"{RECONCILE.name}: {run.stderr.strip()}")
    few, many_apps = (json.loads(run.stdout)[count] for count in wanted)
    return {"count": settings.many, "few_us": few["us"], "many_us": many_apps["us"],
            "few_alone_us": few["alone_us"], "many_alone_us": many_apps["alone_us"]}


def foreign(stages: dict[str, Stage], settings: OperatorSettings, note: Callable[[str, str, Record], None]) -> None:
    """Memory before and after others fill the cluster. There are no apps, so all contestants may be there at once; and of a
    fresh instance, which lists what is there."""
    before, after = {}, {}
    plane = next(iter(stages.values())).plane
    with contextlib.ExitStack() as stack:
        operators = {name: stack.enter_context(stage.operator(f"bench-{name}")) for name, stage in stages.items()}
        for name, operator in operators.items():
            operator.await_leading()
            operator.await_quiet()
            before[name] = operator.memory()
        requests = (Request("POST", f"/api/v1/namespaces/{namespace_of(number)}/{resource}", body)
                    for number in range(settings.foreign) for resource, body in [foreign_of(number)])
        effort = plane.client.put_on(requests)
        for name, operator in operators.items():
            operator.await_quiet()
            after[name] = operator.memory()
    for name, stage in stages.items():
        with stage.operator(f"bench-{name}-again") as operator:
            operator.await_leading()
            operator.await_quiet()
            started = operator.memory()
        note(name, "foreign", {
            "count": settings.foreign, "load_seconds": effort.seconds,
            "before": before[name].anonymous, "after": after[name].anonymous, "started": started.anonymous,
            "before_resident": before[name].resident, "after_resident": after[name].resident,
            "grown": max(after[name].anonymous, started.anonymous) - before[name].anonymous,
        })


