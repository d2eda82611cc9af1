"""Sets of values in which each option is on at least once: what helm makes of them is what Kubernetes takes."""

import json
import pathlib
import subprocess

import pytest
import yaml

from tests.support import schemas

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "charts" / "realtime-operator"

SETS = {
    "defaults": {},
    "registry": {
        "image": {"repository": "registry.example.com/operator", "tag": "1.2.3", "pullPolicy": "Always"},
        "imagePullSecrets": [{"name": "registry"}], "redis": {"image": "registry.example.com/redis:7"},
        "server": {"image": "registry.example.com/server:1"}, "test": {"image": "registry.example.com/busybox:1", "timeout": "3m"},
    },
    "watched namespaces": {"watchNamespaces": ["team-a", "team-b"], "rbac": {"aggregate": False}},
    "a single instance": {
        "replicas": 1, "crds": {"keep": False}, "podDisruptionBudget": {"enabled": False}, "topologySpreadConstraints": [],
        "leaderElection": {"leaseDuration": "30s", "renewDeadline": "20s", "retryPeriod": "5s"},
    },
    "another user's CRD and permissions": {
        "crds": {"enabled": False}, "rbac": {"create": False},
        "serviceAccount": {"create": False, "name": "theirs"},
    },
    "Prometheus Operator and Grafana": {
        "metrics": {"service": {"annotations": {"note": "a"}},
                    "serviceMonitor": {"enabled": True, "interval": "15s", "labels": {"release": "prometheus"}},
                    "rules": {"enabled": True, "labels": {"release": "prometheus"}},
                    "dashboard": {"enabled": True, "labels": {"grafana_dashboard": "yes"}, "annotations": {"grafana_folder": "Operators"}}},
    },
    "no metrics": {"metrics": {"service": {"enabled": False}}},
    "network policy": {"networkPolicy": {"enabled": True, "apiServerPorts": [6443], "metricsFrom": [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}], "appNamespaces": ["team-a", "team-b"]}},
    "hosts by namespace": {
        "exposure": {"allowedHostSuffixes": {"team-a": ["a.example.com"], "*": ["apps.example.com"], "team-b": []}},
        "watchNamespaces": ["team-a", "team-b"],
    },
    "placement": {
        "priorityClassName": "system-cluster-critical", "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "infra", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "infra", "operator": "Exists"}]}]}}},
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}],
        "podAnnotations": {"note": "a"}, "podLabels": {"team": "platform"},
    },
    "pod": {
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "extraArgs": ["--log-level=debug"], "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"}],
        "podSecurityContext": {"runAsNonRoot": True, "runAsUser": 1000, "runAsGroup": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "securityContext": {"privileged": False},
    },
    "names": {"nameOverride": "rto", "fullnameOverride": "realtime",
              "serviceAccount": {"name": "realtime-sa", "annotations": {"note": "a"}}},
}
KINDS = {"ClusterRole", "ClusterRoleBinding", "ConfigMap", "CustomResourceDefinition", "Deployment", "NetworkPolicy", "Pod",
         "PodDisruptionBudget", "Role", "RoleBinding", "Service", "ServiceAccount", "ValidatingAdmissionPolicy",
         "ValidatingAdmissionPolicyBinding"}


@pytest.fixture(scope="session")
def conform(tmp_path_factory):
    """Checks manifests with kubeconform, strictly; returns its findings, one for each object that is not as it should be."""
    location = schemas.write(tmp_path_factory.mktemp("schemas"), KINDS)
    found = subprocess.run([REPOSITORY / "hack" / "cluster", "bin", "kubeconform"], stdout=subprocess.PIPE, text=True, check=True)
    command = [f"{found.stdout.strip()}/kubeconform", "-strict", "-output", "json", "-summary", "-schema-location", location]

    def check(manifests):
        answer = subprocess.run(command, input=manifests, capture_output=True, text=True, check=False)
        return json.loads(answer.stdout or answer.stderr)

    return check


@pytest.fixture
def template(helm, tmp_path):
    def run(values):
        file = tmp_path / "values.yaml"
        file.write_text(yaml.safe_dump(values), encoding="utf-8")
        return helm("template", "realtime-operator", CHART, "--namespace", "system", "--values", file)

    return run


@pytest.mark.parametrize("name", SETS)
def test_what_helm_makes_is_what_kubernetes_takes(template, conform, name):
    rendered = template(SETS[name])
    assert rendered.returncode == 0, rendered.stderr
    answer = conform(rendered.stdout)
    objects = len([document for document in yaml.safe_load_all(rendered.stdout) if document])
    assert answer["summary"] == {"valid": objects, "invalid": 0, "errors": 0, "skipped": 0}, yaml.safe_dump(answer)


@pytest.mark.parametrize("before, after", [("replicas: 2", "replicsa: 2"), ("replicas: 2", "replicas: two"),
                                           ("honorLabels: true", "honourLabels: true")])
def test_a_wrong_field_would_be_found(template, conform, before, after):
    rendered = template(SETS["Prometheus Operator and Grafana"])
    assert before in rendered.stdout
    summary = conform(rendered.stdout.replace(before, after))["summary"]
    assert summary["invalid"] >= 1 and summary["errors"] == 0


def leaves(values, path=()):
    """Every setting of values.yaml; a map without entries is one setting."""
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*path, name))
        else:
            yield (*path, name)


DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))


def told(values, path):
    """The setting, or None."""
    for name in path:
        if not isinstance(values, dict) or name not in values:
            return None
        values = values[name]
    return values


def test_each_option_is_on_in_some_set():
    def is_on(path):
        return any(told(chosen, path[:depth]) not in (None, told(DEFAULTS, path[:depth]))
                   for chosen in SETS.values() for depth in range(1, len(path) + 1)
                   if depth == len(path) or path[0] in ("podSecurityContext", "securityContext", "topologySpreadConstraints"))

    assert not [".".join(path) for path in leaves(DEFAULTS) if not is_on(path)]


def without(values, path):
    """The values without this setting."""
    copy = dict(values)
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = without(copy[path[0]], path[1:])
    return copy


@pytest.mark.parametrize("name", [name for name, values in SETS.items() if values])
def test_no_option_is_without_effect(template, name):
    whole = template(SETS[name]).stdout
    chosen = [path for path in leaves(SETS[name]) if told(SETS[name], path) != told(DEFAULTS, path)]
    idle = [".".join(path) for path in chosen if template(without(SETS[name], path)).stdout == whole]
    assert not idle, f"rendered the same without {idle}"
