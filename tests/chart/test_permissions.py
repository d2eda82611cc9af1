"""What the operator may and may not do, asked of a real API server by access reviews in the operator's name."""

import pathlib
import uuid

import pytest

CHART = pathlib.Path(__file__).resolve().parents[2] / "charts" / "realtime-operator"


@pytest.fixture
def place(kubectl):
    """Three fresh namespaces: the operator's, a watched one and another one."""
    run = uuid.uuid4().hex[:8]
    names = {role: f"permissions-{role}-{run}" for role in ("system", "watched", "other")}
    for name in names.values():
        assert kubectl("create", "namespace", name).returncode == 0
    yield names
    kubectl("delete", "namespace", *names.values(), "--wait=false")


@pytest.fixture
def grant(helm, kubectl, place):
    """Applies the chart's permissions only, under a name of their own; returns a function that asks whether they suffice."""
    manifests = []

    def apply(*arguments):
        release = place["system"]
        rendered = helm("template", release, CHART, "--namespace", release,
                        "--set", f"fullnameOverride={release}", "--set", "rbac.aggregate=false",
                        "--show-only", "templates/rbac.yaml", "--show-only", "templates/serviceaccount.yaml", *arguments)
        assert rendered.returncode == 0, rendered.stderr
        manifests.append(rendered.stdout)
        applied = kubectl("apply", "-f", "-", stdin=rendered.stdout)
        assert applied.returncode == 0, applied.stderr

        def may(verb, resource, namespace=None):
            scope = ["--namespace", namespace] if namespace else ["--all-namespaces"]
            resource, _, part = resource.partition("/")  # kubectl takes what follows a slash for a name
            answer = kubectl("auth", "can-i", verb, resource, f"--subresource={part}", *scope,
                             f"--as=system:serviceaccount:{release}:{release}")
            return answer.stdout.strip() == "yes"

        return may

    yield apply
    for manifest in manifests:
        kubectl("delete", "--ignore-not-found", "-f", "-", stdin=manifest)


def test_watched_namespaces_narrow_the_permissions(grant, place):
    may = grant("--set", f"watchNamespaces={{{place['watched']}}}")
    assert may("create", "deployments.apps", place["watched"])
    assert may("patch", "realtimeapps.realtimeoperator.dev", place["watched"]) is False
    assert may("list", "ingressclasses.networking.k8s.io")
    for verb, resource in (("create", "deployments.apps"), ("get", "secrets"), ("list", "pods"),
                           ("list", "realtimeapps.realtimeoperator.dev"), ("create", "services")):
        assert not may(verb, resource, place["other"]), f"{verb} {resource}"
        assert not may(verb, resource, place["system"]), f"{verb} {resource}"
        assert not may(verb, resource), f"{verb} {resource} everywhere"


def test_secrets_cannot_be_listed_anywhere(grant, place):
    may = grant()
    for verb in ("get", "create", "patch"):
        assert may(verb, "secrets", place["other"])
    for verb in ("list", "watch", "delete", "update"):
        assert not may(verb, "secrets", place["other"])


def test_what_is_only_looked_at_cannot_be_changed(grant, place):
    may = grant()
    for resource in ("replicasets.apps", "endpointslices.discovery.k8s.io"):
        assert may("list", resource) and may("watch", resource)
        for verb in ("create", "patch", "update", "delete"):
            assert not may(verb, resource, place["other"]), f"{verb} {resource}"


def test_permissions_grant_no_more_permissions(grant, place):
    may = grant()
    for verb, resource in (("create", "clusterroles.rbac.authorization.k8s.io"), ("impersonate", "users"),
                           ("create", "rolebindings.rbac.authorization.k8s.io"), ("create", "pods"),
                           ("create", "pods/exec"), ("create", "serviceaccounts/token"), ("delete", "namespaces")):
        assert not may(verb, resource, place["other"]), f"{verb} {resource}"
