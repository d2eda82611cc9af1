"""What cannot work is refused when it is written, with the field and the fix in the message."""

import json
import re

import pytest

from tests.support.app import manifest
from tests.support.kubectl import KubectlError

APP = {"image": "registry.example/chat:1"}
INGRESS = {"type": "Ingress", "className": "traefik"}


def action(what: dict) -> dict:
    """A spec of the bundled server that does this for each event `m`."""
    return {"server": {"namespaces": {"/": {"events": {"m": [what]}}}}}


# What is wrong: the spec, the field that the message names, and what it says to do.
REFUSED = {
    "replicas without a backplane": (
        {"replicas": 3, "app": APP, "redis": {"type": "None"}},
        "spec.redis", "set redis.type to Provisioned, or replicas to 1"),
    "no image": (
        {"app": {}}, "spec.app.image", "Required value"),
    "an image with a space that nobody sees": (
        {"app": {"image": "registry.example/chat:1\u00a0"}}, "spec.app.image", "should match '^[!-~]+$'"),
    "nothing to run": (
        {"replicas": 1}, "spec", "set exactly one of server (the bundled Socket.IO server; `server: {}` is enough)"),
    "two things to run": (
        {"app": APP, "server": {}}, "spec", "set exactly one of server"),
    "an event that nobody sends": (
        action({"type": "Broadcast"}), "spec.server.namespaces[/].events[m][0]", "set event to its name"),
    "an acknowledgement that is an event": (
        action({"type": "Acknowledge", "event": "e"}), "spec.server.namespaces[/].events[m][0]", "remove event"),
    "an acknowledgement of nothing": (
        {"server": {"namespaces": {"/": {"onConnect": [{"type": "Acknowledge"}]}}}},
        "spec.server.namespaces[/].onConnect", "use Emit or Broadcast"),
    "an event of Socket.IO's own": (
        action({"type": "Emit", "event": "connect"}), "spec.server.namespaces[/].events[m][0].event", "use another one"),
    "a rule for an event of Socket.IO's own": (
        {"server": {"namespaces": {"/": {"events": {"disconnect": []}}}}},
        "spec.server.namespaces[/].events", "is not reserved by Socket.IO"),
    "an action that is none": (
        action({"type": "Send", "event": "e"}), "spec.server.namespaces", '"Emit", "Broadcast", "Acknowledge"'),
    "a namespace that is no path": (
        {"server": {"namespaces": {"admin": {}}}}, "spec.server.namespaces", "for example / or /admin"),
    "an origin with a path": (
        {"server": {"allowedOrigins": ["https://chat.example.com/"]}},
        "spec.server.allowedOrigins[0]", "for example https://chat.example.com"),
    "every origin and another one": (
        {"server": {"allowedOrigins": ["*", "https://chat.example.com"]}},
        "spec.server.allowedOrigins", "keep either it or them"),
    "messages of no size": (
        {"server": {"maxPayload": 0}}, "spec.server.maxPayload", "greater than or equal to 1024"),
    "messages that no send queue holds": (
        {"server": {"maxPayload": 5000000}}, "spec.server", "raise sendQueueBytes, or lower maxPayload"),
    "a send queue larger than all of them": (
        {"server": {"limits": {"sendQueueBytes": 300000000}}}, "spec.server", "raise totalSendQueueBytes"),
    "messages of which not four may wait": (
        {"server": {"maxPayload": 2000000, "limits": {"totalReceiveBytes": 4000000}}}, "spec.server", "raise totalReceiveBytes"),
    "credentials for pages that may not connect": (
        {"server": {"allowCredentials": True}}, "spec.server", "set allowedOrigins, or remove allowCredentials"),
    "an attribute of a cookie that is not set": (
        {"app": APP, "exposure": {**INGRESS, "affinity": "None", "sameSite": "None"}}, "spec.exposure.sameSite", "remove sameSite"),
    "two acknowledgements of one event": (
        {"server": {"namespaces": {"/": {"events": {"m": [{"type": "Acknowledge"}, {"type": "Acknowledge"}]}}}}},
        "spec.server.namespaces[/].events[m]", "keep one Acknowledge"),
    "an origin that no browser sends": (
        {"server": {"allowedOrigins": ["https://käse.example.com"]}},
        "spec.server.allowedOrigins[0]", "in their xn-- form"),
    "a proxy by name": (
        {"server": {"trustedProxies": ["traefik"]}}, "spec.server.trustedProxies[0]", "for example 10.0.0.7 or 10.0.0.0/8"),
    "a message larger than all that may wait": (
        {"server": {"maxPayload": 2000000, "limits": {"totalReceiveBytes": 1048576}}},
        "spec.server", "raise totalReceiveBytes, or lower maxPayload"),
    "a channel without Redis": (
        {"server": {}, "redis": {"type": "None", "channel": "socketio"}}, "spec.redis", "without Redis there is none"),
    "a connection that idles for a day": (
        {"server": {"limits": {"idleTimeout": "24h"}}}, "spec.server.limits.idleTimeout", "from 1s to 1h"),
    "a path that is no folder": (
        {"server": {}, "protocol": {"path": "/ws"}}, "spec.protocol.path", "begins and ends with a slash"),
    "a path with an empty part": (
        {"server": {}, "protocol": {"path": "/a/../b/"}}, "spec.protocol.path", "for example /socket.io/"),
    "a transport that is none": (
        {"server": {}, "protocol": {"transports": ["sse"]}}, "spec.protocol.transports[0]", '"polling", "websocket"'),
    "no transport": (
        {"server": {}, "protocol": {"transports": []}}, "spec.protocol.transports", "at least 1 item"),
    "a duration without a unit": (
        {"server": {}, "protocol": {"pingInterval": "25"}}, "spec.protocol.pingInterval", "for example 25s or 1m30s"),
    "a ping that never comes": (
        {"server": {}, "protocol": {"pingTimeout": "1h"}}, "spec.protocol.pingTimeout", "from 100ms to 10m"),
    "no time to drain": (
        {"server": {}, "drain": {"deadline": "1s"}}, "spec.drain.deadline", "from 10s to 1h"),
    "settings of the server for another image": (
        {"app": APP, "protocol": {"pingInterval": "25s"}}, "spec.protocol", "remove them here"),
    "a pace of the server for another image": (
        {"app": APP, "drain": {"maxDisconnectsPerMinute": 60}}, "spec.drain", "remove it here"),
    "an ingress of no class": (
        {"app": APP, "exposure": {"type": "Ingress"}}, "spec.exposure.className", "kubectl get ingressclass"),
    "a URL as host": (
        {"app": APP, "exposure": {**INGRESS, "host": "https://chat.example.com/"}},
        "spec.exposure.host", "without scheme, port and path, for example chat.example.com"),
    "a relative path": (
        {"app": APP, "exposure": {**INGRESS, "paths": ["socket.io"]}}, "spec.exposure.paths[0]", "should match '^/'"),
    "a snippet": (
        {"app": APP, "exposure": {**INGRESS, "annotations": {"nginx.ingress.kubernetes.io/server-snippet": "x"}}},
        "spec.exposure.annotations", "snippets"),
    "a variable that the operator sets": (
        {"app": {**APP, "env": [{"name": "PORT", "value": "80"}]}}, "spec.app.env[0]", "remove this entry"),
    "storage for a Redis that keeps nothing": (
        {"app": APP, "redis": {"provisioned": {"storage": "1Gi"}}},
        "spec.redis.provisioned", "set that, or remove storage"),
    "a word that is none": (
        {"app": APP, "redis": {"type": "Sentinel"}}, "spec.redis.type", 'supported values: "Provisioned", "None"'),
    "a misspelt field": (
        {"app": APP, "replica": 3}, "spec.replica", "unknown field"),
    "a path with an empty part in the exposure": (
        {"app": APP, "exposure": {**INGRESS, "paths": ["/", "/a//b"]}}, "spec.exposure.paths[1]", "no empty, '.' or '..' part"),
    "no path that leads to the protocol's": (
        {"app": APP, "exposure": {**INGRESS, "paths": ["/chat"]}}, "spec.exposure.paths", "none of the paths leads to"),
    "an affinity that no controller has": (
        {"app": APP, "exposure": {**INGRESS, "affinity": "ClientIP"}},
        "spec.exposure.affinity", 'supported values: "Cookie", "None"'),
    "a prefix that begins with a digit": (
        {"app": {**APP, "envFrom": [{"prefix": "1-", "secretRef": {"name": "s"}}]}},
        "spec.app.envFrom[0].prefix", "does not start with a digit"),
    "a request above its limit": (
        {"app": {**APP, "resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}}},
        "spec.app.resources", "at most as large as the limit"),
    "less than nothing": (
        {"server": {"resources": {"requests": {"cpu": "-1"}}}}, "spec.server.resources.requests.cpu", "should match"),
    "a resource that is none": (
        {"server": {"resources": {"limits": {"gpus": 1}}}}, "spec.server.resources.limits", "for example nvidia.com/gpu"),
    "an address as host": (
        {"app": APP, "exposure": {**INGRESS, "host": "10.0.0.1"}}, "spec.exposure.host", "not an IP address"),
    "a class in an annotation": (
        {"app": APP, "exposure": {**INGRESS, "annotations": {"kubernetes.io/ingress.class": "nginx"}}},
        "spec.exposure.annotations", "className names the IngressClass"),
    "more annotations than an Ingress holds": (
        {"app": APP, "exposure": {**INGRESS, "annotations": {f"a{i}": "x" for i in range(31)}}},
        "spec.exposure.annotations", "at most 30 items"),
    "a Secret that cannot exist": (
        {"app": {**APP, "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "My Secret", "key": "k"}}}]}},
        "spec.app.env[0].valueFrom.secretKeyRef.name", "should match"),
    "a ConfigMap that cannot exist": (
        {"app": {**APP, "envFrom": [{"configMapRef": {"name": "My Map"}}]}},
        "spec.app.envFrom[0].configMapRef.name", "should match"),
    "a resource of quotas": (
        {"server": {"resources": {"limits": {"requests.nvidia.com/gpu": 1}}}},
        "spec.server.resources.limits", "for example nvidia.com/gpu"),
    "an exponent that is none": (
        {"server": {"resources": {"requests": {"cpu": "1e1.5"}}}}, "spec.server.resources.requests.cpu", "should match"),
    "a volume larger than Kubernetes can count": (
        {"app": APP, "redis": {"provisioned": {"persistence": "AppendOnly", "storage": "10000000Ti"}}},
        "spec.redis.provisioned.storage", "should match"),
    "a namespace of more bytes than characters": (
        {"server": {"namespaces": {"/" + "é" * 64: {}}}}, "spec.server.namespaces", "at most 128 bytes"),
    "replicas below none": (
        {"app": APP, "replicas": -1}, "spec.replicas", "greater than or equal to 0"),
}


def refusal(kubectl, name: str, spec: dict) -> str:
    """What the API server answers; it would not have kept the manifest if it had liked it."""
    with pytest.raises(KubectlError) as refused:
        kubectl.apply(manifest(name, "default", **spec), arguments=("--dry-run=server",))
    return refused.value.output


@pytest.mark.parametrize("what", REFUSED)
def test_a_wrong_manifest_is_refused_with_the_field_and_the_fix(kubectl, what):
    spec, field, fix = REFUSED[what]
    message = refusal(kubectl, "wrong", spec)
    assert field in message and fix in message, f"{json.dumps(spec)} is answered with: {message}"


@pytest.mark.parametrize("name, fix", [("1chat", "start it with a lower-case letter"),
                                       ("c" * 41, "at most 40 characters"),
                                       ("default", "every namespace has one that is named default")])
def test_a_name_that_no_service_can_have_is_refused(kubectl, name, fix):
    message = refusal(kubectl, name, {"app": APP})
    assert "metadata.name" in message and fix in message, message


KEPT = {"provisioned": {"persistence": "AppendOnly"}}


@pytest.mark.parametrize("before, after", [
    ({"provisioned": {"persistence": "None"}}, KEPT), ({}, KEPT), (KEPT, {}), (KEPT, {"provisioned": {}}),
    (KEPT, {"provisioned": {"persistence": "AppendOnly", "storage": "2Gi"}}),
    ({"provisioned": {"persistence": "AppendOnly", "storage": "2Gi"}}, KEPT),
    (KEPT, {"provisioned": {"persistence": "AppendOnly", "storageClassName": "fast"}}),
    ({"provisioned": {"persistence": "AppendOnly", "storageClassName": "fast"}}, KEPT),
])
def test_what_cannot_be_changed_later_is_refused_with_the_way_out(kubectl, namespace, before, after):
    def spec(redis):
        return {"replicas": 0, "app": APP, "redis": redis}

    kubectl.apply(manifest("fixed", namespace, **spec(before)))
    with pytest.raises(KubectlError) as refused:
        kubectl.apply(manifest("fixed", namespace, **spec(after)))
    assert "spec.redis.provisioned" in refused.value.output
    assert re.search("delete the RealtimeApp and (its PersistentVolumeClaim, and )?recreate it", refused.value.output)


def test_storage_cannot_be_patched_into_an_app_that_said_nothing_of_redis(kubectl, namespace):
    kubectl.apply(manifest("fixed", namespace, replicas=0, server={}))
    patch = json.dumps({"spec": {"redis": KEPT}})
    with pytest.raises(KubectlError) as refused:
        kubectl("patch", "rta", "fixed", "-n", namespace, "--type=merge", "-p", patch)
    assert re.search("delete the RealtimeApp and (its PersistentVolumeClaim, and )?recreate it", refused.value.output)
