"""The server's JSON walk accepts exactly what JSON.parse accepts, as far as it is UTF-8 and at most 128 deep: what it
lets through is sent to JavaScript clients as it came."""

from __future__ import annotations

import collections
import pathlib
import re
import struct
import subprocess

import pytest

from tests.support.json_texts import MUTATIONS, make_texts
from tests.support.programs import built

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEED = 20_240_229
COUNT = 150_000
MAX_DEPTH = 128


def verdicts(texts: list[bytes], *command: object) -> str:
    """What a program says of each text: '1' accepted, '0' refused."""
    framed = b"".join(struct.pack("<I", len(text)) + text for text in texts)
    said = subprocess.run([str(word) for word in command], input=framed, stdout=subprocess.PIPE, check=True).stdout
    assert len(said) == len(texts)
    return said.decode()


def depth(text: bytes) -> int:
    """How deep a valid text is nested."""
    deepest = level = 0
    for bracket in re.findall(rb"[][{}]", re.sub(rb'"(?:[^"\\]|\\.)*"', b"", text, flags=re.DOTALL)):
        level += 1 if bracket in b"[{" else -1
        deepest = max(deepest, level)
    return deepest


@pytest.fixture(scope="module")
def program() -> pathlib.Path:
    return built("asan", "json-verdict") / "json-verdict"


def test_the_walk_accepts_what_json_parse_accepts(program):
    made = make_texts(SEED, COUNT)
    texts = [text for _, text in made]
    ours = verdicts(texts, program)
    theirs = verdicts(texts, "node", ROOT / "tests" / "support" / "json_verdict.mjs")
    seen = collections.Counter()
    wrong = []
    for (mutation, text), our, their in zip(made, ours, theirs):
        too_deep = their == "1" and depth(text) > MAX_DEPTH
        seen[mutation, their] += 1
        seen["too deep"] += too_deep
        if our != ("0" if too_deep else their):
            wrong.append(f"{mutation}: {text[:200]!r}: JSON.parse says {their}, we say {our}")
    if wrong:
        shortest = "\n".join(sorted(wrong, key=len)[:20])
        pytest.fail(f"seed {SEED}: {len(wrong)} of {COUNT} differ, for example\n{shortest}", pytrace=False)

    # Or the texts would prove little.
    assert 0.25 < theirs.count("1") / COUNT < 0.75
    assert seen["too deep"] > 50
    for mutation in MUTATIONS:
        for verdict in "0" if mutation.startswith("bad") else "01":
            assert seen[mutation, verdict] > 100, f"{mutation} makes {seen[mutation, verdict]} texts that get {verdict}"
