"""Which values of a parameter to go through where none are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_type_hints

import numpy as np

from wellfit.records import Settings, SettingsError, did_you_mean

# From "does nothing" to "nothing is learned any more", for losses around 1 and weights around 0.1.
_LOG_RANGES = {
    "l1": (1e-6, 1e-1),
    "l2": (1e-6, 1e-1),
    "weight_decay": (1e-4, 10.0),
    "orthogonality": (1e-6, 1e-1),
    "activity_l2": (1e-6, 1e-1),
    "l2_sp": (1e-5, 1.0),
    "learning_rate": (1e-5, 1e-1),
    "max_norm": (0.1, 10.0),
}
_RANGES = {
    "dropout": (0.0, 0.9),
    "dropout_scale": (0.0, 2.0),
    "penalty_scale": (0.0, 4.0),
    "rate_decay": (0.1, 1.0),
    "label_smoothing": (0.0, 0.5),
    "input_noise": (0.0, 1.0),
    "input_dropout": (0.0, 0.7),
    "stochastic_depth": (0.0, 0.8),
    "mixup": (0.0, 1.0),
    "cutmix": (0.0, 1.0),
    "adversarial": (0.0, 0.5),
    "random_flip": (0.0, 0.5),
    "random_translation": (0.0, 0.4),
    "random_brightness": (0.0, 1.0),
    "random_contrast": (0.0, 1.0),
    "random_erasing": (0.0, 0.7),
    "random_rotation": (0.0, 0.5),
    "random_zoom": (0.0, 0.8),
    "random_shear": (0.0, 0.5),
    "random_crop": (0.0, 0.8),
    "random_saturation": (0.0, 0.5),
    "random_hue": (0.0, 1.0),
    "random_noise": (0.0, 1.0),
    "rand_augment": (0.0, 1.0),
}
_VALUES = {"width": (0.125, 0.25, 0.5, 1.0, 2.0), "depth": (-1.0, 0.0, 1.0)}


def check_parameter(name: str) -> None:
    """Refuse what is no number among the settings.

    Raises:
        SettingsError: there is no such field of `Settings`, or it is no number.

    Example:
        >>> check_parameter("l2")
    """
    hints = get_type_hints(Settings)
    numeric = [field for field, hint in hints.items() if hint in (float, int, float | None)]
    if name not in numeric:
        raise SettingsError(
            f"{name!r} is no number that training depends on.",
            received=f"parameter={name!r}",
            expected=f"a field of Settings that is a number: {', '.join(numeric)}",
            fix=did_you_mean(name, numeric),
        )


def default_strengths(parameter: str, given: Sequence[float] | None, count: int) -> Sequence[float]:
    """Return the given values, or `count` values of the parameter that matter.

    Args:
        parameter: field of `Settings`.
        given: values, or None.
        count: how many to make up.

    Raises:
        SettingsError: none are given and none can be made up.

    Example:
        >>> default_strengths("dropout", None, 4)
        [0.0, 0.3, 0.6, 0.9]
    """
    check_parameter(parameter)
    if given is not None:
        return given
    if parameter in _VALUES:
        return _VALUES[parameter]
    if parameter in _LOG_RANGES:
        low, high = _LOG_RANGES[parameter]
        return [float(f"{value:.3g}") for value in np.geomspace(low, high, count)]
    if parameter in _RANGES:
        return [float(f"{value:.3g}") for value in np.linspace(*_RANGES[parameter], count)]
    raise SettingsError(
        f"there are no usual values of {parameter!r}.",
        received=f"parameter={parameter!r} without values",
        expected="values to go through, or one of " + ", ".join((*_LOG_RANGES, *_RANGES, *_VALUES)),
        fix="give the values",
    )
