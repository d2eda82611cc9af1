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

from .contestants import CONTESTANTS, ROOT, Missing
from .generator import Broken
from .processes import raise_descriptor_limit
from .progress import Progress
from .report import PATH, Report
from .server import Benchmark
from .settings import Settings

DESCRIPTION = """\
Measures the bundled server and compared servers in one run on this machine, and reports which criteria hold.

  hack/bench                       every benchmark; so far that is `server`
  hack/bench server                the bundled realtime-server, a baseline and other Socket.IO servers: under 45 minutes
  hack/bench server --quick        one short round with rough figures: under two minutes
  hack/bench server --only ours,baseline --connections 1000 --bursts 8 --rounds 3
                                   while working on one thing

Contestants:
"""
EPILOG = """\
How it is measured. Each round starts every contestant in a new process on the first core; the load generator runs on
the second core. For each point (connections, broadcasts in a burst) the contestants are measured one after the other. One
client publishes, all clients receive. Every delivery is compared with what was sent: a missing, duplicate, reordered or
changed one voids a round of `ours` and of the baseline, and is reported for a compared server. Latency is measured from the
scheduled time of the burst, so a server that stalls cannot hide it, to the time when the kernel has the bytes for the client,
so it does not include the generator's own reading. CPU is the process's own clock, in nanoseconds, over the measured time
only. A ratio is calculated within a round, and a criterion must hold in six of seven rounds.

What to check first: `generator` is the share of its core that the generator used; above 85 % it would measure itself, and
the round is void (for connects: the server could do more, and the rate that its CPU per connect allows is compared).
`waited` is the share of the time in which the server was ready to run but another process used its core (compared servers
with several threads also wait for themselves): above a few per cent, the machine was not quiet. CPU figures remain valid
then, p99 does not.

The tables are written to the standard output, all figures of all rounds to build/bench/server.json, the servers' output to
build/bench/logs. Exit code: 0, 1 if a criterion does not hold, or 2 for an invalid command line.
"""
QUICK = {"rounds": 1, "memory_rounds": 1, "seconds": 1.0, "least_bursts": 1, "idle_seconds": 3.0, "churns": 1,
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


def _parser() -> argparse.ArgumentParser:
    contestants = "".join(f"  {it.name:<14} {it.what}\n" for it in CONTESTANTS.values())
    parser = argparse.ArgumentParser(prog="hack/bench", description=DESCRIPTION + contestants, epilog=EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which benchmarks: {', '.join(BENCHMARKS)}; all without any")
    parser.add_argument("--quick", action="store_true", help="one short round; other options still count")
    parser.add_argument("--only", type=_names(CONTESTANTS), metavar="A,B", help="only these contestants")
    parser.add_argument("--connections", type=_numbers, metavar="N,M", help="how many clients (100,1000)")
    parser.add_argument("--bursts", type=_numbers, metavar="N,M", help="how many broadcasts at once (1,8,64)")
    parser.add_argument("--rounds", type=_at_least(1, int), metavar="N", help="how many rounds (7)")
    parser.add_argument("--memory-rounds", type=_at_least(0, int), metavar="N",
                        help="after how many of them memory is measured (3)")
    parser.add_argument("--seconds", type=_at_least(0.1, float), metavar="S", help="how long a point is measured (5)")
    parser.add_argument("--connects", type=_at_least(1, int), metavar="N", help="how many connects are timed (10000)")
    parser.add_argument("--idle-seconds", type=_at_least(0, float), metavar="S",
                        help="how long sessions are idle before memory is measured (60)")
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


BENCHMARKS: dict[str, Callable[[Settings], int]] = {"server": _server}


def _end(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = _parser()
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name}; there are: {', '.join(BENCHMARKS)}")
    chosen = {field.name: value for field in dataclasses.fields(Settings)
              if (value := getattr(arguments, field.name, None)) is not None}
    settings = Settings(**{"only": tuple(CONTESTANTS), **(QUICK if arguments.quick else {}), **chosen})
    if subprocess.run([pathlib.Path(ROOT, "hack", "deps"), "build", "bench"], check=False).returncode != 0:
        return 1
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    try:
        return max(BENCHMARKS[name](settings) for name in arguments.names or BENCHMARKS)
    except KeyboardInterrupt:
        print("hack/bench: stopped; what was measured until then is above", file=sys.stderr)
        return 130
