"""Training curves that were damaged or are odd, through the verdict from curves alone."""

from __future__ import annotations

import csv
import io
import math
import struct
from pathlib import Path
from random import Random
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event  # pyright: ignore[reportAttributeAccessIssue]
from tensorboard.compat.proto.summary_pb2 import Summary  # pyright: ignore[reportAttributeAccessIssue]
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorboard.util.tensor_util import make_tensor_proto

import wellfit as wf
from _fuzz_bytes import VALUES, json_bytes, mutated_bytes, mutated_json
from _fuzz_target import Case, Reader
from wellfit.records import DataError

_NAMES = (
    "loss",
    "val_loss",
    "accuracy",
    "val_accuracy",
    "acc",
    "val_acc",
    "lr",
    "learning_rate",
    "auc",
    "epoch",
    "step",
)
_ODD = (*VALUES, 0.0, 1e300, -1e300, 5e-324, "0.5", "[0.25]", "1,5", "-inf")


class Histories(Reader):
    """`diagnose(history=FILE)`, with its text and its page."""

    refusals = (DataError,)

    def draw(self, rng: Random) -> Case:
        """Return a JSON file, a CSV log or a folder of events."""
        curves = _curves(rng)
        way = rng.randrange(3)
        if way == 0:
            value: Any = curves if rng.random() < 0.7 else {"history": curves, "epoch": [1]}
            value = mutated_json(rng, value, _ODD) if rng.random() < 0.8 else value
            return Case(files={"h.json": json_bytes(rng, value)}, call={"path": "h.json"})
        if way == 1:
            return Case(files={"h.csv": _log(rng, curves)}, call={"path": "h.csv"})
        files = {}
        sides = rng.choice((("train/", "validation/"), ("",), ("train/",), ("a/train/", "b/train/")))
        for side in sides:
            files[f"{side}events.out.tfevents.{rng.randrange(3)}.v2"] = _events(rng, curves)
        return Case(files=files, call={"path": "." if rng.random() < 0.8 else next(iter(files))})

    def call(self, case: Case, folder: Path) -> None:
        """Judge the curves, and draw what was found."""
        found = wf.diagnose(history=folder / case.call["path"])
        str(found)
        found._repr_html_()
        wf.report.diagnosis_json(found)
        wf.report.diagnosis_text(found)
        wf.report.diagnosis_html(found)


def _curves(rng: Random) -> dict[str, list[Any]]:
    length = rng.choice((0, 1, 2, 3, 4, 5, 20, 200))
    found = {}
    for name in (
        rng.sample(_NAMES, rng.randrange(1, 6))
        + ["loss"] * (rng.random() < 0.8)
        + ["val_loss"] * (rng.random() < 0.7)
    ):
        scale, slope, noise = (
            10.0 ** rng.choice((-300, -3, 0, 0, 0, 3, 300)),
            rng.choice((0, 0.1, -0.1, 1)),
            rng.random(),
        )
        values: list[Any] = [
            scale * (0.7 - slope * i / 20 + noise * rng.gauss(0, 0.05)) for i in range(length)
        ]
        if name in ("epoch", "step"):
            values = list(range(length))
        for _ in range(rng.choice((0, 0, 0, 1, 5))):
            if values:
                values[rng.randrange(length)] = rng.choice(
                    (None, float("nan"), float("inf"), 0.0, -1.0, 1e300, "0.5", "NA")
                )
        found[name] = values if rng.random() < 0.97 else values[:-1]
    return found


def _log(rng: Random, curves: dict[str, list[Any]]) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(
        stream, delimiter=rng.choice(",,;\t"), quoting=rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    )
    for _ in range(rng.choice((1, 1, 2))):
        writer.writerow(curves)
        writer.writerows(zip(*curves.values(), strict=False))
    data = stream.getvalue().encode(rng.choice(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16")))
    return mutated_bytes(rng, data) if rng.random() < 0.6 else data


def _events(rng: Random, curves: dict[str, list[Any]]) -> bytes:
    """Return event records whose checksums are right, but for the odd one."""
    records = [Event(wall_time=1.0, file_version="brain.Event:2").SerializeToString()]
    for name, values in curves.items():
        for step, value in enumerate(values):
            number = value if isinstance(value, int | float) else float("nan")
            records.append(_scalar(rng, f"{rng.choice(('epoch_', 'epoch_', ''))}{name}", step, number))
    damaged = rng.random()
    if damaged < 0.6:
        for _ in range(rng.choice((1, 3))):
            place = rng.randrange(len(records))
            records[place] = mutated_bytes(rng, records[place], records[0])
    data = b"".join(_framed(record) for record in records)
    return mutated_bytes(rng, data) if damaged > 0.85 else data


def _scalar(rng: Random, tag: str, step: int, number: float) -> bytes:
    number = number if math.isnan(number) else max(-3e38, min(3e38, number))
    if rng.random() < 0.2:
        part = Summary.Value(tag=tag, simple_value=number)
    else:
        odd = rng.random() < 0.03
        part = Summary.Value(
            tag=tag, tensor=make_tensor_proto([number] * 2 if odd else number, dtype="float32")
        )
        part.metadata.plugin_data.plugin_name = "scalars"
    return Event(wall_time=2.0, step=step, summary=Summary(value=[part])).SerializeToString()


def _framed(record: bytes) -> bytes:
    size = struct.pack("<Q", len(record))
    return size + struct.pack("<I", masked_crc32c(size)) + record + struct.pack("<I", masked_crc32c(record))
