"""hack/quickstart --down: removes what the quickstart created and leaves everything else."""

from __future__ import annotations

import os

from localcluster.progress import say

from . import install, preflight, record
from .shell import LOG, Shell
from .target import CLUSTER, Target


def _remove_log() -> None:
    LOG.unlink(missing_ok=True)
    try:
        LOG.parent.rmdir()
    except OSError:
        pass  # builds are in it; they are the developer's


def local() -> None:
    """The whole cluster goes, dead or alive, so nothing in it has to be asked."""
    say("taking the local cluster down")
    Shell(os.environ).run([CLUSTER, "down"])
    _remove_log()
    say("removed. Kept for the next run: build/release and ~/.cache/realtime-operator")


def _remove_app(shell: Shell, place: str) -> None:
    namespace, name = place.split("/")
    say(f"deleting RealtimeApp {place}")
    command = ["kubectl", "--namespace", namespace, "delete", "realtimeapp", name, "--ignore-not-found"]
    if shell.succeeds([*command, "--cascade=foreground", "--timeout=120s"]):
        return
    # An operator that does not run cannot take its finalizer off, and this app is ours to give up.
    say("  it still exists after two minutes: removing it without waiting for its operator and its pods")
    shell.succeeds(["kubectl", "--namespace", namespace, "patch", "realtimeapp", name, "--type=merge",
                    "-p", '{"metadata":{"finalizers":null}}'])
    shell.succeeds([*command, "--timeout=30s"])


def _remove_crd(shell: Shell) -> None:
    others = shell.json(["kubectl", "get", "realtimeapps", "--all-namespaces"]).get("items", [])
    if others:
        names = ", ".join(f"{item['metadata']['namespace']}/{item['metadata']['name']}" for item in others)
        say(f"keeping the CRD {record.CRD}, because deleting it would delete other RealtimeApps: {names}")
        return
    say(f"deleting the CRD {record.CRD}")
    shell.run(["kubectl", "delete", "customresourcedefinition", record.CRD, "--ignore-not-found", "--timeout=60s"])


def foreign(target: Target, yes: bool) -> None:
    """Only what the record in the cluster names."""
    shell, made = target.shell, record.read(target.shell)
    if not made:
        say(f"the quickstart created nothing in {target.context} ({target.server}); nothing to remove")
        _remove_log()
        return
    parts = [f"RealtimeApp {made['app']}"] if made.get("app") else []
    parts += [f"release {record.RELEASE}"] if made.get("release") else []
    parts += [f"namespace {record.NAMESPACE}"] if made.get("namespace") else []
    preflight.ask(target, f"Remove from {target.context} ({target.server}): {', '.join(parts)}?", yes)
    crd_exists = record.exists(shell, "customresourcedefinition", record.CRD)
    if made.get("app") and crd_exists:
        _remove_app(shell, made["app"])
    if made.get("release"):
        program = install.helm(shell)
        if shell.succeeds([program, "status", record.RELEASE, "--namespace", record.NAMESPACE]):
            say(f"uninstalling the release {record.RELEASE}")
            # In the foreground, or it would not wait for the pods.
            shell.run([program, "uninstall", record.RELEASE, "--namespace", record.NAMESPACE, "--wait",
                       "--cascade=foreground"])
    if made.get("crd") and crd_exists:
        _remove_crd(shell)
    if made.get("namespace"):
        say(f"deleting the namespace {record.NAMESPACE}")
        shell.run(["kubectl", "delete", "namespace", record.NAMESPACE, "--ignore-not-found", "--timeout=120s"])
    else:
        shell.run(["kubectl", "--namespace", record.NAMESPACE, "delete", "configmap", record.NAME,
                   "--ignore-not-found"])
    _remove_log()
    say("removed. Images on the cluster's nodes or in the registry stay there until they are pruned")
