"""RealtimeApps answer kubectl's own words as the built-in kinds do."""

import json
import re

from tests.support.kubectl import Kubectl


def test_explain_describes_every_field_of_the_app(kubectl: Kubectl):
    text = kubectl("explain", "realtimeapp.spec.app")
    assert re.search(r"^KIND: +RealtimeApp$", text, re.MULTILINE)
    assert re.search(r"^ +image\s+<string> -required-$", text, re.MULTILINE)
    assert "$1 by its first argument" in " ".join(kubectl("explain", "rta.spec.server.namespaces.events.args").split())
    tree = kubectl("explain", "rta", "--recursive")
    for field in ("replicas", "server", "onConnect", "exposure", "affinity", "conditions", "readyReplicas"):
        assert re.search(rf"^ +{field}\s", tree, re.MULTILINE), field


def test_get_shows_the_fleet_at_a_glance(chat, kubectl: Kubectl):
    header, row = kubectl("get", "rta", chat.name, "-n", chat.namespace).splitlines()
    assert header.split() == ["NAME", "READY", "REPLICAS", "CONNECTIONS", "URL", "AGE"]
    assert re.match(rf"chat +True +3/3 +(\d+ +)?{re.escape(chat.url)} +\S+$", row), row
    assert "realtimeapp.realtimeoperator.dev/chat" in kubectl("get", "all", "-n", chat.namespace)


def test_describe_ends_with_what_happened(chat, kubectl: Kubectl):
    text = kubectl("describe", "realtimeapp", chat.name, "-n", chat.namespace)
    for words in ("Conditions:", "RedisReady", "ExposureReady", "Events:"):
        assert words in text, words


def test_scale_and_wait_work(chat, kubectl: Kubectl):
    target = ("realtimeapp", chat.name, "-n", chat.namespace)
    assert "scaled" in kubectl("scale", *target, "--replicas=4", "--current-replicas=3")
    assert "condition met" in kubectl("wait", *target, "--for=jsonpath={.status.readyReplicas}=4", "--timeout=90s")
    assert "condition met" in kubectl("wait", *target, "--for=condition=Ready", "--timeout=90s")
    assert " 4/4 " in kubectl("get", *target)
    assert len(chat.replicas()) == 4
    path = f"/apis/realtimeoperator.dev/v1alpha1/namespaces/{chat.namespace}/realtimeapps/{chat.name}/scale"
    scale = json.loads(kubectl("get", "--raw", path))
    assert (scale["spec"]["replicas"], scale["status"]["replicas"]) == (4, 4)
    assert scale["status"]["selector"] == chat.get()["status"]["selector"]
    kubectl("scale", *target, "--replicas=3")
    chat.wait_ready()
