"""What is true of a situation: test loss of the network as it stands, and of every single intervention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss
from threadpoolctl import threadpool_limits

from _fault_engine import Job, Outcome, run_jobs
from _fault_networks import Spec
from _fault_tables import Rows

SEEDS = (0, 1, 2)
PAIRED = SEEDS[:2]  # of what a situation is compared with
MARGIN = 0.05  # of the way from chance to the best reference: what seeds and test rows do to a healthy run
HARM = 0.10  # a planted fault counts from here
REPAIR = 0.5  # an intervention that undoes this share of the harm is a right answer


@dataclass(frozen=True, eq=False)
class Situation:
    """A network, what it learns from, what its user validates on, and unseen rows.

    Attributes:
        spec: the network and its training.
        train: rows.
        validation: rows.
        test: rows.
        clean_train: training rows with their true labels, where those of `train` are not.
        unit: of the loss, for regression on a target in its own unit (its variance).
    """

    spec: Spec
    train: Rows
    validation: Rows
    test: Rows
    clean_train: Rows | None = None
    unit: float = 1.0

    def change(self, **changes: object) -> Situation:
        """Return a copy with some parts replaced."""
        return replace(self, **changes)


@dataclass(frozen=True, eq=False)
class Scale:
    """Test losses between which gains are measured: of the best constant, and of the best reference."""

    chance: float
    best: float

    @property
    def size(self) -> float:
        """The distance from chance to the best reference."""
        return max(self.chance - self.best, 1e-6)


def scale_of(train: Rows, test: Rows, task: str) -> Scale:
    """Return the scale of some rows; the reference is boosted trees (a network may still beat them)."""
    with threadpool_limits(1):  # on tables of this size threads wait for each other
        return _scale_of(train, test, task)


def _scale_of(train: Rows, test: Rows, task: str) -> Scale:
    if task == "regression":
        chance = float(np.mean((test.y - train.y.mean()) ** 2))
        model = HistGradientBoostingRegressor(max_iter=150, early_stopping=False, random_state=0)
        best = float(np.mean((test.y - model.fit(train.x, train.y).predict(test.x)) ** 2))
        return Scale(chance, min(best, chance))
    classes = np.arange(int(max(train.y.max(), test.y.max())) + 1)
    prior = np.bincount(train.y, minlength=len(classes)) + 0.5
    chance = float(-np.log(prior / prior.sum())[test.y].mean())
    model = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.1, min_samples_leaf=10, random_state=0
    )
    best = float(
        log_loss(test.y, model.fit(train.x, train.y).predict_proba(test.x), labels=np.unique(train.y))
    )
    return Scale(chance, min(best, chance))


# Name of an intervention: the code that it speaks for. `spec_interventions` makes them.
CODES: Mapping[str, str] = {
    "width*2": "insufficient-capacity",
    "width/2": "excess-capacity",
    "l2 3e-4": "weak-regularization",
    "rate*3": "learning-rate-too-low",
    "rate/3": "learning-rate-too-high",
    "rate/100": "learning-rate-too-high",
    "rate/10": "learning-rate-too-high",
    "rate*10": "learning-rate-too-low",
    "rate*100": "learning-rate-too-low",
    "epochs*3": "too-few-epochs",
    "epochs*10": "too-few-epochs",
    "best epoch": "trained-too-long",
    "l2 3e-3": "weak-regularization",
    "l2 3e-2": "weak-regularization",
    "dropout 0.2": "weak-regularization",
    "dropout 0.5": "weak-regularization",
    "no penalty": "over-regularized",
    "no dropout": "over-regularized",
    "no regularization": "over-regularized",
    "width/4": "excess-capacity",
    "width/16": "excess-capacity",
    "shallower": "excess-capacity",
    "width*4": "insufficient-capacity",
    "width*16": "insufficient-capacity",
    "deeper": "insufficient-capacity",
    "class weights": "class-imbalance",
    "more rows": "too-few-rows",
    "clean labels": "label-noise",
    "temperature": "overconfidence",
}


def interventions(situation: Situation, *, thorough: bool = False) -> dict[str, Situation]:
    """Return each single change of the fixed list that differs from the situation as it stands.

    Args:
        situation: as it stands.
        thorough: small steps and other depths too, as a healthy pair has to withstand.
    """
    factors = (3, 10, 100) if thorough else (10, 100)
    strengths = ("3e-4", "3e-3", "3e-2") if thorough else ("3e-3", "3e-2")
    spec = situation.spec
    rate, epochs = spec.learning_rate, spec.epochs
    changes: dict[str, dict[str, object]] = {
        f"rate/{factor}": {"learning_rate": rate / factor} for factor in factors if rate >= 1e-4
    }
    changes |= {
        f"rate*{factor}": {"learning_rate": rate * factor} for factor in factors if rate * factor < 0.2
    }
    if epochs <= 70:
        changes["epochs*3"] = {"epochs": 3 * epochs}
    if epochs <= 10:
        changes["epochs*10"] = {"epochs": 10 * epochs}
    changes |= {f"l2 {name}": {"l2": float(name)} for name in strengths if float(name) > spec.l2}
    changes |= {f"dropout {rate}": {"dropout": rate} for rate in (0.2, 0.5) if rate > spec.dropout}
    if spec.l2:
        changes["no penalty"] = {"l2": 0.0}
    if spec.dropout:
        changes["no dropout"] = {"dropout": 0.0}
    if spec.l2 and spec.dropout:
        changes["no regularization"] = {"l2": 0.0, "dropout": 0.0}
    changes |= _size_changes(spec, thorough)
    if spec.task != "regression":
        changes["class weights"] = {"balanced": True}
    found = {name: situation.change(spec=spec.change(**change)) for name, change in changes.items()}
    if situation.clean_train is not None:
        found["clean labels"] = situation.change(train=situation.clean_train, clean_train=None)
    return found


def _size_changes(spec: Spec, thorough: bool) -> dict[str, dict[str, object]]:
    if spec.units:
        return {f"width*{factor}": {"units": spec.units * factor} for factor in (4, 16)}
    down, up = ((2, 4), (2, 4)) if thorough else ((4,), (int(spec.sizes()[1]),))
    changes: dict[str, dict[str, object]] = {f"width/{by}": {"width": spec.width / by} for by in down}
    if spec.width > 2:
        changes["width/16"] = {"width": spec.width / 16}
    changes |= {f"width*{by}": {"width": spec.width * by} for by in up if spec.width * by <= spec.sizes()[1]}
    if thorough:
        changes["deeper"] = {"depth": spec.depth + 1}
        if spec.shape != "128-bn" or spec.depth > 0:
            changes["shallower"] = {"depth": spec.depth - 1}
    return changes


@dataclass(frozen=True, eq=False)
class Truth:
    """Measured on unseen rows.

    Attributes:
        own: ``[seed]`` test loss of the situation as it stands, at its last epoch.
        others: name of an intervention to its ``[seed]`` test loss, of the seeds in `PAIRED`.
        curve: ``[epoch]`` test loss, mean over seeds.
        outputs: of the first seed on the test rows.
        penalty: at the end.
    """

    own: np.ndarray
    others: Mapping[str, np.ndarray]
    curve: np.ndarray
    outputs: np.ndarray | None
    penalty: float

    def level(self, scale: Scale, name: str = "") -> float:
        """Return the loss as it stands, or of an intervention; beyond chance it counts as chance."""
        return float(np.minimum(self.others[name] if name else self.own, scale.chance).mean())

    def spread(self, scale: Scale) -> float:
        """Return the standard error of the loss as it stands, on the scale."""
        clipped = np.minimum(self.own, scale.chance)
        return float(clipped.std(ddof=1) / np.sqrt(len(clipped)) / scale.size)


def jobs_of(situation: Situation, seeds: Sequence[int] = SEEDS, *, outputs: bool = False) -> list[Job]:
    """Return one job for each seed."""
    return [
        Job(situation.spec, situation.train, situation.test, seed, wants_outputs=outputs and seed == seeds[0])
        for seed in seeds
    ]


def measure(wanted: Sequence[tuple[Situation, Mapping[str, Situation]]]) -> list[Truth]:
    """Return the truth of each situation with its interventions; all are trained together."""
    jobs: list[Job] = []
    for situation, others in wanted:
        jobs += jobs_of(situation, outputs=True)
        for other in others.values():
            jobs += jobs_of(other, PAIRED)
    outcomes = iter(run_jobs(jobs))
    truths = []
    for situation, others in wanted:
        own = [next(outcomes) for _ in SEEDS]
        losses = {
            name: np.array([_last(next(outcomes)) for _ in PAIRED]) / other.unit
            for name, other in others.items()
        }
        truths.append(_truth(situation, own, losses))
    return truths


def _truth(situation: Situation, own: list[Outcome], losses: dict[str, np.ndarray]) -> Truth:
    curves = np.array([_finite(o.test_loss) for o in own]) / situation.unit
    last = curves[:, -1]
    losses["best epoch"] = curves[: len(PAIRED), int(curves.mean(0).argmin())]
    outputs = own[0].outputs
    if outputs is not None and situation.spec.task != "regression" and situation.spec.head == "right":
        saved = row_losses(outputs, situation.test.y, "class").mean() - cooled_loss(outputs, situation.test.y)
        losses["temperature"] = last[: len(PAIRED)] - saved
    penalty = float(np.mean([o.penalty[-1] for o in own]))
    return Truth(own=last, others=losses, curve=curves.mean(0), outputs=outputs, penalty=penalty)


def _last(run: Outcome) -> float:
    return float(_finite(run.test_loss)[-1])


def _finite(loss: np.ndarray) -> np.ndarray:
    return np.nan_to_num(np.asarray(loss, np.float64), nan=1e6, posinf=1e6)


def row_losses(outputs: np.ndarray, y: np.ndarray, task: str) -> np.ndarray:
    """Return the loss of each row from probabilities or values."""
    if task == "regression":
        return np.square(outputs[:, 0] - y)
    return -np.log(np.clip(outputs[np.arange(len(y)), y], 1e-7, 1))


def cooled_loss(outputs: np.ndarray, y: np.ndarray) -> float:
    """Return the loss after temperature scaling, the temperature fitted on one half, scored on the other."""
    half = np.arange(len(y)) % 2 == 0
    log_p = np.log(np.clip(outputs, 1e-7, 1))
    temperatures = np.exp(np.linspace(-0.7, 4.0, 48))

    def losses(chosen: np.ndarray, temperature: float) -> float:
        scaled = log_p[chosen] / temperature
        scaled -= np.log(np.exp(scaled).sum(1, keepdims=True))
        return float(-scaled[np.arange(len(scaled)), y[chosen]].mean())

    total = 0.0
    for fitted, scored in ((half, ~half), (~half, half)):
        best = min(temperatures, key=lambda t, fitted=fitted: losses(fitted, t))
        total += losses(scored, best) / 2
    return total


def gains(truth: Truth, scale: Scale) -> dict[str, float]:
    """Return how far each intervention goes from the situation to the best reference, seed by seed.

    A loss beyond chance counts as chance: from there, halfway to the reference is half of the harm,
    however wild the loss was.
    """
    base = np.minimum(truth.own[: len(PAIRED)], scale.chance)
    return {
        name: float((base - np.minimum(loss, scale.chance)).mean() / scale.size)
        for name, loss in truth.others.items()
    }
