"""Host names for apps behind the ingress, which goes by them: whatever ends in .test (RFC 6761) leads to one address, in
this process and in the Node programs that it starts."""

from __future__ import annotations

import socket

import pytest

VARIABLE = "TEST_NAMES_LEAD_TO"


def lead_to(address: str, patch: pytest.MonkeyPatch) -> None:
    """For as long as the patch holds."""
    look_up = socket.getaddrinfo

    def look_up_here(host: str | bytes | None, *rest: object, **options: object) -> list:
        known = isinstance(host, str) and host.endswith(".test")
        return look_up(address if known else host, *rest, **options)

    patch.setattr(socket, "getaddrinfo", look_up_here)
    patch.setenv(VARIABLE, address)
