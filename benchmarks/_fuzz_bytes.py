"""Bytes, text, JSON and archives with something in them exchanged; every change is drawn from a seed."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import struct
import zipfile
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

_LARGEST = 1 << 18
_TOKENS = (
    b"\0", b"\xff" * 4, b"\x00" * 8, b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80", b'"', b'""', b"'", b"\n",
    b"\r", b"\r\n\r\n", b"\t", b";", b",", b"|", b"\\", b"\xef\xbb\xbf", b"\xff\xfe", b"\xe2\x80\xa8",
    b"\xed\xa0\x80", b"1e999", b"-0", b"NaN", b"9" * 400, b"{", b"[" * 3000, b"]", b"sep=;\n", b"PAR1",
    b"ARROW1", b"\x1a",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**40, -(10**400), 1e308, 1e-320, float("nan"),
    float("inf"), 0.5, "", "a", "NaN", "Infinity", "null", "\0", "\ud800", "\u202e", "é" * 50, "x" * 20_000,
    "1e400", "\u0661", "$", "../../etc/passwd", "/etc/passwd", "a/../b", "keras", "keras.layers", "Lambda",
    "__lambda__", "os", "system", "builtins", "eval", "float32", "int64", "2026-01-31", "0000-00-00",
    "9999-12-31T23:59:59-23:59", [], [[]], {}, {"a": 1}, [None], [1, [2]], ["a"], [0.5] * 3, {"b64": "AAAA"},
    {"class_name": "Dense"}, {"class_name": "__tensor__", "config": {"value": [1], "dtype": "object"}},
    {"class_name": "function", "module": "os", "config": "system", "registered_name": "function"},
    {"class_name": "system", "module": "os", "config": {"command": "touch written"}, "registered_name": None},
)  # fmt: skip


def mutated_bytes(rng: Random, data: bytes, other: bytes = b"") -> bytes:
    """Return bytes with one to several places changed: flipped, cut, doubled, spliced with `other`."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        place = rng.randrange(len(made) + 1)
        length = min(len(made) - place, rng.choice((1, 2, 4, 8, 64, 1024)))
        way = rng.randrange(9)
        if way == 0 and made:
            made[place % len(made)] ^= 1 << rng.randrange(8)
        elif way == 1:
            del made[place : place + length]
        elif way == 2:
            made[place:place] = made[place : place + length] * rng.choice((1, 2, 50))
        elif way == 3:
            made[place:place] = rng.choice(_TOKENS)
        elif way == 4:
            made[place : place + length] = rng.randbytes(length)
        elif way == 5 and rng.random() < 0.3:
            del made[place:]
        elif way == 6 and other:
            start = rng.randrange(len(other))
            made[place : place + length] = other[start : start + rng.choice((4, 64, 4096))]
        elif way == 7 and length >= 4:
            packed = struct.pack("<q", rng.choice((0, -1, 2**31 - 1, -(2**31), 2**62, 2**20)))
            made[place : place + min(length, 8)] = packed[: min(length, 8)]
        else:
            made[place : place + length] = rng.choice(_TOKENS)
    return bytes(made[:_LARGEST])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every part of a JSON value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


def mutated_json(rng: Random, value: Any, odd: tuple[Any, ...] = VALUES) -> Any:
    """Return a JSON value with parts exchanged, left out, doubled, renamed or nested."""
    made = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        try:
            made = _changed(rng, made, odd)
        except RecursionError:  # so deep already that nothing more can be done with it
            break
    return made


def _changed(rng: Random, value: Any, odd: tuple[Any, ...]) -> Any:
    known = list(places(value))
    path, new = rng.choice(known), copy.deepcopy(rng.choice(odd))
    if not path:
        return new if rng.random() < 0.2 else [value] if rng.random() < 0.1 else value
    holder = value
    for key in path[:-1]:
        holder = holder[key]
    way, key = rng.random(), path[-1]
    if way < 0.15:
        del holder[key]
    elif way < 0.25 and isinstance(holder, list):
        holder[key:key] = [copy.deepcopy(holder[key])] * rng.choice((1, 2, 300))
    elif way < 0.3 and isinstance(holder, dict):
        holder[str(new)] = holder.pop(key)
    elif way < 0.4:
        found = value
        for step in rng.choice(known):
            found = found[step]
        holder[key] = copy.deepcopy(found)
    elif way < 0.55 and isinstance(holder[key], int | float):
        factor = rng.choice((-1, 0, 1e-9, -0.5, 7, 10**6, 2**31, 10**19))
        with contextlib.suppress(OverflowError):  # whole numbers may be larger than any fraction
            holder[key] = factor * holder[key]
    elif way < 0.57:
        for _ in range(rng.choice((5, 3000))):
            holder[key] = [holder[key]]
    else:
        holder[key] = new
    return value


def json_bytes(rng: Random, value: Any) -> bytes:
    """Return JSON text; of some values text that is no JSON any more."""
    try:
        data = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    except RecursionError:
        data = b"[" * 100_000
    return mutated_bytes(rng, data) if rng.random() < 0.15 else data


def zip_bytes(files: Mapping[str, bytes], *, is_packed: bool = False) -> bytes:
    """Return an archive of files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED if is_packed else zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return stream.getvalue()


def mutated_archive(rng: Random, files: Mapping[str, bytes]) -> bytes:
    """Return an archive with odd names, files left out, doubled or nested, and sizes that lie."""
    found = dict(files)
    name = rng.choice(list(found))
    way = rng.randrange(8)
    if way == 0:
        del found[name]
    elif way == 1:
        odd = (
            "../written",
            "/tmp/written",
            "a/../../written",
            "C:\\written",
            "",
            "a" * 70_000,
            f"{name}/",
            "\0",
        )
        found[rng.choice(odd)[:65_000]] = found.pop(name) if rng.random() < 0.5 else b"x"
    elif way == 2:
        found[name] = zip_bytes(found)
    elif way == 3:
        found |= {f"assets/{number}": b"" for number in range(rng.choice((10, 12_000)))}
    elif way == 4:
        found[name] = b"\0" * rng.choice((10**6, 3 * 10**7))
    data = zip_bytes(found, is_packed=rng.random() < 0.5)
    if way == 5:
        return _with_lies(rng, data)
    return mutated_bytes(rng, data) if way == 6 else data


def _with_lies(rng: Random, data: bytes) -> bytes:
    """Return an archive whose directory says other sizes, methods or places than are true."""
    start = data.find(b"PK\x01\x02")
    field = rng.choice((8, 10, 16, 20, 24, 28, 30, 42))
    lie = struct.pack("<I", rng.choice((0, 1, 99, 2**16 - 1, 2**31, 2**32 - 1)))[
        : 2 if field in (8, 10, 28, 30) else 4
    ]
    return data[: start + field] + lie + data[start + field + len(lie) :]
