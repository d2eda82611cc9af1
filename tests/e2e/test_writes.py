"""An operator with nothing to do writes nothing: the API server's own audit log says so. The last of the tests, so that the
count of the clients of earlier ones has come down in the status, which it does once a minute."""

import pytest

from tests.support.audit import AuditLog, brief, is_lease, when, writes_of
from tests.support.cluster import OPERATOR_USER
from tests.support.long_run import choose
from tests.support.waiting import wait_for

IDLE_SECONDS = choose(30, 600)


@pytest.fixture
def audit(cluster, chat, no_other_namespace) -> AuditLog:
    wait_for(lambda: chat.get()["status"]["connections"] == 0, 90, "the clients of earlier tests to be counted no more", 1)
    return AuditLog(cluster.audit_log)


def writes_since(audit: AuditLog, mark: int) -> list[str]:
    return [brief(entry) for entry in writes_of(OPERATOR_USER, audit.since(mark))]


def test_an_idle_operator_makes_no_write(chat, audit, figures):
    quiet = audit.mark()
    wait_for(lambda: audit.seconds_since(quiet) >= 5, 30, "what the test before set off to settle", 0.5)
    mark = audit.mark()
    wait_for(lambda: audit.seconds_since(mark) >= IDLE_SECONDS, IDLE_SECONDS + 60, "the log to cover the window", 1)
    entries = audit.since(mark)
    asked = [entry for entry in entries if entry["user"]["username"] == OPERATOR_USER]
    renewals = list(filter(is_lease, asked))
    figures.add(f"operator idle for {IDLE_SECONDS:.0f} s",
                f"{len(writes_since(audit, mark))} writes, {len(asked)} requests, {len(renewals)} of them for its lease, "
                f"of {len(entries)} in the log")
    assert not writes_since(audit, mark)


def test_a_change_that_changes_nothing_is_not_written_and_one_that_does_is(chat, kubectl, audit, figures):
    mark = audit.mark()
    kubectl("annotate", "realtimeapp", chat.name, "-n", chat.namespace, "--overwrite", "example.test/note=hello")
    wait_for(lambda: audit.seconds_since(mark) >= 3, 30, "time enough for the operator to answer the annotation", 0.2)
    chat.scale(4)
    chat.wait_ready()
    changes = [entry for entry in audit.since(mark) if entry.get("objectRef", {}).get("resource") == "realtimeapps"
               and entry["user"]["username"] != OPERATOR_USER and entry["verb"] == "patch"]
    annotated = next(entry for entry in changes if "subresource" not in entry["objectRef"])
    scaled = next(entry for entry in changes if entry["objectRef"].get("subresource") == "scale")
    writes = writes_of(OPERATOR_USER, audit.since(mark))
    early = [brief(entry) for entry in writes if when(annotated) <= when(entry) < when(scaled)]
    late = [brief(entry) for entry in writes if when(entry) >= when(scaled)]
    assert not early
    assert any(line.startswith("patch deployments default/chat") for line in late), late
    figures.add("operator's writes for one scaling", len(late))
    chat.scale(3)
    chat.wait_ready()
