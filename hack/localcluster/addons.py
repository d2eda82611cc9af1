"""What runs in the cluster from the start: DNS, the ingress controller, dynamic volumes, and policies if asked for."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import pathlib
import socket
import string
import struct
import subprocess

from . import network
from .api import Api
from .images import Image
from .layout import Layout
from .processes import Processes
from .progress import Failure

_MANIFESTS = pathlib.Path(__file__).resolve().parent / "manifests"
DEPLOYMENTS = ("apis/apps/v1/namespaces/kube-system/deployments/coredns",
               "apis/apps/v1/namespaces/traefik/deployments/traefik")
POLICIES = "apis/apps/v1/namespaces/kube-system/daemonsets/kube-network-policies"
_FIRST_PORT = 8080


def image_names(network_policies: bool) -> list[str]:
    names = ["pause", "coredns", "traefik", "busybox"]
    return [*names, "kube-network-policies"] if network_policies else names


def _render(layout: Layout, name: str, images: dict[str, Image]) -> str:
    values = {f"{image.replace('-', '_')}_image": built.reference for image, built in images.items()}
    values |= {"dns_service": layout.dns_service, "node_address": layout.node(1).address,
               "volumes": str(layout.volumes)}
    return string.Template((_MANIFESTS / f"{name}.yaml").read_text(encoding="utf-8")).substitute(values)


def apply(layout: Layout, binaries: pathlib.Path, images: dict[str, Image]) -> list[str]:
    """Applies each manifest that is not what was applied last; returns their names."""
    assert layout.settings
    names = ["coredns", "traefik", "storage"]
    if layout.settings.network_policies:
        names.append("kube-network-policies")
    changed = []
    for name in names:
        text = _render(layout, name, images)
        marker = layout.data / "applied" / name
        digest = hashlib.sha256(text.encode()).hexdigest()
        if marker.exists() and marker.read_text() == digest:
            continue
        command = [str(binaries / "kubectl"), f"--kubeconfig={layout.kubeconfig}", "apply", "--server-side",
                   "--force-conflicts", "--field-manager=hack-cluster", "-f", "-"]
        environment = {**os.environ, "KUBECACHEDIR": str(layout.data / "applied" / "cache")}
        result = subprocess.run(command, input=text, capture_output=True, text=True, check=False, env=environment)
        if result.returncode != 0:
            raise Failure(f"the API server rejects {_MANIFESTS / name}.yaml: {result.stderr.strip()}")
        marker.parent.mkdir(exist_ok=True)
        marker.write_text(digest)
        changed.append(name)
    return changed


def start_processes(layout: Layout, processes: Processes, provisioner: pathlib.Path) -> None:
    """The volume provisioner, and the ingress' port on localhost."""
    assert layout.settings
    layout.volumes.mkdir(exist_ok=True)
    kubeconfig = layout.pki / "local-path-provisioner.kubeconfig"
    processes.start("local-path-provisioner", [
        str(provisioner / "local-path-provisioner"), "start", f"--kubeconfig={kubeconfig}",
        "--provisioner-name=rancher.io/local-path", "--namespace=local-path-storage",
        "--configmap-name=local-path-config", "--service-account-name=local-path-provisioner-service-account",
        "--helper-image=unused",
    ], netns=layout.node(1).netns)
    if not processes.pid("ingress-on-localhost"):
        port = network.choose_port(layout.settings.ingress_port or _FIRST_PORT)
        if port != layout.settings.ingress_port:
            layout.settings.ingress_port = port
            layout.save()
    processes.start("ingress-on-localhost", [
        "socat", f"TCP4-LISTEN:{layout.settings.ingress_port},bind=127.0.0.1,reuseaddr,fork",
        f"TCP4:{layout.node(1).address}:80",
    ])


def rolled_out(api: Api, path: str) -> bool:
    """Whether a Deployment or DaemonSet runs its newest template everywhere and is available."""
    workload = api.get(f"/{path}") or {}
    status = workload.get("status", {})
    if not workload or status.get("observedGeneration") != workload["metadata"]["generation"]:
        return False
    if workload["kind"] == "DaemonSet":
        wanted = status["desiredNumberScheduled"]
        return bool(wanted) and wanted == status.get("updatedNumberScheduled") == status.get("numberAvailable")
    wanted = workload["spec"]["replicas"]
    return wanted == status.get("updatedReplicas") == status.get("availableReplicas") == status.get("replicas")


def explain(api: Api, namespace: str) -> str:
    """What the API knows of a namespace's pods, and what it was last told of them."""
    lines = []
    for pod in (api.get(f"/api/v1/namespaces/{namespace}/pods") or {}).get("items", ()):
        states = [container["state"] for container in pod["status"].get("containerStatuses", ())]
        lines.append(f"{pod['metadata']['name']}: {pod['status']['phase']} {json.dumps(states)}")
    events = (api.get(f"/api/v1/namespaces/{namespace}/events") or {}).get("items", ())
    lines += [f"{event['reason']}: {event['message']}" for event in events if event["type"] == "Warning"][-5:]
    return f"of the namespace {namespace} the API says:" + "".join(f"\n    {line}" for line in lines)


def dns_answers(layout: Layout) -> bool:
    """Asks the DNS service, over UDP, for the API server's name."""
    labels = "kubernetes.default.svc.cluster.local".split(".")
    name = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    query = struct.pack(">6H", 0x5254, 0x0100, 1, 0, 0, 0) + name + struct.pack(">2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)
        try:
            client.sendto(query, (layout.dns_service, 53))
            return client.recv(512).endswith(socket.inet_aton(layout.api_service))
        except OSError:
            return False


def ingress_answers(address: str, port: int = 80) -> bool:
    """Whether an HTTP server is behind the address; what it says depends on the Ingresses, so any answer will do."""
    connection = http.client.HTTPConnection(address, port, timeout=2)
    try:
        connection.request("GET", "/", headers={"Host": "nobody.invalid"})
        return bool(connection.getresponse().status)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
