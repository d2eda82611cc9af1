"""Everything that could stop a run on a user's own cluster, checked before anything in it is changed."""

from __future__ import annotations

import dataclasses
import sys

from localcluster.progress import Failure, say

from . import record
from .target import Target

PERMISSIONS = (
    ("create", "namespaces", ""),
    ("create", "customresourcedefinitions.apiextensions.k8s.io", ""),
    ("create", "clusterroles.rbac.authorization.k8s.io", ""),
    ("create", "clusterrolebindings.rbac.authorization.k8s.io", ""),
    ("create", "deployments.apps", record.NAMESPACE),
    ("create", "configmaps", record.NAMESPACE),
    ("create", "secrets", record.NAMESPACE),
)
OLDEST_MINOR = 31


@dataclasses.dataclass(frozen=True)
class Plan:
    """What will happen in the cluster."""

    make_namespace: bool
    make_crd: bool
    ingress: bool  # otherwise the example is reached by port-forward


def _check_version(target: Target) -> None:
    version = target.shell.json(["kubectl", "version"]).get("serverVersion", {})
    minor = int("".join(filter(str.isdigit, version.get("minor", ""))) or 0)
    if minor < OLDEST_MINOR:
        raise Failure(f"the cluster runs Kubernetes {version.get('gitVersion', 'of an unknown version')};"
                      f" 1.{OLDEST_MINOR} or newer is needed")


def _check_permissions(target: Target) -> None:
    missing = []
    for verb, resource, namespace in PERMISSIONS:
        scope = ["--namespace", namespace] if namespace else []
        if not target.shell.succeeds(["kubectl", "auth", "can-i", verb, resource, *scope, "--quiet"]):
            missing.append(f"{verb} {resource}")
    if missing:
        raise Failure(f"context {target.context} is not allowed to: {'; '.join(missing)}. Installing an operator requires the"
                      " permissions of a cluster administrator: use such a context, or ask for them.")


def _check_images(target: Target, registry: str | None) -> None:
    if registry:
        if not target.shell.has("buildah"):
            raise Failure("--registry requires buildah, which pushes the images (Debian's package buildah)")
    elif not target.kind:
        reason = ("it is a kind cluster, but the program kind, which would load them, is not on PATH"
                  if target.context.startswith("kind-") else "only kind clusters can be given images directly")
        raise Failure(f"the images cannot reach the cluster {target.context}: {reason}. Pass --registry HOST/PATH of a"
                      " registry that you can push to and that the cluster can pull from.")


def _check_strangers(target: Target, made: dict) -> None:
    """Two operators for the same apps would undo each other's work."""
    found = target.shell.json(["kubectl", "get", "deployments", "--all-namespaces", "--selector",
                               "app.kubernetes.io/name=realtime-operator"])
    for item in found.get("items", []):
        place = f"{item['metadata']['namespace']}/{item['metadata']['name']}"
        if not (made.get("release") and item["metadata"]["namespace"] == record.NAMESPACE):
            raise Failure(f"an operator that the quickstart did not install already runs in this cluster ({place}): use that"
                          " one, and apply examples/echo.yaml yourself")
    if not made.get("app") and record.exists(target.shell, record.CRD, record.APP, record.APP_NAMESPACE):
        raise Failure(f"a RealtimeApp {record.APP_NAMESPACE}/{record.APP} exists that the quickstart did not create"
                      " and would overwrite: delete it or give it another name, then run this again")


def plan(target: Target, registry: str | None) -> Plan:
    """Checks all, changes nothing."""
    say(f"checking the cluster: context {target.context}, server {target.server}")
    if not target.shell.has("helm"):
        say("helm is not on PATH: using the one that hack/ builds")
    _check_version(target)
    _check_images(target, registry)
    _check_permissions(target)
    made = record.read(target.shell)
    _check_strangers(target, made)
    return Plan(
        make_namespace=made.get("namespace", False)
        or not record.exists(target.shell, "namespace", record.NAMESPACE),
        make_crd=made.get("crd", False) or not record.exists(target.shell, "customresourcedefinition", record.CRD),
        ingress=record.exists(target.shell, "ingressclass", "traefik"),
    )


def ask(target: Target, question: str, yes: bool) -> None:
    """Continues only with --yes or a y; without a terminal nobody can answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure(f"this would change the cluster {target.context} ({target.server}), and there is no terminal to"
                      " ask on: pass --yes to continue, or unset KUBECONFIG to use a local cluster")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Failure("nothing was changed")


def describe(target: Target, found: Plan, registry: str | None) -> str:
    """What the user is asked to agree to."""
    namespace = "" if found.make_namespace else " (exists)"
    crd = "is installed" if found.make_crd else "exists and stays as it is"
    images = f"are pushed to {registry}" if registry else f"are loaded into the kind cluster {target.kind}"
    way = ("behind the IngressClass traefik" if found.ingress
           else "without an ingress, as there is no IngressClass traefik")
    return (f"This will change the cluster {target.context} ({target.server}):\n"
            f"  images      {images}\n"
            f"  namespace   {record.NAMESPACE}{namespace}, with the release {record.RELEASE}\n"
            f"  CRD         {record.CRD} {crd}\n"
            f"  example     RealtimeApp {record.APP_NAMESPACE}/{record.APP}, {way}\n"
            "hack/quickstart --down removes what the quickstart created. Continue?")
