"""Whether the load generator sees what it is there to see: every way in which a delivery can be wrong, a server that stalls,
and the CPU time that another process uses."""

import json
import signal
import subprocess

import pytest

from tests.support.waiting import Stopwatch, wait_for

CLEAN = {"missing": 0, "duplicate": 0, "reordered": 0, "corrupt": 0, "lost_connections": 0}
STALL_US = 400_000


def test_a_server_that_does_it_right_has_no_faults(faulty):
    said = faulty("none").deliver()
    assert said["faults"] == CLEAN
    assert said["deliveries"] == said["expected"] == 20 * 4
    assert said["expected_in_all"] == 23 * 4
    assert 0 < said["latency_us"]["p50"] <= said["latency_us"]["p99"] <= said["latency_us"]["max"] < 5_000_000


@pytest.mark.parametrize("fault,found", [
    ("drop", {"missing": 1}),
    ("duplicate", {"duplicate": 1}),
    ("swap", {"reordered": 1}),
    ("corrupt", {"corrupt": 1, "missing": 1}),
    ("cut", {"lost_connections": 1, "missing": 18}),
])
def test_one_wrong_delivery_is_named(faulty, fault, found):
    said = faulty(fault).deliver()
    assert said["faults"] == {**CLEAN, **found}


@pytest.mark.parametrize("fault,found", [("drop", {"missing": 1}), ("duplicate", {"duplicate": 1}),
                                         ("swap", {"reordered": 1}), ("corrupt", {"corrupt": 1, "missing": 1})])
def test_one_wrong_delivery_is_named_in_the_middle_of_a_burst(faulty, fault, found):
    said = faulty(fault).deliver(burst=8, bursts=3, warm_up_bursts=1)
    assert said["faults"] == {**CLEAN, **found}


def test_frames_that_come_in_pieces_are_put_together(faulty):
    said = faulty("split").deliver(burst=4, bursts=5)
    assert said["faults"] == CLEAN
    assert said["deliveries"] == 5 * 4 * 4


def test_a_stall_counts_for_every_burst_that_was_due_meanwhile(faulty):
    """The server stands still for 400 ms while 20 bursts fall due: the first of them is 400 ms late, the last 210."""
    said = faulty("stall").deliver(warm_up_bursts=5, patience=10)
    assert said["faults"] == CLEAN
    assert said["latency_us"]["max"] >= STALL_US
    assert said["latency_us"]["p50"] >= 0.7 * STALL_US
    assert said["publisher_late_max"] / 1000 < 0.5 * said["latency_us"]["max"], "the publisher waited for the server"


def stopped_for_a_second(server, bursts: int) -> dict:
    """What the generator says if it is stopped while the server has message 5: the last of 5 bursts after the warm-up."""
    with server.begin("deliver", connections=3, bursts=bursts, bursts_a_second=100, warm_up_bursts=1) as generator:
        server.process.stdout.readline()
        generator.send_signal(signal.SIGSTOP)
        server.process.stdin.write("continue\n")
        server.process.stdin.flush()
        stopped = Stopwatch()
        wait_for(lambda: stopped.seconds() > 1, 10, "a second to pass")
        generator.send_signal(signal.SIGCONT)
        said = json.loads(generator.stdout.read())
    assert said["faults"] == CLEAN
    return said


def test_bursts_that_the_generator_sends_late_count_from_when_they_were_due(faulty):
    said = stopped_for_a_second(faulty("ask"), bursts=100)
    assert said["latency_us"]["p50"] >= 400_000
    assert said["publisher_late_max"] >= 800_000_000


def test_a_delivery_that_the_generator_reads_late_counts_by_when_it_came(faulty):
    said = stopped_for_a_second(faulty("ask"), bursts=5)
    assert said["latency_us"]["max"] < 900_000


def test_the_servers_cpu_time_is_what_the_server_used(faulty):
    said = faulty("stall").deliver(patience=10)
    assert STALL_US * 1000 <= said["server_cpu"] <= said["wall"]
    assert 0 < said["generator_cpu"] < STALL_US * 1000
    idle = faulty("none").deliver()
    assert idle["server_cpu"] < STALL_US * 1000


def test_clients_that_cannot_join_are_no_measurement(faulty):
    said = faulty("refuse").deliver()
    assert said["deliveries"] == 0
    assert said["faults"]["missing"] == said["expected"]
    assert "CONNECT was refused" in said["why"]
    said = faulty("refuse").generate("connect", connects=10)
    assert (said["connects"], said["failed"]) == (0, 10)


def test_connects_are_counted_and_closed(faulty):
    said = faulty("none").generate("connect", connects=100, at_a_time=8)
    assert (said["connects"], said["failed"], said["left_open"]) == (100, 0, 0)


@pytest.mark.parametrize("burst", [1, 64])
def test_the_baseline_has_no_faults(baseline, burst):
    said = baseline.deliver(connections=100, burst=burst, bursts=10)
    assert said["faults"] == CLEAN
    assert said["deliveries"] == 10 * burst * 101


def test_the_baseline_lets_clients_come_and_go(baseline):
    said = baseline.generate("connect", connects=500)
    assert (said["connects"], said["failed"], said["left_open"]) == (500, 0, 0)
    holder = subprocess.run(baseline.words("hold", connections=50), input="open\nchurn 3\nclose\n", stdout=subprocess.PIPE,
                            text=True, check=True, timeout=30)
    said = [json.loads(line) for line in holder.stdout.splitlines()]
    assert [(it["joined"], it["lost"]) for it in said] == [(50, 0), (50, 0), (0, 0)]


def test_a_session_that_the_server_ends_is_not_held(faulty):
    holder = subprocess.run(faulty("refuse").words("hold", connections=5), input="open\n", stdout=subprocess.PIPE,
                            text=True, check=True, timeout=30)
    said = json.loads(holder.stdout)
    assert (said["joined"], said["lost"]) == (0, 5)


def test_acknowledgements_are_counted(baseline):
    told = baseline.generate("ask", connections=5, events=500, events_a_second=5000)
    assert (told["deliveries"], told["expected"], told["why"]) == (500, 500, "")
    assert not any(told["faults"].values())
    assert told["server_cpu"] > 0 and told["latency_us"]["p50"] > 0


def test_an_acknowledgement_that_does_not_come_is_missing(faulty):
    told = faulty("none").generate("ask", connections=2, events=10, events_a_second=1000, patience=0.2)
    assert (told["deliveries"], told["faults"]["missing"]) == (0, 10)


def test_clients_that_poll_receive_too(ours):
    told = ours.deliver(polling=1)
    assert told["deliveries"] == told["expected"] > 0
    assert not any(told["faults"].values())


def test_events_to_rooms_reach_their_members(ours_with_redis):
    server, redis = ours_with_redis
    told = server.generate("rooms", redis=redis.port, connections=20, rooms=10, members=4, burst=5, bursts=4, bursts_a_second=50)
    assert (told["deliveries"], told["expected"], told["why"]) == (80, 80, "")
    assert not any(told["faults"].values())
