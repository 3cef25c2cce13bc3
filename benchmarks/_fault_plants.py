"""Faults to plant: each changes a healthy situation, at three strengths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans

from _fault_tables import Rows
from _fault_truth import Situation

Make = Callable[[Situation, int, np.random.Generator], Situation | None]


@dataclass(frozen=True, kw_only=True)
class Plant:
    """One kind of fault.

    Attributes:
        name: of the plant; several can stand for one code.
        code: the cause.
        make: ``(healthy, strength 0 to 2, rng) -> situation``, or None where it cannot be planted.
        judged: by what it is measured: ``training`` (test loss), ``estimate`` (validation against test loss),
            or a name of its own.
        undo: from the faulty to the repaired situation, where that is not the healthy one.
        shared: whether it needs no program of its own; such plants come more often.
        every: whether all strengths are tried on a pair, as few of them harm.
    """

    name: str
    code: str
    make: Make
    judged: str = "training"
    undo: Callable[[Situation], Situation] | None = None
    shared: bool = True
    every: bool = False


def _spec(**changes: Callable[[Situation, int], object]) -> Make:
    def make(s: Situation, strength: int, rng: np.random.Generator) -> Situation:
        del rng
        return s.change(spec=s.spec.change(**{k: f(s, strength) for k, f in changes.items()}))

    return make


def _long_enough(s: Situation) -> int:
    return max(s.spec.epochs, 20)


# --- optimisation and regularisation


def _few_rows(s: Situation, strength: int, rng: np.random.Generator) -> Situation | None:
    del rng
    share = (0.3, 0.15, 0.07)[strength]
    count = max(30, int(share * len(s.train)))
    if count > 0.4 * len(s.train):
        return None
    epochs = min(120, int(s.spec.epochs * min(1 / share, 4)))
    return s.change(train=s.train.take(np.arange(count)), spec=s.spec.change(epochs=epochs))


def _unregularized(s: Situation, strength: int, rng: np.random.Generator) -> Situation | None:
    few = _few_rows(s, 0, rng) or s if strength else s
    epochs = min(150, _long_enough(s) * (2, 1, 3)[strength])
    spec = s.spec.change(l2=0.0, dropout=0.0, epochs=epochs, learning_rate=max(s.spec.learning_rate, 2e-3))
    return few.change(spec=spec)


def _regularized(s: Situation) -> Situation:
    return s.change(spec=s.spec.change(l2=1e-2, dropout=0.4))


def _too_long(s: Situation, strength: int, rng: np.random.Generator) -> Situation:
    del rng
    factor = (4, 6, 10)[strength]
    return s.change(spec=s.spec.change(epochs=min(200, _long_enough(s) * factor), l2=0.0))


def _too_strong(s: Situation, strength: int, rng: np.random.Generator) -> Situation:
    if rng.random() < 0.6:
        return s.change(spec=s.spec.change(l2=(0.03, 0.1, 0.3)[strength]))
    return s.change(spec=s.spec.change(dropout=(0.75, 0.85, 0.93)[strength]))


def _excess(s: Situation, strength: int, rng: np.random.Generator) -> Situation:
    few = (_few_rows(s, 0, rng) or s).train if strength == 2 else s.train
    count = len(few) if strength == 2 else int(len(few) * (1.0, 0.5)[strength])
    epochs = min(40, _long_enough(s))
    spec = s.spec.change(width=s.spec.sizes()[-1], l2=0.0, dropout=0.0, epochs=epochs)
    return s.change(train=few.take(np.arange(count)), spec=spec)


# --- inputs, labels


def _unscaled(s: Situation, strength: int, rng: np.random.Generator) -> Situation:
    num = s.train.x.shape[1]
    top = (2, 3, 4)[strength]
    scale = 10 ** rng.uniform(0, top, num)
    shift = rng.uniform(-1, 1, num) * scale * strength

    def change(rows: Rows) -> Rows:
        return Rows((rows.x * scale + shift).astype(np.float32), rows.y)

    return s.change(train=change(s.train), validation=change(s.validation), test=change(s.test))


def _raw_target(s: Situation, strength: int, rng: np.random.Generator) -> Situation | None:
    del rng
    if s.spec.task != "regression":
        return None
    scale, center = ((30.0, 100.0), (300.0, 1000.0), (3000.0, 1e4))[strength]

    def change(rows: Rows) -> Rows:
        return Rows(rows.x, (rows.y * scale + center).astype(np.float32))

    parts = {"train": change(s.train), "validation": change(s.validation), "test": change(s.test)}
    return s.change(unit=scale**2, **parts)


def _permuted(s: Situation, strength: int, rng: np.random.Generator) -> Situation:
    def change(rows: Rows) -> Rows:
        if strength == 1:  # inputs that have nothing to do with the target
            return Rows(rng.normal(size=rows.x.shape).astype(np.float32), rows.y)
        return Rows(rows.x, rng.permutation(rows.y))

    return s.change(train=change(s.train), validation=change(s.validation), test=change(s.test))


def _replaced(y: np.ndarray, share: float, rng: np.random.Generator, task: str) -> np.ndarray:
    """Return labels of which a share is another class, or other values for regression."""
    chosen = rng.random(len(y)) < share
    if task == "regression":
        return np.where(chosen, y + rng.choice([-1, 1], len(y)) * rng.uniform(1.5, 3.5, len(y)), y).astype(
            y.dtype
        )
    num_classes = int(y.max()) + 1
    return np.where(chosen, (y + rng.integers(1, num_classes, len(y))) % num_classes, y).astype(y.dtype)


def _label_noise(s: Situation, strength: int, rng: np.random.Generator) -> Situation:
    y = _replaced(s.train.y, (0.2, 0.3, 0.4)[strength], rng, s.spec.task)
    spec = s.spec.change(epochs=min(120, _long_enough(s) * 2), l2=s.spec.l2 / 10)
    return s.change(train=Rows(s.train.x, y), clean_train=s.train, spec=spec)


def _noise_everywhere(s: Situation, strength: int, rng: np.random.Generator) -> Situation:
    share = (0.7, 0.8, 0.9)[strength]

    def change(rows: Rows) -> Rows:
        if s.spec.task == "regression":
            noise = rng.normal(0, np.sqrt(share / (1 - share)), len(rows))
            return Rows(rows.x, ((rows.y + noise) * np.sqrt(1 - share)).astype(np.float32))
        drawn = rng.permutation(rows.y)
        return Rows(rows.x, np.where(rng.random(len(rows)) < share, drawn, rows.y).astype(rows.y.dtype))

    spec = s.spec.change(
        learning_rate=min(s.spec.learning_rate, 1e-3), l2=max(s.spec.l2, 1e-2), epochs=min(s.spec.epochs, 15)
    )
    parts = {"train": change(s.train), "validation": change(s.validation), "test": change(s.test)}
    return s.change(spec=spec, **parts)


def _imbalanced(s: Situation, strength: int, rng: np.random.Generator) -> Situation | None:
    if s.spec.task == "regression":
        return None
    rare = int(rng.integers(0, s.spec.num_classes)) if s.spec.num_classes > 2 else 1
    share = (0.10, 0.05, 0.02)[strength]

    def cut(rows: Rows) -> Rows:
        own = np.flatnonzero(rows.y == rare)
        others = np.flatnonzero(rows.y != rare)
        usual = len(others) / max(1, s.spec.num_classes - 1)
        kept = own[: max(2, int(share * usual))]
        return rows.take(np.sort(np.concatenate([kept, others])))

    smallest = np.bincount(s.test.y).min()
    even = np.concatenate([np.flatnonzero(s.test.y == c)[:smallest] for c in range(s.spec.num_classes)])
    return s.change(train=cut(s.train), validation=cut(s.validation), test=s.test.take(even))


def _rare_columns(s: Situation, strength: int, rng: np.random.Generator) -> Situation:
    num_columns = (60, 120, 240)[strength]

    def change(rows: Rows) -> Rows:
        codes = rng.integers(0, num_columns, (len(rows), 2))
        added = np.zeros((len(rows), num_columns), np.float32)
        added[np.arange(len(rows)), codes[:, 0]] = 5.0
        added[np.arange(len(rows)), codes[:, 1]] = 5.0
        return Rows(np.hstack([rows.x, added]), rows.y)

    spec = s.spec.change(num_features=s.spec.num_features + num_columns, epochs=_long_enough(s))
    return s.change(spec=spec, train=change(s.train), validation=change(s.validation), test=change(s.test))


# --- wiring, initial weights


def _wired(s: Situation, strength: int, rng: np.random.Generator) -> Situation | None:
    del rng
    by_task = {
        "binary": ("softmax-one-unit", "frozen", "relu"),
        "multiclass": ("from-logits-never", "frozen", "relu"),
        "regression": ("relu", "frozen", "sigmoid"),
    }
    kind = by_task[s.spec.task][strength]
    if kind == "frozen":
        return s.change(spec=s.spec.change(frozen=True))
    return s.change(spec=s.spec.change(head=kind))


def _wired_more(s: Situation, strength: int, rng: np.random.Generator) -> Situation | None:
    del rng
    if s.spec.task == "regression":
        return None
    kinds = ("from-logits-twice", "from-logits-never", "softmax-one-unit")
    if s.spec.task == "multiclass":
        kinds = ("from-logits-twice", "from-logits-never", "relu")
    return s.change(spec=s.spec.change(head=kinds[strength]))


def _dead(s: Situation, strength: int, rng: np.random.Generator) -> Situation:
    del rng
    start, size = (("dead", 20.0), ("zeros", 0.0), ("saturated", 10.0))[strength]
    return s.change(spec=s.spec.change(start=start, start_size=size))


# --- evaluation


def _duplicates(s: Situation, strength: int, rng: np.random.Generator) -> Situation:
    """Validation rows are copies of training rows, of a network that fits them closely."""
    share = (0.5, 0.75, 1.0)[strength]
    few = _few_rows(s, 0, rng) or s
    count = int(share * len(s.validation))
    copied = few.train.take(rng.integers(0, len(few.train), count))
    rest = s.validation.take(np.arange(len(s.validation) - count))
    joined = Rows(np.concatenate([copied.x, rest.x]), np.concatenate([copied.y, rest.y]))
    return s.change(validation=joined, train=few.train, spec=few.spec)


def _giveaway(s: Situation, strength: int, rng: np.random.Generator) -> Situation:
    """A column tells the target in training and validation rows, and nothing in unseen ones."""
    noise = (0.3, 0.15, 0.02)[strength]

    def column(rows: Rows, y: np.ndarray) -> Rows:
        value = y.astype(np.float64)
        value = (value - s.train.y.mean()) / s.train.y.std() + rng.normal(0, noise, len(y))
        return Rows(np.hstack([rows.x, value[:, None]]).astype(np.float32), rows.y)

    return s.change(
        spec=s.spec.change(num_features=s.spec.num_features + 1),
        train=column(s.train, s.train.y),
        validation=column(s.validation, s.validation.y),
        test=column(s.test, rng.permutation(s.test.y)),
    )


def _sorted_split(s: Situation, strength: int, rng: np.random.Generator) -> Situation:
    """Validation rows are the last along a feature, one cluster, or the last by target."""
    x = np.concatenate([s.train.x, s.validation.x])
    y = np.concatenate([s.train.y, s.validation.y])
    if strength == 0:
        column = int(np.argmax([len(np.unique(c)) for c in x.T]))
        key = x[:, column]
    elif strength == 1:
        middles = KMeans(4, n_init=2, random_state=0).fit(x)
        key = -np.square(x - middles.cluster_centers_[rng.integers(0, 4)]).sum(1)
    else:
        key = y + rng.normal(0, 0.3, len(y)) * y.std()
    order = np.argsort(key, kind="stable")
    everything = Rows(x, y)
    train = everything.take(np.sort(order[: len(s.train)]))
    return s.change(train=train, validation=everything.take(np.sort(order[len(s.train) :])))


def _mismatch(s: Situation, strength: int, rng: np.random.Generator) -> Situation:
    num = s.train.x.shape[1]
    if strength == 0:
        shift, scale = rng.choice([-1.0, 1.0], num), np.ones(num)
    elif strength == 1:
        shift, scale = np.zeros(num), np.full(num, 1 / 255)
    else:
        shift, scale = rng.uniform(-3, 3, num), 10 ** rng.uniform(0, 1.5, num)
    changed = (s.validation.x * scale + shift).astype(np.float32)
    return s.change(validation=Rows(changed, s.validation.y))


def _few_validated(s: Situation, strength: int, rng: np.random.Generator) -> Situation:
    count = (30, 20, 10)[strength]
    return s.change(validation=s.validation.take(rng.permutation(len(s.validation))[:count]))


def _penalized(s: Situation, strength: int, rng: np.random.Generator) -> Situation:
    del rng
    return s.change(spec=s.spec.change(l2=max(s.spec.l2, (1e-3, 4e-3, 1.5e-2)[strength])))


def _slow_statistics(s: Situation, strength: int, rng: np.random.Generator) -> Situation:
    del rng
    epochs = min(s.spec.epochs, 20)
    return s.change(spec=s.spec.change(momentum=(0.999, 0.9995, 0.9999)[strength], epochs=epochs))


def _usual_statistics(s: Situation) -> Situation:
    return s.change(spec=s.spec.change(momentum=0.9))


PLANTS: tuple[Plant, ...] = (
    Plant(name="rate-low", code="learning-rate-too-low",
          make=_spec(learning_rate=lambda s, k: s.spec.learning_rate * (0.03, 0.01, 0.003)[k])),
    Plant(name="rate-high", code="learning-rate-too-high",
          make=_spec(learning_rate=lambda s, k: s.spec.learning_rate * (30, 100, 300)[k])),
    Plant(name="few-epochs", code="too-few-epochs",
          make=_spec(epochs=lambda s, k: max(1, round(s.spec.epochs / (5, 10, 20)[k])))),
    Plant(name="too-long", every=True, code="trained-too-long", make=_too_long),
    Plant(name="few-rows", code="too-few-rows", make=_few_rows),
    Plant(name="unregularized", every=True, code="weak-regularization", make=_unregularized,
          undo=_regularized),
    Plant(name="over-regularized", code="over-regularized", make=_too_strong),
    Plant(name="narrow", every=True, code="insufficient-capacity", shared=False,
          make=_spec(units=lambda s, k: (3, 2, 1)[k])),
    Plant(name="wide", every=True, code="excess-capacity", make=_excess, shared=False,
          undo=lambda s: s.change(spec=s.spec.change(width=0.5))),
    Plant(name="unscaled", code="unscaled-inputs", make=_unscaled),
    Plant(name="raw-target", code="unscaled-inputs", make=_raw_target),
    Plant(name="dead", code="dead-units", make=_dead, shared=False),
    Plant(name="wired", code="wiring", make=_wired, shared=False),
    Plant(name="wired-more", code="wiring", make=_wired_more, shared=False),
    Plant(name="no-signal", code="no-signal", make=_permuted, judged="signal"),
    Plant(name="noise", code="irreducible-noise", make=_noise_everywhere, judged="noise"),
    Plant(name="label-noise", code="label-noise", make=_label_noise,
          undo=lambda s: s.change(train=s.clean_train, clean_train=None)),
    Plant(name="imbalanced", every=True, code="class-imbalance", make=_imbalanced),
    Plant(name="rare-columns", code="rare-features", make=_rare_columns, shared=False),
    Plant(name="duplicates", code="leakage", make=_duplicates, judged="estimate"),
    Plant(name="giveaway", code="leakage", make=_giveaway, judged="estimate", shared=False),
    Plant(name="sorted-split", code="split-shift", make=_sorted_split, judged="estimate"),
    Plant(name="mismatch", code="preprocessing-mismatch", make=_mismatch, judged="estimate"),
    Plant(name="few-validated", code="validation-too-small", make=_few_validated, judged="precision"),
    Plant(name="penalized", every=True, code="penalty-in-loss", make=_penalized, judged="penalty"),
    Plant(name="slow-statistics", every=True, code="batchnorm-mode", make=_slow_statistics,
          undo=_usual_statistics,
          shared=False),
    Plant(name="blown-up", every=True, code="overconfidence",
          make=_spec(epochs=lambda s, k: min(120, _long_enough(s) * (2, 3, 4)[k]), l2=lambda s, k: 0.0,
                     dropout=lambda s, k: 0.0,
                     learning_rate=lambda s, k: min(0.02, s.spec.learning_rate * (1, 2, 3)[k]))),
)  # fmt: skip

# Two faults at once; the second is planted on the first.
TOGETHER: tuple[tuple[str, str], ...] = (
    ("rate-low", "unscaled"),
    ("label-noise", "too-long"),
    ("over-regularized", "unscaled"),
    ("over-regularized", "few-epochs"),
    ("few-rows", "few-validated"),
    ("rate-high", "mismatch"),
    ("few-rows", "unscaled"),
)


def by_name(name: str) -> Plant:
    """Return a plant."""
    return next(plant for plant in PLANTS if plant.name == name)
