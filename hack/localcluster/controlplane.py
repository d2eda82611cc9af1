"""etcd, kube-apiserver, kube-controller-manager and kube-scheduler, as plain processes in node1's namespace."""

from __future__ import annotations

import pathlib

from . import pki
from .api import Api
from .layout import Layout
from .pki import Certificate
from .processes import Processes

_AUDIT_POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
"""


def ensure_pki(layout: Layout) -> None:
    """Every certificate of the control plane and of the processes that talk to it, and the admin's kubeconfig."""
    folder = layout.pki
    pki.ensure_authority(folder, "ca", "kubernetes-ca")
    pki.ensure_authority(folder, "front-proxy-ca", "front-proxy-ca")
    pki.ensure_service_account_key(folder)
    names = [f"DNS:kubernetes{suffix}" for suffix in ("", ".default", ".default.svc", ".default.svc.cluster.local")]
    addresses = ("127.0.0.1", layout.node(1).address, layout.api_service)
    names += ["DNS:localhost", *(f"IP:{address}" for address in addresses)]
    for certificate in (
            Certificate("apiserver", "/CN=kube-apiserver", "serverAuth", tuple(names)),
            Certificate("kubelet-client", "/O=system:masters/CN=apiserver-kubelet-client"),
            Certificate("front-proxy", "/CN=front-proxy-client", ca="front-proxy-ca"),
            Certificate("admin", "/O=system:masters/CN=admin"),
            Certificate("controller-manager", "/CN=system:kube-controller-manager"),
            Certificate("scheduler", "/CN=system:kube-scheduler"),
            Certificate("kube-proxy", "/CN=system:kube-proxy"),
            Certificate("local-path-provisioner", "/CN=local-path-provisioner"),
    ):
        pki.ensure(folder, certificate)
    for name in ("controller-manager", "scheduler", "kube-proxy", "local-path-provisioner"):
        pki.kubeconfig(folder, name, layout.api_url)
    pki.kubeconfig(folder, "admin", layout.api_url, layout.kubeconfig)


def etcd_command(binaries: pathlib.Path, data: pathlib.Path, client_port: int = 2379, peer_port: int = 2380
                 ) -> list[str]:
    client, peer = f"http://127.0.0.1:{client_port}", f"http://127.0.0.1:{peer_port}"
    return [
        str(binaries / "etcd"), "--name=etcd", f"--data-dir={data}", "--log-level=warn",
        f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=etcd={peer}",
    ]


def apiserver_command(binaries: pathlib.Path, folder: pathlib.Path, *, service_range: str, address: str,
                      bind: str, port: int, etcd_port: int, audit_policy: pathlib.Path, audit_log: pathlib.Path
                      ) -> list[str]:
    """What a real cluster's API server is told, with the certificates in `folder`."""
    return [
        str(binaries / "kube-apiserver"), f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        f"--service-cluster-ip-range={service_range}", f"--advertise-address={address}",
        f"--bind-address={bind}", f"--secure-port={port}", "--endpoint-reconciler-type=lease",
        f"--cert-dir={folder}", f"--tls-cert-file={folder}/apiserver.crt",
        f"--tls-private-key-file={folder}/apiserver.key", f"--client-ca-file={folder}/ca.crt",
        # Without the kubelet's three, logs and exec fail: the API server calls the kubelet as a client.
        f"--kubelet-client-certificate={folder}/kubelet-client.crt",
        f"--kubelet-client-key={folder}/kubelet-client.key", f"--kubelet-certificate-authority={folder}/ca.crt",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-key-file={folder}/sa.pub", f"--service-account-signing-key-file={folder}/sa.key",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
        f"--requestheader-client-ca-file={folder}/front-proxy-ca.crt",
        "--requestheader-allowed-names=front-proxy-client", "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group", "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={folder}/front-proxy.crt", f"--proxy-client-key-file={folder}/front-proxy.key",
        "--enable-aggregator-routing=true", f"--audit-policy-file={audit_policy}", f"--audit-log-path={audit_log}",
        "--audit-log-maxsize=100", "--audit-log-maxbackup=1",
    ]


def write_audit_policy(folder: pathlib.Path) -> pathlib.Path:
    file = folder / "audit-policy.yaml"
    file.write_text(_AUDIT_POLICY, encoding="utf-8")
    return file


def start_api(layout: Layout, processes: Processes, binaries: pathlib.Path) -> None:
    """Starts etcd and the API server and does not wait for them: other things can be done meanwhile."""
    node = layout.node(1)
    policy = write_audit_policy(layout.data)
    processes.start("etcd", etcd_command(binaries, layout.data / "etcd"), netns=node.netns)
    command = apiserver_command(binaries, layout.pki, service_range=layout.service_range, address=node.address,
                                bind="0.0.0.0", port=6443, etcd_port=2379, audit_policy=policy,
                                audit_log=layout.audit_log)
    processes.start("kube-apiserver", command, netns=node.netns, configuration=[policy, layout.pki / "apiserver.crt"])


def client(layout: Layout) -> Api:
    return Api(layout.node(1).address, 6443, layout.pki)


def start_managers(layout: Layout, processes: Processes, binaries: pathlib.Path) -> None:
    """Starts the controller manager and the scheduler; the API server must be ready."""
    folder, netns = layout.pki, layout.node(1).netns

    def identity(name: str) -> list[str]:
        kubeconfig = folder / f"{name}.kubeconfig"
        return [f"--kubeconfig={kubeconfig}", f"--authentication-kubeconfig={kubeconfig}",
                f"--authorization-kubeconfig={kubeconfig}", "--bind-address=127.0.0.1", "--leader-elect=false",
                f"--cert-dir={layout.data}/{name}-certificates",
                # The default, 20 requests a second, alone makes a start take five seconds more.
                "--kube-api-qps=200", "--kube-api-burst=400"]

    processes.start("kube-controller-manager", [
        str(binaries / "kube-controller-manager"), *identity("controller-manager"),
        f"--service-account-private-key-file={folder}/sa.key", f"--root-ca-file={folder}/ca.crt",
        "--use-service-account-credentials=true", f"--cluster-signing-cert-file={folder}/ca.crt",
        f"--cluster-signing-key-file={folder}/ca.key",
    ], netns=netns)
    processes.start("kube-scheduler", [str(binaries / "kube-scheduler"), *identity("scheduler")], netns=netns)
