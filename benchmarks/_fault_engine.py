"""Train many runs of different networks on different rows: one population for each structure."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import itertools
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import jax
import keras
import numpy as np

from _fault_networks import Spec, build
from _fault_tables import Rows
from wellfit.models import network_function, training_setup
from wellfit.population import Population
from wellfit.records import Dataset, Settings, Split, Task, members_from

_PAD_ROWS = 4096
_PAD_SPLITS = 16
WIRED = ("right",)


@dataclass(frozen=True, eq=False)
class Job:
    """One run.

    Attributes:
        spec: network and training.
        train: rows to learn from.
        test: rows to measure on after each epoch.
        seed: of weights, batches and dropout.
        wants_outputs: whether probabilities (or values) of the test rows are kept.
    """

    spec: Spec
    train: Rows
    test: Rows
    seed: int = 0
    wants_outputs: bool = False


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a job.

    Attributes:
        test_loss: ``[epoch]`` data loss on the test rows, inference mode.
        train_loss: ``[epoch]`` likewise on training rows.
        penalty: ``[epoch]``.
        outputs: ``[row, class]`` probabilities or ``[row, 1]`` values at the end, where asked for.
    """

    test_loss: np.ndarray
    train_loss: np.ndarray
    penalty: np.ndarray
    outputs: np.ndarray | None = None


def run_jobs(jobs: Sequence[Job]) -> list[Outcome]:
    """Return the outcome of each job, in order."""
    outcomes: list[Outcome | None] = [None] * len(jobs)
    groups: dict[tuple, list[int]] = {}
    for index, job in enumerate(jobs):
        groups.setdefault((job.spec.structure(), job.spec.batch_size), []).append(index)
    for (structure, _), members in groups.items():
        members.sort(key=lambda index: jobs[index].spec.epochs)
        chosen = [jobs[index] for index in members]
        runner = _by_population if structure.head in WIRED else _by_fit
        for index, outcome in zip(members, runner(structure, chosen), strict=True):
            outcomes[index] = outcome
    return outcomes


def _by_population(structure: Spec, jobs: list[Job]) -> list[Outcome]:
    began = time.perf_counter()
    dataset, splits, positions = _stacked(structure, jobs)
    model = build(structure)
    task = Task(structure.task)
    vary = ["dropout", "width"] + (["class_weight"] if structure.num_classes else [])
    population = Population(
        network_function(model), training_setup(model, task), dataset, splits, measured_rows=64, vary=vary
    )
    settings = [_settings(structure, job.spec) for job in jobs]
    weight = _class_weights(splits, dataset) if structure.num_classes else None
    members = members_from(
        settings, split=positions, seed=[job.seed for job in jobs], class_weight=weight, restore_best=False
    )
    wanted = [i for i, job in enumerate(jobs) if job.wants_outputs]
    curves = population.train(members, keep_weights=bool(wanted))
    outputs = {}
    for i in wanted:
        own = [w[i : i + 1] for w in curves.weights]
        outputs[i] = population.predict(own, members.take([i]), splits[positions[i]].validation)[0]
    _note(structure, len(jobs), curves, time.perf_counter() - began)
    population.close()
    return [
        Outcome(
            test_loss=curves.validation_loss[i, : job.spec.epochs],
            train_loss=curves.train_loss[i, : job.spec.epochs],
            penalty=curves.penalty[i, : job.spec.epochs],
            outputs=outputs.get(i),
        )
        for i, job in enumerate(jobs)
    ]


def _stacked(structure: Spec, jobs: list[Job]) -> tuple[Dataset, list[Split], list[int]]:
    """Return all rows of all jobs once, the splits between them, and each job's split."""
    starts: dict[int, int] = {}
    parts: list[Rows] = []
    total = 0
    for rows in itertools.chain.from_iterable((job.train, job.test) for job in jobs):
        if id(rows) not in starts:
            starts[id(rows)] = total
            total += len(rows)
            parts.append(rows)
    missing = -total % _PAD_ROWS
    x = np.concatenate([rows.x for rows in parts] + [np.zeros((missing, structure.num_features), np.float32)])
    y = np.concatenate([rows.y for rows in parts] + [np.zeros(missing, parts[0].y.dtype)])
    splits: list[Split] = []
    known: dict[tuple[int, int], int] = {}
    positions = []
    for job in jobs:
        key = (id(job.train), id(job.test))
        if key not in known:
            known[key] = len(splits)
            train = starts[key[0]] + np.arange(len(job.train), dtype=np.int32)
            test = starts[key[1]] + np.arange(len(job.test), dtype=np.int32)
            splits.append(Split(train=train, validation=test))
        positions.append(known[key])
    # Round sizes, so that populations of one structure share a compiled program on the disk.
    rounded = Split(
        train=np.arange(_rounded(max(len(s.train) for s in splits)), dtype=np.int32) % total,
        validation=np.arange(_rounded(max(len(s.validation) for s in splits)), dtype=np.int32) % total,
    )
    splits += [rounded] * (_PAD_SPLITS - len(splits) % _PAD_SPLITS)
    names = tuple(str(code) for code in range(structure.num_classes))
    dataset = Dataset(inputs=(x,), target=y, task=Task(structure.task), class_names=names)
    return dataset, splits, positions


def _rounded(count: int) -> int:
    return -(-count // 512) * 512


def _settings(structure: Spec, spec: Spec) -> Settings:
    return Settings(
        learning_rate=spec.learning_rate,
        l2=spec.l2,
        dropout=spec.dropout,
        width=spec.units / structure.units if spec.units else spec.width / structure.width,
        epochs=spec.epochs,
        batch_size=spec.batch_size,
        class_weight="balanced" if spec.balanced else "none",
    )


def _class_weights(splits: list[Split], dataset: Dataset) -> np.ndarray:
    """Return ``[split, class]`` weights by inverse frequency."""
    counts = [np.bincount(dataset.target[s.train], minlength=dataset.num_classes) for s in splits]
    counts = np.maximum(np.array(counts, np.float64), 1)
    return (counts.sum(1, keepdims=True) / (dataset.num_classes * counts)).astype(np.float32)


def _by_fit(structure: Spec, jobs: list[Job]) -> list[Outcome]:
    """Train what a population would refuse with `keras.Model.fit`; the loss is the one compiled."""
    del structure
    outcomes = []
    for job in jobs:
        keras.utils.set_random_seed(job.seed)
        model = build(job.spec)
        data = {"validation_data": (job.test.x, job.test.y), "epochs": job.spec.epochs, "verbose": 0}
        history = model.fit(job.train.x, job.train.y, batch_size=job.spec.batch_size, **data).history
        loss, extra = np.asarray(history["val_loss"]), float(sum(map(float, model.losses)))
        outputs = np.asarray(model(job.test.x)) if job.wants_outputs else None
        train = np.asarray(history["loss"]) - extra
        outcomes.append(Outcome(loss - extra, train, np.full(len(loss), extra), outputs))
    return outcomes


def forget_programs() -> None:
    """Let go of compiled programs, so that a long run does not fill the memory."""
    jax.clear_caches()
    keras.backend.clear_session()


def _note(structure: Spec, num_jobs: int, curves: object, duration_s: float) -> None:
    """Say what a population cost, where asked for."""
    if os.environ.get("FAULTS_VERBOSE"):
        kind = (
            f"{structure.shape} w{structure.width:g} d{structure.depth} u{structure.units} {structure.start}"
        )
        cost = f"{duration_s:.1f} s, compile {curves.compile_s:.1f} s"
        print(f"  {kind} x{structure.num_features}: {num_jobs} runs, {cost}", file=sys.stderr, flush=True)
