"""One node: containerd with CNI, a kubelet and a kube-proxy in a network namespace, with a cgroup root of their own."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import shutil
import subprocess

from . import cgroups, pki, shims
from .api import Api
from .layout import Layout, Node
from .pki import Certificate
from .processes import Processes
from .progress import Failure


def _runc() -> str:
    found = shutil.which("runc", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if not found:
        raise Failure("runc is not installed; `hack/deps cluster` installs it")
    return found


def _containerd_configuration(node: Node, pause_image: str) -> str:
    folder = node.folder
    return f"""version = 3
root = "{folder}/containerd/root"
state = "{folder}/containerd/state"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.erofs",
  "io.containerd.snapshotter.v1.blockfile"]
[grpc]
  address = "{node.containerd_socket}"
[ttrpc]
  address = "{node.containerd_socket}.ttrpc"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{pause_image}"
[plugins.'io.containerd.cri.v1.runtime']
  # Where the parent's score may not be lowered, runc dies with "can't get final child's PID from pipe" without this.
  restrict_oom_score_adj = true
  # Mounts stay below the data folder, where `down` finds them.
  netns_mounts_under_state_dir = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["/usr/lib/cni", "/opt/cni/bin"]
    conf_dir = "{folder}/cni"
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = "runc"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        BinaryName = "{_runc()}"
        Root = "{folder}/runc"
        SystemdCgroup = false
"""


def _cni_configuration(node: Node) -> str:
    addresses = {
        "type": "host-local",
        "dataDir": f"{node.folder}/addresses",
        "ranges": [[{"subnet": node.pod_range}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "hairpinMode": True, "ipam": addresses}
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    return json.dumps({"cniVersion": "1.0.0", "name": node.netns, "plugins": [bridge, portmap]}, indent=1)


def _kubelet_configuration(layout: Layout, node: Node) -> str:
    folder, certificates = node.folder, layout.pki
    return f"""apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://{node.containerd_socket}
cgroupDriver: cgroupfs
cgroupRoot: {node.cgroup}
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
clusterDNS: [{layout.dns_service}]
clusterDomain: cluster.local
resolvConf: {layout.data}/resolv.conf
podLogsDir: {folder}/pod-logs
volumePluginDir: {node.kubelet_root}/volumeplugins
address: 0.0.0.0
authentication:
  anonymous: {{enabled: false}}
  webhook: {{enabled: true}}
  x509: {{clientCAFile: {certificates}/ca.crt}}
authorization: {{mode: Webhook}}
tlsCertFile: {certificates}/{node.name}.crt
tlsPrivateKeyFile: {certificates}/{node.name}.key
nodeStatusUpdateFrequency: 10s
# The disk is the developer's and may be nearly full; images cannot be pulled again, so none is collected.
evictionHard: {{memory.available: 100Mi, nodefs.available: 1%, nodefs.inodesFree: 1%, imagefs.available: 1%}}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
"""


def _kube_proxy_configuration(layout: Layout, node: Node) -> str:
    return f"""apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
hostnameOverride: {node.name}
clusterCIDR: {layout.pod_range}
clientConnection: {{kubeconfig: {layout.pki}/kube-proxy.kubeconfig}}
# The machine's limits are not ours to set.
conntrack: {{maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}}
"""


def _write(file: pathlib.Path, text: str) -> pathlib.Path:
    """Leaves a file alone that says the same already: kube-proxy ends when its configuration is written."""
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return file


def _bind_kubelet_root(node: Node) -> None:
    source = node.folder / "kubelet"
    source.mkdir(parents=True, exist_ok=True)
    node.kubelet_root.mkdir(parents=True, exist_ok=True)
    if not os.path.samefile(source, node.kubelet_root):  # ismount does not see a bind mount of the same file system
        subprocess.run(["mount", "--bind", source, node.kubelet_root], check=True)


def start_containerd(layout: Layout, node: Node, processes: Processes, binaries: pathlib.Path, pause_image: str,
                     rebooted: bool) -> None:
    """Starts containerd and does not wait for it."""
    cgroups.ensure(node)
    _bind_kubelet_root(node)
    name = f"{node.name}-containerd"
    if not processes.pid(name):
        shims.remove_dead_sockets(node.folder)
        node.containerd_socket.unlink(missing_ok=True)  # whoever waits for it must not see the last one's
        if rebooted:
            # Elsewhere this folder is on a tmpfs: what it says of running containers is of before the reboot.
            shutil.rmtree(node.folder / "containerd" / "state", ignore_errors=True)
    _write(node.folder / "cni" / "10-bridge.conflist", _cni_configuration(node))
    configuration = _write(node.folder / "containerd.toml", _containerd_configuration(node, pause_image))
    processes.start(name, [str(binaries / "containerd"), "--config", str(configuration)], netns=node.netns,
                    configuration=[configuration])


def wait_for_containerd(node: Node, processes: Processes, binaries: pathlib.Path) -> None:
    def answers() -> bool:
        return node.containerd_socket.exists() and subprocess.run(
            [binaries / "ctr", "-a", node.containerd_socket, "version"], capture_output=True, check=False
        ).returncode == 0

    processes.wait(f"containerd of {node.name}", f"{node.name}-containerd", answers)


def start_kubelet(layout: Layout, node: Node, processes: Processes, binaries: pathlib.Path) -> bool:
    """Starts kubelet and kube-proxy; containerd and the API server must be ready. True if the kubelet was started."""
    pki.ensure(layout.pki, Certificate(
        node.name, f"/O=system:nodes/CN=system:node:{node.name}", usage="clientAuth,serverAuth",
        names=(f"DNS:{node.name}", f"IP:{node.address}")))
    kubeconfig = pki.kubeconfig(layout.pki, node.name, layout.api_url)
    _write(layout.data / "resolv.conf", f"nameserver {layout.dns_service}\n")
    kubelet = _write(node.folder / "kubelet.yaml", _kubelet_configuration(layout, node))
    proxy = _write(node.folder / "kube-proxy.yaml", _kube_proxy_configuration(layout, node))
    processes.start(f"{node.name}-kube-proxy", [str(binaries / "kube-proxy"), f"--config={proxy}"], netns=node.netns,
                    configuration=[proxy])
    return processes.start(f"{node.name}-kubelet", [
        str(binaries / "kubelet"), f"--config={kubelet}", f"--kubeconfig={kubeconfig}",
        f"--hostname-override={node.name}", f"--node-ip={node.address}", f"--root-dir={node.kubelet_root}",
        f"--cert-dir={node.kubelet_root}/pki",
    ], netns=node.netns, configuration=[kubelet])


def is_ready(api: Api, name: str, since: datetime.datetime | None = None) -> bool:
    """Whether the node says Ready, and says so since `since`: before, it was perhaps a kubelet that was killed."""
    node = api.get(f"/api/v1/nodes/{name}") or {}
    conditions = node.get("status", {}).get("conditions", ())
    ready = next((each for each in conditions if each["type"] == "Ready" and each["status"] == "True"), None)
    if not ready or not since:
        return ready is not None
    # The kubelet of a new node has no Lease for ten seconds, that of an old one renews its Lease first: either will do.
    lease = api.get(f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{name}") or {}
    said = [ready["lastHeartbeatTime"], lease.get("spec", {}).get("renewTime")]
    return any(time and datetime.datetime.fromisoformat(time) >= since for time in said)


def stale_containers(api: Api, node: Node, binaries: pathlib.Path) -> list[str]:
    """Containers that the API shows as running though they do not: for some seconds after a kill of everything."""
    tasks = subprocess.run([binaries / "ctr", "-a", node.containerd_socket, "-n", "k8s.io", "tasks", "ls"],
                           capture_output=True, text=True, check=False).stdout
    running = {fields[0] for fields in map(str.split, tasks.splitlines()) if fields[-1] == "RUNNING"}
    pods = api.get(f"/api/v1/pods?fieldSelector=spec.nodeName={node.name}") or {}
    return [
        f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        for pod in pods.get("items", ()) for container in pod["status"].get("containerStatuses", ())
        if "running" in container["state"] and container["containerID"].partition("://")[2] not in running
    ]
