"""Cases: a network with its data, what was planted, and the answers that measurement found right."""

from __future__ import annotations

import argparse
import hashlib
import os
import pickle
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np

from _fault_engine import forget_programs
from _fault_healthy import Pair, find_pair
from _fault_judge import Judged, judge_healthy, judge_trials, trials_of
from _fault_networks import SHAPES, Spec, build
from _fault_tables import Table, load_table, table_names
from _fault_truth import Situation

_TUNE_SHAPES = SHAPES[:3]
_REPORT_SHAPES = ("residual", "32-16", "residual", "64-32-dropout", "residual", "128-bn")
_HEALTHY_RUNS = 4
_QUICK = ("rate-high", "no-signal", "mismatch", "imbalanced")

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "penalty-in-loss": ("misleading-evaluation",),
    "batchnorm-mode": ("misleading-evaluation",),
    "preprocessing-mismatch": ("misleading-evaluation",),
    "split-shift": ("misleading-evaluation",),
    "leakage": ("misleading-evaluation",),
    "validation-too-small": ("misleading-evaluation",),
    "class-imbalance": ("misleading-evaluation", "underfitting", "overfitting"),
    "rare-features": ("overfitting",),
    "too-few-rows": ("overfitting",),
    "excess-capacity": ("overfitting",),
    "weak-regularization": ("overfitting",),
    "trained-too-long": ("overfitting",),
    "label-noise": ("overfitting",),
    "overconfidence": ("overfitting",),
    "insufficient-capacity": ("underfitting",),
    "over-regularized": ("underfitting",),
    "too-few-epochs": ("underfitting",),
    "learning-rate-too-low": ("underfitting",),
    "learning-rate-too-high": ("not-learning", "underfitting"),
    "unscaled-inputs": ("not-learning", "underfitting"),
    "dead-units": ("not-learning", "underfitting"),
    "wiring": ("not-learning",),
    "no-signal": ("not-learning",),
    "irreducible-noise": ("not-learning",),
    "healthy": ("healthy",),
}
"""Verdicts that a cause stands for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One thing to diagnose.

    Attributes:
        name: unique.
        dataset: name of the table.
        shape: of the network.
        task: binary, multiclass or regression.
        planted: the codes that were planted; ``("healthy",)`` for a control.
        strength: 0 to 2; -1 for a control.
        accepted: codes that measurement has shown to be right answers.
        spec: the network and its training.
        model_bytes: the compiled network with fresh weights, as a `.keras` file.
        x: training inputs; likewise `y`, `xv`, `yv`.
        xt: unseen inputs, with `yt`.
        epochs: of the user's fit.
        batch_size: likewise.
        measured: what was measured, by name.
    """

    name: str
    dataset: str
    shape: str
    task: str
    planted: tuple[str, ...]
    strength: int
    accepted: frozenset[str]
    spec: Spec
    model_bytes: bytes
    x: np.ndarray
    y: np.ndarray
    xv: np.ndarray
    yv: np.ndarray
    xt: np.ndarray
    yt: np.ndarray
    epochs: int
    batch_size: int
    measured: Mapping[str, float] = field(default_factory=dict)

    @property
    def families(self) -> frozenset[str]:
        """Verdicts that count as right."""
        return frozenset(family for code in self.accepted for family in FAMILIES[code])

    @property
    def is_healthy(self) -> bool:
        """Whether this is a control."""
        return self.planted == ("healthy",)

    def model(self) -> keras.Model:
        """Return the compiled network with its fresh weights."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.keras")
            path.write_bytes(self.model_bytes)
            with warnings.catch_warnings():  # fresh optimizers have no state to load
                warnings.simplefilter("ignore")
                return keras.saving.load_model(path)

    def line(self) -> str:
        """Return what is known of it in one line."""
        numbers = " ".join(f"{k} {v:.2f}" for k, v in self.measured.items())
        return f"{self.name:<46} accepts {','.join(sorted(self.accepted))} | {numbers}"[:200]


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A case that measurement refused.

    Attributes:
        name: it would have had.
        planted: codes.
        reason: in a few words.
    """

    name: str
    planted: tuple[str, ...]
    reason: str


def pair_names(options: argparse.Namespace) -> list[str]:
    """Return a name for each pair of data set and network of a half."""
    if options.quick:
        return ["breast_cancer-32-16"]
    shapes = _TUNE_SHAPES if options.half == "tune" else _REPORT_SHAPES
    names = table_names(options.data, options.half)
    return [f"{name}-{shapes[i % len(shapes)]}" for i, name in names][: options.limit]


def pair_cases(options: argparse.Namespace, number: int) -> tuple[list[Case], list[Dropped]]:
    """Return the cases of one pair, from the cache where they are there.

    Args:
        options: of the command line.
        number: of the pair among `pair_names`.
    """
    name = pair_names(options)[number]
    path = None if options.cache is None else options.cache / f"{options.half}-{name}.pickle"
    if path is not None and path.exists():
        cases, dropped = pickle.loads(path.read_bytes())
    elif options.cached:
        return [], []
    else:
        began = time.perf_counter()
        cases, dropped = _built(options, number)
        print(f"# {name}: {len(cases)} cases in {time.perf_counter() - began:.0f} s", flush=True)
        if path is not None and not options.only:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(pickle.dumps((cases, dropped)))
        forget_programs()
    wanted = set(options.only)
    return (
        [case for case in cases if not wanted or wanted & {*case.planted}],
        [one for one in dropped if not wanted or wanted & {*one.planted}],
    )


def _built(options: argparse.Namespace, number: int) -> tuple[list[Case], list[Dropped]]:
    if options.quick:
        return cases_of(0, load_table(None, "breast_cancer"), SHAPES[0], options.only, quick=True)
    shapes = _TUNE_SHAPES if options.half == "tune" else _REPORT_SHAPES
    position, name = table_names(options.data, options.half)[number]
    table = load_table(options.data, name)
    return cases_of(position, table, shapes[position % len(shapes)], options.only)


def cases_of(
    number: int, table: Table, shape: str, only: Sequence[str], *, quick: bool = False
) -> tuple[list[Case], list[Dropped]]:
    """Plant faults on one pair and keep what measurement confirms."""
    pair = find_pair(table, shape, quick=quick)
    prefix = f"{table.name}/{shape}"
    found: list[tuple[str, tuple[str, ...], int, Judged]] = [
        (f"healthy-{index}", ("healthy",), -1, judged)
        for index, judged in enumerate(judge_healthy(pair, 1 if quick else _HEALTHY_RUNS))
    ]
    trials = trials_of(pair, number) if pair.is_usable else []
    trials = [trial for trial in trials if not only or set(only) & {*trial.codes}]
    trials = [trial for trial in trials if not quick or trial.name in _QUICK]
    for trial, judged in zip(trials, judge_trials(pair, trials), strict=True):
        found.append((f"{trial.name}-{trial.strength}", trial.codes, trial.strength, judged))
    cases = [
        _case(pair, f"{prefix}/{name}", planted, strength, judged)
        for name, planted, strength, judged in found
        if not judged.reason
    ]
    dropped = [
        Dropped(name=f"{prefix}/{name}", planted=planted, reason=judged.reason)
        for name, planted, _, judged in found
        if judged.reason
    ]
    return cases, dropped


def _case(pair: Pair, name: str, planted: tuple[str, ...], strength: int, judged: Judged) -> Case:
    situation: Situation = judged.situation
    train, validation, test = situation.train, situation.validation, situation.test
    return Case(
        name=name,
        dataset=pair.table.name,
        shape=situation.spec.shape,
        task=situation.spec.task,
        planted=planted,
        strength=strength,
        accepted=frozenset(judged.accepted),
        spec=situation.spec,
        model_bytes=_bytes_of(situation.spec, name),
        x=train.x,
        y=train.y,
        xv=validation.x,
        yv=validation.y,
        xt=test.x,
        yt=test.y,
        epochs=situation.spec.epochs,
        batch_size=situation.spec.batch_size,
        measured=judged.measured,
    )


def _bytes_of(spec: Spec, name: str) -> bytes:
    keras.utils.set_random_seed(int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % 2**31)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        build(spec).save(path)
        return path.read_bytes()
