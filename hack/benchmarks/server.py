"""The benchmark `server`: rounds in which every contestant is measured in turn, each in a fresh process.

A record is what one measurement of one contestant in one round gave. `void` says why it must not be used."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from . import fleets, generator, memory
from .contestants import CONTESTANTS, OURS, ROOT, Contestant, Missing, Start, StartMember
from .generator import Broken
from .processes import Process, free_port
from .progress import Progress
from .settings import Point, Settings

LOGS = ROOT / "build" / "bench" / "logs"
MOST_OF_A_CORE = 0.85  # a generator that uses more measures itself
BOOT_SECONDS = 30
Record = dict[str, object]


class Serving:
    """A contestant's process and where it listens."""

    def __init__(self, contestant: Contestant, start: Start, core: int) -> None:
        self.contestant = contestant
        self.port = free_port()
        self.log = LOGS / f"{contestant.name}.log"
        self.process = Process(start(self.port), core, self.log)

    def await_ready(self, core: int) -> None:
        """Until a client has connected, joined and left."""
        deadline = time.monotonic() + BOOT_SECONDS
        while True:
            said = generator.measure("connect", self.port, [], core, self.log, connects=1, protocol=self.contestant.protocol)
            if said["connects"] == 1:
                return self.process.settle()
            if time.monotonic() > deadline or not self.process.alive():
                raise Broken(f"{self.contestant.name} does not serve ({said['why']}); see {self.log}")
            time.sleep(0.1)


class Benchmark:
    """One run."""

    def __init__(self, settings: Settings, cores: tuple[int, int], progress: Progress) -> None:
        self.settings = settings
        self.server_core, self.generator_core = cores
        self.progress = progress
        self.records: list[Record] = []
        self.missing: dict[str, str] = {}
        self._starts: dict[str, Start] = {}
        self._members: dict[str, StartMember] = {}

    def prepare(self) -> None:
        """Builds what is to be measured; what is not available is reported as missing, and the run continues."""
        LOGS.mkdir(parents=True, exist_ok=True)
        for log in LOGS.glob("*.log"):
            log.unlink()
        self.progress.say("preparing: the generator")
        generator.prepare()
        for name in self.settings.only:
            self.progress.say(f"preparing: {name}, {CONTESTANTS[name].what}")
            try:
                self._starts[name] = CONTESTANTS[name].prepare()
                if CONTESTANTS[name].prepare_member and self.settings.fleet_points():
                    self._members[name] = CONTESTANTS[name].prepare_member()
            except Missing as reason:
                self.missing[name] = str(reason)
                self.progress.say(f"NOT MEASURED: {name}: {reason}")

    def run(self, after_round: Callable[[], None]) -> None:
        settings, contestants = self.settings, len(self._starts)
        each = sum(settings.estimate(point) for point in settings.points()) + settings.estimate_connects() + 1
        each += sum(settings.estimate_asks(connections) for connections in settings.connections)
        self.progress.plan(settings.rounds * contestants * each)
        of_fleets = sum(settings.estimate(point) for point in settings.fleet_points()) + 2
        self.progress.plan(settings.rounds * (len(self._members) * of_fleets + 2 * settings.seconds))
        self.progress.plan(min(settings.memory_rounds, settings.rounds) * settings.estimate_memory())
        self.progress.begin()
        for number in range(1, settings.rounds + 1):
            self._round(number)
            self._fleet_round(number)
            self._rooms_round(number)
            if number <= settings.memory_rounds:
                self._memory_round(number)
            after_round()

    @contextlib.contextmanager
    def _serving(self, names: list[str]) -> Iterator[dict[str, Serving]]:
        with contextlib.ExitStack() as stack:
            fleet = {}
            for name in names:
                fleet[name] = Serving(CONTESTANTS[name], self._starts[name], self.server_core)
                stack.callback(fleet[name].process.end)
            for serving in fleet.values():
                serving.await_ready(self.generator_core)
            yield fleet

    def _round(self, number: int) -> None:
        """A fresh process for each; then, for each measurement, one after the other, so that what a figure is compared with
        was measured within the same seconds."""
        with self._serving(list(self._starts)) as fleet:
            self.progress.done(len(fleet))
            for point in self.settings.points():
                for serving in fleet.values():
                    if serving.contestant.polls or not point.polling:
                        self._note(number, serving, str(point), self._deliver(serving, point), self.settings.estimate(point))
            for connections in self.settings.connections:
                for serving in fleet.values():
                    if serving.contestant.acknowledges:
                        self._note(number, serving, f"{connections:,} connections, acknowledgements",
                                   self._ask(serving, connections), self.settings.estimate_asks(connections))
            for serving in fleet.values():
                self._note(number, serving, f"{self.settings.connects:,} connects", self._connect(serving),
                           self.settings.estimate_connects())

    def _fleet_round(self, number: int) -> None:
        """Two processes of one contestant at a time, as both need the server's core."""
        for point in self.settings.fleet_points():
            for name, start in self._members.items():
                record: Record = {"kind": "fleet", **vars(point), "void": None}
                try:
                    with self._fleet(name, start, 2) as fleet:
                        said = generator.measure(
                            "deliver", fleet.ports[0], fleet.pids(), self.generator_core, fleet.log, other=fleet.ports[1],
                            **self._options(point))
                        record = self._delivered(CONTESTANTS[name], record, said)
                except Broken as reason:
                    record["void"] = str(reason)
                self._add(number, name, f"{point}, over Redis", record, self.settings.estimate(point))

    def _rooms_round(self, number: int) -> None:
        """Events that another process emits, in the form of Flask-SocketIO; so of the bundled server only."""
        start = self._members.get(OURS)
        for kind, rooms in (("rooms", True), ("everyone", False)) if start else ():
            record: Record = {"kind": kind, "void": None}
            options = self.settings.room_options(rooms)
            try:
                with self._fleet(OURS, start, 1) as fleet:
                    said = generator.measure("rooms", fleet.ports[0], fleet.pids(), self.generator_core, fleet.log,
                                             redis=fleet.redis_port, **options)
                    record = self._delivered(CONTESTANTS[OURS], record, said)
            except Broken as reason:
                record["void"] = str(reason)
            what = f"{self.settings.rooms:,} rooms of {self.settings.members}" if rooms else "everyone"
            self._add(number, OURS, f"events from outside to {what}", record, self.settings.seconds)

    @contextlib.contextmanager
    def _fleet(self, name: str, start: StartMember, members: int) -> Iterator[fleets.Fleet]:
        with fleets.running(CONTESTANTS[name], start, members, (self.server_core, self.generator_core), LOGS) as fleet:
            fleet.settle()
            yield fleet

    def _add(self, number: int, name: str, what: str, record: Record, planned: float) -> None:
        self.records.append({"round": number, "contestant": name, **record})
        self.progress.done(planned)
        self.progress.say(f"round {number}/{self.settings.rounds}, {what}: {name}: {summary(record)}")

    def _note(self, number: int, serving: Serving, what: str, record: Record, planned: float) -> None:
        self._add(number, serving.contestant.name, what, record, planned)
        serving.process.settle()

    def _measure(self, serving: Serving, mode: str, **options: object) -> dict:
        if not serving.process.alive():
            raise Broken(f"it has exited; see {serving.log}")
        return generator.measure(mode, serving.port, serving.process.pids(), self.generator_core, serving.log,
                                 protocol=serving.contestant.protocol, **options)

    def _options(self, point: Point) -> dict[str, object]:
        return {"connections": point.connections, "burst": point.burst, "polling": int(point.polling),
                "bursts": self.settings.bursts_of(point), "bursts_a_second": self.settings.bursts_a_second(point),
                "warm_up_bursts": self.settings.warm_up_bursts(point)}

    def _deliver(self, serving: Serving, point: Point) -> Record:
        return self._measured(serving, {"kind": "delivery", **vars(point), "void": None}, "deliver", **self._options(point))

    def _ask(self, serving: Serving, connections: int) -> Record:
        return self._measured(serving, {"kind": "ask", "connections": connections, "void": None}, "ask",
                              connections=connections, events=self.settings.asks(), events_a_second=self.settings.asks_a_second)

    def _measured(self, serving: Serving, record: Record, mode: str, **options: object) -> Record:
        try:
            said = self._measure(serving, mode, **options)
        except Broken as reason:
            return {**record, "void": str(reason)}
        return self._delivered(serving.contestant, record, said)

    @staticmethod
    def _delivered(contestant: Contestant, record: Record, said: dict) -> Record:
        faults = {name: count for name, count in said["faults"].items() if count}
        record |= {"faults": faults, "why": said["why"], "deliveries": said["deliveries"],
                   "deliveries_in_all": said["expected_in_all"]}
        if not said["deliveries"]:
            return {**record, "void": f"nothing was delivered: {said['why']}"}
        record |= {
            "cpu_ns": said["server_cpu"] / said["deliveries"],
            **{f"{name}_us": value for name, value in said["latency_us"].items()},
            "deliveries_a_second": said["deliveries"] / said["wall"] * 1e9,
            # The share of the time with outstanding deliveries in which another process used one of the cores.
            "disturbance": max(said["server_waited"], said["generator_waited"]) / said["busy"],
            "publisher_late_max_us": said["publisher_late_max"] / 1e3,
            **shares(said),
        }
        if faults and not contestant.is_compared:
            record["void"] = "faults: " + ", ".join(f"{count} {name}" for name, count in faults.items())
        elif record["generator_share"] > MOST_OF_A_CORE:
            record["void"] = f"the generator used {record['generator_share']:.0%} of its core"
        return record

    def _connect(self, serving: Serving) -> Record:
        record: Record = {"kind": "connect", "void": None}
        try:
            said = self._measure(serving, "connect", connects=self.settings.connects,
                                 seconds=self.settings.connect_seconds)
        except Broken as reason:
            return {**record, "void": str(reason)}
        if not said["connects"] or (said["failed"] and not serving.contestant.is_compared):
            return {**record, "void": f"{said['failed']} connects failed: {said['why']}"}
        record |= {
            "connects": said["connects"], "failed": said["failed"], "left_open": said["left_open"],
            "connects_a_second": said["connects"] / said["wall"] * 1e9,
            "cpu_ns": said["server_cpu"] / said["connects"],
            **{f"{name}_us": value for name, value in said["latency_us"].items()},
            **shares(said),
        }
        # Then the server could do more, and this is the least that it does.
        record["at_least"] = record["generator_share"] > MOST_OF_A_CORE
        return record

    def _memory_round(self, number: int) -> None:
        names = list(self._starts)
        with self._serving(names) as websocket, self._serving([it for it in names if CONTESTANTS[it].polls]) as polling:
            found = memory.measure(self.settings, {"websocket": websocket, "polling": polling}, self.generator_core)
        self.progress.done(self.settings.estimate_memory())
        for name in names:
            record = {"round": number, "contestant": name, "kind": "memory", "void": None, **found[name]}
            self.records.append(record)
            self.progress.say(f"round {number}/{self.settings.rounds}, memory: {name}: {summary(record)}")


def shares(said: dict) -> Record:
    """How busy the generator's core was, and how long either waited because another process used its core."""
    return {
        "generator_share": said["generator_cpu"] / said["wall"],
        "server_share": said["server_cpu"] / said["wall"],
        "generator_waited_share": said["generator_waited"] / said["wall"],
        "server_waited_share": said["server_waited"] / said["wall"],
    }


def summary(record: Record) -> str:
    """One record in a line."""
    if record["void"]:
        return f"VOID: {record['void']}"
    if record["kind"] == "memory":
        kept = ", ".join(f"{record[f'{it}_idle']:,.0f} bytes per idle {it} session, {record[f'{it}_churned']:,.0f} after churn"
                         for it in ("websocket", "polling") if f"{it}_idle" in record)
        return f"{record['base_resident'] / 2**20:.1f} MiB of base memory, {kept}"
    share = f"generator {record['generator_share']:.0%}"
    if record["kind"] == "connect":
        least = "at least " if record["at_least"] else ""
        return f"{least}{record['connects_a_second']:,.0f} per second, {record['cpu_ns'] / 1e3:.1f} µs each, {share}"
    faults = "".join(f", {count:,} {name}" for name, count in record["faults"].items())
    what = "acknowledgement" if record["kind"] == "ask" else "delivery"
    return f"{record['cpu_ns'] / 1e3:.2f} µs per {what}, p99 {record['p99_us'] / 1e3:.1f} ms, {share}{faults}"
