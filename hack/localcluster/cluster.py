"""Brings a cluster up, in the order in which its parts need each other, and says what of it runs.

`up` is a list of "make sure that" steps, so it may be repeated, and continues from wherever a killed one stopped.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import fcntl
import os
import pathlib
import time
from collections.abc import Iterator

from . import addons, controlplane, images, network, node, teardown
from .images import Image
from .layout import MAX_NODES, Layout, Settings
from .processes import Processes
from .progress import Failure, say


@dataclasses.dataclass(frozen=True)
class Parts:
    """What has to be built before a cluster can start: directories of binaries, and images."""

    kubernetes: pathlib.Path
    containerd: pathlib.Path
    provisioner: pathlib.Path
    images: dict[str, Image]


@contextlib.contextmanager
def exclusive(layout: Layout) -> Iterator[None]:
    """One `up`, `down` or `load` of a checkout at a time; the lock is on a folder that exists, so no file is left."""
    folder = os.open(layout.checkout / "hack", os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another hack/cluster of this checkout is running; waiting for it")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@contextlib.contextmanager
def _machine_wide() -> Iterator[None]:
    """While addresses are chosen: two checkouts that start at once must not take the same."""
    folder = os.open("/run", os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def processes_of(layout: Layout, parts: Parts | None = None) -> Processes:
    return Processes(layout.data, (parts.kubernetes, parts.containerd) if parts else ())


def _prepare_settings(layout: Layout, nodes: int | None, network_policies: bool) -> bool:
    """Settles what this cluster is to be; returns whether the machine was rebooted since it last was."""
    if not layout.settings:
        if teardown.remains(layout):
            say("removing what is left of an earlier cluster of this checkout")
            teardown.remove(layout)
        layout.settings = Settings(octet=network.choose_octet())
    settings = layout.settings
    if nodes and nodes < settings.nodes:
        raise Failure(f"this cluster has {settings.nodes} nodes; run `hack/cluster down` first, because nodes can only be added")
    settings.nodes = max(nodes or 1, settings.nodes)
    settings.network_policies = settings.network_policies or network_policies
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    rebooted = settings.boot not in ("", boot)
    settings.boot = boot
    layout.save()
    return rebooted


def up(layout: Layout, parts: Parts, nodes: int | None = None, network_policies: bool = False) -> None:
    """A running cluster, with its addons ready. Nothing happens where all of it runs already."""
    assert nodes is None or nodes <= MAX_NODES
    began = datetime.datetime.now(datetime.timezone.utc)
    processes = processes_of(layout, parts)
    with _machine_wide():
        rebooted = _prepare_settings(layout, nodes, network_policies)
        network.ensure(layout)
    say(f"network {layout.whole_range}: node1 is {layout.node(1).address}, the machine {layout.host_address}")
    controlplane.ensure_pki(layout)
    controlplane.start_api(layout, processes, parts.kubernetes)
    for each in layout.nodes:
        node.start_containerd(layout, each, processes, parts.containerd, parts.images["pause"].reference, rebooted)
    for each in layout.nodes:
        node.wait_for_containerd(each, processes, parts.containerd)
    say("containerd runs" + (f" on {len(layout.nodes)} nodes" if len(layout.nodes) > 1 else ""))
    images.load(layout, parts.containerd, [image.archive for image in parts.images.values()])
    api = controlplane.client(layout)
    processes.wait("the API server's readiness", "kube-apiserver", api.ready)
    say("the API server is ready")
    controlplane.start_managers(layout, processes, parts.kubernetes)
    restarted = [each.name for each in layout.nodes
                 if node.start_kubelet(layout, each, processes, parts.kubernetes)]
    if changed := addons.apply(layout, parts.kubernetes, parts.images):
        say(f"applied {', '.join(changed)}")
    addons.start_processes(layout, processes, parts.provisioner)
    _wait_until_true(layout, parts, processes, restarted, began)


def _wait_until_true(layout: Layout, parts: Parts, processes: Processes, restarted: list[str],
                     began: datetime.datetime) -> None:
    """Waits until what the API says is the state of now, and DNS and the ingress answer."""
    api = controlplane.client(layout)
    for each in layout.nodes:
        since = began if each.name in restarted else None
        kubelet = f"{each.name}-kubelet"
        processes.wait(f"{each.name} to be Ready", kubelet, lambda: node.is_ready(api, each.name, since))
        processes.wait(f"the pods of {each.name} to be as the API shows them", kubelet,
                       lambda: not node.stale_containers(api, each, parts.containerd))
    say("every node is Ready")
    manager = "kube-controller-manager"
    processes.wait("the default service account", manager,
                   lambda: api.get("/api/v1/namespaces/default/serviceaccounts/default") is not None)
    workloads = list(addons.DEPLOYMENTS)
    if layout.settings and layout.settings.network_policies:
        workloads.append(addons.POLICIES)
    for path in workloads:
        namespace, _, name = path.split("/")[-3:]
        processes.wait(f"{name} to be available", manager, lambda: addons.rolled_out(api, path),
                       explain=lambda: addons.explain(api, namespace))
    processes.wait("an answer of the DNS service", "node1-kube-proxy", lambda: addons.dns_answers(layout), 30)
    processes.wait("an answer of the ingress", "node1-kube-proxy",
                   lambda: addons.ingress_answers(layout.node(1).address), 30)
    say("DNS and the ingress answer")


def expected_processes(layout: Layout) -> list[str]:
    names = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]
    for each in layout.nodes:
        names += [f"{each.name}-{part}" for part in ("containerd", "kubelet", "kube-proxy")]
    return [*names, "local-path-provisioner", "ingress-on-localhost"]


def environment(layout: Layout) -> dict[str, str]:
    """What programs that use the cluster want to know; PATH is left to the caller, who knows the binaries."""
    if not layout.settings or not layout.kubeconfig.exists():
        raise Failure("this checkout has no cluster; `hack/cluster up` creates one")
    return {
        "KUBECONFIG": str(layout.kubeconfig),
        "KUBECACHEDIR": str(layout.kubectl_cache),
        "REALTIME_CLUSTER_NODE_IP": layout.node(1).address,
        "REALTIME_CLUSTER_HOST_IP": layout.host_address,
        "REALTIME_CLUSTER_INGRESS": f"http://{layout.node(1).address}",
        "REALTIME_CLUSTER_INGRESS_LOCALHOST": f"http://localhost:{layout.settings.ingress_port}",
        "REALTIME_CLUSTER_AUDIT_LOG": str(layout.audit_log),
        "REALTIME_CLUSTER_CONTAINERD": str(layout.node(1).containerd_socket),
        "REALTIME_CLUSTER_PKI": str(layout.pki),
    }


def _uptime(pid: int) -> str:
    ticks = int(pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
    seconds = int(time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    return f"{seconds // 3600}h{seconds % 3600 // 60:02}m{seconds % 60:02}s"


def status(layout: Layout) -> tuple[bool, str]:
    """Whether all of it runs, and a description for a person."""
    if not layout.settings:
        left = "; parts of an earlier one are left, `down` removes them" if teardown.remains(layout) else ""
        return False, f"no cluster in {layout.data}{left}"
    processes = processes_of(layout)
    running = {name: processes.pid(name) for name in expected_processes(layout)}
    lines = [f"{name:26} {f'pid {pid}, for {_uptime(pid)}' if pid else 'NOT RUNNING'}"
             for name, pid in running.items()]
    healthy = all(running.values())
    api = controlplane.client(layout) if running["kube-apiserver"] else None
    version = (api.get("/version") if api else None) or {}
    lines.insert(0, f"{'Kubernetes':26} {version.get('gitVersion', 'the API server does not answer')}")
    for each in layout.nodes:
        ready = node.is_ready(api, each.name) if api else False
        healthy = healthy and ready
        lines.append(f"{each.name:26} {'Ready' if ready else 'NOT READY'}, {each.address}, pods {each.pod_range}")
    ingress = addons.ingress_answers(layout.node(1).address) if healthy else False
    healthy = healthy and ingress
    lines += [
        f"{'services':26} {layout.service_range}, DNS {layout.dns_service}",
        f"{'ingress':26} {'answers' if ingress else 'DOES NOT ANSWER'}: http://{layout.node(1).address} and"
        f" http://localhost:{layout.settings.ingress_port}",
        f"{'network policies':26} {'enforced' if layout.settings.network_policies else 'not enforced'}",
        f"{'data and logs':26} {layout.data}",
    ]
    return healthy, "\n".join(lines)
