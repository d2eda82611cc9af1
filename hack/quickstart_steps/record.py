"""What the quickstart made in a cluster, kept in the cluster itself: --down removes that and nothing else, from any
machine and after any interruption. Each thing is noted before it is made."""

from __future__ import annotations

import json

from .shell import Shell

NAMESPACE = "realtime-operator-system"
RELEASE = "realtime-operator"
CRD = "realtimeapps.realtimeoperator.dev"
APP_NAMESPACE = "default"
APP = "chat"
NAME = "realtime-operator-quickstart"
LABEL = "app.kubernetes.io/managed-by"


def read(shell: Shell) -> dict:
    """The record, empty if there is none. The namespace's own label counts even if nothing else was noted."""
    found = shell.json(["kubectl", "get", "configmap", NAME, "--namespace", NAMESPACE])
    made = json.loads(found.get("data", {}).get("made", "{}"))
    labels = shell.json(["kubectl", "get", "namespace", NAMESPACE]).get("metadata", {}).get("labels", {})
    return {**made, "namespace": True} if labels.get(LABEL) == NAME else made


def make_namespace(shell: Shell) -> None:
    """Makes the release's namespace, marked as ours, unless it exists."""
    if not exists(shell, "namespace", NAMESPACE):
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": {LABEL: NAME}}}
        shell.output(["kubectl", "create", "-f", "-"], stdin=json.dumps(manifest))


def write(shell: Shell, made: dict) -> None:
    """Replaces the record."""
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": {LABEL: NAME}},
        "data": {"made": json.dumps(made, sort_keys=True)},
    }
    shell.output(["kubectl", "apply", "-f", "-"], stdin=json.dumps(manifest))


def note(shell: Shell, **made: object) -> None:
    """Adds to the record."""
    write(shell, {**read(shell), **made})


def exists(shell: Shell, kind: str, name: str, namespace: str = "") -> bool:
    """Whether the cluster has this object; a kind that it does not know counts as no."""
    scope = ["--namespace", namespace] if namespace else []
    return bool(shell.output(["kubectl", "get", kind, name, *scope, "--ignore-not-found", "-o", "name"],
                             check=False).strip())
