"""Reads from the cluster's API server with the admin's certificate, without starting a kubectl for every question."""

from __future__ import annotations

import http.client
import json
import pathlib
import ssl
import typing


class Api:
    """GET requests only; what is to be changed goes through kubectl."""

    def __init__(self, address: str, port: int, pki: pathlib.Path):
        self._address = address
        self._port = port
        self._tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")

    def _request(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection(self._address, self._port, timeout=5, context=self._tls)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def ready(self) -> bool:
        return self._request("/readyz")[0] == 200

    def get(self, path: str) -> dict[str, typing.Any] | None:
        """The object or list at a path; None when it is not there or the server does not answer."""
        status, body = self._request(path)
        return json.loads(body) if status == 200 else None
