"""Where the realtime server listens: without an address, on IPv4 and IPv6."""

from __future__ import annotations

import contextlib
import socket

import pytest
import requests

from tests.support.realtime_server import Launcher, Server

pytestmark = pytest.mark.ours


def has_ipv6() -> bool:
    """Whether a socket can be bound to ::1."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("address", [":0", "0.0.0.0:0", "[::]:0"])  # the pods of RealtimeApps have the second
def test_without_an_address_clients_and_probes_arrive_by_both_families(tmp_path, address):
    server = Server(tmp_path, Launcher.command(), {})
    server.address = server.admin = address
    with contextlib.closing(server):
        server.start()
        clients, admin = (where.rpartition(":")[2] for where in (server.address, server.admin))
        urls = f"http://{{}}:{clients}/socket.io/?EIO=4&transport=polling", f"http://{{}}:{admin}/readyz"
        for url in urls:
            assert requests.get(url.format("127.0.0.1"), timeout=5).status_code == 200
            if has_ipv6():
                assert requests.get(url.format("[::1]"), timeout=5).status_code == 200
            else:
                with pytest.raises(requests.ConnectionError):
                    requests.get(url.format("[::1]"), timeout=5)
