"""The learning rate over the updates as code: Keras' own schedules where they say the same."""

from __future__ import annotations

from wellfit.api._code._recipe import Recipe
from wellfit.models import argument_code
from wellfit.records import Settings, members_from

_FACTORS = {
    "constant": "1.0",
    "plateau": "1.0",
    "exponential": "keras.ops.power({decay}, done)",
    "cosine": "{cosine_done}",
    "warm-restarts": (
        "keras.ops.where(done < 1 / 7, {first}, keras.ops.where(done < 3 / 7, {second}, {third}))"
    ),
    "one-cycle": "keras.ops.where(done < 0.3, 0.04 + 0.96 * done / 0.3, 1e-4 + (1.0 - 1e-4) * {falling})",
    "flat-cosine": "{flat}",
}


def decay(settings: Settings) -> float:
    """Return the share of the rate at the end of a schedule, or of a reduction on a plateau.

    Example:
        >>> decay(Settings(schedule="plateau"))
        0.5
    """
    return float(str(members_from([settings], split=[0], seed=[0]).decay[0]))


def has_own_schedule(recipe: Recipe) -> bool:
    """Whether the optimizer follows a schedule of its own."""
    return isinstance(recipe.setup.optimizer_config.get("learning_rate"), dict)


def rate_class(recipe: Recipe) -> str:
    """Return the class ``Rate`` for a schedule that Keras does not have; empty where none is needed."""
    settings = recipe.settings
    if has_own_schedule(recipe) or not (settings.warmup or settings.schedule in ("one-cycle", "flat-cosine")):
        return ""
    last = decay(settings)

    def cosine(place: str) -> str:
        wave = f"0.5 * (1.0 + keras.ops.cos(np.pi * {place}))"
        return wave if last == 0 else f"({last!r} + {1.0 - last!r} * {wave})"

    factor = _FACTORS[settings.schedule].format(
        decay=last,
        cosine_done=cosine("done"),
        first=cosine("(7.0 * done)"),
        second=cosine("(3.5 * (done - 1 / 7))"),
        third=cosine("(1.75 * (done - 3 / 7))"),
        falling="0.5 * (1.0 + keras.ops.cos(np.pi * (done - 0.3) / 0.7))",
        flat=cosine("keras.ops.maximum(2.0 * done - 1.0, 0.0)"),
    )
    rising = []
    if settings.warmup:
        first = f"keras.ops.maximum({settings.warmup!r} * self.num_steps, 1.0)"
        rising = [f"        factor = factor * keras.ops.minimum((step + 1.0) / {first}, 1.0)"]
    what = f"{settings.schedule}, with a warm-up" if settings.warmup else settings.schedule
    return "\n".join(
        [
            "class Rate(keras.optimizers.schedules.LearningRateSchedule):",
            f'    """The learning rate of each update: {what}."""',
            "",
            "    def __init__(self, highest, num_steps):",
            "        self.highest, self.num_steps = highest, num_steps",
            "",
            "    def __call__(self, step):",
            '        step = keras.ops.cast(step, "float32")',
            "        done = keras.ops.minimum(step / self.num_steps, 1.0)",
            f"        factor = {factor}",
            *rising,
            "        return self.highest * factor",
            "",
            "    def get_config(self):",
            '        return {"highest": self.highest, "num_steps": self.num_steps}',
        ]
    )


def rate_code(recipe: Recipe) -> tuple[str, bool]:
    """Return code of the learning rate, and whether it needs ``num_steps``."""
    settings, schedules = recipe.settings, "keras.optimizers.schedules"
    rate = f"{settings.learning_rate!r}"
    if has_own_schedule(recipe):
        return argument_code(recipe.setup.optimizer_config["learning_rate"]), False
    if rate_class(recipe):
        return f"Rate({rate}, num_steps)", True
    last = decay(settings)
    if settings.schedule == "exponential":
        return f"{schedules}.ExponentialDecay({rate}, num_steps, {last!r})", True
    if settings.schedule == "cosine":
        end = f", alpha={last!r}" if last else ""
        return f"{schedules}.CosineDecay({rate}, num_steps{end})", True
    if settings.schedule == "warm-restarts":
        end = f", alpha={last!r}" if last else ""
        return f"{schedules}.CosineDecayRestarts({rate}, num_steps / 7{end})", True
    return rate, False
