"""A population described by arrays: one row a training run."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.records._dataset import FloatArray, IntArray
from wellfit.records._settings import ROW_FIELDS, Settings

SCHEDULES = (
    "constant",
    "exponential",
    "cosine",
    "plateau",
    "warm-restarts",
    "one-cycle",
    "flat-cosine",
)
WHERES = ("all", "first", "last")
DROPOUT_KINDS = ("dropout", "gaussian", "alpha")
AVERAGINGS = ("none", "ema", "swa", "lookahead")


@dataclass(frozen=True, kw_only=True, eq=False)
class Members:
    """Training runs as arrays with a leading ``member`` axis.

    Attributes:
        seed: ``[member]`` uint32; decides initial weights, order of batches and dropout.
        split: ``[member]`` int32; which split's rows it trains and is validated on.
        scaling: ``[member]`` int32; which fitted scaling its inputs go through (usually its split's).
        label_order: ``[member]`` int32; 0 keeps the labels, k > 0 permutes them over all rows by seed k.
        num_visits: ``[member]`` int32; row visits in an epoch; 0 means the split's own number of
            training rows. More visits than rows go round again, so that a member with few rows can
            take as many updates as one with many.
        learning_rate: ``[member]`` float32.
        schedule: ``[member]`` int32; position in `SCHEDULES`.
        decay: ``[member]`` float32; final share of the learning rate for exponential and cosine, factor
            of a reduction for plateau.
        plateau_patience: ``[member]`` int32; epochs without improvement before a reduction.
        warmup: ``[member]`` float32; share of all updates over which the learning rate rises.
        clip_norm: ``[member]`` float32; largest norm of all gradients together; 0 for none.
        l1: ``[member]`` float32, kernels only, on top of the network's own penalties.
        l2: ``[member]`` float32, likewise.
        weight_decay: ``[member]`` float32; decoupled, kernels only.
        penalty_scale: ``[member]`` float32; factor on the network's own penalties.
        dropout: ``[member]`` float32; rate at every dropout point, NaN for the network's own rates.
        dropout_scale: ``[member]`` float32; factor on own rates where `dropout` is NaN.
        label_smoothing: ``[member]`` float32.
        class_weight: ``[member, class]`` float32 weights of training rows; ``[member, 0]`` for none.
        width: ``[member]`` float32 share of units of each narrowable axis that is on.
        depth: ``[member]`` int32; 0 or negative: that many of the last gateable blocks are off.
        batch_size: ``[member]`` int32; members of one batch size share a compiled program.
        epochs: ``[member]`` int32.
        patience: ``[member]`` int32; 0 means no early stopping.
        start_epoch: ``[member]`` int32; first epoch that counts for early stopping and as the best one.
        restore_best: ``[member]`` bool; keep the weights of the best epoch by validation loss, else the
            last epoch's.
        orthogonality: ``[member]`` float32, hidden kernels of two axes only.
        max_norm: ``[member]`` float32; 0 for none.
        activity_l2: ``[member]`` float32.
        l2_sp: ``[member]`` float32; towards the weights that the member starts from.
        rate_decay: ``[member]`` float32; 1 for one learning rate in all layers.
        penalty_where: ``[member]`` int32; position in `WHERES`.
        dropout_where: ``[member]`` int32, likewise.
        dropout_kind: ``[member]`` int32; position in `DROPOUT_KINDS`.
        input_noise: ``[member]`` float32.
        input_dropout: ``[member]`` float32.
        stochastic_depth: ``[member]`` float32; rate of the last residual branch.
        mixup: ``[member]`` float32; 0 for none.
        cutmix: ``[member]`` float32; 0 for none.
        adversarial: ``[member]`` float32; 0 for none.
        random_flip: ``[member]`` float32; 0 for none.
        random_translation: ``[member]`` float32; 0 for none.
        random_brightness: ``[member]`` float32; 0 for none.
        random_contrast: ``[member]`` float32; 0 for none.
        random_erasing: ``[member]`` float32; 0 for none.
        random_rotation: ``[member]`` float32; 0 for none.
        random_zoom: ``[member]`` float32; 0 for none.
        random_shear: ``[member]`` float32; 0 for none.
        random_crop: ``[member]`` float32; 0 for none.
        random_saturation: ``[member]`` float32; 0 for none.
        random_hue: ``[member]`` float32; 0 for none.
        random_noise: ``[member]`` float32; 0 for none.
        rand_augment: ``[member]`` float32; 0 for none.
        averaging: ``[member]`` int32; position in `AVERAGINGS`.
    """

    seed: NDArray[np.uint32]
    split: IntArray
    scaling: IntArray
    label_order: IntArray
    num_visits: IntArray
    learning_rate: FloatArray
    schedule: IntArray
    decay: FloatArray
    plateau_patience: IntArray
    warmup: FloatArray
    clip_norm: FloatArray
    l1: FloatArray
    l2: FloatArray
    weight_decay: FloatArray
    penalty_scale: FloatArray
    dropout: FloatArray
    dropout_scale: FloatArray
    label_smoothing: FloatArray
    class_weight: FloatArray
    width: FloatArray
    depth: IntArray
    batch_size: IntArray
    epochs: IntArray
    patience: IntArray
    start_epoch: IntArray
    restore_best: NDArray[np.bool_]
    orthogonality: FloatArray
    max_norm: FloatArray
    activity_l2: FloatArray
    l2_sp: FloatArray
    rate_decay: FloatArray
    penalty_where: IntArray
    dropout_where: IntArray
    dropout_kind: IntArray
    input_noise: FloatArray
    input_dropout: FloatArray
    stochastic_depth: FloatArray
    mixup: FloatArray
    cutmix: FloatArray
    adversarial: FloatArray
    random_flip: FloatArray
    random_translation: FloatArray
    random_brightness: FloatArray
    random_contrast: FloatArray
    random_erasing: FloatArray
    random_rotation: FloatArray
    random_zoom: FloatArray
    random_shear: FloatArray
    random_crop: FloatArray
    random_saturation: FloatArray
    random_hue: FloatArray
    random_noise: FloatArray
    rand_augment: FloatArray
    averaging: IntArray

    def __len__(self) -> int:
        return len(self.seed)

    def take(self, indices: Sequence[int] | NDArray[np.integer]) -> Members:
        """Return the members at `indices`, in that order."""
        chosen = np.asarray(indices, np.int64)
        return Members(**{f.name: getattr(self, f.name)[chosen] for f in dataclasses.fields(self)})

    def replace(self, **changes: object) -> Members:
        """Return a copy with some arrays replaced; scalars are spread over all members.

        Example:
            >>> members_from([Settings()], split=[0, 1], seed=[1, 2]).replace(l2=0.1).l2.tolist()
            [0.10000000149011612, 0.10000000149011612]
        """
        cast = {}
        for name, value in changes.items():
            old = getattr(self, name)
            cast[name] = np.array(np.broadcast_to(np.asarray(value, old.dtype), old.shape))
        return dataclasses.replace(self, **cast)


# A tenth of the initial rate at the end is the usual choice for exponential decay; all kinds of cosine go to
# zero (Loshchilov and Hutter, SGDR, 2017); plateau halves as Keras' ReduceLROnPlateau users commonly set.
_DECAY = {
    "constant": 1.0,
    "exponential": 0.1,
    "cosine": 0.0,
    "plateau": 0.5,
    "warm-restarts": 0.0,
    "one-cycle": 0.0,
    "flat-cosine": 0.0,
}


# Fields of `Settings` that are arrays of the same name: numbers as they are, choices by their position.
_NUMBERS = (
    "learning_rate",
    "warmup",
    "clip_norm",
    "l1",
    "l2",
    "weight_decay",
    "penalty_scale",
    "dropout_scale",
    "label_smoothing",
    "orthogonality",
    "max_norm",
    "activity_l2",
    "l2_sp",
    "rate_decay",
    "stochastic_depth",
    *ROW_FIELDS,
)
_COUNTS = ("batch_size", "epochs", "patience")
_CHOICES = {
    "schedule": SCHEDULES,
    "penalty_where": WHERES,
    "dropout_where": WHERES,
    "dropout_kind": DROPOUT_KINDS,
    "averaging": AVERAGINGS,
}


def members_from(
    settings: Sequence[Settings],
    *,
    split: Sequence[int] | IntArray,
    seed: Sequence[int] | NDArray[np.uint32],
    class_weight: FloatArray | None = None,
    restore_best: bool | None = True,
) -> Members:
    """Stack settings, splits and seeds, one of each a member; single settings are repeated.

    Args:
        settings: one for each member, or exactly one for all.
        split: ``[member]`` split indices.
        seed: ``[member]`` seeds.
        class_weight: ``[split, class]`` balanced weights of each split, used by the members whose
            settings ask for them; None where the task has no classes.
        restore_best: whose weights are kept: True the best epoch's, False the last epoch's, None the best
            epoch's for members that stop early and the last one's for the others, as in Keras.

    Example:
        >>> len(members_from([Settings(), Settings(l2=1e-3)], split=[0, 0], seed=[7, 7]))
        2
    """
    count = len(split)
    rows = list(settings) * count if len(settings) == 1 else list(settings)
    if len(rows) != count or len(seed) != count:
        raise ValueError(
            f"expected one settings, split and seed a member, got {len(rows)}, {count}, {len(seed)}"
        )

    def real(values: Sequence[float]) -> FloatArray:
        return np.asarray(values, np.float32)

    def whole(values: Sequence[int]) -> IntArray:
        return np.asarray(values, np.int32)

    if class_weight is None:
        weights = np.zeros((count, 0), np.float32)
    else:
        balanced = np.array([s.class_weight == "balanced" for s in rows])
        weights = np.where(balanced[:, None], class_weight[np.asarray(split)], 1.0).astype(np.float32)
    zeros = whole([0] * count)
    direct: dict[str, Any] = {name: real([getattr(s, name) for s in rows]) for name in _NUMBERS}
    direct |= {name: whole([getattr(s, name) for s in rows]) for name in _COUNTS}
    direct |= {name: whole([known.index(getattr(s, name)) for s in rows]) for name, known in _CHOICES.items()}
    return Members(
        seed=np.asarray(seed, np.uint32),
        split=np.asarray(split, np.int32),
        scaling=np.asarray(split, np.int32),
        label_order=zeros,
        num_visits=zeros,
        decay=real([_DECAY.get(s.schedule, 0.0) for s in rows]),
        plateau_patience=whole([5] * count),
        dropout=real([np.nan if s.dropout is None else s.dropout for s in rows]),
        class_weight=weights,
        width=real([min(s.width, 1.0) for s in rows]),
        depth=whole([min(s.depth, 0) for s in rows]),
        start_epoch=zeros,
        restore_best=np.array([s.patience > 0 if restore_best is None else restore_best for s in rows], bool),
        **direct,
    )
