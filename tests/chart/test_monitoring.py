"""The alerts and the dashboard: Prometheus' own tool takes the rules, they fire when they should, and no metric is named
that the operator does not have."""

import json
import pathlib
import re
import subprocess

import pytest
import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "charts" / "realtime-operator"
CATALOGUES = ("core/metrics.cpp", "operator/kube/metrics.hpp", "operator/runtime/metrics.hpp",
              "operator/controllers/realtimeapp/metrics.hpp")
OWN = '{job="realtime-operator-metrics", namespace="system"}'


@pytest.fixture(scope="session")
def promtool():
    found = subprocess.run([REPOSITORY / "tests" / "support" / "promtool"], check=True, stdout=subprocess.PIPE, text=True)

    def run(*arguments):
        return subprocess.run([found.stdout.strip(), *map(str, arguments)], capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def rendered(helm):
    result = helm("template", "realtime-operator", CHART, "--namespace", "system",
                  "--set", "metrics.rules.enabled=true,metrics.dashboard.enabled=true")
    assert result.returncode == 0, result.stderr
    return {document["kind"]: document for document in yaml.safe_load_all(result.stdout) if document}


@pytest.fixture
def rules(rendered, tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(rendered["PrometheusRule"]["spec"]), encoding="utf-8")
    return file


def test_prometheus_takes_the_rules(promtool, rules):
    answer = promtool("check", "rules", "--lint-fatal", rules)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "4 rules found" in answer.stdout


# What is seen for half an hour, by alert: the series, and the labels with which it fires in the end.
ALERTS = {
    "RealtimeOperatorHasNoLeader": ({f"leader_election_master_status{OWN}": "1x10 0x20"},
                                    {"severity": "critical"}),
    "RealtimeOperatorReconcilesFail": (
        {'controller_runtime_reconcile_errors_total{job="realtime-operator-metrics", namespace="system", controller="realtimeapp"}':
         "0+3x30"}, {"severity": "warning", "controller": "realtimeapp"}),
    "RealtimeOperatorReconcileHangs": (
        {'workqueue_longest_running_processor_seconds{job="realtime-operator-metrics", namespace="system", name="realtimeapp"}':
         "0+60x30"}, {"severity": "warning", "name": "realtimeapp"}),
    "RealtimeAppNotReady": (
        {'realtimeapp_ready{job="realtime-operator-metrics", namespace="team", name="chat", pod="a"}': "1x10 0x20",
         'realtimeapp_ready{job="realtime-operator-metrics", namespace="team", name="other", pod="a"}': "1x30"},
        {"severity": "warning", "namespace": "team", "name": "chat"}),
}
HEALTHY = {f"leader_election_master_status{OWN}": "1x30"}


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_fires_when_it_should_and_no_other(promtool, rules, rendered, tmp_path, alert):
    series, labels = ALERTS[alert]
    described = next(rule for rule in rendered["PrometheusRule"]["spec"]["groups"][0]["rules"] if rule["alert"] == alert)
    expected = {name: re.sub(r"{{ \$labels.(\w+) }}", lambda found: labels[found[1]], text)
                for name, text in described["annotations"].items()}
    tests = [{"interval": "1m", "input_series": [{"series": name, "values": values} for name, values in {**HEALTHY, **series}.items()],
              "alert_rule_test": [
                  {"alertname": name, "eval_time": "30m",
                   "exp_alerts": [{"exp_labels": labels, "exp_annotations": expected}] if name == alert else []}
                  for name in ALERTS]}]
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": tests}), encoding="utf-8")
    answer = promtool("test", "rules", file)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def panel_queries(rendered):
    """What the dashboard asks Prometheus."""
    dashboard = json.loads(rendered["ConfigMap"]["data"]["realtime-operator.json"])
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def test_every_metric_that_is_named_exists(rendered):
    text = "".join((REPOSITORY / file).read_text(encoding="utf-8") for file in CATALOGUES)
    families = re.findall(r'MetricType::k(\w+),\s*"(\w+)"', text)
    names = {f"{name}_bucket" if kind == "Histogram" else name for kind, name in families}
    assert "realtimeapp_ready" in names
    asked = panel_queries(rendered)
    asked += [rule["expr"] for rule in rendered["PrometheusRule"]["spec"]["groups"][0]["rules"]]
    used = {name for expression in asked for name in re.findall(r"\b([a-z]\w+)\{", expression)}
    assert len(used) > 8
    assert used <= names, used - names


def test_prometheus_takes_what_the_dashboard_asks(promtool, rendered, tmp_path):
    asked = panel_queries(rendered)
    rules = [{"record": f"panel:{number}", "expr": re.sub(r"\$(\w+)", r"\1", expression.replace("$__rate_interval", "5m"))}
             for number, expression in enumerate(asked)]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    answer = promtool("check", "rules", file)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert f"{len(asked)} rules found" in answer.stdout


def test_the_service_monitor_finds_the_metrics(helm):
    result = helm("template", "realtime-operator", CHART, "--namespace", "system", "--set", "metrics.serviceMonitor.enabled=true")
    documents = [document for document in yaml.safe_load_all(result.stdout) if document]
    (monitor,) = (it for it in documents if it["kind"] == "ServiceMonitor")
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    (service,) = (it for it in documents if it["kind"] == "Service" and wanted <= it["metadata"]["labels"].items())
    assert service["metadata"]["name"] == "realtime-operator-metrics"  # the job in the alerts
    (port,) = (it for it in service["spec"]["ports"] if it["name"] == monitor["spec"]["endpoints"][0]["port"])
    (deployment,) = (it for it in documents if it["kind"] == "Deployment")
    pod = deployment["spec"]["template"]
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    offered = {it["name"]: it["containerPort"] for it in pod["spec"]["containers"][0]["ports"]}
    assert port["targetPort"] in offered
