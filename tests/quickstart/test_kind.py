"""A cluster that others use too, whose images kind brings; what they have there outlives the quickstart.

kind itself needs a container engine, so a stand-in brings the images: by ctr, as kind does.
"""

from __future__ import annotations

import pytest
import requests

from tests.support.foreign import CRD
from tests.support.app import App, is_the_demo_page, manifest
from tests.support.waiting import wait_for


@pytest.fixture
def theirs(cluster):
    """Makes an app of somebody else; it goes afterwards, with the CRD, which nobody needs any more then."""
    other = manifest("other", "kube-public", replicas=0, redis={"type": "None"}, exposure={"type": "None"},
                     app={"image": "localhost/flask-socketio-example:latest", "imagePullPolicy": "Never"})
    yield lambda: cluster.kubectl.apply(other)
    if cluster.has("customresourcedefinition", CRD):
        # The operator that would have taken its finalizer off is gone.
        cluster.kubectl("patch", "realtimeapp", "other", "-n", "kube-public", "--type=merge",
                        "-p", '{"metadata":{"finalizers":null}}')
        cluster.kubectl("delete", "realtimeapp", "other", "-n", "kube-public", "--cascade=foreground")
        cluster.delete_crd()


def test_the_app_becomes_ready_and_down_keeps_what_is_not_ours(cluster, namespace, theirs, cleared, checkout, kind):
    before = cluster.inventory()
    run = checkout.quickstart(answer="y", **kind).succeeded()
    run.said(f"{namespace} (exists)", "loading realtime-operator into the kind cluster x")
    chat = App(cluster.kubectl, "chat", "default")
    assert chat.ready()
    assert f"Open {chat.url}" in run.output
    assert is_the_demo_page(requests.get(chat.url, timeout=10))

    again = checkout.quickstart("--yes", **kind).succeeded()
    assert "operator: " not in again.progress, "the operator was rolled out again"

    theirs()
    wait_for(lambda: cluster.has("deployment", "other", "kube-public"), 30, "the operator to take it up")
    with_theirs = {f"CustomResourceDefinition <none> {CRD}"} | {line for line in cluster.inventory() if "other" in line}
    with cluster.untouched():
        checkout.quickstart("--down", **kind).refused("kind-x", "no terminal", "--yes")
    down = checkout.quickstart("--down", "--yes", **kind).succeeded()
    down.said(f"keeping the CRD {CRD}", "kube-public/other")
    assert cluster.inventory() == before | with_theirs

    nothing = checkout.quickstart("--down", "--yes", **kind).succeeded()
    nothing.said("nothing to remove")
