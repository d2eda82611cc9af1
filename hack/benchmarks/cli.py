"""The command line of hack/bench."""

from __future__ import annotations

import argparse
import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Callable

from . import operator_cli
from .contestants import CONTESTANTS, ROOT, Missing
from .generator import Broken
from .operator_contestants import CONTESTANTS as OPERATORS
from .operator_settings import OperatorSettings
from .processes import raise_descriptor_limit
from .progress import Progress
from .report import PATH, Report
from .server import Benchmark
from .settings import Settings

DESCRIPTION = """\
Measures the bundled server and compared servers in one run on this machine, and reports which criteria hold.

  hack/bench                       both benchmarks
  hack/bench server                the bundled realtime-server, a baseline and other servers: about two hours
  hack/bench server --quick        one short round: does it run, and roughly where are we? Under four minutes
  hack/bench server --only ours,baseline --connections 1000 --bursts 8 --rounds 3
                                   while working on one thing
  hack/bench operator              the realtime-operator compared with one on controller-runtime, on a real control plane with
                                   nodes that kwok plays: about three hours on two cores
  hack/bench operator --quick      20 apps: does it run? Under four minutes
  hack/bench operator --parts apps --apps 300 --rounds 1

"""
EPILOG = """\
How `server` is measured. Each round starts every contestant in a fresh process on the first core; the load generator runs on
the second one. For each point (connections, broadcasts in a burst) the contestants are measured one after the other. One
client publishes, everybody receives, over WebSockets and then (with up to 1,000 clients and bursts of up to 8) by polling.
For acknowledgements all clients send in turn, at a fixed rate. Every delivery is compared with what was sent: one that is
missing, comes twice, out of order or changed voids a round of ours and of the baseline, and is reported for a compared
server. Latency counts from the moment the burst was scheduled for, so a server that stalls cannot hide it, to the moment
the kernel has the bytes for the client, so that the generator's own reading is not in it. CPU is the process's own clock,
in nanoseconds, over the measured time only. A ratio is taken within a round, and what must hold has to hold in six of
seven rounds.

Centrifugo speaks its own protocol, as JSON: clients publish to a channel that all have subscribed to, which is passed on
as it is, and an acknowledged event is a publication to a channel without subscribers. Memory of idle sessions is the
process's own; `kernel` beside it is what the kernel keeps for it, as a cgroup counts it.

What to check first: `generator` is the share of its core that the generator used; above 85 % it would measure itself, and
the round is void (for connects: the server could do more, and the rate that its CPU per connect allows is compared).
`waited` is the share of the time in which the server was ready to run but another process used its core (compared servers
with several threads also wait for themselves): above a few per cent, the machine was not quiet. CPU figures remain valid
then, p99 does not.

The tables go to the standard output, all figures of all rounds to build/bench/server.json, what servers say to
build/bench/logs.

"""
EXIT_CODES = "\nExit code: 0, or 1 if something that must hold does not, 2 for a wrong command line.\n"
QUICK = {"connections": (100, 1000), "rounds": 1, "memory_rounds": 1, "seconds": 1.0, "least_bursts": 1, "idle_seconds": 3.0, "churns": 1,
         "connects": 1000, "connect_seconds": 3.0}


def _names(known: dict[str, object]) -> Callable[[str], tuple[str, ...]]:
    def read(text: str) -> tuple[str, ...]:
        names = tuple(text.split(","))
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"there is no {name}; there are: {', '.join(known)}")
        return names
    return read


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(word) for word in text.split(","))
    if min(numbers) < 1:
        raise ValueError
    return numbers


def _at_least(least: float, kind: type) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = kind(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"at least {least:g}")
        return value
    read.__name__ = kind.__name__
    return read


def _contestants() -> str:
    return "\n".join(f"Contestants of `{name}`:\n" + "".join(f"  {it.name:<19} {it.what}\n" for it in kind.contestants.values())
                     for name, kind in BENCHMARKS.items())


def _parser() -> argparse.ArgumentParser:
    known = {name: it for kind in BENCHMARKS.values() for name, it in kind.contestants.items()}
    parser = argparse.ArgumentParser(prog="hack/bench", description=DESCRIPTION + _contestants(),
                                     epilog=EPILOG + operator_cli.EPILOG + EXIT_CODES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which benchmarks: {', '.join(BENCHMARKS)}; all without any")
    parser.add_argument("--quick", action="store_true", help="one short round; other options still count")
    parser.add_argument("--only", type=_names(known), metavar="A,B", help="only these contestants")
    parser.add_argument("--rounds", type=_at_least(1, int), metavar="N", help="how many rounds. Default: 7, operator 3")
    parser.add_argument("--memory-rounds", type=_at_least(0, int), metavar="N",
                        help="in how many of them memory is looked at (operator: `many` and `foreign`). Default: 3, operator 1")
    parser.add_argument("--idle-seconds", type=_at_least(0, float), metavar="S",
                        help="how long sessions, and the operator, are idle. Default: 60")
    group = parser.add_argument_group("server")
    group.add_argument("--connections", type=_numbers, metavar="N,M", help="how many clients. Default: 100,1000,5000")
    group.add_argument("--bursts", type=_numbers, metavar="N,M", help="how many broadcasts at once. Default: 1,8,64")
    group.add_argument("--seconds", type=_at_least(0.1, float), metavar="S", help="how long a point is measured. Default: 5")
    group.add_argument("--connects", type=_at_least(1, int), metavar="N", help="how many connects are timed. Default: 10000")
    operator_cli.add_options(parser, _at_least, _names)
    return parser


def _server(settings: Settings) -> int:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("hack/bench: server and generator need a core each, and there is one", file=sys.stderr)
        return 1
    raise_descriptor_limit(2 * max(settings.connections) + 1000)
    benchmark = Benchmark(settings, (cores[0], cores[1]), Progress())
    report = Report(benchmark)
    try:
        benchmark.prepare()
        benchmark.run(report.write)
    except (Broken, Missing) as reason:
        print(f"hack/bench: {reason}", file=sys.stderr)
        return 1
    finally:
        if benchmark.records:
            report.write()
            print(report.text(), flush=True)
            print(f"\nall figures: {PATH.relative_to(ROOT)}", flush=True)
    return 1 if any(it.holds is False for it in report.criteria()) else 0


@dataclasses.dataclass(frozen=True)
class Kind:
    """One benchmark: what it needs, and how it is run."""

    contestants: dict[str, object]
    groups: tuple[str, ...]  # of hack/deps
    quick: dict[str, object]
    settings: type
    run: Callable[..., int]


BENCHMARKS = {
    "server": Kind(CONTESTANTS, ("build", "bench"), QUICK, Settings, _server),
    "operator": Kind(OPERATORS, operator_cli.GROUPS, operator_cli.QUICK, OperatorSettings, operator_cli.run),
}


def _settings(kind: Kind, arguments: argparse.Namespace) -> object:
    """What was chosen, else what a quick run takes, else the defaults."""
    chosen = {field.name: value for field in dataclasses.fields(kind.settings)
              if (value := getattr(arguments, field.name, None)) is not None}
    only = tuple(name for name in kind.contestants if name in (arguments.only or kind.contestants))
    return kind.settings(**{**(kind.quick if arguments.quick else {}), **chosen, "only": only})


def _end(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = _parser()
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name}; there are: {', '.join(BENCHMARKS)}")
    kinds = [BENCHMARKS[name] for name in arguments.names or BENCHMARKS]
    settings = [_settings(kind, arguments) for kind in kinds]
    if not all(it.only for it in settings):
        parser.error("--only leaves a benchmark without a contestant")
    groups = sorted({group for kind in kinds for group in kind.groups})
    if subprocess.run([pathlib.Path(ROOT, "hack", "deps"), *groups], check=False).returncode != 0:
        return 1
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    try:
        return max(kind.run(chosen) for kind, chosen in zip(kinds, settings))
    except KeyboardInterrupt:
        print("hack/bench: stopped; what was measured until then is above", file=sys.stderr)
        return 130
