"""A change that changes nothing for the children is not written: the API server's own audit log says so. That an operator with
nothing to do writes nothing is proved by tests/platform/test_idle.py."""

import pytest

from tests.support.app import App, manifest
from tests.support.audit import AuditLog, brief, when, writes_of
from tests.support.cluster import OPERATOR_USER
from tests.support.waiting import wait_for


@pytest.fixture
def quiet(kubectl, namespace) -> App:
    """An app of its own, of which the status has told all."""
    app = App(kubectl, "quiet", namespace)
    kubectl.apply(manifest(app.name, namespace, server={}))
    app.wait_ready()
    wait_for(lambda: app.get()["status"].get("connections") == 0, 30, "the connections to have been counted", 0.2)
    return app


def test_a_change_that_changes_nothing_is_not_written_and_one_that_does_is(cluster, quiet, kubectl, figures):
    audit = AuditLog(cluster.audit_log)
    mark = audit.mark()
    kubectl("annotate", "realtimeapp", quiet.name, "-n", quiet.namespace, "--overwrite", "example.test/note=hello")
    wait_for(lambda: audit.seconds_since(mark) >= 3, 30, "time enough for the operator to answer the annotation", 0.2)
    quiet.scale(2)
    quiet.wait_ready()
    entries = [entry for entry in audit.since(mark) if entry.get("objectRef", {}).get("namespace") == quiet.namespace]
    changes = [entry for entry in entries if entry["objectRef"]["resource"] == "realtimeapps"
               and entry["user"]["username"] != OPERATOR_USER and entry["verb"] == "patch"]
    annotated = next(entry for entry in changes if "subresource" not in entry["objectRef"])
    scaled = next(entry for entry in changes if entry["objectRef"].get("subresource") == "scale")
    writes = writes_of(OPERATOR_USER, entries)
    early = [brief(entry) for entry in writes if when(annotated) <= when(entry) < when(scaled)]
    late = [brief(entry) for entry in writes if when(entry) >= when(scaled)]
    assert not early
    assert any(line.startswith(f"patch deployments {quiet.namespace}/{quiet.name} ") for line in late), late
    figures.add("operator's writes for one scaling", len(late))
