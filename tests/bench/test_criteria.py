"""When a criterion holds: by the rounds that agree, in which ours and the other were measured and neither is void."""

import pytest
from benchmarks.criteria import Criterion, Records, judge
from benchmarks.settings import Point, Settings

POINT = Point(1000, 8)
SETTINGS = Settings(("ours", "baseline", "socketioxide"), connections=(1000,), bursts=(8,))
CPU = f"{POINT}: CPU per delivery, times the baseline's"
CONNECTS = "connects per second, times socketioxide's"


def delivery(number: int, contestant: str, cpu: float, void: str | None = None) -> dict:
    return {"round": number, "contestant": contestant, "kind": "delivery", "connections": 1000, "burst": 8, "void": void,
            "cpu_ns": cpu, "p99_us": cpu}


def connect(contestant: str, a_second: float, cpu: float, at_least: bool) -> dict:
    return {"round": 1, "contestant": contestant, "kind": "connect", "void": None, "connects_a_second": a_second,
            "cpu_ns": cpu, "at_least": at_least}


def judged(records: list[dict], rounds: int, what: str) -> Criterion:
    return next(it for it in judge(SETTINGS, Records(records, rounds, 0)) if it.what == what)


def seven(ours: list[float], void: int | None = None) -> Criterion:
    records = []
    for number, cpu in enumerate(ours, 1):
        records += [delivery(number, "baseline", 100), delivery(number, "ours", cpu, "faults" if number == void else None)]
    return judged(records, len(ours), CPU)


@pytest.mark.parametrize("ours,agreeing,holds", [
    ([115] * 7, 7, True),
    ([116] * 7, 0, False),
    ([110] * 6 + [200], 6, True),
    ([110] * 5 + [200] * 2, 5, False),
])
def test_six_of_seven_rounds_have_to_agree(ours, agreeing, holds):
    criterion = seven(ours)
    assert (criterion.agreeing, criterion.holds) == (agreeing, holds)


def test_a_void_round_agrees_with_nothing():
    assert seven([110] * 6 + [200], void=1).holds is False
    assert seven([110] * 7, void=1).holds is True


def test_a_ratio_is_taken_within_a_round():
    records = [delivery(1, "baseline", 100), delivery(2, "baseline", 200), delivery(1, "ours", 130), delivery(2, "ours", 260)]
    assert judged(records, 2, CPU).values == [1.3, 1.3]


def test_nothing_measured_is_no_verdict():
    assert judged([delivery(1, "baseline", 100)], 1, CPU).holds is None


@pytest.mark.parametrize("ours,other,ratio", [
    ((20, 5, False), (10, 5, False), 2),
    ((20, 5, True), (10, 5, False), 2),
    ((20, 5, False), (10, 15, True), 3),
    ((20, 15, True), (10, 5, True), 1 / 3),
])
def test_connects_are_compared_by_cpu_time_where_the_other_was_not_at_its_end(ours, other, ratio):
    assert judged([connect("ours", *ours), connect("socketioxide", *other)], 1, CONNECTS).values == [ratio]
