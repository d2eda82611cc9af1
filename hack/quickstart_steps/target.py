"""Which cluster is meant: the local one, or the one that KUBECONFIG or --kubeconfig names."""

from __future__ import annotations

import dataclasses
import os
import pathlib

from localcluster.layout import Layout
from localcluster.progress import Failure

from .shell import REPOSITORY, Shell

CLUSTER = REPOSITORY / "hack" / "cluster"


@dataclasses.dataclass(frozen=True)
class Target:
    """A cluster and how to talk to it. `shell` has KUBECONFIG and PATH set for it."""

    local: bool
    shell: Shell
    context: str = ""
    server: str = ""

    @property
    def kind(self) -> str:
        """The name that kind gave the cluster; empty if kind did not make it, or is not here to bring images."""
        made = self.context.startswith("kind-") and self.shell.has("kind")
        return self.context.removeprefix("kind-") if made else ""


def local() -> Target:
    """The cluster of hack/cluster, which must be up: only then its environment is known."""
    script = 'exports=$("$0" env) && eval "$exports" && env -0'
    text = Shell(os.environ).output(["bash", "-c", script, CLUSTER])
    variables = dict(line.split("=", 1) for line in text.split("\0") if line)
    return Target(local=True, shell=Shell(variables))


def _same_file(one: str, other: pathlib.Path) -> bool:
    return pathlib.Path(one).resolve() == other.resolve()


def choose(kubeconfig: str | None) -> Target:
    """The target of this run; a cluster that is named but does not answer is an error, not a reason to make one."""
    named = kubeconfig or os.environ.get("KUBECONFIG", "")
    # Absolute, because commands run in the repository; KUBECONFIG may be a list.
    named = os.pathsep.join(os.path.abspath(file) for file in named.split(os.pathsep) if file)
    if not named or _same_file(named, Layout().kubeconfig):
        return Target(local=True, shell=Shell(os.environ))
    origin = "--kubeconfig" if kubeconfig else "KUBECONFIG"
    way_out = f"{'leave --kubeconfig out' if kubeconfig else 'unset KUBECONFIG'} to use a local cluster."
    if not any(map(os.path.exists, named.split(os.pathsep))):  # kubectl would take it for an empty one
        raise Failure(f"{named} (from {origin}) does not exist. Correct the path, or {way_out}")
    shell = Shell(os.environ).with_environment({"KUBECONFIG": named})
    if not shell.has("kubectl"):
        raise Failure(f"{origin} is {named}, but kubectl, which is needed to use its cluster, is not on PATH."
                      f" Install kubectl, or {way_out}")
    shell.output(["kubectl", "config", "view"])  # says itself what is wrong with a file that is no kubeconfig
    context = shell.output(["kubectl", "config", "current-context"], check=False).strip()
    if not context:
        raise Failure(f"{named} (from {origin}) has no current context; choose one with `kubectl config use-context`,"
                      f" or {way_out}")
    server = shell.output(["kubectl", "config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"])
    if not shell.succeeds(["kubectl", "get", "--raw", "/version", "--request-timeout=10s"]):
        raise Failure(f"the cluster of {named} (context {context}, {server}) does not answer. Start it, or {way_out}")
    return Target(local=False, shell=shell, context=context, server=server)
