"""etcd and kube-apiserver alone, as integration tests use them: no root, no nodes, nothing left running."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "hack"))

from localcluster.apiserver import ApiServer  # noqa: E402  (the path has to be set first)
from localcluster.processes import Processes  # noqa: E402


def assets(**environment: str) -> str:
    return subprocess.run([CHECKOUT / "hack" / "cluster", "apiserver-assets"], stdout=subprocess.PIPE, text=True,
                          check=True, env={**os.environ, **environment}).stdout.strip()


def test_it_serves_and_stops(tmp_path: pathlib.Path) -> None:
    binaries = pathlib.Path(assets())
    with ApiServer(tmp_path, binaries) as server:
        kubectl = [binaries / "kubectl", "--kubeconfig", server.kubeconfig, "--cache-dir", tmp_path / "cache"]
        subprocess.run([*kubectl, "create", "configmap", "a", "--from-literal=b=c"], check=True)
        read = subprocess.run([*kubectl, "get", "configmap", "a", "-o", "json"], check=True, stdout=subprocess.PIPE)
        assert json.loads(read.stdout)["data"] == {"b": "c"}
        assert '"verb":"create"' in server.audit_log.read_text(encoding="utf-8")
        assert (server.pki / "ca.key").exists(), "tests sign certificates of their own"
    assert Processes(tmp_path).members() == []


def test_kubebuilder_assets_are_taken_when_complete(tmp_path: pathlib.Path) -> None:
    built = assets(KUBEBUILDER_ASSETS="")
    (tmp_path / "etcd").symlink_to("/bin/true")
    assert assets(KUBEBUILDER_ASSETS=str(tmp_path)) == built
    (tmp_path / "kube-apiserver").symlink_to("/bin/true")
    assert assets(KUBEBUILDER_ASSETS=str(tmp_path)) == str(tmp_path)
