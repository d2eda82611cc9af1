"""What the chart promises, checked on what helm renders: no cluster needed."""

import pathlib
import tarfile

import pytest
import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "charts" / "realtime-operator"
CRD = REPOSITORY / "crds" / "realtimeoperator.dev_realtimeapps.yaml"


@pytest.fixture
def render(helm):
    def run(*arguments, chart=CHART):
        result = helm("template", "realtime-operator", chart, "--namespace", "system",
                      *arguments)
        assert result.returncode == 0, result.stderr
        return [document for document in yaml.safe_load_all(result.stdout) if document]

    return run


def of_kind(documents, kind):
    return [document for document in documents if document["kind"] == kind]


def verbs(rules, group, resource):
    return {verb for rule in rules if group in rule["apiGroups"] and resource in rule["resources"]
            for verb in rule["verbs"]}


def test_lint_is_clean(helm):
    result = helm("lint", "--strict", str(CHART))
    assert result.returncode == 0, result.stdout + result.stderr


def test_crd_is_the_source_file_and_is_kept(render):
    [crd] = of_kind(render(), "CustomResourceDefinition")
    assert crd["spec"] == yaml.safe_load(CRD.read_text())["spec"]
    assert crd["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_crd_need_not_be_kept_nor_installed(render):
    [crd] = of_kind(render("--set", "crds.keep=false"), "CustomResourceDefinition")
    assert "annotations" not in crd["metadata"]
    assert not of_kind(render("--set", "crds.enabled=false"), "CustomResourceDefinition")


def test_package_carries_the_crd_not_the_link(helm, render, tmp_path):
    result = helm("package", str(CHART), "--destination", str(tmp_path))
    assert result.returncode == 0, result.stderr
    [package] = tmp_path.glob("*.tgz")
    with tarfile.open(package) as tar:
        assert tar.extractfile("realtime-operator/files/crd.yaml").read() == CRD.read_bytes()
    [crd] = of_kind(render(chart=package), "CustomResourceDefinition")
    assert crd["spec"] == yaml.safe_load(CRD.read_text())["spec"]


def test_pod_is_restricted(render):
    [deployment] = of_kind(render(), "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert deployment["spec"]["replicas"] == 2
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 65532
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                            "capabilities": {"drop": ["ALL"]}}
    assert container["image"] == "realtime-operator:0.1.0"
    assert "--redis-image=redis:7.4-alpine" in container["args"]
    assert "--server-image=realtime-server:0.1.0" in container["args"]
    assert not any(argument.startswith("--watch-namespaces") for argument in container["args"])


def test_options_reach_the_pod(render):
    [deployment] = of_kind(render(
        "--set", "image.repository=registry.example/operator", "--set", "image.tag=x",
        "--set", "imagePullSecrets[0].name=pull", "--set", "extraArgs={--log-level=debug}",
        "--set", "extraEnv[0].name=A,extraEnv[0].value=b", "--set", "podLabels.team=chat",
        "--set", "podAnnotations.note=hello", "--set", "nodeSelector.disk=ssd", "--set", "priorityClassName=high",
        "--set", "tolerations[0].operator=Exists", "--set", "redis.image=localhost/redis:1",
        "--set", "server.image=localhost/realtime-server:2"), "Deployment")
    template = deployment["spec"]["template"]
    pod = template["spec"]
    [container] = pod["containers"]
    assert container["image"] == "registry.example/operator:x"
    assert pod["imagePullSecrets"] == [{"name": "pull"}]
    assert container["args"][-1] == "--log-level=debug"
    assert "--redis-image=localhost/redis:1" in container["args"]
    assert "--server-image=localhost/realtime-server:2" in container["args"]
    assert container["env"] == [{"name": "A", "value": "b"}]
    assert template["metadata"]["labels"]["team"] == "chat"
    assert template["metadata"]["annotations"]["note"] == "hello"
    assert pod["nodeSelector"] == {"disk": "ssd"}
    assert pod["priorityClassName"] == "high"
    assert pod["tolerations"] == [{"operator": "Exists"}]


def test_one_of_several_instances_leads(render):
    documents = render("--set", "leaderElection.leaseDuration=30s", "--set", "fullnameOverride=two")
    [deployment] = of_kind(documents, "Deployment")
    arguments = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    assert {"--leader-elect", "--leader-elect-resource-name=two", "--leader-elect-resource-namespace=system",
            "--leader-elect-lease-duration=30s", "--leader-elect-renew-deadline=10s",
            "--leader-elect-retry-period=2s"} <= set(arguments)
    [role] = of_kind(documents, "Role")
    assert role["metadata"]["namespace"] == "system"
    named = [rule for rule in role["rules"] if rule.get("resourceNames")]
    assert [rule["resourceNames"] for rule in named] == [["two"]]
    [free] = [rule for rule in role["rules"] if not rule.get("resourceNames")]
    assert free["verbs"] == ["create"]


def test_instances_are_spread_and_evicted_one_by_one(render):
    documents = render()
    [deployment] = of_kind(documents, "Deployment")
    selector = deployment["spec"]["selector"]
    [constraint] = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert constraint["labelSelector"] == selector
    [budget] = of_kind(documents, "PodDisruptionBudget")
    assert budget["spec"]["selector"] == selector
    assert budget["spec"]["maxUnavailable"] == 1
    own = {"matchLabels": {"a": "b"}}
    [deployment] = of_kind(render("--set-json", 'topologySpreadConstraints=[{"maxSkew": 2, "topologyKey": "zone", '
                                  '"whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"a": "b"}}}]'), "Deployment")
    assert deployment["spec"]["template"]["spec"]["topologySpreadConstraints"][0]["labelSelector"] == own


def test_a_monitor_without_the_service_is_refused(helm):
    result = helm("template", "x", str(CHART), "--set", "metrics.service.enabled=false,metrics.serviceMonitor.enabled=true")
    assert result.returncode != 0
    assert "metrics.serviceMonitor.enabled requires metrics.service.enabled" in result.stderr


def test_pod_labels_cannot_break_the_selector(render):
    [deployment] = of_kind(render("--set", r"podLabels.app\.kubernetes\.io/name=other"), "Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_secrets_are_never_listed(render):
    for arguments in ((), ("--set", "watchNamespaces={a}")):
        documents = render(*arguments)
        for role in of_kind(documents, "ClusterRole") + of_kind(documents, "Role"):
            assert verbs(role["rules"], "", "secrets") <= {"get", "create", "patch"}
            assert not any("*" in rule["verbs"] + rule["resources"] + rule["apiGroups"] for rule in role["rules"])


def roles_of(documents, kind):
    """The Roles or their bindings by namespace, but for those of the leader's Lease."""
    return {role["metadata"]["namespace"]: role for role in of_kind(documents, kind)
            if role["metadata"]["name"] == "realtime-operator"}


def test_all_namespaces_by_default(render):
    documents = render()
    assert not roles_of(documents, "Role")
    [role] = [role for role in of_kind(documents, "ClusterRole") if role["metadata"]["name"] == "realtime-operator"]
    assert "create" in verbs(role["rules"], "apps", "deployments")
    assert verbs(role["rules"], "realtimeoperator.dev", "realtimeapps/finalizers") == {"update"}


def test_watched_namespaces_narrow_the_rights(render):
    documents = render("--set", "watchNamespaces={a,b}")
    [role] = [role for role in of_kind(documents, "ClusterRole") if role["metadata"]["name"] == "realtime-operator"]
    assert role["rules"] == [{"apiGroups": ["networking.k8s.io"], "resources": ["ingressclasses"],
                              "verbs": ["get", "list", "watch"]}]
    assert roles_of(documents, "Role").keys() == {"a", "b"}
    bindings = roles_of(documents, "RoleBinding")
    assert bindings.keys() == {"a", "b"}
    for binding in bindings.values():
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "realtime-operator", "namespace": "system"}]
    [deployment] = of_kind(documents, "Deployment")
    assert "--watch-namespaces=a,b" in deployment["spec"]["template"]["spec"]["containers"][0]["args"]


@pytest.mark.parametrize("setting", ["crds.kep=true", "replicas=many", "leaderElection.retryPeriod=2",
                                     "exposure.allowedHostSuffixes.a={*.example.com}", "image.pullPolicy=Sometimes",
                                     "watchNamespaces={Not_A_Name}", "watchNamespaces=a", "server.imgae=x",
                                     "networkPolicy.appNamespaces={a,a}"])
def test_typos_are_refused(helm, setting):
    result = helm("template", "x", str(CHART), "--set", setting)
    assert result.returncode != 0
    assert "schema" in result.stderr


def test_only_the_operator_and_scrapers_reach_the_admin_port_of_replicas(render):
    documents = render("--namespace", "system", "--set", "networkPolicy.enabled=true", "--set-json", 'networkPolicy.appNamespaces=["a"]',
                       "--set-json", 'networkPolicy.metricsFrom=[{"namespaceSelector": {"matchLabels": {"team": "monitoring"}}}, '
                       '{"podSelector": {"matchLabels": {"app": "prometheus"}}}, {"ipBlock": {"cidr": "10.0.0.0/8"}}]')
    [replicas] = [policy for policy in of_kind(documents, "NetworkPolicy") if policy["metadata"]["namespace"] == "a"]
    [deployment] = of_kind(documents, "Deployment")
    for_all, for_some = replicas["spec"]["ingress"]
    assert "from" not in for_all and [port["port"] for port in for_all["ports"]] == ["http"]
    assert [port["port"] for port in for_some["ports"]] == ["admin"]
    operator, scrapers, beside_operator, elsewhere = for_some["from"]
    assert operator["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "system"}
    assert operator["podSelector"]["matchLabels"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    assert scrapers == {"namespaceSelector": {"matchLabels": {"team": "monitoring"}}}
    # Pods without a namespace are those of the operator's.
    assert beside_operator == {"podSelector": {"matchLabels": {"app": "prometheus"}},
                               "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "system"}}}
    assert elsewhere == {"ipBlock": {"cidr": "10.0.0.0/8"}}
