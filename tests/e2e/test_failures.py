"""What a fleet is for: a pod dies, its clients come back; Redis dies, and nothing else restarts."""

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tests.support import fleet
from tests.support.clients import POLLING, UPGRADE, WEBSOCKET, states, wait_settled
from tests.support.node_clients import NodeClients
from tests.support.python_clients import PythonClients
from tests.support.waiting import Stopwatch, wait_for


@pytest.fixture
def clients(either):
    """Clients of both libraries on every replica."""
    node, python, replicas = either.open(NodeClients), either.open(PythonClients), either.app.replicas()
    return [*fleet.spread(node, UPGRADE, replicas), *fleet.spread(node, POLLING, replicas),
            *fleet.spread(python, WEBSOCKET, replicas), *fleet.spread(python, POLLING, replicas)]


def test_clients_of_a_killed_pod_reconnect_and_get_later_messages(either, clients, figures):
    app, victim = either.app, clients[0].replica
    on_victim = [client for client in clients if client.replica == victim]
    others = [client for client in clients if client.replica != victim]
    watch = Stopwatch()
    app.kill_pod(victim)
    wait_for(lambda: all(client.disconnects for client in on_victim), 60,
             lambda: f"the loss to be noticed; {states(on_victim)}")
    wait_settled(on_victim, timeout=60)
    figures.add(f"{either.name}: killed app pod: its clients are back after", f"{watch.seconds():.1f} s")
    assert not any(client.disconnects for client in others), f"others were cut too; {states(others)}"
    app.wait_ready()
    figures.add(f"{either.name}: killed app pod: Ready again after", f"{watch.seconds():.1f} s")
    fleet.assert_each_heard_exactly_once(clients, ["after the loss", "and once more"])


def test_a_killed_redis_shows_in_the_status_and_restarts_no_app_pod(either, kubectl, clients, figures):
    app = either.app
    # Connections to a pod that is gone time out rather than being refused, so each attempt is short.
    redis = Redis.from_url(app.redis_url(), socket_connect_timeout=1, socket_timeout=1, retry=Retry(NoBackoff(), 0))
    before, old_redis = app.incarnations(), run_id(redis)
    path = '{.status.conditions[?(@.type=="RedisReady")].status} {.status.readyReplicas}{"\\n"}'
    with kubectl.watch("realtimeapp", app.name, "-n", app.namespace, "-o", f"jsonpath={path}") as statuses:
        wait_for(lambda: statuses == ["True 3"], 10, "RedisReady to be True")
        watch = Stopwatch()
        app.kill_pod(f"{app.name}-redis-0")
        wait_for(lambda: "False 3" in statuses, 30, lambda: f"RedisReady to turn False, saw {statuses}")
        wait_for(lambda: statuses[-1] == "True 3", 60, lambda: f"RedisReady to be True again, saw {statuses}")
        figures.add(f"{either.name}: killed Redis pod: RedisReady again after", f"{watch.seconds():.1f} s")
    wait_for(lambda: subscribers(redis, other_than=old_redis) == len(before), 90, "each replica to subscribe")
    if either.name == "bundled":  # it publishes over a connection of its own, which may come back later
        assert fleet.wait_hearing(clients, 20) <= 5
    figures.add(f"{either.name}: killed Redis pod: broadcasts cross again after", f"{watch.seconds():.1f} s")
    assert {status.split()[-1] for status in statuses} == {"3"}, f"replicas were not ready without Redis: {statuses}"
    assert not any(client.disconnects for client in clients), f"an outage of Redis cuts no client; {states(clients)}"
    fleet.assert_each_heard_exactly_once(clients, ["after the outage", "and once more"])
    app.wait_ready()
    assert app.incarnations() == before, "an app pod restarted or was replaced"


def run_id(redis: Redis) -> str:
    """Differs for each start of Redis."""
    return redis.info("server")["run_id"]


def subscribers(redis: Redis, other_than: str) -> int:
    """How many replicas listen to the new Redis.

    Messages sent during the outage would tell too. But python-socketio may still be trying to publish one of them when
    the clients count again, and when it succeeds at last, it drops its own subscription for a second.
    """
    try:
        return redis.pubsub_numsub("flask-socketio")[0][1] if run_id(redis) != other_than else 0
    except RedisError:
        return 0
