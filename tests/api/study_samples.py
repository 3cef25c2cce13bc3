"""A small table, a small network and a small plan, so that a whole study takes seconds."""

from __future__ import annotations

import keras
import numpy as np
import polars as pl
import pytest

from wellfit.api import _protocol
from wellfit.api._confirm import Confirmed
from wellfit.api._plan import Plan

SMALL_PLAN = Plan(
    num_look=2,
    num_confirm=3,
    num_finalists=1,
    num_batches=1,
    num_programs=0,
    max_rows=None,
    is_long=False,
    first_s=1e9,
    reserve_s=0.0,
    budget_s=1e9,
)


UNCONFIRMED = Confirmed(
    finalists=(), confirmation=None, trials=(), baseline_scores=np.zeros(0), best_epochs={}, curves={}
)


def small_frame(num_rows: int = 160, seed: int = 0) -> pl.DataFrame:
    """Return two informative columns, one of noise, one category, and a binary target."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(num_rows, 3))
    town = rng.choice(["Oslo", "Rome", "Bonn"], num_rows)
    signal = x[:, 0] - 0.5 * x[:, 1] + (town == "Rome") + rng.normal(scale=0.7, size=num_rows)
    return pl.DataFrame(
        {"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "town": town, "y": np.where(signal > 0.3, "yes", "no")}
    )


def small_model(num_features: int = 6, **compile_settings: object) -> keras.Model:
    """Return a compiled 16-8-1 network."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((num_features,)),
            keras.layers.Dense(16, activation="relu", name="first"),
            keras.layers.Dropout(0.1, name="drop"),
            keras.layers.Dense(8, activation="relu", name="second"),
            keras.layers.Dense(1, activation="sigmoid", name="head"),
        ],
        name="small",
    )
    settings = {"optimizer": keras.optimizers.Adam(0.01), "loss": "binary_crossentropy", **compile_settings}
    model.compile(**settings)
    return model


def use_small_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every study follow the small plan, whatever its budget."""
    monkeypatch.setattr(_protocol, "make_plan", lambda *_, **__: SMALL_PLAN)
