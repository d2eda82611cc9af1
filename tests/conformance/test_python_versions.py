"""Python emitters of every kind of version since python-socketio 5.0: what they publish reaches clients, or is refused in
words that say what to change."""

import asyncio
import pathlib
import subprocess

import pytest

from tests.support.raw import open_websocket
from tests.support.realtime_server import Server, made_by
from tests.support.waiting import wait_for

pytestmark = pytest.mark.ours
EMITTERS = pathlib.Path(__file__).parent / "emitters"
PICKLING, JSON = ("5.0.4", "5.13.0"), ("5.14.2", "5.15.1")
TEXTS = ['42["text",{"a":[1,null,"ü",1.5]}]', '42["many",1,"two"]', '42["none"]', '42["list",[1,"two"]]', '42["empty",[]]']
BINARIES = ['451-["binaries",[{"_placeholder":true,"num":0}]]', b"\x00\xff",
            '451-["binary",{"_placeholder":true,"num":0}]', b"\x00\xff",
            '451-["nested",{"b":{"_placeholder":true,"num":0},"n":1}]', b"\x00\xff"]
LAST = '42["last","done"]'
# Before 5.15.1, a list cannot be told from several arguments.
SPREAD = {'42["list",[1,"two"]]': '42["list",1,"two"]', '42["empty",[]]': '42["empty"]',
          '451-["binaries",[{"_placeholder":true,"num":0}]]': '451-["binaries",{"_placeholder":true,"num":0}]'}


def emit(version: str, *arguments: str) -> None:
    python = made_by("python_env", EMITTERS / f"{version}.txt")
    subprocess.run([python, EMITTERS / "emit.py", *arguments], check=True, timeout=30)


def heard(server: Server, version: str, *arguments: str) -> list[str | bytes]:
    """What a client gets of it, up to the last."""
    async def look() -> list[str | bytes]:
        async with asyncio.timeout(40), await open_websocket(server.address) as websocket:
            websocket.send("40")
            assert (await websocket.receive()).startswith("40")
            await asyncio.to_thread(emit, version, *arguments)
            messages = []
            while not messages or compact(messages[-1]) != LAST:
                messages.append(await websocket.receive())
            return [compact(message) for message in messages]
    return asyncio.run(look())


def compact(message: str | bytes) -> str | bytes:
    """Without the spaces that Python writes."""
    return message if isinstance(message, bytes) else message.replace(", ", ",").replace(": ", ":").replace("\\u00fc", "ü")


@pytest.mark.parametrize("version", [*PICKLING, *JSON])
def test_what_a_version_emits_reaches_clients(servers, redis, version):
    server = servers({"redis": {"channel": "socketio", "acceptPickles": version in PICKLING}}, redis_url=redis.url)
    expected = [*TEXTS, *BINARIES, LAST]
    if version == "5.14.2":
        expected = [SPREAD.get(message, message) for message in expected]
    assert heard(server, version, redis.url) == expected


def test_the_channel_is_a_setting_on_both_sides(servers, redis):
    server = servers({}, redis_url=redis.url)
    assert heard(server, JSON[-1], redis.url, "flask-socketio") == [*TEXTS, *BINARIES, LAST]


def test_a_pickle_is_refused_by_name_unless_it_is_accepted(servers, redis):
    server = servers({"redis": {"channel": "socketio"}}, redis_url=redis.url)
    emit(PICKLING[-1], redis.url)
    wait_for(lambda: server.metric("redis_messages_refused_total") == 9, 10, "the messages to be refused")
    line = next(line for line in server.lines() if "pickled" in line.get("msg", ""))
    assert "5.15.1" in line["msg"] and "redis.acceptPickles" in line["msg"]
    assert "begins" not in line  # bytes that nobody can read


def test_a_pickle_that_would_run_code_runs_none(servers, redis, tmp_path):
    server = servers({"redis": {"channel": "socketio", "acceptPickles": True}}, redis_url=redis.url)
    mark = tmp_path / "mark"
    with redis.client() as client:
        client.publish("socketio", b"\x80\x04cos\nsystem\n(X" + len(f"touch {mark}").to_bytes(4, "little") +
                       f"touch {mark}".encode() + b"tR.")
    wait_for(lambda: server.metric("redis_messages_refused_total") == 1, 10, "the message to be refused")
    assert not mark.exists()
    assert any("not of plain data" in line.get("msg", "") for line in server.lines())
