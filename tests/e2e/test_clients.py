"""The official clients, each over each transport, against three replicas behind the ingress: of the bundled server, and of
the Flask example."""

import pytest

from tests.support import fleet
from tests.support.clients import MODES, UPGRADE, WEBSOCKET
from tests.support.node_clients import NodeClients
from tests.support.python_clients import PythonClients

TEXTS = (
    "plain",
    """quotes "double", 'single', a back\\slash and <b>mark-up</b>""",
    "line separators \u2028 and \u2029, a tab\t and a\nnew line",
    "emoji 🚢 👩‍🚀 and a flag 🇪🇺",
    "0123456789" * 10_240,
    "",
)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("library", [NodeClients, PythonClients], ids=lambda library: library.library)
def test_a_message_from_one_replica_reaches_the_clients_of_all_exactly_once(bundled, figures, library, mode):
    clients = fleet.spread(bundled.open(library), mode, bundled.app.replicas())
    deliveries = fleet.assert_each_heard_exactly_once(clients, TEXTS)
    figures.add(f"deliveries to {library.library}, {mode}", f"{deliveries}, each exactly once")


def test_clients_of_both_libraries_and_all_transports_hear_each_other(either):
    node, python = either.open(NodeClients), either.open(PythonClients)
    replicas = either.app.replicas()
    clients = fleet.spread(node, WEBSOCKET, replicas) + fleet.spread(python, UPGRADE, replicas)
    clients += [opener.open(mode) for opener in (node, python) for mode in MODES]
    fleet.wait_settled(clients)
    fleet.assert_each_heard_exactly_once(clients, TEXTS[:4])
