"""What the given network knows of pictures before its head: computed once, for a linear head to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._frozen_parts import Part
from wellfit.api._laboratory import Laboratory
from wellfit.api._pace import map_slowdown
from wellfit.api._plan import member_cost
from wellfit.api._subject import Subject, picture_position
from wellfit.api._views import front_outputs
from wellfit.evaluation import MOST_COLUMNS, MOST_COMPONENTS
from wellfit.models import Model, before_head, learned_weights, products_per_row
from wellfit.population import num_workers
from wellfit.records import Dataset

Array = NDArray[Any]

_SHARE = 0.05  # of the budget, at most
_FEWEST = 50  # working rows that a linear head can learn from
_CHUNK = 512  # rows whose outputs are held at once
# Of what `member_cost` counts, the way forward alone takes a quarter (2 of 8 times the products).
_FORWARD = 1 / 4
# Products a second of scikit-learn on two cores, and passes over the rows: of the sketch that finds the
# components (forth and back seven times, and once more), and of the logistic regressions (seven fits).
_FIT_RATE = 5e9
_SKETCH_PASSES, _FIT_PASSES = 16, 7 * 2 * 60


@dataclass(frozen=True, eq=False)
class FrozenFeatures:
    """Features of some rows.

    Attributes:
        rows: indices into the data, sorted.
        values: ``[row, feature]`` of these.
    """

    rows: Array
    values: Array

    def of(self, rows: Array) -> Array:
        """Return ``[row, feature]`` of rows that all have features."""
        return self.values[np.searchsorted(self.rows, rows)]

    def known(self, rows: Array) -> Array:
        """Return those of the rows that have features, in their order."""
        return rows[np.isin(rows, self.rows)]


def frozen_features(
    laboratory: Laboratory, budget_s: float, *, num_fits: int, seed: int
) -> tuple[FrozenFeatures | None, str]:
    """Return features of a study's rows before the head of its pretrained network, and what to know of them.

    Rows pass the network once; where its beginning is frozen, they passed that already. All rows of the
    holdout are among them, and of the others as many as take a small share of the budget.

    Args:
        laboratory: of the study; its baseline is trained.
        budget_s: seconds of the study in all.
        num_fits: linear heads that will be fitted.
        seed: of the choice of rows.

    Returns:
        None where the rows are no pictures, where the network has learned nothing or has nothing before its
        head, and where there is no time; and a note, empty where there is nothing to know.
    """
    subject = laboratory.subject
    if picture_position(subject.dataset) is None or subject.start != "given":
        return None, ""
    if subject.preparation is not None or not learned_weights(subject.model):
        return None, ""
    part = laboratory.part(subject.baseline)
    network = before_head(part.model, part.kept or ())
    if network is None and not part.is_back:
        return None, ""
    each_s = _seconds_a_row(subject, part, network, num_fits)
    rows = _affordable_rows(subject, int(min(_SHARE * budget_s / each_s, subject.dataset.num_rows)), seed)
    if rows is None:
        return None, "no linear head was fitted on frozen features: they would take too much of the budget"
    left_out = len(subject.working) + len(subject.holdout) - len(rows)
    note = "" if left_out <= 0 else _fewer(len(rows) - len(subject.holdout), len(subject.working))
    return FrozenFeatures(rows, _outputs(network, part.dataset, rows)), note


def _seconds_a_row(subject: Subject, part: Part, network: Model | None, num_fits: int) -> float:
    """Return about how long a row takes: its way to the features, and its share of the fits."""
    outputs: Any = part.model.inputs if network is None else network.outputs
    columns = min(sum(int(np.prod(one.shape[1:])) for one in outputs), MOST_COLUMNS)
    components = min(columns, MOST_COMPONENTS)
    sketch = _SKETCH_PASSES * 2 * columns * components
    fits = _FIT_PASSES * 2 * components * max(subject.dataset.num_classes, 1)
    fitting_s = num_fits * (sketch + fits) / _FIT_RATE
    if network is None:
        return fitting_s
    rows = 1000  # of which none are left over by batches or measurements
    passing_s = member_cost(
        products_per_row(network),
        rows,
        epochs=1,
        batch_size=1,
        num_workers=num_workers(),
        slowdown=map_slowdown(network),
    )
    return fitting_s + _FORWARD * passing_s / rows


def _affordable_rows(subject: Subject, number: int, seed: int) -> Array | None:
    """Return the holdout and as many working rows as there is time for, sorted; None for too few."""
    working = np.asarray(subject.working)
    room = number - len(subject.holdout)
    if room < min(_FEWEST, len(working)):
        return None
    if room < len(working):
        working = np.random.default_rng([seed, 4]).choice(working, room, replace=False)
    return np.sort(np.concatenate([working, np.asarray(subject.holdout)])).astype(np.int64)


def _outputs(network: Model | None, dataset: Dataset, rows: Array) -> Array:
    """Return ``[row, feature]``: all that the head reads side by side; of many columns every n-th."""
    found: list[Array] = []
    for start in range(0, len(rows), _CHUNK):
        some = [values[rows[start : start + _CHUNK]] for values in dataset.inputs]
        read = some if network is None else front_outputs(network, some)
        flat = np.concatenate([np.asarray(one, np.float32).reshape(len(one), -1) for one in read], axis=1)
        found.append(flat[:, :: -(-flat.shape[1] // MOST_COLUMNS)])
    return np.concatenate(found)


def _fewer(number: int, full: int) -> str:
    return f"the linear head on frozen features saw {number:,} of {full:,} rows, to fit the budget"
