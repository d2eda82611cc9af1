"""JSON texts and texts that nearly are, made from a seed: documents of every shape, and what mutations make of them."""

from __future__ import annotations

import random
from collections.abc import Callable

SPACE = (b" ", b"\n", b"\r", b"\t", b"  ", b"\r\n\t ")
# Next to each other in meaning or in bytes, so that one in place of another is a near miss.
TOKENS = (b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b"/", b"'", b"true", b"false", b"null", b"nul", b"TRUE",
          b"NaN", b"Infinity", b"undefined", b"0", b"-", b"+", b".", b"e", b"E", b"00", b"\x00", b"\x1f", b"\x7f",
          b"//", b"/**/", b"{}", b"[]", b'""', b",,", b'"":', b'{"_placeholder":true,"num":0}')
SPACE_LIKE = (b"\x0b", b"\x0c", b"\xc2\xa0", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xe3\x80\x80", b"\x00", b"\x85",
              b"\x08")
ESCAPES = (rb"\"", rb"\\", rb"\/", rb"\b", rb"\f", rb"\n", rb"\r", rb"\t", rb"\u0000", rb"\u00e9", rb"\uD83D\uDE00",
           rb"\ud800", rb"\udc00\ud800", rb"\uFFFF")
BAD_ESCAPES = (rb"\x41", rb"\'", rb"\a", rb"\v", rb"\0", rb"\u", rb"\u1", rb"\u12", rb"\u123", rb"\u12g4", rb"\u 123",
               rb"\U0041", rb"\u{41}", rb"\u-123", rb"\uD83D\u", "\\é".encode(), b"\\\n", b"\\")
NUMBERS = (b"0", b"-0", b"7", b"-12", b"0.5", b"1.25e10", b"-1E-7", b"1e+0", b"0e0", b"10000000000000000000001",
           b"1e400", b"0.0000001")
BAD_NUMBERS = (b"01", b"-", b"-01", b"00", b"+1", b".5", b"1.", b"1.e1", b"1e", b"1e+", b"1e1.5", b"0x10", b"1_0",
               b"1n", b"--1", b"1.2.3", b"1e1e1", b"-Infinity", "１".encode(), b"1 .5", b"- 1")
CHARACTERS = ("é", "€", "🚢", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff",
              "\u2028", "\ufeff", "漢字仮名", "Привет")
BAD_UTF8 = (b"\x80", b"\xbf\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xc3", b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xed\xa0\x80",
            b"\xed\xbf\xbf", b"\xe2\x82", b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf", b"\xf0\x9f\x9a",
            b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfe", b"\xff")
# Lengths around the blocks in which plain bytes are skipped.
LENGTHS = (0, 1, 2, 3, 5, 7, 8, 9, 14, 15, 16, 17, 31, 32, 33, 70)


class Documents:
    """Valid documents, by the dice of one random source."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice

    def space(self) -> bytes:
        return self.dice.choice(SPACE) if self.dice.random() < 0.15 else b""

    def string(self) -> bytes:
        text = bytearray(self.dice.choices(range(0x20, 0x80), k=self.dice.choice(LENGTHS)))
        text = text.replace(b'"', b"_").replace(b"\\", b"_")
        for _ in range(self.dice.choice((0, 0, 0, 1, 1, 3))):
            at = self.dice.randint(0, len(text))
            # Splitting an escape or a character makes a near miss, which is as welcome.
            text[at:at] = self.dice.choice((*ESCAPES, *(character.encode() for character in CHARACTERS)))
        return b'"' + bytes(text) + b'"'

    def scalar(self) -> bytes:
        kind = self.dice.random()
        if kind < 0.5:
            return self.string()
        if kind < 0.8:
            return self.dice.choice(NUMBERS)
        return self.dice.choice((b"true", b"false", b"null"))

    def value(self, depth: int) -> bytes:
        if depth == 0 or self.dice.random() < 0.4:
            return self.scalar()
        count = self.dice.choice((0, 1, 2, 2, 3))
        if self.dice.random() < 0.5:
            inner = [self.space() + self.value(depth - 1) + self.space() for _ in range(count)]
            return b"[" + b",".join(inner) + b"]"
        inner = [self.space() + self.string() + self.space() + b":" + self.space() + self.value(depth - 1)
                 + self.space() for _ in range(count)]
        return b"{" + b",".join(inner) + b"}"

    def nested(self) -> bytes:
        """About as deep as is allowed, or much deeper."""
        depth = self.dice.choice((126, 127, 128, 129, 130, 500))
        opened, closed = [], []
        for _ in range(depth - self.dice.choice((0, 0, 1))):
            array = self.dice.random() < 0.5
            opened.append(b"[" if array else b'{"k":')
            closed.append(b"]" if array else b"}")
        return b"".join(opened) + self.dice.choice((b"[]", b"{}", b"0", b'"x"')) + b"".join(reversed(closed))

    def document(self) -> bytes:
        if self.dice.random() < 0.01:
            return self.nested()
        return self.space() + self.value(self.dice.choice((0, 1, 2, 3, 4))) + self.space()


def cut(dice: random.Random, text: bytes) -> bytes:
    return text[:dice.randint(0, len(text))]


def removed(dice: random.Random, text: bytes) -> bytes:
    at = dice.randint(0, len(text))
    return text[:at] + text[at + dice.choice((1, 1, 1, 2, 5)):]


def changed_byte(dice: random.Random, text: bytes) -> bytes:
    at = dice.randint(0, max(0, len(text) - 1))
    return text[:at] + bytes([dice.randrange(256)]) + text[at + 1:]


def flipped_bit(dice: random.Random, text: bytes) -> bytes:
    at = dice.randint(0, max(0, len(text) - 1))
    return text[:at] + bytes(byte ^ 1 << dice.randrange(8) for byte in text[at:at + 1]) + text[at + 1:]


def twice(dice: random.Random, text: bytes) -> bytes:
    begin, end = sorted((dice.randint(0, len(text)), dice.randint(0, len(text))))
    return text[:end] + text[begin:end] + text[end:]


def swapped(dice: random.Random, text: bytes) -> bytes:
    a, b, c = sorted(dice.randint(0, len(text)) for _ in range(3))
    return text[:a] + text[b:c] + text[a:b] + text[c:]


def inserted(choices: tuple[bytes, ...]) -> Callable[[random.Random, bytes], bytes]:
    def mutate(dice: random.Random, text: bytes) -> bytes:
        at = dice.randint(0, len(text))
        return text[:at] + dice.choice(choices) + text[at:]
    return mutate


def in_a_string(choices: tuple[bytes, ...]) -> Callable[[random.Random, bytes], bytes]:
    """Right after a quote, which opens a string or closes one."""
    def mutate(dice: random.Random, text: bytes) -> bytes:
        at = text.find(b'"', dice.randint(0, len(text))) + 1
        return text[:at] + dice.choice(choices) + text[at:]
    return mutate


def in_place_of_a_scalar(choices: tuple[bytes, ...]) -> Callable[[random.Random, bytes], bytes]:
    def mutate(dice: random.Random, text: bytes) -> bytes:
        for word in dice.sample((b"true", b"false", b"null", b"0", b"7", b"-12", b"0.5"), 7):
            if word in text:
                return text.replace(word, dice.choice(choices), 1)
        return b"[" + text + b"," + dice.choice(choices) + b"]"
    return mutate


def around(dice: random.Random, text: bytes) -> bytes:
    before, after = dice.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"[", b"}"), (b"{", b"}"), (b"[", b""), (b"", b"]"),
                                 (b"[", b",]"), (b"[,", b"]"), (b'{"a":', b",}"), (b"", b"x"), (b"", b" 0")))
    return before + text + after


def as_it_is(_dice: random.Random, text: bytes) -> bytes:
    return text


MUTATIONS: dict[str, Callable[[random.Random, bytes], bytes]] = {
    "none": as_it_is,
    "cut": cut,
    "removed": removed,
    "changed byte": changed_byte,
    "flipped bit": flipped_bit,
    "twice": twice,
    "swapped": swapped,
    "token": inserted(TOKENS),
    "white space": inserted(SPACE),
    "like white space": inserted(SPACE_LIKE),
    "escape": in_a_string(ESCAPES),
    "bad escape": in_a_string(BAD_ESCAPES),
    "character": in_a_string(tuple(character.encode() for character in CHARACTERS)),
    "bad UTF-8": in_a_string(BAD_UTF8),
    "number": in_place_of_a_scalar(NUMBERS),
    "bad number": in_place_of_a_scalar(BAD_NUMBERS),
    "around": around,
}


def make_texts(seed: int, count: int) -> list[tuple[str, bytes]]:
    """`count` texts, each with the name of the mutation that made it; every mutation has its turn."""
    dice = random.Random(seed)
    documents = Documents(dice)
    names = list(MUTATIONS)
    turns = [names[i % len(names)] for i in range(count)]
    return [(name, MUTATIONS[name](dice, documents.document())) for name in turns]
