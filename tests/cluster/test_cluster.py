"""hack/cluster itself, on clusters of copies of the checkout: the developer's own cluster is never touched.

Needs root, what `hack/deps cluster images` installs, and the cluster's parts built; about a minute then.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "hack")]

from localcluster import cgroups, teardown  # noqa: E402  (the paths have to be set first)
from localcluster.layout import Layout  # noqa: E402
from localcluster.processes import Processes  # noqa: E402
from tests.support.traces import others_run, traces  # noqa: E402
from tests.support.waiting import wait_for  # noqa: E402

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a cluster needs root")

# Places that parts of a cluster write to and no setting moves.
OUTSIDE = ("/run/containerd", "/run/nri", "/var/lib/cni", "/var/lib/kubelet", "/var/log/containers", "/var/log/pods",
           "/opt/cni", str(pathlib.Path.home() / ".kube"))
POD = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: data}}
spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 10Mi}}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web, labels: {{app: web}}}}
spec:
  terminationGracePeriodSeconds: 1
  {placement}
  containers:
  - name: web
    image: {image}
    command:
    - sh
    - -c
    - date >> /data/starts; mkdir -p /tmp/w; echo hello > /tmp/w/index.html; exec httpd -f -p 8000 -h /tmp/w
    readinessProbe: {{httpGet: {{path: /, port: 8000}}, periodSeconds: 1}}
    volumeMounts: [{{name: data, mountPath: /data}}]
  volumes: [{{name: data, persistentVolumeClaim: {{claimName: data}}}}]
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: 8000}}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web}}
spec:
  rules:
  - host: web.test
    http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}
"""


class Cluster:
    """hack/cluster of one copy of the checkout, as a person calls it."""

    def __init__(self, checkout: pathlib.Path):
        shutil.copytree(CHECKOUT / "hack", checkout / "hack", ignore=shutil.ignore_patterns("__pycache__"))
        self.checkout = checkout
        self.made = time.time()

    @property
    def layout(self) -> Layout:
        return Layout(self.checkout)

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        result = subprocess.run([self.checkout / "hack" / "cluster", *arguments], stdout=subprocess.PIPE, text=True,
                                check=False)
        assert not check or result.returncode == 0, f"hack/cluster {' '.join(arguments)} failed"
        return result

    def shell(self, script: str) -> str:
        """What a bash script prints that has the cluster's environment."""
        prefix = f'set -euo pipefail; eval "$({self.checkout}/hack/cluster env)"; '
        return subprocess.run(["bash", "-c", prefix + script], stdout=subprocess.PIPE, text=True, check=True).stdout

    def start_web(self, placement: str = "") -> None:
        image = subprocess.run([CHECKOUT / "hack" / "images", "build", "busybox"], stdout=subprocess.PIPE, text=True,
                               check=True).stdout.split("\t")[1]
        manifest = self.checkout / "web.yaml"
        manifest.write_text(POD.format(image=image, placement=placement), encoding="utf-8")
        self.shell(f"kubectl apply -f {manifest} && kubectl wait --for=condition=Ready --timeout=60s pod/web")

    def serves(self, url: str = "$REALTIME_CLUSTER_INGRESS") -> bool:
        """Whether start_web's pod answers through the ingress, which learns of a new pod within seconds."""
        curl = "curl -sS --fail --retry 10 --retry-delay 1 --retry-all-errors -H 'Host: web.test'"
        return self.shell(f"{curl} {url}/") == "hello\n"

    def kill_everything(self) -> None:
        """As a machine does that loses its power, except that mounts, cgroups and namespaces stay."""
        processes = Processes(self.layout.data)
        while left := {*processes.members(), *cgroups.pids(self.layout)}:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def outside() -> list[str] | None:
    """Everything in those places; None while it changes by itself."""
    return None if others_run() else sorted(
        str(path) for root in map(pathlib.Path, OUTSIDE) if root.exists() for path in [root, *root.rglob("*")])


def rules() -> str:
    return subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=False).stdout


@pytest.fixture(name="make_cluster")
def _make_cluster(tmp_path: pathlib.Path) -> Iterator[object]:
    made: list[Cluster] = []

    def make(name: str) -> Cluster:
        made.append(Cluster(tmp_path / name))
        return made[-1]

    yield make
    for cluster in made:
        cluster.run("down")


def test_life(make_cluster) -> None:
    """From nothing to nothing: pods, DNS, volumes, ingress, a second up, a kill of everything, down."""
    before, rules_before = outside(), rules()
    cluster = make_cluster("one")
    assert cluster.run("status", check=False).returncode == 1
    assert cluster.run("env", check=False).returncode == 1
    cluster.run("up")
    assert "NOT" not in cluster.run("status").stdout
    cluster.start_web()
    assert cluster.serves()
    assert cluster.serves("$REALTIME_CLUSTER_INGRESS_LOCALHOST")
    assert "hello" in cluster.shell("kubectl exec web -- wget -qO- http://web.default.svc.cluster.local/")
    assert cluster.shell("kubectl get ingress web -o 'jsonpath={.status.loadBalancer.ingress[0].ip}'") == (
        cluster.layout.node(1).address)

    configuration = cluster.layout.node(1).folder / "kube-proxy.yaml"
    written = configuration.stat().st_mtime_ns
    pids = Processes(cluster.layout.data).members()
    start = time.monotonic()
    cluster.run("up")
    assert time.monotonic() - start < 3, "a second up has nothing to do"
    assert set(pids) == set(Processes(cluster.layout.data).members())
    assert written == configuration.stat().st_mtime_ns, "kube-proxy ends some time after its configuration is written"

    cluster.kill_everything()
    assert cluster.run("status", check=False).returncode == 1
    cluster.run("up")
    cluster.shell("kubectl wait --for=condition=Ready --timeout=60s pod/web")
    assert len(cluster.shell("kubectl exec web -- cat /data/starts").splitlines()) == 2, "the volume was kept"
    assert cluster.serves()

    cluster.run("down")
    assert traces(cluster.layout, cluster.made) == []
    assert None in (before, outside()) or outside() == before
    assert rules() == rules_before


def test_beside_the_remains_of_another(make_cluster) -> None:
    """A cluster that was killed and never taken down is in nobody's way, and taking it down harms no other."""
    before = outside()
    dead, alive = make_cluster("dead"), make_cluster("alive")
    dead.run("up")
    dead.start_web()
    dead.kill_everything()
    alive.run("up")
    assert alive.layout.settings.octet != dead.layout.settings.octet
    alive.start_web()
    dead.run("up")
    assert dead.layout.settings.ingress_port != alive.layout.settings.ingress_port
    for cluster in (dead, alive):
        assert cluster.serves()
    dead.kill_everything()
    dead.run("down")
    assert traces(dead.layout, dead.made) == []
    alive.run("status")
    assert alive.serves("$REALTIME_CLUSTER_INGRESS_LOCALHOST")
    alive.run("down")
    assert traces(alive.layout, alive.made) == []
    assert None in (before, outside()) or outside() == before


def test_remains_without_their_folder(make_cluster) -> None:
    """Whoever deletes build/ while a cluster runs can still take it down, or start again."""
    cluster = make_cluster("deleted")
    cluster.run("up")
    for point in teardown.mounts(cluster.layout):
        subprocess.run(["umount", "-l", point], check=False)  # or rmtree would stop at them
    shutil.rmtree(cluster.checkout / "build", ignore_errors=True)
    assert traces(cluster.layout, cluster.made)
    cluster.run("up")
    cluster.run("status")
    shutil.rmtree(cluster.layout.data / "run")
    cluster.run("down")
    assert traces(cluster.layout, cluster.made) == []


def test_two_nodes(make_cluster) -> None:
    """A node can be added to a cluster that runs; a pod on it is reached through the first node, and DNS through it."""
    cluster = make_cluster("two")
    cluster.run("up")
    cluster.run("up", "--nodes", "2")
    assert cluster.shell("kubectl get nodes -o name").split() == ["node/node1", "node/node2"]
    cluster.start_web("nodeSelector: {kubernetes.io/hostname: node2}")
    assert cluster.serves()
    assert "hello" in cluster.shell("kubectl exec web -- wget -qO- http://web.default.svc.cluster.local/")
    assert cluster.run("up", "--nodes", "1", check=False).returncode == 1
    cluster.kill_everything()
    cluster.run("up")
    assert cluster.serves()
    cluster.run("down")
    assert traces(cluster.layout, cluster.made) == []


POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: only-from-the-ingress}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: traefik}}}]}]
"""


def reaches(pod: str) -> bool:
    """Whether the machine itself, which is no ingress, gets an answer from the web pod."""
    try:
        return urllib.request.urlopen(f"http://{pod}:8000/", timeout=2).read() == b"hello\n"
    except OSError:
        return False


def test_network_policies(make_cluster) -> None:
    """Switched on in a cluster that runs: what a policy does not allow is refused, what it allows passes."""
    cluster = make_cluster("pol")
    cluster.run("up")
    cluster.start_web()
    cluster.run("up", "--network-policies")
    pod = cluster.shell("kubectl get pod web -o 'jsonpath={.status.podIP}'")
    assert reaches(pod)
    policy = cluster.checkout / "policy.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    cluster.shell(f"kubectl apply -f {policy}")
    wait_for(lambda: not reaches(pod), 20, "the policy to be enforced", 0.5)
    assert cluster.serves()
    cluster.run("up")  # policies stay on
    assert not reaches(pod)
    cluster.shell("kubectl delete networkpolicy only-from-the-ingress")
    wait_for(lambda: reaches(pod), 20, "the policy to be lifted", 0.5)
    cluster.run("down")
    assert traces(cluster.layout, cluster.made) == []
