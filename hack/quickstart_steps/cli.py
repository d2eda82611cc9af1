"""The command line of hack/quickstart, and the order of its steps."""

from __future__ import annotations

import argparse
import os
import sys
import time

from localcluster.progress import Failure, say

from . import deliver, example, install, preflight, record, remove, report, target
from .shell import LOG, REPOSITORY, Shell

HELP = """\
Installs what is missing, builds the operator and the bundled server, brings up a local cluster, installs the chart,
applies examples/echo.yaml, waits until it is Ready and prints its URL and what to try next.
The first run on a fresh machine builds Kubernetes from its Go modules (about twenty minutes on two cores);
later runs take less than a minute.

  hack/quickstart                                    a local cluster, the bundled server
  hack/quickstart --example flask-socketio           your own image: examples/flask-socketio
  hack/quickstart --down                             removes what the quickstart created

With KUBECONFIG set (or --kubeconfig), that cluster is used instead of a local one. The quickstart checks it first, asks
before it changes anything, and --down removes only what the quickstart created. The images are loaded with `kind load`
(a context kind-NAME with kind on PATH) or pushed to a registry:

  KUBECONFIG=FILE hack/quickstart                    a kind cluster
  KUBECONFIG=FILE hack/quickstart --registry registry.example.com/me --yes
"""


def _deps(shell: Shell) -> None:
    say("installing what is missing")
    shell.run([REPOSITORY / "hack" / "deps"])


def _build(shell: Shell) -> None:
    say("building the operator and the server")
    targets = []
    for name in ("realtime-operator", "realtime-server"):
        variable = f"{name.replace('-', '_').upper()}_BINARY"
        if os.environ.get(variable):
            say(f"  {variable} is set: using that program")
        else:
            targets.append(name)
    if not targets:
        return
    if not (REPOSITORY / "build" / "release" / "CMakeCache.txt").exists():
        shell.run(["cmake", "--preset", "release"])
    shell.run(["cmake", "--build", "--preset", "release", "--target", *targets])


def _install(chosen: target.Target, wanted: example.Example, registry: str | None, plan: preflight.Plan) -> None:
    """From the images to the URL; the same on every cluster."""
    shell = chosen.shell
    say("building the images")
    made = deliver.build(shell, wanted)
    say("bringing the images to the cluster")
    references = deliver.bring(chosen, registry, made)
    say("installing the chart")
    record.make_namespace(shell)
    record.note(shell, crd=plan.make_crd, release=True)
    install.operator(chosen, references, plan.make_crd)
    say(f"applying {wanted.manifest.relative_to(REPOSITORY)}")
    example.apply(shell, wanted, references[wanted.image], plan.ingress)
    say(f"waiting for {record.APP} to be Ready")
    report.show(chosen, example.wait(shell), plan.ingress)


def _up(arguments: argparse.Namespace) -> None:
    # Before hack/deps: a wrong KUBECONFIG should not cost twenty minutes.
    chosen = target.choose(arguments.kubeconfig)
    if chosen.local:
        if arguments.registry:
            raise Failure("--registry is for your own cluster: set KUBECONFIG or --kubeconfig")
        plan = preflight.Plan(make_namespace=True, make_crd=True, ingress=True)
    else:
        plan = preflight.plan(chosen, arguments.registry)
        preflight.ask(chosen, preflight.describe(chosen, plan, arguments.registry), arguments.yes)
        if not plan.ingress:
            say("there is no IngressClass traefik: use kubectl port-forward to reach the example")
    _deps(Shell(os.environ))
    _build(Shell(os.environ))
    if chosen.local:
        say("bringing up the local cluster")
        Shell(os.environ).run([target.CLUSTER, "up"])
        chosen = target.local()  # PATH and KUBECONFIG are certain only now
    _install(chosen, example.EXAMPLES[arguments.example], arguments.registry, plan)


def _down(arguments: argparse.Namespace) -> None:
    chosen = target.choose(arguments.kubeconfig)
    if chosen.local:
        remove.local()
    else:
        remove.foreign(chosen, arguments.yes)


def main() -> int:
    """One run; an expected failure is one message without a trace."""
    parser = argparse.ArgumentParser(prog="hack/quickstart", description=HELP,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--down", action="store_true", help="remove what the quickstart created")
    parser.add_argument("--example", choices=list(example.EXAMPLES), default=next(iter(example.EXAMPLES)),
                        help="what to run as the RealtimeApp chat (default: %(default)s)")
    parser.add_argument("--yes", action="store_true", help="do not ask before changing your own cluster")
    parser.add_argument("--kubeconfig", metavar="FILE", help="use this cluster (default: KUBECONFIG, otherwise a local cluster)")
    parser.add_argument("--registry", metavar="HOST[/PATH]", help="push the images here, for your own cluster")
    arguments = parser.parse_args()
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.write_text(time.strftime("%F %T") + " " + " ".join(sys.argv) + "\n", encoding="utf-8")
    try:
        if arguments.down:
            _down(arguments)
        else:
            _up(arguments)
    except Failure as failure:
        say(f"FAILED: {failure}")
        return 1
    except KeyboardInterrupt:
        say("stopped. Run hack/quickstart again to continue, or hack/quickstart --down to remove what exists")
        return 130
    return 0
