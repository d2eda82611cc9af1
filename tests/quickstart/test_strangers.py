"""What somebody else made in the cluster is neither taken over nor overwritten."""

from __future__ import annotations

import pytest

from tests.support.app import manifest
from tests.support.cluster import OPERATOR_NAMESPACE, ROOT


@pytest.fixture(params=["kube-public", OPERATOR_NAMESPACE])
def somebodys_operator(request, cluster, crd):
    """Installed with helm; also where the README says to, which is where the quickstart itself installs."""
    place = request.param
    cluster.run("helm", "install", "realtime-operator", ROOT / "charts" / "realtime-operator", "--namespace", place,
                "--create-namespace", "--set", "crds.enabled=false", "--set", "nodeSelector.is=nowhere")
    yield f"{place}/realtime-operator"
    cluster.run("helm", "uninstall", "realtime-operator", "--namespace", place, "--wait")
    if place == OPERATOR_NAMESPACE:
        cluster.kubectl("delete", "namespace", place)


@pytest.fixture
def somebodys_chat(cluster, crd):
    cluster.kubectl.apply(manifest("chat", "default", replicas=1, app={"image": "chat:1"}, redis={"type": "None"}))
    yield "default/chat"
    cluster.kubectl("delete", "realtimeapp", "chat")


def test_an_operator_of_somebody_else_is_not_joined_by_another(refuses, kind, somebodys_operator):
    refuses("--yes", words=(somebodys_operator, "use that one", "examples/echo.yaml"), **kind)


def test_an_app_of_the_same_name_is_not_overwritten(refuses, kind, somebodys_chat):
    refuses("--yes", words=(somebodys_chat, "did not create", "overwrite", "delete it or give it another name"), **kind)
