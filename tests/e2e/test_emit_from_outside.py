"""A background process that is in no pod and holds no socket reaches every client through the app's Redis."""

import os
import subprocess
import sys

from tests.support import fleet
from tests.support.clients import MODES, wait_heard
from tests.support.cluster import ROOT
from tests.support.node_clients import NodeClients
from tests.support.python_clients import PythonClients

PROGRAM = ROOT / "examples" / "flask-socketio" / "emit_from_outside.py"
TEXT = "said by nobody's client: \"quoted\", \u2028 and 🚢"


def test_what_a_background_process_emits_every_client_hears_once(either):
    node, python = either.open(NodeClients), either.open(PythonClients)
    clients = [client for opener in (node, python) for mode in MODES
               for client in fleet.spread(opener, mode, either.app.replicas())]
    environment = {**os.environ, "REDIS_URL": either.app.redis_url()}
    for text in (TEXT, "the last"):  # what came twice would have come before it
        subprocess.run([sys.executable, PROGRAM, text], env=environment, check=True, timeout=30)
        wait_heard(clients, text)
    assert all(client.heard == [TEXT, "the last"] for client in clients), fleet.states(clients)
