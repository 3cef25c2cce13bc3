"""Keras: one plain network from features to probabilities, for any backend."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wellfit.formats._features import network_of
from wellfit.formats._format import Batch, Format
from wellfit.formats._predictor import Predictor
from wellfit.models import load_model, predict_plain, save_plain

Array = Any


def _write(predictor: Predictor, path: Path) -> None:
    save_plain(network_of(predictor), path)


def _predict(path: Path, batches: Sequence[Batch]) -> list[Array]:
    model = load_model(path)
    return [predict_plain(model, list(batch.values())) for batch in batches]


KERAS = Format(
    name="keras",
    file="model.keras",
    takes="features",
    packages=("keras",),
    install="keras",
    write=_write,
    predict=_predict,
)
