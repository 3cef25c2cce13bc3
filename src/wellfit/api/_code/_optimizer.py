"""The optimizer as code: learning rate over the updates, decay of kernels, clipping, averages."""

from __future__ import annotations

from typing import Any

from wellfit.api._code._rates import has_own_schedule, rate_code
from wellfit.api._code._recipe import Recipe
from wellfit.api._code._text import comment
from wellfit.models import argument_code, decayed_paths, optimizer_code
from wellfit.records import UnsupportedModelError

_CLIPPING = ("clipnorm", "clipvalue", "global_clipnorm")


def optimizer_lines(recipe: Recipe) -> list[str]:
    """Return lines that make ``optimizer``."""
    settings, lines = recipe.settings, list[str]()
    rate, needs_steps = rate_code(recipe)
    changed: dict[str, Any] = {}
    if settings.weight_decay:
        changed["weight_decay"] = (
            float(recipe.setup.optimizer_config.get("weight_decay") or 0) + settings.weight_decay
        )
    if settings.clip_norm and not _clips(recipe):
        changed["global_clipnorm"] = settings.clip_norm
    if settings.averaging == "ema":
        changed |= {"use_ema": True, "ema_momentum": _momentum(recipe)}
    if needs_steps:
        lines.append(f"num_steps = -(-len(y) // {settings.batch_size}) * {_schedule_epochs(recipe)}")
    if settings.clip_norm and _clips(recipe):
        lines += comment(
            f"clip_norm={settings.clip_norm:g}: the optimizer has a clipping of its own, and takes one only."
        )
    if has_own_schedule(recipe) and (settings.warmup or settings.schedule != "constant"):
        lines += comment(
            f"schedule={settings.schedule}, warmup={settings.warmup:g}: multiplied with the optimizer's own "
            "schedule in the study; Keras has no product of schedules."
        )
    if has_own_schedule(recipe) and settings.learning_rate != recipe.setup.learning_rate:
        times = settings.learning_rate / recipe.setup.learning_rate
        lines += comment(
            f"learning_rate={settings.learning_rate:g}: multiply all rates of the schedule by {times:.4g}."
        )
    try:
        made = optimizer_code(recipe.setup, rate, **changed)
    except UnsupportedModelError as error:
        return [
            *lines,
            *comment(f"{error.summary}: import it and put it here."),
            f"optimizer = keras.optimizers.Adam({rate})",
        ]
    lines.append(f"optimizer = {made}")
    if settings.weight_decay:
        lines += _spared(recipe)
    return lines


def steps_in_all(recipe: Recipe) -> int:
    """Return how many updates the schedule is for."""
    return -(-len(recipe.train) // recipe.settings.batch_size) * _schedule_epochs(recipe)


def _schedule_epochs(recipe: Recipe) -> int:
    """Return the epochs of the schedule, in epochs over all rows of the script."""
    trained = recipe.stop_after or recipe.settings.epochs
    return max(1, round(recipe.settings.epochs * recipe.epochs / max(trained, 1)))


def _momentum(recipe: Recipe) -> float:
    """Return the decay of the average, as in the study: its window is a twentieth of all updates."""
    return round(1.0 - 1.0 / min(max(0.05 * steps_in_all(recipe), 10.0), 1000.0), 6)


def _clips(recipe: Recipe) -> bool:
    return any(recipe.setup.optimizer_config.get(name) for name in _CLIPPING)


def _spared(recipe: Recipe) -> list[str]:
    """Return lines that leave out of the decay what did not decay in the study."""
    lines = []
    if recipe.setup.optimizer_config.get("weight_decay"):
        lines += comment("The optimizer's own decay reached biases too; here all of it is for kernels.")
    paths, is_rule = decayed_paths(recipe.model, recipe.settings.penalty_where)
    if is_rule:
        rule = "len(v.shape) < 2"
        lines.append("# Biases and normalizations do not decay.")
    else:
        lines.append(f"decayed = {argument_code(paths)}")
        rule = "v.path not in decayed"
    return [
        *lines,
        f"spared = [v for v in model.trainable_variables if {rule}]",
        "optimizer.exclude_from_weight_decay(var_list=spared)",
    ]
