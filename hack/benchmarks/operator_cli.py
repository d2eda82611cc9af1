"""What the command line of hack/bench has for the benchmark `operator`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from .contestants import ROOT, Missing
from .operator import OperatorBenchmark
from .operator_report import PATH, PICTURE, OperatorReport
from .operator_settings import PARTS, OperatorSettings
from .progress import Progress

GROUPS = ("build", "bench", "cluster")  # of hack/deps
QUICK = {"apps": 20, "many": 100, "foreign": 1000, "rounds": 1, "idle_seconds": 5.0}

EPILOG = """\
How `operator` is measured. Each contestant runs as a process outside of a cluster that is started for it alone: etcd and
kube-apiserver, the same user, the same flags, nothing that limits how fast it may ask. Who is first alternates from round
to round. The parts (--parts A,B; Default: all):

  apps      kube-controller-manager, kube-scheduler and kwok, which plays ten nodes, bring the workloads about. After a
            warm-up of ten others, --apps RealtimeApps, each with a Redis and an Ingress, are created over eight
            connections; then they are left idle; then their pods' template is changed; then they are deleted. Pods have no
            addresses and Services no EndpointSlices, as nobody would answer there: connections are not counted.
  many      --many RealtimeApps for memory, a start with them there, and a take-over by an instance that was waiting when
            the leader is asked to stop. Only the API server runs, so that no app becomes Ready: twice as many pods
            would take this cluster far longer than what is measured here. It emulates 1.33 with the
            older allocator of addresses, as today's counts all of them for each Service.
  foreign   no app, and --foreign Secrets, ConfigMaps and Pods of others, created while the operators are there; memory is
            compared with that before, also of instances that are started afterwards. All contestants run at once.
  no-op     a reconcile that finds all as it should be, with 100 and with --many apps in its caches: a program of its own,
            tests/bench/reconcile.cpp, with the operator's reconciler. Of ours alone. A few apps stay in the processor's
            caches, and many do not, whatever a reconcile does; so it is also measured alone, with those caches emptied
            before it, and the growth from few to many is that.

CPU is the process's own clock, from the first request of the load until the operator has been quiet for two seconds, those
not included. Requests are those of the API server's audit log, which has this user's only. `Ready` is the time from the
first creation until a watch has seen the last app Ready; `children`, until the last child had been applied the first time.
Where `cluster` is near 200 % (of a core; there are two), the cluster's own controllers are what is waited for, and times to
Ready say little about the operator; CPU and `children` do. `load` is the share of a core that the load generator used.

The other operator applies a child only if it differs from its cache, and has warm caches while it waits; many written
with controller-runtime do neither. It caches the Secrets; ours reads each again every five minutes, which an idle minute
may not show. It deletes the ConfigMap of an earlier configuration at once; ours keeps it while a rollback could need it.

The tables go to the standard output, all figures of all rounds to build/bench/operator.json, a picture of the medians to
build/bench/operator.svg, logs to build/bench/logs. The quick run shows whether it works; its figures are too small to tell.
"""


def add_options(parser: argparse.ArgumentParser, at_least: Callable[[float, type], Callable[[str], float]],
                names: Callable[[dict[str, object]], Callable[[str], tuple[str, ...]]]) -> None:
    group = parser.add_argument_group("operator")
    group.add_argument("--parts", type=names(dict.fromkeys(PARTS)), metavar="A,B",
                       help=f"which parts. Default: {','.join(PARTS)}")
    for name, what in (("apps", "RealtimeApps that are to become Ready"), ("many", "RealtimeApps for memory and start"),
                       ("foreign", "objects of others")):
        default = f"{getattr(OperatorSettings, name)}"
        group.add_argument(f"--{name}", type=at_least(1, int), metavar="N", help=f"how many {what}. Default: {default}")


def run(settings: OperatorSettings) -> int:
    benchmark = OperatorBenchmark(settings, Progress())
    report = OperatorReport(benchmark)
    try:
        benchmark.prepare()
        benchmark.run(report.write)
    except Missing as reason:
        print(f"hack/bench: {reason}", file=sys.stderr)
        return 1
    finally:
        if benchmark.records:
            report.write()
            print(report.text(), flush=True)
            print(f"\nall figures: {PATH.relative_to(ROOT)}, a picture: {PICTURE.relative_to(ROOT)}", flush=True)
    voids = any(record["void"] for record in benchmark.records)
    return 1 if voids or any(it.holds is False for it in report.criteria()) else 0
