"""Labelled histories out of training runs: what the unseen test rows say is the truth.

A case is a run cut off at some epoch, as a user would hold it. All gains are losses on the test rows, as
shares of the distance from chance to the cell's best run; ``chance`` is the best constant prediction.

==================  ==========================================================================================
overfitting         the final test loss is worse than the best epoch's by `CLEAR_RISE` of itself and `CLEAR`
                    of the scale; or more dropout or L2 at the same epochs gains `CLEAR_SIBLING`
underfitting        not that, and more epochs, a higher learning rate, more units or less regularization
                    gains `CLEAR_SIBLING`, on training rows too
not-learning        neither training nor test loss is ever better than chance by `NOTHING` of the scale, and
                    more epochs do not help (or both losses end worse than chance), while a sibling is better
healthy             the rise is below `NEAR_RISE` and `NEAR`, and no sibling gains `NEAR_SIBLING`
==================  ==========================================================================================

What lies between is left out: there the truth itself is in doubt. So is a history whose final penalty is
larger than its data loss (`MAX_PENALTY`): its curves show the weights and not the fit. A cell in which no run
beats chance by `MIN_SCALE` of chance has no scale and is left out whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from _curve_runs import Cell

CLEAR_RISE, NEAR_RISE = 0.10, 0.03
CLEAR, NEAR = 0.10, 0.03
CLEAR_SIBLING = 0.25
NEAR_SIBLING = 0.08
NOTHING = 0.03
MIN_SCALE = 0.08
MAX_PENALTY = 1.0
WITH_ACCURACY = 0.7  # share of the histories of classifiers that have accuracies
DROPOUT_SHARE = 0.6
LENGTHS = (20, 30, 50, 80, 120, 200, 350, 600, 1000)

Array = np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One history with its truth, and what the truth rests on.

    Attributes:
        source: the data set.
        truth: the measured verdict; empty if it is in doubt.
        history: as Keras would have written it.
        reasons: gains on the test rows, by name.
        later: validation loss of the run to its very end, for rules that stop it.
        settings: training rows, learning rate, dropout, L2 and width.
    """

    source: str
    truth: str
    history: dict[str, list[float]]
    reasons: dict[str, float]
    later: Array
    settings: dict[str, float]


def smoothed(values: Array, share: float = 0.05) -> Array:
    """Return a running mean over a centred window of a share of the epochs, narrower at the ends."""
    half = max(1, int(len(values) * share / 2))
    total = np.concatenate([[0.0], np.cumsum(values)])
    start = np.maximum(np.arange(len(values)) - half, 0)
    end = np.minimum(np.arange(len(values)) + half + 1, len(values))
    return (total[end] - total[start]) / (end - start)


def _level(values: Array) -> float:
    """Return the mean of the last twentieth."""
    return float(np.mean(values[-max(1, len(values) // 20) :]))


class _Gains:
    """Levels of all members of a cell at a given length, to compare siblings with."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.worst = 20 * cell.chance_test
        self.test = np.nan_to_num(cell.test_loss, nan=self.worst, posinf=self.worst).clip(max=self.worst)
        self.train = np.nan_to_num(cell.train_loss, nan=self.worst, posinf=self.worst).clip(max=self.worst)
        self.smooth = np.array([smoothed(row) for row in self.test])
        self.scale = cell.chance_test - self.smooth.min()

    def at(self, member: int, length: int) -> dict[str, float]:
        """Return the gains of one member's history of `length` epochs."""
        cell = self.cell
        test, train = self.test[member, :length], self.train[member, :length]
        final, best = _level(test), float(smoothed(test).min())
        final_train = _level(train)
        every = np.arange(len(self.test))
        same_rate = (cell.learning_rate == cell.learning_rate[member]) & (every != member)
        same_width = cell.width == cell.width[member]
        lighter = (np.nan_to_num(cell.dropout) < cell.dropout[member]) | (cell.l2 < cell.l2[member])
        lighter &= (cell.dropout <= cell.dropout[member]) & (cell.l2 <= cell.l2[member])
        heavier = (cell.dropout > cell.dropout[member]) | (cell.l2 > cell.l2[member])
        heavier &= (cell.dropout >= cell.dropout[member]) & (cell.l2 >= cell.l2[member])
        same_strength = (cell.dropout == cell.dropout[member]) & (cell.l2 == cell.l2[member])
        faster = (cell.learning_rate > cell.learning_rate[member]) & same_strength & same_width
        wider = same_rate & same_strength & (cell.width > cell.width[member])

        def best_of(siblings: Array, *, train_too: bool) -> float:
            gains = [0.0]
            for sibling in np.flatnonzero(siblings):
                gain = final - _level(self.test[sibling, :length])
                if train_too:
                    gain = min(gain, final_train - _level(self.train[sibling, :length]))
                gains.append(gain / self.scale)
            return max(gains)

        later_test, later_train = self.smooth[member, length:], self.train[member, length:]
        longer = 0.0
        if len(later_test):
            place = int(later_test.argmin())
            longer = min(final - later_test[place], final_train - later_train[place]) / self.scale
        return {
            "rise": final / max(best, 1e-9) - 1.0,
            "rise_gain": (final - best) / self.scale,
            "regularized": best_of(same_rate & same_width & heavier, train_too=False),
            "longer": max(0.0, float(longer)),
            "faster": best_of(faster, train_too=True),
            "wider": best_of(wider, train_too=True),
            "lighter": best_of(same_rate & same_width & lighter, train_too=True),
            "penalty": float(cell.penalty[member, length - 1] / cell.validation_loss[member, length - 1]),
            "learned": (cell.chance_test - best) / self.scale,
            "learned_train": (cell.chance_train - smoothed(train).min()) / self.scale,
            "final_learned": (cell.chance_test - final) / self.scale,
            "final_learned_train": (cell.chance_train - final_train) / self.scale,
        }


def truth(gains: dict[str, float]) -> str:
    """Return the verdict that the gains stand for, or an empty string where they lie in between."""
    if gains["penalty"] > MAX_PENALTY:
        return ""
    never = max(gains["learned"], gains["learned_train"]) < NOTHING
    lost = max(gains["final_learned"], gains["final_learned_train"]) < 0.0
    if never and gains["longer"] >= NEAR_SIBLING:
        return "underfitting" if gains["longer"] >= CLEAR_SIBLING else ""
    if never or lost:
        return "not-learning"
    hardly = max(gains["learned_train"], gains["learned"]) < 2 * NOTHING
    return "" if hardly else _truth_of_learned(gains)


def _truth_of_learned(gains: dict[str, float]) -> str:
    """Return the verdict of a run that has clearly learned something."""
    if gains["rise"] >= CLEAR_RISE and gains["rise_gain"] >= CLEAR:
        return "overfitting"
    if gains["rise"] >= NEAR_RISE or gains["rise_gain"] >= NEAR:
        return ""
    under = max(gains[name] for name in ("longer", "faster", "wider", "lighter"))
    over = gains["regularized"]
    if over >= CLEAR_SIBLING and under < NEAR_SIBLING:
        return "overfitting"
    if under >= CLEAR_SIBLING and over < NEAR_SIBLING:
        return "underfitting"
    return "healthy" if max(over, under) < NEAR_SIBLING else ""


def cases(cell: Cell, per_member: int = 2) -> list[Case]:
    """Return cases of a cell: each member cut off at some lengths, those in doubt included."""
    gains = _Gains(cell)
    if gains.scale < MIN_SCALE * cell.chance_test:
        return []
    random = np.random.default_rng([cell.num_train, *cell.source.encode()])
    longest = cell.train_loss.shape[1]
    lengths = [length for length in LENGTHS if length <= longest]
    found = []
    for member in range(len(cell.train_loss)):
        for length in random.choice(lengths, min(per_member, len(lengths)), replace=False):
            values = gains.at(member, int(length))
            found.append(
                Case(
                    source=cell.source,
                    truth=truth(values),
                    history=keras_history(cell, member, int(length), random),
                    reasons=values,
                    later=cell.validation_loss[member],
                    settings={
                        "num_train": cell.num_train,
                        "learning_rate": float(cell.learning_rate[member]),
                        "dropout": float(cell.dropout[member]),
                        "l2": float(cell.l2[member]),
                        "width": float(cell.width[member]),
                    },
                )
            )
    return found


def keras_history(
    cell: Cell, member: int, length: int, random: np.random.Generator
) -> dict[str, list[float]]:
    """Return what `keras.Model.fit` would have logged for a member: both losses with the penalties."""
    loss = cell.train_loss[member, :length].astype(float)
    penalty = cell.penalty[member, :length].astype(float)
    running = running_mean(loss, cell.chance_train, float(cell.dropout[member]))
    history = {
        "loss": (running + penalty).tolist(),
        "val_loss": (cell.validation_loss[member, :length] + penalty).tolist(),
    }
    if np.isfinite(cell.train_accuracy[member, 0]) and random.random() < WITH_ACCURACY:
        history["accuracy"] = cell.train_accuracy[member, :length].tolist()
        history["val_accuracy"] = cell.validation_accuracy[member, :length].tolist()
    return history


def running_mean(loss: Array, chance: float, dropout: float) -> Array:
    """Return what Keras logs as training loss, given the loss after each epoch in inference mode.

    Keras logs the mean over an epoch's batches, with dropout on. The mean is taken halfway between the ends
    of the epoch (of the first, between chance and its end), and dropout moves it towards chance by
    `DROPOUT_SHARE` of the rate. `_curve_keras.py` measures how far that is from what Keras logs.
    """
    before = np.concatenate([[chance], loss[:-1]])
    mean = (before + loss) / 2
    return mean + DROPOUT_SHARE * dropout * np.maximum(chance - mean, 0.0)
