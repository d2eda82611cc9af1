"""The cluster the tests run on and what they know of it, as `hack/cluster env` tells it."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import yaml

from .kubectl import Kubectl

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
OPERATOR_NAMESPACE = "realtime-operator-system"
OPERATOR_USER = f"system:serviceaccount:{OPERATOR_NAMESPACE}:realtime-operator"


def _environment() -> dict[str, str]:
    """This process's environment with the exports of `hack/cluster env`."""
    script = 'eval "$(hack/cluster env)" && env -0'
    output = subprocess.run(["bash", "-euc", script], check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout
    return dict(entry.split("=", 1) for entry in output.split("\0") if entry)


class Cluster:
    """A running cluster with the operator and the example app in it."""

    def __init__(self) -> None:
        self.environment = _environment()
        self.kubectl = Kubectl(self.environment)
        self.ingress = self.environment["REALTIME_CLUSTER_INGRESS"]
        self.audit_log = pathlib.Path(self.environment["REALTIME_CLUSTER_AUDIT_LOG"])

    def operator_pod(self) -> dict:
        """The operator's pod that leads."""
        return leading_pod(self.kubectl, OPERATOR_NAMESPACE)


def leading_pod(kubectl: Kubectl, namespace: str) -> dict:
    """The pod of the instance that holds the operator's Lease; {} while none does."""
    lease = kubectl.json("get", "lease", "realtime-operator", "-n", namespace)
    holder = lease["spec"].get("holderIdentity", "").partition("_")[0]
    pods = kubectl.items("pods", "-n", namespace)
    return next((pod for pod in pods if holder and pod["metadata"]["name"] == holder), {})


def image_sizes() -> dict[str, int]:
    """Bytes of the archives that quickstart loads, by the image's name."""
    lines = subprocess.run([ROOT / "hack" / "images", "list"], check=True, stdout=subprocess.PIPE, text=True).stdout
    archives = {name: pathlib.Path(tar) for name, _, tar in (line.split("\t") for line in lines.splitlines())}
    return {name: archives[name].stat().st_size for name in ("realtime-operator", "realtime-server", "redis")}


def up() -> None:
    """What a newcomer types, with what it prints: it brings up the cluster, the operator and the bundled server."""
    # With a KUBECONFIG it would take that cluster in place of its own.
    environment = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
    subprocess.run([ROOT / "hack" / "quickstart"], check=True, cwd=ROOT, env=environment, stdout=sys.stderr)


def example(file: str, *, namespace: str, host: str) -> dict:
    """A manifest of examples/, on a host of its own."""
    made = yaml.safe_load((ROOT / "examples" / file).read_text(encoding="utf-8"))
    made["metadata"]["namespace"] = namespace
    made["spec"]["exposure"]["host"] = host
    return made


def load(image: str) -> None:
    """Makes one of the images of `hack/images`, and gives it to the cluster."""
    made = subprocess.run([ROOT / "hack" / "images", "build", image], check=True, stdout=subprocess.PIPE, text=True).stdout
    archive = made.strip().split("\t")[2]
    subprocess.run([ROOT / "hack" / "cluster", "load", archive], check=True)
