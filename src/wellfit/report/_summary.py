"""What a report comes to in a few words, shared by all renderings so that they cannot disagree."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Literal

from wellfit.records import Effect, HoldoutResult, Remedy, Report, Verdict
from wellfit.report._numbers import common_decimals, decimals_for, interval, number
from wellfit.report._words import count, plain

Light = Literal["green", "amber", "red", "gray"]
SIGNIFICANCE = 0.05
SIGN_CONVENTION = "Positive = better than the baseline, whichever way the metric runs."

LIGHTS: dict[Verdict, tuple[Light, str]] = {
    Verdict.HEALTHY: ("green", "Healthy"),
    Verdict.OVERFITTING: ("amber", "Overfitting"),
    Verdict.UNDERFITTING: ("amber", "Underfitting"),
    Verdict.NOT_LEARNING: ("red", "Not learning"),
    Verdict.MISLEADING_EVALUATION: ("red", "Misleading evaluation"),
    Verdict.INCONCLUSIVE: ("gray", "Cannot tell"),
}

_MEANINGS = {
    "learning_rate": "initial learning rate of the optimizer",
    "schedule": "how the learning rate decays over the epochs",
    "warmup": "share of all updates over which the learning rate rises",
    "clip_norm": "largest norm of the gradients of an update; 0 = no clipping",
    "l1": "penalty on the sum of absolute kernel weights",
    "l2": "penalty on the sum of squared kernel weights",
    "weight_decay": "decoupled decay of kernels, times the learning rate",
    "penalty_scale": "factor on the penalties that the network itself declares",
    "dropout": "dropout rate after hidden layers",
    "dropout_scale": "factor on the network's own dropout rates",
    "label_smoothing": "share of the target spread evenly over the classes",
    "class_weight": "weights of training rows by class",
    "width": "units of hidden layers, relative to the network's own",
    "depth": "hidden layers more or fewer than the network has",
    "batch_size": "rows in an update",
    "epochs": "passes over the training rows at most",
    "scaling": "how inputs are scaled, in place of the study's own way",
    "outliers": "what becomes of values far out; drop = of training rows that hold one",
    "missing": "what fills missing numbers",
    "selection": "what features are selected by, on training rows",
    "selected_share": "share of the features that selection keeps",
    "extraction": "linear features in place of the scaled inputs",
    "extracted_share": "how many of them, as a share of the features",
    "creation": "features that are computed and added to the inputs",
    "resampling": "how training rows are multiplied or made; diffusion = pictures are drawn (experimental)",
    "suspects": "what becomes of training rows whose label others contradict",
    "patience": "epochs without a better validation loss before stopping; 0 = no early stopping",
    "temperature": "whether probabilities are calibrated by one factor on the logits",
    "test_time_augmentation": "views of a picture whose mean output is the prediction; none = as it is",
    "normalization": "what normalizes between hidden layers; own = as the network is",
    "activation": "nonlinearity of hidden layers; own = as the network is",
    "skip": "sums that bridge hidden layers; own = as the network is",
    "pooling": "average = the mean of each map where the network flattens maps; own = as the network is",
    "convolutions": "small = kernels of 3 by 3 places at most; separable = a depthwise and a pointwise part",
    "map_dropout": "rate at which whole maps of convolutions are dropped in training",
    "input_scale": "whether each input is multiplied by a learned factor first",
    "embedding": "periodic features beside numeric inputs; own = as the network is",
    "category_embedding": "whether one-hot columns of a category pass a small layer of their own first",
    "frozen_stages": "stages of the network, from the input on, that do not learn; -1 = as the network is",
    "orthogonality": "penalty on hidden units whose incoming weights point alike",
    "max_norm": "largest norm of the weights into a hidden unit; 0 = no bound",
    "activity_l2": "penalty on the squared outputs of hidden layers",
    "l2_sp": "penalty on the distance of kernels from the weights that training starts from",
    "rate_decay": "factor on the learning rate from each layer to the one before it; 1 = one rate",
    "penalty_where": "layers whose kernels L1, L2 and weight decay reach",
    "dropout_where": "dropout points that the dropout rate is for",
    "dropout_kind": "zeros, Gaussian factors or alpha dropout at the dropout points",
    "input_noise": "standard deviation of noise on the scaled inputs in training",
    "input_dropout": "share of the inputs that are zero in a training row",
    "stochastic_depth": "share of training rows that go past the last residual branch, fewer past others",
    "mixup": "parameter of the shares that rows are mixed by; 0 = no mixing",
    "cutmix": "parameter of the shares of features that come from another row; 0 = none",
    "adversarial": "step by which rows are moved to raise their loss, for half of the loss; 0 = none",
    "random_flip": "probability of exchanging left and right of a picture in training",
    "random_translation": "largest shift of a picture in training, as a share of its sides",
    "random_brightness": "largest change of a picture's brightness in training, in deviations of pixels",
    "random_contrast": "largest relative change of a picture's contrast in training",
    "random_erasing": "sides of the part of a picture that is erased in training, as a share",
    "random_rotation": "largest angle by which a picture is turned in training, as a share of a whole turn",
    "random_zoom": "largest relative change of a picture's scale in training, in or out",
    "random_shear": "largest shear of a picture in training, as a share of its sides",
    "random_crop": "largest share of a picture's sides that is cut away in training",
    "random_saturation": "largest change of a picture's saturation in training; 0.5 = from gray to full",
    "random_hue": "share of the color circle, both ways together, that colors move by in training",
    "random_noise": "deviation of noise on a picture in training, in deviations of its pixels",
    "rand_augment": "magnitude of two operations drawn for each picture in training",
    "averaging": "mean of its weights over time that the network is judged by",
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One setting, in the baseline and in the chosen network.

    Attributes:
        name: field of `Settings`.
        baseline: its value as text.
        chosen: likewise.
        meaning: what the setting is, in a few words.
    """

    name: str
    baseline: str
    chosen: str
    meaning: str


def settings_table(report: Report) -> tuple[Change, ...]:
    """Return every setting of baseline and chosen network, in the order of `Settings`."""
    before, after = dataclasses.asdict(report.baseline), dataclasses.asdict(report.chosen)
    return tuple(
        Change(
            name=name,
            baseline=setting(name, before[name]),
            chosen=setting(name, after[name]),
            meaning=_MEANINGS.get(name, ""),
        )
        for name in before
    )


def changes(report: Report) -> tuple[Change, ...]:
    """Return the settings in which the chosen network differs from the baseline."""
    names = report.chosen.changed_from(report.baseline)
    return tuple(change for change in settings_table(report) if change.name in names)


def setting(name: str, value: object) -> str:
    """Return the value of a setting as text: None as a dropout rate is "the network's own"."""
    if name == "dropout" and value is None:
        return "the network's own"
    if name == "depth" and isinstance(value, int) and value > 0:
        return f"+{value}"
    return plain(value)


def settings_line(remedy: Remedy) -> str:
    """Return ``l2=0.0001, dropout=0.3``."""
    return ", ".join(f"{name}={setting(name, value)}" for name, value in remedy.settings.items())


def num_averaged(report: Report) -> int:
    """Return how many networks the one that is handed back is the average of; 0 where it is one network."""
    number = report.options.get("averaged_networks")
    return number if isinstance(number, int) else 0


def holdout_reading(holdout: HoldoutResult) -> Literal["better", "worse", "cannot tell"]:
    """Return what the interval of the holdout difference says."""
    if holdout.low > 0:
        return "better"
    return "worse" if holdout.high < 0 else "cannot tell"


def reading(effect: Effect | None) -> Literal["better", "worse", "cannot tell", "not measured"]:
    """Return what an effect says: a direction only if interval and, where known, p-value both support it."""
    if effect is None or math.isnan(effect.estimate):
        return "not measured"
    if effect.p_value >= SIGNIFICANCE:  # False for NaN: then the interval alone decides
        return "cannot tell"
    if effect.low > 0:
        return "better"
    return "worse" if effect.high < 0 else "cannot tell"


def holdout_line(report: Report) -> str:
    """Return the holdout result in the study's metric as one sentence, or why there is none."""
    holdout = report.holdout
    if holdout is None:
        return "Holdout: not reached."
    name = report.metric.name
    before = holdout.baseline.get(name, math.nan)
    after = holdout.improved.get(name, math.nan)
    rows = count(holdout.num_rows, "row")
    if not changes(report) and not report.options.get("averaged_networks"):
        return f"Holdout ({rows}): {name} {number(before)}; the chosen network is the baseline."
    places = min(common_decimals((before, after), holdout.difference), 6)
    estimate, low, high = interval(holdout.difference, holdout.low, holdout.high)
    return (
        f"Holdout ({rows}): {name} {number(before, places)} -> {number(after, places)}; "
        f"improvement {estimate}, 95 % interval {low} to {high} ({holdout_reading(holdout)})."
    )


def more_data_line(report: Report) -> str:
    """Return what more rows would be worth as one sentence, or an empty string."""
    found = report.more_data
    if found is None:
        return ""
    places = decimals_for(found.high, digits=2)
    estimate, low, high = (number(value, places) for value in (found.estimate, found.low, found.high))
    return (
        f"{count(found.extra_rows, 'more row')} would be worth {estimate} in {found.unit.replace('_', ' ')}, "
        f"95 % interval {low} to {high}{'' if found.low > 0 else ' (cannot tell)'}."
    )


def ordered(remedies: tuple[Remedy, ...]) -> tuple[Remedy, ...]:
    """Return confirmed remedies first, then screened ones, each by falling estimate, unmeasured ones last."""

    def key(remedy: Remedy) -> tuple[int, bool, float]:
        estimate = math.nan if remedy.effect is None else remedy.effect.estimate
        unmeasured = math.isnan(estimate)
        return 0 if remedy.stage == "confirmed" else 1, unmeasured, 0.0 if unmeasured else -estimate

    return tuple(sorted(remedies, key=key))
