"""What the shape of a training curve says, in numbers that do not depend on the scale of the loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]

_WINDOW = 0.05  # share of the epochs in a smoothing window, and at the end of a curve
_FLOOR = 0.05  # of the whole fall of a curve: below it a loss counts as zero, so that 1e-6 to 3e-6 is no rise
_LATE = 0.2  # share of the epochs that shows whether a curve still moves
_CAP = 6.0  # no feature is larger: one wild curve must not outvote everything else
_LARGEST = 1e300  # sums and differences of larger losses are no numbers any more
_STILL = 1e-3  # accuracies of a few hundred rows move in larger steps
_MEDIAN_OF_NORMAL = 0.6745  # median of |z| of a normal distribution


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One curve without its noise.

    Attributes:
        start: highest of the first epochs.
        best: lowest smoothed value.
        best_epoch: where that is, counted from 0.
        end: median of the last twentieth of the epochs, at least of the last three where there are ten.
        level: size of the best value, or a twentieth of the whole fall where that is larger.
        fall: from start to best; above 0 unless the curve never falls.
        noise: standard deviation from epoch to epoch, over the second half.
        late: fall over the last fifth of the epochs, in losses.
        middle: fall over the last half.
    """

    start: float
    best: float
    best_epoch: int
    end: float
    level: float
    fall: float
    noise: float
    late: float
    middle: float

    @property
    def rise(self) -> float:
        """How far the end lies above the best, as a share of the level."""
        return (self.end - self.best) / self.level


def smooth(values: Curve) -> Curve:
    """Return the curve with single spikes cut off and averaged over a twentieth of its epochs.

    Example:
        >>> smooth(np.array([3.0, 2.0, 9.0, 2.0, 1.0])).round(2).tolist()
        [3.0, 2.67, 2.33, 1.67, 1.5]
    """
    count = len(values)
    if count < 3:
        return values
    inner = np.median(np.stack([values[:-2], values[1:-1], values[2:]]), axis=0)
    calm = np.concatenate([values[:1], inner, values[-1:]])
    half = max(1, int(_WINDOW * count / 2))
    total = np.concatenate([[0.0], np.cumsum(calm)])
    place = np.arange(count)
    first, last = np.maximum(place - half, 0), np.minimum(place + half + 1, count)
    return (total[last] - total[first]) / (last - first)


def shape(values: Curve) -> Shape:
    """Return the shape of a finite curve of at least one epoch."""
    values = np.clip(values, -_LARGEST, _LARGEST)
    scale = float(np.abs(values).max()) or 1.0
    values = values / scale  # sums of huge losses stay finite
    count = len(values)
    calm = smooth(values)
    best_epoch = int(calm.argmin())
    best = float(calm[best_epoch])
    ending = max(1, int(_WINDOW * count), 3 if count >= 10 else 1)
    end = float(np.median(values[-ending:]))
    start = max(float(values[0]), float(calm[0]))
    steps = np.diff(values[count // 2 :])
    noise = float(np.median(np.abs(steps - np.median(steps)))) if len(steps) else 0.0
    span = float(values.max() - values.min())
    back = max(1, int(_LATE * count))
    return Shape(
        start=start * scale,
        best=best * scale,
        best_epoch=best_epoch,
        end=max(end, best) * scale,
        level=max(abs(best), _FLOOR * (start - best), _FLOOR * min(span, abs(start) or span), 1e-12) * scale,
        fall=max(start - best, 0.0) * scale,
        noise=float(noise / _MEDIAN_OF_NORMAL / np.sqrt(2.0) * scale),
        late=float(calm[max(count - 1 - back, 0)] - calm[-1]) * scale,
        middle=float(calm[count // 2] - calm[-1]) * scale,
    )


def validation_features(validation: Shape, num_epochs: int) -> dict[str, float]:
    """Return what the validation curve alone says about having got worse; see `Shape`."""
    rise = validation.end - validation.best
    noise = max(validation.noise, 1e-9 * validation.level)
    return {
        "rise": _log(rise / validation.level, 0.04),
        "rise_of_fall": _log(rise / max(validation.fall, 1e-9 * validation.level), 0.05),
        "rise_over_noise": _log(rise / noise, 1.0),
        "after_best": 1.0 - validation.best_epoch / max(num_epochs - 1, 1),
        "late_rise": _signed(-validation.late / validation.level, 0.02),
        "unrest": _log(validation.noise / validation.level, 0.01),
    }


def joint_features(train: Shape, validation: Shape, num_epochs: int) -> dict[str, float]:
    """Return what both curves say about having learned, and about whether they still do."""
    own = validation_features(validation, num_epochs)
    validation_fall = _log(validation.fall / validation.level, 0.1)
    train_fall = _log((train.start - train.end) / train.level, 0.1)
    validation_late = _signed(validation.late / max(validation.fall, 1e-9 * validation.level), 0.02)
    train_late = _signed(train.late / max(train.fall, 1e-9 * train.level), 0.02)
    return {
        **own,
        "validation_fall": validation_fall,
        "train_fall": train_fall,
        "validation_late": validation_late,
        "train_late": train_late,
        "apart": own["rise"] * train_fall / _CAP,  # validation gets worse while training gets better
        "flat_train": float(np.exp(-2.0 * train_fall)),
        "flat_validation": float(np.exp(-2.0 * validation_fall)),
        "both_fall": max(train_late, 0.0) * max(validation_late, 0.0),
        "train_middle": _signed(train.middle / train.level, 0.05),
        "validation_middle": _signed(validation.middle / validation.level, 0.05),
        "gap": _signed((validation.end - train.end) / validation.level, 0.1),
        "train_unrest": _log(train.noise / train.level, 0.01),
        "length": float(np.log(num_epochs / 100.0)),
    }


def accuracy_features(train: Curve, validation: Curve) -> dict[str, float]:
    """Return what both accuracies say about having learned: a network that has not answers the same always.

    Args:
        train: ``[epoch]`` accuracies, 0 to 1, without gaps; likewise `validation`.
    """
    return {
        "validation_stillness": _stillness(validation[len(validation) // 2 :]),
        "train_stillness": _stillness(train[len(train) // 2 :]),
        "validation_range": float(np.log(np.ptp(validation) + _STILL)),
        "train_range": float(np.log(np.ptp(train) + _STILL)),
        "stuck": float((validation == np.median(validation)).mean()),
        "validation_accuracy": _ending(validation),
        "train_accuracy": _ending(train),
    }


def _stillness(values: Curve) -> float:
    """Return the logarithm of how far accuracies scatter; that of an answer that never changes is lowest."""
    return float(np.log(np.std(values) + _STILL))


def _ending(values: Curve) -> float:
    return float(np.median(values[-max(3, int(_WINDOW * len(values))) :]))


def score(features: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return the linear score of features; weights name each feature and ``constant``."""
    return weights["constant"] + sum(weights[name] * value for name, value in features.items())


def _log(value: float, unit: float) -> float:
    """Return log(1 + value / unit), between 0 and a cap."""
    return float(min(np.log1p(max(value, 0.0) / unit), _CAP))


def _signed(value: float, unit: float) -> float:
    return float(np.sign(value)) * _log(abs(value), unit)
