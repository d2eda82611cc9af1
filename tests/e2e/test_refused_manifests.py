"""What cannot work is refused when it is written, with the field and the mend in the message."""

import json

import pytest

from tests.support.app import manifest
from tests.support.kubectl import KubectlError

APP = {"image": "registry.example/chat:1"}
INGRESS = {"type": "Ingress", "className": "traefik"}

# What is wrong: the spec, the field that the message names, and what it says to do.
REFUSED = {
    "replicas without a backplane": (
        {"replicas": 3, "app": APP, "redis": {"type": "None"}},
        "spec.redis", "set redis.type to Provisioned, or replicas to 1"),
    "no image": (
        {"app": {}}, "spec.app.image", "Required value"),
    "nothing to run": (
        {"replicas": 1}, "spec.app", "Required value"),
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
    "replicas below none": (
        {"app": APP, "replicas": -1}, "spec.replicas", "greater than or equal to 0"),
}


def refusal(kubectl, name: str, spec: dict) -> str:
    """What the API server answers; it would not have kept the manifest if it had liked it."""
    with pytest.raises(KubectlError) as refused:
        kubectl.apply(manifest(name, "default", **spec), arguments=("--dry-run=server",))
    return refused.value.output


@pytest.mark.parametrize("what", REFUSED)
def test_a_wrong_manifest_is_refused_with_the_field_and_the_mend(kubectl, what):
    spec, field, mend = REFUSED[what]
    message = refusal(kubectl, "wrong", spec)
    assert field in message and mend in message, f"{json.dumps(spec)} is answered with: {message}"


@pytest.mark.parametrize("name, mend", [("1chat", "start it with a lower-case letter"),
                                        ("c" * 41, "at most 40 characters")])
def test_a_name_that_no_service_can_have_is_refused(kubectl, name, mend):
    message = refusal(kubectl, name, {"app": APP})
    assert "metadata.name" in message and mend in message, message


def test_what_cannot_be_changed_later_is_refused_with_the_way_out(kubectl, namespace):
    def spec(persistence):
        return {"replicas": 0, "app": APP, "redis": {"provisioned": {"persistence": persistence}}}

    kubectl.apply(manifest("fixed", namespace, **spec("None")))
    with pytest.raises(KubectlError) as refused:
        kubectl.apply(manifest("fixed", namespace, **spec("AppendOnly")))
    assert "spec.redis.provisioned" in refused.value.output
    assert "delete the RealtimeApp and create it anew" in refused.value.output
