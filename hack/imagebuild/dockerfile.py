"""Reads from a Dockerfile how its last stage starts, so that the same app built without an engine starts the same way.

Only what describes the container is read (ENV, WORKDIR, USER, EXPOSE, ENTRYPOINT, CMD); what builds it is not.
"""

from __future__ import annotations

import json
import pathlib
import re

from .archive import Config


def _words(value: str) -> tuple[str, ...]:
    """The JSON form as it is; the shell form as Docker runs it."""
    if value.startswith("["):
        return tuple(json.loads(value))
    return ("/bin/sh", "-c", value)


def read_config(path: pathlib.Path, env: tuple[str, ...]) -> Config:
    """The configuration of the last stage, after the given environment."""
    text = re.sub(r"\\\n", " ", path.read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    variables = list(env)
    ports: list[str] = []
    for line in text.split("\n"):
        keyword, _, value = line.strip().partition(" ")
        value = value.strip()
        match keyword.upper():
            case "FROM":
                found, variables, ports = {}, list(env), []
            case "ENV":
                variables += [f"{name}={content.strip(chr(34))}"
                              for name, content in re.findall(r'(\w+)=("[^"]*"|\S+)', value)]
            case "EXPOSE":
                ports += [port if "/" in port else f"{port}/tcp" for port in value.split()]
            case "WORKDIR" | "USER" | "ENTRYPOINT" | "CMD":
                found[keyword.upper()] = value
    return Config(
        entrypoint=_words(found["ENTRYPOINT"]) if "ENTRYPOINT" in found else (),
        cmd=_words(found["CMD"]) if "CMD" in found else (),
        user=found.get("USER", ""),
        workdir=found.get("WORKDIR", "/"),
        env=tuple(variables),
        ports=tuple(ports),
    )
