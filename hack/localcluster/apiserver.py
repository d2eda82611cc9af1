"""etcd and kube-apiserver alone, on loopback: all that integration tests need, without root and without nodes.

    with ApiServer(folder, assets) as server:
        ... KUBECONFIG=server.kubeconfig ...
"""

from __future__ import annotations

import os
import pathlib
import socket
import types
from collections.abc import Callable, Sequence

from . import binaries, controlplane, pki
from .api import Api
from .pki import Certificate
from .processes import Processes


def assets(go: Callable[[], str]) -> pathlib.Path:
    """A folder with etcd and kube-apiserver: KUBEBUILDER_ASSETS if it has both, else the cached build."""
    given = os.environ.get("KUBEBUILDER_ASSETS")
    if given and all(os.access(pathlib.Path(given, name), os.X_OK) for name in ("etcd", "kube-apiserver")):
        return pathlib.Path(given).resolve()
    return binaries.ensure("kubernetes", go())


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class ApiServer:
    """Starts both in an empty folder that the caller owns and removes; stops both at the end."""

    def __init__(self, folder: pathlib.Path, binaries_folder: pathlib.Path, flags: Sequence[str] = (),
                 etcd_flags: Sequence[str] = ()):
        """`flags` are kube-apiserver's, besides our own; `etcd_flags` etcd's."""
        self.folder = folder
        self.pki = folder / "pki"
        self.kubeconfig = folder / "kubeconfig"
        self.audit_log = folder / "log" / "audit.log"
        self.url = ""  # known once it is started
        self._binaries = binaries_folder
        self._flags = flags
        self._etcd_flags = etcd_flags
        self.processes = Processes(folder, (binaries_folder,))

    def start(self) -> None:
        etcd_port, peer_port, port = _free_ports(3)
        self._make_certificates()
        self.audit_log.parent.mkdir(parents=True, exist_ok=True)
        etcd = controlplane.etcd_command(self._binaries, self.folder / "etcd", etcd_port, peer_port)
        self.processes.start("etcd", [*etcd, *self._etcd_flags])
        command = controlplane.apiserver_command(
            self._binaries, self.pki, service_range="10.0.0.0/24", address="127.0.0.1", bind="127.0.0.1", port=port,
            etcd_port=etcd_port, audit_policy=controlplane.write_audit_policy(self.folder), audit_log=self.audit_log)
        self.processes.start("kube-apiserver", [*command, *self._flags])
        self.url = f"https://127.0.0.1:{port}"
        pki.kubeconfig(self.pki, "admin", self.url, self.kubeconfig)
        api = Api("127.0.0.1", port, self.pki)
        self.processes.wait("the API server's readiness", "kube-apiserver", api.ready)

    def _make_certificates(self) -> None:
        pki.ensure_authority(self.pki, "ca", "kubernetes-ca")
        pki.ensure_authority(self.pki, "front-proxy-ca", "front-proxy-ca")
        pki.ensure_service_account_key(self.pki)
        for certificate in (
                Certificate("apiserver", "/CN=kube-apiserver", "serverAuth", ("DNS:localhost", "IP:127.0.0.1")),
                Certificate("kubelet-client", "/O=system:masters/CN=apiserver-kubelet-client"),
                Certificate("front-proxy", "/CN=front-proxy-client", ca="front-proxy-ca"),
                Certificate("admin", "/O=system:masters/CN=admin"),
        ):
            pki.ensure(self.pki, certificate)

    def stop(self) -> None:
        self.processes.stop("kube-apiserver", patience=0)  # it would wait a minute for watches to end
        self.processes.stop("etcd", patience=3)

    def __enter__(self) -> ApiServer:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: types.TracebackType | None) -> None:
        self.stop()
