"""A page of another site polls an app over TLS, with credentials: browsers send the affinity cookie there only if it says so."""

import json
import os
import subprocess

import pytest

from tests.support.app import App, manifest
from tests.support.cluster import ROOT
from tests.support.waiting import wait_for

PROGRAM = ROOT / "tests" / "e2e" / "clients" / "cross_site.mjs"
PAGE, HOST = "https://pages.example", "cross-site.test"
ROUNDS = 20
RULES = {"/": {"events": {"ask": [{"type": "Acknowledge", "args": ["$1"]}]}}}


@pytest.fixture
def app(kubectl, namespace, tmp_path) -> App:
    """Three replicas that a page of PAGE may use."""
    key, certificate = tmp_path / "tls.key", tmp_path / "tls.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-keyout", key, "-out", certificate, "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"],
                   check=True, capture_output=True)
    kubectl("create", "secret", "tls", "certificate", "-n", namespace, f"--cert={certificate}", f"--key={key}")
    app = App(kubectl, "cross-site", namespace)
    kubectl.apply(manifest(
        app.name, namespace, replicas=3, drain={"deadline": "10s"}, server={"namespaces": RULES, "allowedOrigins": [PAGE]},
        exposure={"type": "Ingress", "className": "traefik", "host": HOST, "tls": {"secretName": "certificate"}}))
    app.wait_ready()
    return app


def visit(app: App) -> dict:
    """What came of a page's visit."""
    result = subprocess.run(["node", PROGRAM, PAGE, f"https://{HOST}", str(ROUNDS)], env=os.environ, capture_output=True,
                            text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_a_page_of_another_site_keeps_its_replica(app):
    # The ingress may need a moment to hear of the certificate and the replicas.
    wait_for(lambda: visit(app)["acknowledged"] > 0, 60, lambda: f"the ingress to serve the app: {visit(app)}")
    outcome = visit(app)
    assert (outcome["acknowledged"], outcome["errors"]) == (ROUNDS, [])
    name = app.get()["status"]["exposure"]["affinityCookie"]
    assert outcome["cookies"] == [{"name": name, "sameSite": "None", "secure": True}]
    # And without the attribute it would not: the browser keeps the cookie for the app's own site.
    app.kubectl("patch", "realtimeapp", app.name, "-n", app.namespace, "--type=merge", "-p",
                json.dumps({"spec": {"exposure": {"sameSite": "Lax"}}}))
    wait_for(lambda: visit(app)["errors"], 60, "a poll to reach another replica")
    assert visit(app)["cookies"] == []
