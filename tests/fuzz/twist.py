"""Changes a message as a tree, not as bytes: what comes out is read by every parser, and wrong only in what it says.

libFuzzer's own mutations nearly always break the form, and a parser written in C shows it no way around. So decoder.py
lets it change bytes now and then, and calls this for the rest. Pure but for the random numbers that it is given.
"""

import json
import math
from random import Random
from typing import Any

import msgspec

_EXTREMES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 255, 2**31, 2**53 - 1, 2**53, 2**63, 2**64 - 1, -(2**63), 0.5, -0.0, 1e308, math.nan,
    math.inf, "", "x", "\0", "\ud7ff\U0010ffff", "é" * 2001, "a" * 70_000, b"", b"\0", b"\x01\0\xff", bytes(640),
    b"\xff\xff" + bytes(99), [], [[]], [0] * 300, {}, {"type": "ping"}, {"": {}},
)  # fmt: skip
_MOST_CHANGES = 4


def twisted(data: bytes, seeds: list[bytes], random: Random) -> bytes:
    """Another message: `data` when it can be read, else one of `seeds`, changed in a few places."""
    tree = _read(data)
    if not isinstance(tree, dict) or random.random() < 0.2:
        tree = _read(random.choice(seeds))
    for _ in range(random.randint(1, _MOST_CHANGES)):
        tree = _change(tree, [_read(seed) for seed in random.sample(seeds, 2)], random)
    return _written(tree, random)


def _read(data: bytes) -> Any:
    for decode in (msgspec.msgpack.decode, msgspec.json.decode):
        try:
            return decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, TypeError):
            continue  # ValueError, TypeError: keys that no dictionary takes
    return None


def _change(tree: Any, others: list[Any], random: Random) -> Any:
    """A change at one place, deeper or not as it falls."""
    if isinstance(tree, dict) and tree:
        key = random.choice(list(tree))
        match random.randrange(5):
            case 0:
                return {k: v for k, v in tree.items() if k != key}
            case 1:
                return {**tree, random.choice([*map(str, tree), "new", "type"]): random.choice(_EXTREMES)}
            case 2 if isinstance(others[0], dict):
                return {**tree, **others[0], "type": tree.get("type")}
            case _:
                return {**tree, key: _change(tree[key], others, random)}
    if isinstance(tree, list) and tree and random.random() < 0.8:
        at = random.randrange(len(tree))
        return [*tree[:at], _change(tree[at], others, random), *tree[at:]]
    if isinstance(tree, bytes) and tree and random.random() < 0.7:
        at = random.randrange(len(tree))
        return tree[:at] + random.randbytes(random.randint(0, 3)) + tree[at + random.randint(0, 2) :]
    if isinstance(tree, int) and random.random() < 0.5:
        return tree + random.choice((-1, 1, 2**31, -(2**53)))
    return random.choice((*_EXTREMES, *others))


def _written(tree: Any, random: Random) -> bytes:
    """In either form; what a form cannot hold is written as the other's nearest."""
    try:
        if random.random() < 0.5:
            return msgspec.msgpack.encode(tree)
        return msgspec.json.encode(tree)  # bytes as base64, as on the wire
    except (OverflowError, UnicodeEncodeError, TypeError, ValueError):
        return json.dumps(tree, default=lambda _: "AAAA", skipkeys=True).encode("utf-8", "surrogatepass")
