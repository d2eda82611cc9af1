"""Malformed requests, frames and packets: each gets its documented answer, none costs memory, and the server serves on."""

import asyncio

import pytest

from tests.conformance.malformed import frames, http_requests, packets, polling
from tests.conformance.malformed.case import Case
from tests.support.raw import Closed, open_websocket
from tests.support.realtime_server import Server, example

CASES: list[Case] = [case for table in (http_requests, polling, frames, packets) for case in table.CASES]
NAMES = [f"{table.__name__.rpartition('.')[2]}: {case.name}" for table in (http_requests, polling, frames, packets)
         for case in table.CASES]
# A pass has all of them at once: those that wait for a deadline wait together. So do the passes of a round.
PASSES, WARM_UP, ROUNDS = 4, 2, 3
GROWTH = 512 * 1024


@pytest.fixture(scope="module")
def server(session_servers) -> Server:
    config = example("protocol-suite", protocol={"pingInterval": "25s", "pingTimeout": "20s", "upgradeTimeout": "1s"},
                     limits={"headerTimeout": "1s", "bodyTimeout": "1s"})
    return session_servers(config, name="malformed")


async def one_pass(address: str) -> list[str]:
    return await asyncio.gather(*(case.seen(address) for case in CASES))


@pytest.fixture(scope="module")
def seen(server) -> list[str]:
    return asyncio.run(one_pass(server.address))


@pytest.mark.parametrize("number", range(len(CASES)), ids=NAMES)
def test_malformed(number, seen, peer):
    assert seen[number] in CASES[number].expected(peer)


@pytest.mark.ours  # the reference server's memory depends on its garbage collector
def test_memory_stays_flat_and_the_server_serves_on(server):
    async def rounds() -> list[int]:
        sizes = []
        for _ in range(WARM_UP + ROUNDS):
            await asyncio.gather(*(one_pass(server.address) for _ in range(PASSES)))
            sizes.append(server.resident_bytes())
        return sizes

    sizes = asyncio.run(rounds())
    # Now and then a look catches what is about to be given back.
    growth = min(sizes[WARM_UP:]) - sizes[WARM_UP - 1]
    assert growth <= GROWTH * (8 if server.is_sanitized() else 1), f"resident bytes after each round: {sizes}"
    assert asyncio.run(an_event(server.address)) == '42["message-back",1]'


async def an_event(address: str) -> str:
    async with asyncio.timeout(5), await open_websocket(address) as websocket:
        websocket.send("40")
        websocket.send('42["message",1]')
        try:
            while not (packet := await websocket.receive()).startswith('42["message-back"'):
                pass
        except Closed as end:
            return str(end)
        return packet
