"""Deleting a RealtimeApp leaves nothing behind but, where the manifest says so, its volume."""

from tests.support.app import App, manifest
from tests.support.kubectl import Kubectl
from tests.support.waiting import Stopwatch, wait_for

PASSING = {"events", "events.events.k8s.io", "leases.coordination.k8s.io"}


def inventory(kubectl: Kubectl, namespace: str) -> set[str]:
    """Every object of every type in the namespace; events are no objects that anyone keeps."""
    types = set(kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name").split()) - PASSING
    return set(kubectl("get", ",".join(sorted(types)), "-n", namespace, "-o", "name", "--ignore-not-found").split())


def test_deletion_leaves_only_a_volume_that_is_to_be_retained(chat, kubectl, namespace, figures):
    """Two apps at the same time, because it takes its time."""
    # The namespace's own objects come a moment after it.
    wait_for(lambda: len(inventory(kubectl, namespace)) >= 2, 10, "the default ServiceAccount and ConfigMap")
    before = inventory(kubectl, namespace)
    apps = {retention: App(kubectl, retention.lower(), namespace) for retention in ("Retain", "Delete")}
    for retention, app in apps.items():
        redis = {"persistence": "AppendOnly", "storage": "64Mi", "retention": retention}
        kubectl.apply(manifest(app.name, namespace, server=chat.get()["spec"]["server"], redis={"provisioned": redis}))
    watch = Stopwatch()
    for app in apps.values():
        app.wait_ready()
    figures.add("kubectl apply to Ready, two apps of one replica and a volume", f"{watch.seconds():.1f} s")
    made = inventory(kubectl, namespace) - before
    for app in apps.values():
        assert len([it for it in made if app.name in it]) > 8, f"there is something to leave behind: {sorted(made)}"
    kubectl("delete", "realtimeapp", *(app.name for app in apps.values()), "-n", namespace, "--timeout=60s")
    remains = {"persistentvolumeclaim/data-retain-redis-0"}
    wait_for(lambda: inventory(kubectl, namespace) - before == remains, 90,
             lambda: f"only {remains} to be left of {sorted(inventory(kubectl, namespace) - before)}", 0.5)
    assert inventory(kubectl, namespace) >= before
