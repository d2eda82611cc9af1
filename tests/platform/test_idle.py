"""Ten apps that are well and of which nobody wants anything: the operator asks for nothing but watches, its lease, and the Secrets
that it may not watch."""

from __future__ import annotations

import collections

import pytest

from tests.support.app import App, manifest
from tests.support.audit import brief, is_lease, writes_of
from tests.support.long_run import choose
from tests.support.waiting import wait_for

SECONDS = choose(60, 600)
APPS = 10
INSTANCES = 2
# What the design allows.
RENEWAL = 2.0  # seconds between two renewals of the Lease
SECRET_REFRESH = 300.0 * 0.8  # seconds between two looks at a Secret, with the jitter
WATCH = 50.0  # seconds after which a watch is created again


@pytest.fixture
def apps(release, kubectl, namespace) -> list[App]:
    release.install()
    release.wait_led()
    made = [App(kubectl, f"app-{number}", namespace) for number in range(APPS)]
    kubectl.apply(*(manifest(app.name, namespace, server={}) for app in made))
    for app in made:
        app.wait_ready(180)
    return made


def test_an_idle_operator_asks_for_next_to_nothing(cluster, release, kubectl, apps, figures):
    audit = cluster.audit
    settling = audit.mark()
    wait_for(lambda: audit.seconds_since(settling) >= 15, 60, "the statuses to have told of every replica", 1)
    mark = audit.mark()
    wait_for(lambda: audit.seconds_since(mark) >= SECONDS, SECONDS + 60, "the log to cover the time", 1)
    # A watch is logged when it starts and when it ends: it is one request.
    asked = list({entry["auditID"]: entry for entry in audit.since(mark) if entry["user"]["username"] == release.user}.values())
    seconds = audit.seconds_since(mark)
    watches = INSTANCES * (seconds // WATCH + 2)  # one was under way before, and one is at the end
    budget = {
        "lease": seconds / RENEWAL + 1 + watches,
        "secrets": APPS * (seconds // SECRET_REFRESH + 1),
        "watch": watches * len(watched(kubectl, release)),
    }
    counts = collections.Counter(kind_of(entry) for entry in asked)
    figures.add(f"{APPS} apps idle for {seconds:.0f} s", ", ".join(f"{counts[name]} {name} (at most {most:.0f})" for name, most in budget.items()))
    others = [brief(entry) for entry in asked if kind_of(entry) not in budget]
    assert not others
    assert all(counts[name] <= most for name, most in budget.items()), (counts, budget)
    assert not writes_of(release.user, asked)

    # The log would have had it.
    deliberate = audit.mark()
    apps[0].scale(2)
    apps[0].wait_ready()
    written = wait_for(lambda: [brief(entry) for entry in writes_of(release.user, audit.since(deliberate))], 10, "the write to be logged")
    assert any(line.startswith(f"patch deployments {apps[0].namespace}/{apps[0].name}") for line in written), written


def kind_of(entry: dict) -> str:
    if is_lease(entry):
        return "lease"
    if entry["verb"] == "watch":
        return "watch"
    if entry["verb"] == "get" and entry["objectRef"]["resource"] == "secrets":
        return "secrets"
    return "other"


def watched(kubectl, release) -> set[str]:
    """The types that its permissions let it watch."""
    rules = kubectl.json("get", "clusterrole", release.name)["rules"]
    return {resource for rule in rules if "watch" in rule["verbs"] for resource in rule["resources"]}
