"""A rollout that hangs: the replicas of the earlier manifest serve throughout, and it continues at once when the manifest is fixed
or put back. What others set stays."""

from __future__ import annotations

import json

import pytest

from tests.platform.traffic import Prober
from tests.support.app import App
from tests.support.waiting import Stopwatch, wait_for

BAD = {
    "an image that cannot be pulled": ({"image": "localhost:9/server:2"}, "ImagePullFailed"),
    "an image of another program": ({"image": "BUSYBOX"}, "ContainerRefused"),
    "more than any node has": ({"resources": {"requests": {"cpu": "1000"}}}, "Unschedulable"),
}


def patch(app: App, server: dict) -> None:
    app.kubectl("patch", "realtimeapp", app.name, "-n", app.namespace, "--type=merge", "-p", json.dumps({"spec": {"server": server}}))


def ready(app: App) -> dict:
    return next(it for it in app.get()["status"]["conditions"] if it["type"] == "Ready")


@pytest.mark.parametrize("what", BAD)
def test_a_rollout_that_hangs_goes_on_when_the_manifest_is_put_back(chat, talking, busybox, figures, what):
    bad, reason = BAD[what]
    bad = {name: busybox if value == "BUSYBOX" else value for name, value in bad.items()}
    before = chat.replicas()
    with Prober(chat.url) as prober:
        patch(chat, bad)
        wait_for(lambda: ready(chat)["reason"] == reason, 30, lambda: f"the status to say {reason}: {ready(chat)}", 0.2)
        assert "3 ready replicas continue to serve" in ready(chat)["message"]
        assert before <= chat.replicas()
        victim = talking.clients[-1].replica
        staying = [client for client in talking.clients if client.replica != victim]
        chat.kill_pod(victim)  # an old one, which an old one replaces
        wait_for(lambda: len(chat.replicas()) == 3, 60, "an old replica in place of the one that is gone", 0.2)
        patch(chat, {name: None for name in bad})
        took = chat.wait_ready(60)
    figures.add(f"rollout with {what}: put back, Ready after", f"{took:.1f} s")
    assert took < 20
    assert len(before & chat.replicas()) == 2, "an old replica was replaced for nothing"
    talking.assert_recovered()
    assert not any(client.disconnects for client in staying)
    # A killed pod is in the proxy's list for a moment; nothing else may fail.
    assert len(prober.failures) <= 0.1 * prober.tried, prober.failures[:3]


def test_a_rollout_that_hangs_is_overtaken_by_a_fixed_one(chat, talking, figures):
    patch(chat, {"image": "localhost:9/server:2"})
    wait_for(lambda: ready(chat)["reason"] == "ImagePullFailed", 30, "the status to say what hangs", 0.2)
    watch = Stopwatch()
    patch(chat, {"image": None, "maxPayload": 2_000_000})
    wait_for(lambda: ready(chat)["reason"] == "RolloutInProgress", 10, "the fixed rollout to begin", 0.1)
    figures.add("rollout with a bad image: overtaken by a fixed one after", f"{watch.seconds():.1f} s")
    chat.wait_ready(180)
    talking.assert_recovered()


def test_what_others_set_stays(chat, talking, kubectl):
    where = ("-n", chat.namespace)
    kubectl("annotate", "service", "chat", *where, "mesh.example.com/mode=on")
    kubectl("label", "deployment", "chat", *where, "team=chat")
    sidecar = {"spec": {"template": {"spec": {"containers": [
        {"name": "sidecar", "image": "localhost/busybox:none", "imagePullPolicy": "Never"}]}}}}
    made = kubectl("patch", "deployment", "chat", *where, "--dry-run=server", "-p", json.dumps(sidecar), "-o", "json")
    assert len(json.loads(made)["spec"]["template"]["spec"]["containers"]) == 2
    before = chat.replicas()
    kubectl("rollout", "restart", "deployment/chat", *where)
    wait_for(lambda: not before & chat.replicas(), 120, "kubectl rollout restart to replace every replica", 0.3)
    chat.wait_ready()
    # Something that is the operator's is repaired meanwhile, and nothing else touched.
    kubectl("patch", "service", "chat", *where, "-p", '{"spec": {"sessionAffinity": "None"}}')
    wait_for(lambda: kubectl.json("get", "service", "chat", *where)["spec"]["sessionAffinity"] == "ClientIP", 20, "the affinity", 0.1)
    service = kubectl.json("get", "service", "chat", *where)
    deployment = kubectl.json("get", "deployment", "chat", *where)
    assert service["metadata"]["annotations"]["mesh.example.com/mode"] == "on"
    assert deployment["metadata"]["labels"]["team"] == "chat"
    assert "kubectl.kubernetes.io/restartedAt" in deployment["spec"]["template"]["metadata"]["annotations"]
    talking.assert_recovered()
