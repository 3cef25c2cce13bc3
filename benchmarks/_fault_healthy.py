"""Find, for a data set and a network shape, a training that no single intervention improves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from _fault_engine import Job, run_jobs
from _fault_networks import Spec
from _fault_tables import Table
from _fault_truth import MARGIN, Scale, Situation, Truth, gains, interventions, measure, scale_of

_ROUNDS = 5
_LONGEST = 40
_HALF_ROWS = 0.10  # what half of the rows may cost where there are no spare rows to try
_TIE = 0.02  # of the scale
_LEAST_SIGNAL = 0.12  # of the chance loss that the healthy network must remove


@dataclass(frozen=True, eq=False)
class Pair:
    """A data set and a network in good health.

    Attributes:
        table: the data set.
        situation: network and rows.
        scale: of gains on the test rows.
        truth: what was measured of it.
        reason: why it does not count as healthy; empty if it does.
        row_gain: what twice the rows would gain: measured, or half of what half of them cost.
    """

    table: Table
    situation: Situation
    scale: Scale
    truth: Truth
    reason: str = ""
    row_gain: float = 0.0

    @property
    def is_usable(self) -> bool:
        """Whether faults can be planted: healthy, but for the rows that a table happens to have."""
        return not self.reason or "rows" in self.reason


def find_pair(table: Table, shape: str, *, quick: bool = False) -> Pair:
    """Search at random, then follow the best intervention until none helps.

    Args:
        table: the data set.
        shape: of the network.
        quick: leave out the interventions that need another compiled program.
    """
    spec = Spec(
        shape=shape,
        num_features=table.train.x.shape[1],
        task=table.task,
        num_classes=table.num_classes,
        dropout=0.2 if "dropout" in shape else 0.0,
    )
    scale = scale_of(table.train, table.test, table.task)
    spec = _searched(spec, table, scale)
    for number in range(_ROUNDS):
        situation = Situation(spec, table.train, table.validation, table.test)
        wanted = interventions(situation, thorough=True) | _row_changes(situation, table)
        if quick or number < _ROUNDS - 1:  # what needs another program only once the rest is settled
            wanted = {k: v for k, v in wanted.items() if v.spec.structure() == spec.structure()}
        truth = measure([(situation, wanted)])[0]
        scale = Scale(scale.chance, min(scale.best, truth.level(scale)))
        found = gains(truth, scale)
        usable = {k: v for k, v in found.items() if k not in ("half of the rows", "temperature", "more rows")}
        name = max(usable, key=usable.get)
        if usable[name] <= MARGIN * 0.8 or number == _ROUNDS - 1:
            if quick or number == _ROUNDS - 1:
                break
            wanted = interventions(situation, thorough=True) | _row_changes(situation, table)
            truth = measure([(situation, wanted)])[0]
            found = gains(truth, scale)
            usable = {k: v for k, v in found.items() if k in wanted and "rows" not in k}
            name = max(usable, key=usable.get)
            if usable[name] <= MARGIN * 0.8:
                break
        if name == "best epoch":
            spec = spec.change(epochs=max(5, int(truth.curve.argmin()) + 1))
        else:
            spec = wanted[name].spec
        spec = spec.change(epochs=min(spec.epochs, _LONGEST * 2))
    row_gain = found.get("more rows", -found["half of the rows"] / 2)
    return Pair(table, situation, scale, truth, _reason(found, scale), row_gain)


def _searched(spec: Spec, table: Table, scale: Scale) -> Spec:
    rng = np.random.default_rng(0)
    tried = []
    for _ in range(32):
        change = {
            "learning_rate": float(rng.choice([5e-4, 1e-3, 2e-3, 5e-3])),
            "l2": float(rng.choice([0.0, 1e-4, 1e-3, 3e-3])),
            "dropout": float(rng.choice([0.1, 0.2, 0.4] if spec.dropout else [0.0, 0.0, 0.2])),
            "width": float(rng.choice([0.5, 1.0, 1.0])),
        }
        tried.append(spec.change(epochs=_LONGEST, **change))
    outcomes = run_jobs([Job(one, table.train, table.test) for one in tried])
    smooth = [_smoothed(outcome.test_loss) for outcome in outcomes]
    lowest = np.array([curve.min() for curve in smooth])
    # Of about equally good ones the least penalized: a large penalty in the reported loss is a fault, too.
    near = np.flatnonzero(lowest <= lowest.min() + _TIE * max(scale.chance - lowest.min(), 0.0))
    chosen = min(near, key=lambda index: (tried[index].l2, lowest[index]))
    # The middle of the flat part of the curve, so that neither fewer nor more epochs matter.
    curve = smooth[chosen]
    flat = np.flatnonzero(curve <= curve.min() + 0.01 * (curve[0] - curve.min()))
    return tried[chosen].change(epochs=int(np.clip(np.median(flat) + 1, 5, _LONGEST)))


def _smoothed(loss: np.ndarray) -> np.ndarray:
    padded = np.pad(np.nan_to_num(loss, nan=1e6), 1, mode="edge")
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3


def _row_changes(situation: Situation, table: Table) -> dict[str, Situation]:
    half = table.train.take(np.arange(len(table.train) // 2))
    epochs = situation.spec.epochs
    found = {"half of the rows": situation.change(train=half, spec=situation.spec.change(epochs=2 * epochs))}
    more = more_rows(situation, table)
    return found if more is None else found | {"more rows": more}


def more_rows(situation: Situation, table: Table) -> Situation | None:
    """Return the situation with twice its rows and as many updates, where there are spare rows."""
    count = len(situation.train)
    if len(table.spare) < count:
        return None
    spare = table.spare.take(np.arange(count))
    both = type(spare)(
        np.concatenate([situation.train.x, spare.x]), np.concatenate([situation.train.y, spare.y])
    )
    epochs = max(1, situation.spec.epochs // 2)
    return situation.change(train=both, spec=situation.spec.change(epochs=epochs))


def _reason(found: dict[str, float], scale: Scale) -> str:
    half = -found["half of the rows"]
    if scale.size < _LEAST_SIGNAL * scale.chance:
        return f"little signal: {scale.size / scale.chance:.2f} of chance"
    for name, gain in found.items():
        if "rows" not in name and gain > MARGIN:
            return f"{name} gains {gain:.3f}"
    if found.get("more rows", 0.0) > MARGIN:
        return f"more rows gain {found['more rows']:.3f}"
    if "more rows" not in found and half > _HALF_ROWS:
        return f"half of the rows cost {half:.3f}"
    return ""
