"""Training runs for the corpus of curves: many settings of one network on each data set, unseen rows aside.

Each data set gives a *cell* for each number of training rows. The members of a cell share rows and seed and
differ in learning rate, dropout, L2 and width, so that every one is a sibling of every other. A member is
trained twice with the same numbers, once measured on its validation rows and once on the unseen test rows;
a member whose two trainings do not agree is left out.
"""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from sklearn import datasets as made

from wellfit.data import prepare, read_table
from wellfit.models import dense_stack, network_function, training_setup
from wellfit.population import Population
from wellfit.records import Dataset, Settings, Split, Task, members_from

SHAPES = ((64, 32), (32, 32, 32), (128,))
NUM_TRAIN = (60, 250, 1000)
NUM_VISITS = 150_000  # row visits of a member: epochs are this by rows, within the limits below
EPOCHS = (120, 1000)
MAX_TEST = 1000
NARROW = 1 / 16
DROPOUTS = (0.0, 0.3, 0.0, 0.5, 0.0)
L2S = (0.0, 0.0, 1e-3, 1e-2, 0.1)
RATES = {
    "adam": (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 1.0),
    "sgd": (1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.5, 3.0),
}
NUM_RATES = 5
LABEL_NOISE = (0.0, 0.0, 0.1, 0.25)


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A data set: standardized inputs, and classes or a standardized target."""

    name: str
    inputs: np.ndarray
    target: np.ndarray
    task: Task


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """The members of one data set at one number of training rows, as arrays with a leading member axis.

    `chance_train` and `chance_test` are the losses of the best constant prediction for the training rows,
    measured on either side.
    """

    source: str
    optimizer: str
    num_train: int
    learning_rate: np.ndarray
    dropout: np.ndarray
    l2: np.ndarray
    width: np.ndarray
    train_loss: np.ndarray
    validation_loss: np.ndarray
    test_loss: np.ndarray
    penalty: np.ndarray
    train_accuracy: np.ndarray
    validation_accuracy: np.ndarray
    chance_train: float
    chance_test: float


def sources(manifest: Path | None, *, half: str) -> Iterator[Source]:
    """Yield the data sets of one half: ``tune`` has the even places of the sorted names, ``report`` the odd.

    Args:
        manifest: JSON list of ``{"name", "file", "target"}`` with files relative to it, or None for the
            data sets that scikit-learn brings or makes.
        half: ``tune`` or ``report``.
    """
    loaders: dict[str, Callable[[], Source]] = dict(_made())
    if manifest is not None:
        for entry in json.loads(manifest.read_text("utf-8")):
            if entry["rows"] >= 700:
                loaders[entry["name"]] = lambda entry=entry: _table(manifest.parent, entry)
    for place, name in enumerate(sorted(loaders)):
        if (place % 2 == 0) == (half == "tune"):
            yield loaders[name]()


def _made() -> dict[str, Callable[[], Source]]:
    def classes(name: str, **options: object) -> Callable[[], Source]:
        return lambda: _source(name, *made.make_classification(4000, random_state=len(name), **options))

    def bundled(name: str, load: Callable[..., object], real: bool = False) -> Callable[[], Source]:
        return lambda: _source(name, *load(return_X_y=True), real=real)

    def teacher() -> Source:
        random = np.random.default_rng(7)
        x = random.normal(size=(4000, 12))
        y = np.tanh(x @ random.normal(size=(12, 8))) @ random.normal(size=8) + 0.5 * random.normal(size=4000)
        return _source("made_teacher", x, y, real=True)

    def parity() -> Source:
        random = np.random.default_rng(8)
        x = random.normal(size=(4000, 10))
        return _source("made_parity", x, (np.prod(x[:, :2], axis=1) > 0).astype(int))

    def sparse() -> Source:
        x, y = made.make_regression(3000, 150, n_informative=10, noise=60.0, random_state=9)
        return _source("made_sparse", x, y, real=True)

    return {
        "digits": bundled("digits", made.load_digits),
        "diabetes_progression": bundled("diabetes_progression", made.load_diabetes, real=True),
        "breast_cancer": bundled("breast_cancer", made.load_breast_cancer),
        "made_easy": classes("made_easy", n_features=10, n_informative=5, flip_y=0.0, class_sep=1.5),
        "made_wide": classes("made_wide", n_features=120, n_informative=10, flip_y=0.1),
        "made_classes": classes("made_classes", n_features=20, n_informative=10, n_classes=5, flip_y=0.05),
        "made_rare": classes("made_rare", n_features=20, n_informative=6, weights=[0.9], flip_y=0.05),
        "made_moons": lambda: _source("made_moons", *made.make_moons(4000, noise=0.3, random_state=1)),
        "made_friedman": lambda: _source(
            "made_friedman", *made.make_friedman1(4000, noise=2.0, random_state=2), real=True
        ),
        "made_teacher": teacher,
        "made_parity": parity,
        "made_sparse": sparse,
    }


def _table(folder: Path, entry: dict) -> Source:
    prepared = prepare(read_table(folder / entry["file"]), entry["target"], holdout=0)
    dataset = prepared.dataset
    inputs = np.concatenate([np.asarray(v, float).reshape(len(v), -1) for v in dataset.inputs], axis=1)
    rows = np.random.default_rng(0).permutation(len(inputs))[:6000]
    return _source(
        entry["name"], inputs[rows], np.asarray(dataset.target)[rows], real=dataset.task is Task.REGRESSION
    )


def _source(name: str, inputs: np.ndarray, target: np.ndarray, *, real: bool = False) -> Source:
    """Return a source with one label in ten or four drawn anew in half of the data sets."""
    inputs = np.where(np.isfinite(inputs), inputs, np.nan)
    center = np.nan_to_num(np.nanmean(inputs, axis=0))
    spread = np.nan_to_num(np.nanstd(inputs, axis=0))
    scaled = np.nan_to_num((inputs - center) / np.where(spread > 0, spread, 1.0)).clip(-8, 8)
    random = np.random.default_rng(sum(name.encode()))
    noise = LABEL_NOISE[sum(name.encode()) % len(LABEL_NOISE)]
    if real:
        target = np.asarray(target, np.float32).reshape(len(target), -1)[:, :1]
        target = (target - target.mean()) / target.std()
        target = target + noise * 2 * random.normal(size=target.shape)
        return Source(name=name, inputs=scaled.astype("f4"), target=target.astype("f4"), task=Task.REGRESSION)
    codes = np.unique(target, return_inverse=True)[1].reshape(-1).astype(np.int32)
    flipped = random.random(len(codes)) < noise
    codes = np.where(flipped, random.permutation(codes), codes)
    task = Task.BINARY if codes.max() == 1 else Task.MULTICLASS
    return Source(name=name, inputs=scaled.astype(np.float32), target=codes.astype(np.int32), task=task)


def cells(source: Source, *, quick: bool = False) -> list[Cell]:
    """Train all members of a data set and return its cells."""
    place = sum(source.name.encode())
    units = SHAPES[place % len(SHAPES)]
    optimizer = ("adam", "adam", "sgd")[place // 4 % 3]
    num_classes = int(source.target.max()) + 1 if source.task.is_classification else 0
    num_outputs = num_classes if source.task is Task.MULTICLASS else 1
    keras.utils.set_random_seed(0)
    model = dense_stack(source.inputs.shape[1], source.task, num_outputs, units=units, dropout=0.1)
    made_by = {"adam": keras.optimizers.Adam, "sgd": lambda: keras.optimizers.SGD(momentum=0.9)}
    model.compile(made_by[optimizer](), model.loss)
    dataset = Dataset(
        inputs=(source.inputs,),
        target=source.target,
        task=source.task,
        class_names=tuple(str(code) for code in range(num_classes)),
    )
    random = np.random.default_rng(place)
    order = random.permutation(len(source.inputs)).astype(np.int32)
    test = order[: min(MAX_TEST, len(order) // 2)]
    pool = order[len(test) :]
    sizes = [size for size in NUM_TRAIN if size + max(20, size // 4) <= len(pool)][: 2 if quick else 3]
    rows = [(pool[:size], pool[size : size + max(20, size // 4)]) for size in sizes]
    network, setup = network_function(model), training_setup(model, source.task)
    curves = []
    members = _members(optimizer, sizes, random, quick)
    for side in ("validation", "test"):
        splits = [
            Split(train=train, validation=held if side == "validation" else test) for train, held in rows
        ]
        trainer = Population(
            network, setup, dataset, splits, measured_rows=500, vary=("dropout", "width"), block_size=16
        )
        curves.append(trainer.train(members, keep_weights=False))
        trainer.close()
    blank = np.full_like(curves[0].train_loss, np.nan)
    found = []
    for index, size in enumerate(sizes):
        own = (members.split == index) & _agree(curves[0].train_loss, curves[1].train_loss)
        length = _epochs(size, quick)
        train = rows[index][0]

        def cut(values: np.ndarray, own: np.ndarray = own, length: int = length) -> np.ndarray:
            return values[own, :length]

        found.append(
            Cell(
                source=source.name,
                optimizer=optimizer,
                num_train=size,
                learning_rate=members.learning_rate[own],
                dropout=members.dropout[own],
                l2=members.l2[own],
                width=members.width[own],
                train_loss=cut(curves[0].train_loss),
                validation_loss=cut(curves[0].validation_loss),
                test_loss=cut(curves[1].validation_loss),
                penalty=cut(curves[0].penalty),
                train_accuracy=cut(curves[0].train_metrics.get("accuracy", blank)),
                validation_accuracy=cut(curves[0].validation_metrics.get("accuracy", blank)),
                chance_train=_constant_loss(source, train, train),
                chance_test=_constant_loss(source, train, test),
            )
        )
    return found


def _epochs(num_train: int, quick: bool) -> int:
    return int(np.clip(NUM_VISITS / num_train, *EPOCHS)) // (4 if quick else 1)


def _members(optimizer: str, sizes: list[int], random: np.random.Generator, quick: bool):
    settings, split = [], []
    for index, size in enumerate(sizes):
        chosen = random.choice(RATES[optimizer], 3 if quick else NUM_RATES, replace=False)
        for rate in chosen:
            for dropout, l2, width in [
                *((d, s, 1.0) for d, s in zip(DROPOUTS, L2S, strict=True)),
                (0, 0, NARROW),
            ]:
                settings.append(
                    Settings(
                        learning_rate=float(rate),
                        dropout=dropout,
                        l2=l2,
                        width=width,
                        epochs=_epochs(size, quick),
                    )
                )
                split.append(index)
    members = members_from(settings, split=split, seed=[17 + s for s in split], restore_best=False)
    return members


def _agree(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    close = np.isclose(one, other, rtol=1e-3, atol=1e-6, equal_nan=True)
    return close.all(axis=1)


def _constant_loss(source: Source, train: np.ndarray, rows: np.ndarray) -> float:
    """Return the loss on `rows` of the constant prediction that fits `train` best."""
    target = source.target
    if not source.task.is_classification:
        return float(np.square(target[rows] - target[train].mean()).mean())
    counts = np.bincount(target[train], minlength=int(target.max()) + 1) + 0.5
    return float(-np.log(counts / counts.sum())[target[rows]].mean())


def save(cell: Cell, folder: Path) -> None:
    """Write a cell as one file, for analysis while others are still training."""
    np.savez_compressed(folder / f"{cell.source}-{cell.num_train}.npz", **vars(cell))


def load(path: Path) -> Cell:
    """Read what `save` wrote."""
    with np.load(path) as stored:
        values = {name: stored[name] for name in stored.files}
    return Cell(**{name: value.item() if value.ndim == 0 else value for name, value in values.items()})
