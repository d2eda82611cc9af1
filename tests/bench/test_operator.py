"""The parts of the benchmark `operator` that only compute: what is counted, what is judged, and how it is shown."""

import json
import xml.etree.ElementTree

import pytest
from benchmarks.operator_audit import AuditLog, applied_at, kinds_of_writes, reads, requests, writes
from benchmarks.operator_contestants import Reading, is_idle
from benchmarks.operator_criteria import OperatorRecords, judge
from benchmarks.operator_load import Request, readiness
from benchmarks.operator_picture import Group, draw
from benchmarks.operator_settings import NAMESPACES, OperatorSettings, app_of, foreign_of

SETTINGS = OperatorSettings(("ours", "controller-runtime"))
MB = 1_000_000


def entry(verb: str, resource: str, name: str | None = "a", *, code: int = 200, second: int = 0,
          stage: str = "ResponseComplete", **target: str) -> dict:
    return {"verb": verb, "stage": stage, "auditID": f"{verb}-{resource}-{second}", "requestURI": "/",
            "stageTimestamp": f"2026-01-01T00:00:{second:02}.000000Z", "responseStatus": {"code": code},
            "objectRef": {"resource": resource, "namespace": "bench-0", **({"name": name} if name else {}), **target}}


def test_requests_are_counted_by_verb_and_resource():
    counts = requests([
        entry("patch", "deployments"), entry("patch", "deployments"), entry("patch", "realtimeapps", subresource="status"),
        entry("create", "events", None), entry("update", "leases"), entry("get", "leases"), entry("get", "secrets"),
        entry("watch", "pods", None, stage="ResponseStarted"), entry("watch", "pods", None)])
    assert counts == {"patch deployments": 2, "patch realtimeapps/status": 1, "create events": 1, "update leases": 1,
                      "get leases": 1, "get secrets": 1, "watch pods": 1}
    assert (writes(counts), reads(counts)) == (4, 2)
    assert kinds_of_writes(counts) == {"children": 2, "status": 1, "events": 1, "other": 0}


def test_a_request_for_no_resource_is_named_by_its_path():
    assert requests([{"verb": "get", "stage": "ResponseComplete", "requestURI": "/apis?timeout=32s"}]) == {"get /apis": 1}


def test_children_are_applied_when_the_last_of_them_was_written_the_first_time():
    entries = [entry("patch", "deployments", "a", second=1), entry("patch", "services", "a", second=3),
               entry("patch", "deployments", "a", second=9), entry("patch", "ingresses", "a", code=409, second=20),
               entry("patch", "realtimeapps", "a", second=30, subresource="status"), entry("create", "events", None, second=40)]
    assert applied_at(entries) - applied_at(entries[:1]) == 2
    assert applied_at([]) is None


def test_a_line_that_is_still_being_written_is_left_for_later(tmp_path):
    log = tmp_path / "audit.log"
    first, second = json.dumps({"verb": "get"}), json.dumps({"verb": "list"})
    log.write_text(first + "\n" + second[:5], encoding="utf-8")
    audit = AuditLog(log)
    assert [it["verb"] for it in audit.since(0)] == ["get"]
    mark = len(first) + 1
    log.write_text(first + "\n" + second + "\n", encoding="utf-8")
    assert [it["verb"] for it in audit.since(mark)] == ["list"]


@pytest.mark.parametrize("status,observed,generation,ready_at", [
    ("True", 2, 2, 2),
    ("True", 1, 2, 0),
    ("False", 2, 2, 0),
])
def test_an_app_is_ready_at_the_generation_that_its_condition_speaks_of(status, observed, generation, ready_at):
    condition = {"type": "Ready", "status": status, "observedGeneration": observed}
    assert readiness({"metadata": {"generation": generation}, "status": {"conditions": [condition]}}) == ready_at


def test_an_app_without_a_status_is_not_ready():
    assert readiness({"metadata": {"generation": 1}}) == 0


@pytest.mark.parametrize("seconds,cpu,idle", [(2.0, 0.05, True), (2.0, 0.07, False), (1.9, 0.0, False), (4.0, 0.1, True)])
def test_an_operator_is_idle_when_it_did_little_for_long_enough(seconds, cpu, idle):
    assert is_idle(Reading(10, 5), Reading(10 + seconds, 5 + cpu)) is idle


def test_who_was_first_in_one_round_is_last_in_the_next():
    assert SETTINGS.order(1) == ["ours", "controller-runtime"]
    assert SETTINGS.order(2) == ["controller-runtime", "ours"]


def test_no_two_apps_have_a_host_or_a_name_in_common():
    apps = [app_of(number) for number in range(50)]
    assert len({app["spec"]["exposure"]["host"] for app in apps}) == 50
    assert len({(app["metadata"]["namespace"], app["metadata"]["name"]) for app in apps}) == 50
    assert len({app["metadata"]["namespace"] for app in apps}) == NAMESPACES


def test_the_objects_of_others_are_of_three_kinds():
    assert [foreign_of(number)[1]["kind"] for number in range(4)] == ["Secret", "ConfigMap", "Pod", "Secret"]


def test_a_manifest_goes_as_yaml_and_a_change_as_a_merge():
    assert Request("POST", "/", "kind: A").content_type() == "application/yaml"
    assert Request("POST", "/", {"kind": "A"}).content_type() == "application/json"
    assert Request("PATCH", "/", {"spec": {}}).content_type() == "application/merge-patch+json"


def records(kind: str, ours: dict, peer: dict, number: int = 1) -> list[dict]:
    common = {"round": number, "kind": kind, "void": None}
    return [{**common, "contestant": "ours", **ours}, {**common, "contestant": "controller-runtime", **peer}]


GOOD = [
    *records("new", {"cpu_seconds": 4, "ready_seconds": 60, "writes": 13_000, "writes_of": {"events": 1000}, "count": 1000},
             {"cpu_seconds": 8, "ready_seconds": 60, "writes": 15_000, "writes_of": {"events": 1000}, "count": 1000}),
    *records("many", {"resident": 150 * MB}, {"resident": 900 * MB}),
    *records("start", {"cpu_seconds": 1, "resident": 120 * MB}, {"cpu_seconds": 4, "resident": 800 * MB}),
    *records("foreign", {"grown": 2 * MB}, {"grown": 9 * MB}),
    *records("no-op", {"many_us": 200, "few_alone_us": 150, "many_alone_us": 180}, {})[:1],
]


def changed(kind: str, **figures: object) -> list[dict]:
    """The good ones with other figures of ours."""
    return [{**it, **figures} if (it["kind"], it["contestant"]) == (kind, "ours") else it for it in GOOD]


def verdicts(found: list[dict]) -> list[bool | None]:
    return [it.holds for it in judge(SETTINGS, OperatorRecords(found))]


def test_what_is_at_its_bound_holds():
    assert verdicts(GOOD) == [True] * 9


@pytest.mark.parametrize("broken,kind,figures", [
    (0, "new", {"cpu_seconds": 4.1}),
    (1, "new", {"writes": 13_001}),
    (2, "new", {"writes": 13_001, "writes_of": {"events": 1001}}),
    (3, "new", {"ready_seconds": 64}),
    (4, "many", {"resident": 151 * MB}),
    (4, "start", {"resident": 151 * MB}),
    (5, "start", {"cpu_seconds": 1.1}),
    (6, "foreign", {"grown": 2 * MB + 10_000}),
    (7, "no-op", {"many_us": 201}),
    (8, "no-op", {"few_alone_us": 149}),
])
def test_what_is_beyond_its_bound_does_not_hold(broken, kind, figures):
    assert verdicts(changed(kind, **figures)) == [index != broken for index in range(9)]


def test_a_round_that_is_void_agrees_with_nothing():
    found = changed("new", void="the operator is gone")
    assert verdicts(found)[0] is None
    one = {"ready_seconds": 60, "writes": 1, "writes_of": {"events": 0}, "count": 1}
    assert verdicts([*found, *records("new", {"cpu_seconds": 4, **one}, {"cpu_seconds": 8, **one}, 2)])[0] is False


def test_a_part_that_was_not_measured_has_no_verdict():
    assert verdicts([it for it in GOOD if it["kind"] == "new"]) == [True] * 4 + [None] * 5


def test_the_picture_is_svg_with_a_bar_for_each_figure():
    picture = xml.etree.ElementTree.fromstring(draw(["ours", "<peer>"], [
        Group("CPU", "s", [1.0, 2.0]), Group("nothing", "s", [None, None]), Group("memory", "MB", [None, 1234.0])]))
    texts = [it.text for it in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["ours", "<peer>", "CPU", "1.00 s", "2.00 s", "memory", "not measured", "1,234 MB"]
    bars = [float(it.get("width")) for it in picture.iter("{http://www.w3.org/2000/svg}rect")][3:]
    assert bars[1] == 2 * bars[0]
