"""Deleting a RealtimeApp leaves nothing behind but, where the manifest says so, its volume."""

import pytest

from tests.support.app import App, manifest
from tests.support.kubectl import Kubectl
from tests.support.waiting import wait_for

PASSING = {"events", "events.events.k8s.io", "leases.coordination.k8s.io"}


def inventory(kubectl: Kubectl, namespace: str) -> set[str]:
    """Every object of every type in the namespace; events are no objects that anyone keeps."""
    types = set(kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name").split()) - PASSING
    return set(kubectl("get", ",".join(sorted(types)), "-n", namespace, "-o", "name", "--ignore-not-found").split())


@pytest.mark.parametrize("retention, remains", [("Retain", {"persistentvolumeclaim/data-brief-redis-0"}),
                                                ("Delete", set())])
def test_deletion_leaves_only_a_volume_that_is_to_be_retained(chat, kubectl, namespace, figures, retention, remains):
    # The namespace's own objects come a moment after it.
    wait_for(lambda: len(inventory(kubectl, namespace)) >= 2, 10, "the default ServiceAccount and ConfigMap")
    before = inventory(kubectl, namespace)
    app = App(kubectl, "brief", namespace)
    redis = {"persistence": "AppendOnly", "storage": "64Mi", "retention": retention}
    kubectl.apply(manifest("brief", namespace, app=chat.get()["spec"]["app"], redis={"provisioned": redis}))
    figures.add("kubectl apply to Ready, one replica and a volume", f"{app.wait_ready():.1f} s")
    made = inventory(kubectl, namespace) - before
    assert len(made) > 8, f"there is something to leave behind: {sorted(made)}"
    kubectl("delete", "realtimeapp", "brief", "-n", namespace, "--timeout=60s")
    wait_for(lambda: inventory(kubectl, namespace) - before == remains, 90,
             lambda: f"only {remains or 'nothing'} to be left of {sorted(inventory(kubectl, namespace) - before)}", 0.5)
    assert inventory(kubectl, namespace) >= before
