"""A control plane for one measurement: etcd and kube-apiserver and, where apps are to become Ready, the controllers that
bring workloads about, the scheduler, and kwok, which plays nodes that run every pod at once."""

from __future__ import annotations

import pathlib
import shutil
import tempfile
import time
import types

from localcluster import pki
from localcluster.apiserver import ApiServer
from localcluster.pki import Certificate

from . import operator_audit
from .contestants import ROOT
from .operator_audit import USER, AuditLog
from .operator_load import APPS, Client, Refused, Request, wait_until
from .operator_settings import INGRESS_CLASS, NAMESPACES, namespace_of

CRD = ROOT / "crds" / "realtimeoperator.dev_realtimeapps.yaml"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
FAKE_NODES = 10
QUIET_SHARE = 0.25  # of a core
STAGES = pathlib.Path(__file__).with_name("kwok.yaml")
# The cluster's controllers are to be as fast as they can.
_UNTHROTTLED = ("--kube-api-qps=100000", "--kube-api-burst=100000")
# The API server's newer allocator counts all addresses of Services whenever it gives one away: with 10,000 apps that is
# half an hour for each contestant. It can be switched off for as long as 1.33 can be emulated, without streamed lists
# unless they are asked for; today's scheduler does not work with that.
_QUICK_ADDRESSES = ("--emulated-version=1.33", "--feature-gates=MultiCIDRServiceAllocator=false,WatchList=true")
# Endpoints are left out: nobody answers at the addresses of pods that kwok plays.
_CONTROLLERS = ("deployment-controller", "replicaset-controller", "statefulset-controller", "garbage-collector-controller",
                "disruption-controller", "namespace-controller", "serviceaccount-controller")
_WORKERS = ("--concurrent-deployment-syncs=20", "--concurrent-replicaset-syncs=20", "--concurrent-statefulset-syncs=20",
            "--concurrent-gc-syncs=40")
_CORE = "/api/v1"
CHILD_LISTS = {
    "deployments": "/apis/apps/v1/deployments", "statefulsets": "/apis/apps/v1/statefulsets",
    "ingresses": "/apis/networking.k8s.io/v1/ingresses", "services": f"{_CORE}/services", "secrets": f"{_CORE}/secrets",
    "configmaps": f"{_CORE}/configmaps", "serviceaccounts": f"{_CORE}/serviceaccounts",
    "poddisruptionbudgets": "/apis/policy/v1/poddisruptionbudgets", "replicasets": "/apis/apps/v1/replicasets",
    "pods": f"{_CORE}/pods",
}


class ControlPlane:
    """Started with `with`, in a folder of its own that is gone afterwards; its logs are kept where `logs` says."""

    def __init__(self, kubernetes: pathlib.Path, kwok: pathlib.Path | None, logs: pathlib.Path) -> None:
        """Without kwok there are no pods, and nobody who would make any."""
        self._kubernetes, self._kwok, self._logs = kubernetes, kwok, logs
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="realtime-bench-"))
        policy = operator_audit.write_policy(self.folder)
        self._server = ApiServer(
            self.folder, kubernetes,
            ["--service-cluster-ip-range=10.0.0.0/15", f"--audit-policy-file={policy}", "--audit-log-maxsize=100000",
             *(() if kwok else _QUICK_ADDRESSES),
             # Nobody would take the taint of a new node away.
             "--disable-admission-plugins=TaintNodesByCondition"],
            [f"--quota-backend-bytes={8 * 2**30}"])
        self.audit = AuditLog(self._server.audit_log)
        self.kubeconfig = pathlib.Path()
        self.client: Client
        self._at_rest: dict[str, int] = {}

    def __enter__(self) -> ControlPlane:
        try:
            self._server.start()
            pki.ensure(self._server.pki, Certificate(USER, f"/O=system:masters/CN={USER}"))
            self.kubeconfig = pki.kubeconfig(self._server.pki, USER, self._server.url)
            self.client = Client(int(self._server.url.rsplit(":", 1)[1]), self._server.pki)
            if self._kwok:
                self._start_workloads(self._kwok)
            self._furnish()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: types.TracebackType | None) -> None:
        self._stop()

    def _stop(self) -> None:
        for name in ("kwok", "kube-scheduler", "kube-controller-manager"):
            self._server.processes.stop(name, patience=0)
        self._server.stop()
        for log in (self.folder / "log").glob("*.log"):
            if log.name != "audit.log":
                shutil.copy(log, self._logs / log.name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _identity(self, name: str) -> list[str]:
        folder = self._server.pki
        pki.ensure(folder, Certificate(name, f"/O=system:masters/CN=system:{name}"))
        file = pki.kubeconfig(folder, name, self._server.url)
        return [f"--kubeconfig={file}", f"--authentication-kubeconfig={file}", f"--authorization-kubeconfig={file}",
                "--leader-elect=false", "--secure-port=0", *_UNTHROTTLED]

    def _start_workloads(self, kwok: pathlib.Path) -> None:
        folder, start = self._server.pki, self._server.processes.start
        start("kube-controller-manager", [
            str(self._kubernetes / "kube-controller-manager"), *self._identity("kube-controller-manager"),
            f"--controllers={','.join(_CONTROLLERS)}", *_WORKERS,
            f"--service-account-private-key-file={folder}/sa.key", f"--root-ca-file={folder}/ca.crt"])
        start("kube-scheduler", [str(self._kubernetes / "kube-scheduler"), *self._identity("kube-scheduler")])
        pki.ensure(folder, Certificate("kwok", "/O=system:masters/CN=kwok"))
        start("kwok", [str(kwok / "kwok"), f"--kubeconfig={pki.kubeconfig(folder, 'kwok', self._server.url)}",
                       f"--config={STAGES}", "--manage-all-nodes=true"])

    def _furnish(self) -> None:
        """The CRD, namespaces, the class of the Ingresses and, with kwok, nodes."""
        send = self.client.send
        send(Request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", CRD.read_text(encoding="utf-8")))
        for number in range(NAMESPACES):
            name = namespace_of(number)
            send(Request("POST", f"{_CORE}/namespaces", {"metadata": {"name": name}}))
            send(Request("POST", f"{_CORE}/namespaces/{name}/serviceaccounts", {"metadata": {"name": "bench"}}))
        send(Request("POST", "/apis/networking.k8s.io/v1/ingressclasses", {
            "metadata": {"name": INGRESS_CLASS}, "spec": {"controller": "traefik.io/ingress-controller"}}))
        wait_until(self._serves_apps, 30, "the CRD to be served")
        if self._kwok:
            for number in range(FAKE_NODES):
                send(Request("POST", f"{_CORE}/nodes", _node(f"node-{number}")))
            wait_until(self._has_nodes, 60, "kwok's nodes to be ready", pause=0.2)

    def _serves_apps(self) -> bool:
        return "items" in self.client.get(f"{APPS}/realtimeapps", absent_is_fine=True)

    def _has_nodes(self) -> bool:
        self.check()
        nodes = self.client.get(f"{_CORE}/nodes")["items"]
        conditions = [condition for node in nodes for condition in node["status"].get("conditions", [])]
        ready = [it for it in conditions if it["type"] == "Ready" and it["status"] == "True"]
        return len(ready) == FAKE_NODES

    def note_rest(self) -> None:
        """How many objects there are without any app."""
        self._at_rest = {name: self.client.count(path) for name, path in CHILD_LISTS.items()}

    def remaining(self) -> int:
        """How many objects of apps there still are."""
        return sum(max(0, self.client.count(path) - self._at_rest[name]) for name, path in CHILD_LISTS.items())

    def holder(self, lease: str) -> str:
        """Who leads; empty: nobody."""
        return self.client.get(f"{LEASES}/{lease}", absent_is_fine=True).get("spec", {}).get("holderIdentity") or ""

    def cpu_seconds(self) -> float:
        """Of all of its processes."""
        pids = [self._server.processes.pid(name) for name in self._server.processes.names()]
        return sum(time.clock_gettime_ns((~pid << 3) | 2) for pid in pids if pid) / 1e9

    def await_quiet(self, seconds: float = 20) -> None:
        """Until its processes do little, or the time is over: what was before is not to be measured with what comes."""
        deadline, before = time.monotonic() + seconds, self.cpu_seconds()
        while time.monotonic() < deadline:
            time.sleep(1)
            now = self.cpu_seconds()
            if now - before < QUIET_SHARE:
                return
            before = now

    def check(self) -> None:
        """Refused if one of its processes is gone."""
        for name in self._server.processes.names():
            if not self._server.processes.pid(name):
                raise Refused(f"{name} is gone; see {self._logs / f'{name}.log'}")


def _node(name: str) -> dict:
    capacity = {"cpu": "1000", "memory": "4Ti", "pods": "100000"}
    return {"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
            "status": {"capacity": capacity, "allocatable": capacity}}
