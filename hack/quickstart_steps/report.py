"""The final message of a successful run: where the app is, and what to try."""

from __future__ import annotations

import os
import shlex

from localcluster.progress import say

from . import record
from .shell import REPOSITORY
from .target import CLUSTER, Target


def _environment(target: Target) -> str:
    """What makes the user's own kubectl talk to this cluster; empty if it does already."""
    if target.local:
        return f'eval "$({os.path.relpath(CLUSTER)} env)"'
    named = target.shell.environment["KUBECONFIG"]
    return "" if os.environ.get("KUBECONFIG") == named else f"export KUBECONFIG={shlex.quote(named)}"


def _down(target: Target) -> str:
    """The line that removes it all, wherever it is called."""
    program = os.path.relpath(REPOSITORY / "hack" / "quickstart")
    if target.local:
        return f"{program} --down"
    return f"{program} --down --kubeconfig {shlex.quote(target.shell.environment['KUBECONFIG'])}"


def show(target: Target, app: dict, ingress: bool) -> None:
    """Prints to standard output, so that it can be kept apart from the progress."""
    status = app["status"]
    say(f"{record.APP} is Ready: {status.get('readyReplicas', 0)} replicas")
    lines = [""]
    forward = f"kubectl -n {record.APP_NAMESPACE} port-forward service/{record.APP} 8080:80"
    if ingress:
        lines.append(f"  Open {status.get('url', '(no URL yet)')}")
        localhost = target.shell.environment.get("REALTIME_CLUSTER_INGRESS_LOCALHOST") if target.local else None
        if localhost:
            lines.append(f"  or   {localhost}  (the same, for a browser that forwards ports)")
    else:
        lines += [f"  Run  {forward}", "  and open http://localhost:8080"]
    lines += ["", "  Open it in two tabs and send a message: both tabs get it, whichever replicas they are connected to.", "",
              "  Then try:"]
    kubectl = "kubectl" if target.local else f"kubectl -n {record.APP_NAMESPACE}"
    one_pod = f"{kubectl} get pods -l {status['selector']} -o name | head -1" if status.get("selector") else ""
    steps = [
        (_environment(target), "kubectl for this cluster"),
        (f"{kubectl} get rta", "the app in one line"),
        (f"{kubectl} describe rta {record.APP}", "every condition, with a message"),
        (f"{kubectl} scale rta {record.APP} --replicas=5", "more replicas; the tabs stay connected"),
        (f"{kubectl} delete $({one_pod})" if one_pod else "", "deletes a replica; its tabs reconnect by themselves"),
        (_down(target), "removes everything"),
    ]
    for command, meaning in steps:
        if command:
            lines += [f"    # {meaning}", f"    {command}"]
    print("\n".join([*lines, ""]), flush=True)
