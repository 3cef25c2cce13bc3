"""Where each setting is found in the code, and what plain Keras cannot do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from wellfit.api._code._recipe import Recipe
from wellfit.api._code._text import comment
from wellfit.records import AUGMENTATION_FIELDS

Place = Literal["network", "rows", "training", "told"]

PLACES: Mapping[str, Place] = {
    **dict.fromkeys(
        (
            "l1",
            "l2",
            "penalty_scale",
            "dropout",
            "dropout_scale",
            "width",
            "depth",
            "orthogonality",
            "max_norm",
            "activity_l2",
            "penalty_where",
            "dropout_where",
            "dropout_kind",
            "input_noise",
            "input_dropout",
            "normalization",
            "activation",
            "skip",
            "pooling",
            "convolutions",
            "map_dropout",
            "stochastic_depth",
            "input_scale",
            "embedding",
            "category_embedding",
            "frozen_stages",
        ),
        "network",
    ),
    **dict.fromkeys(
        (
            "scaling",
            "outliers",
            "missing",
            "selection",
            "selected_share",
            "extraction",
            "extracted_share",
            "creation",
            "resampling",
            "suspects",
        ),
        "rows",
    ),
    **dict.fromkeys(
        (
            "learning_rate",
            "schedule",
            "warmup",
            "clip_norm",
            "weight_decay",
            "label_smoothing",
            "class_weight",
            "batch_size",
            "epochs",
            "patience",
            "mixup",
            "cutmix",
            "temperature",
            *AUGMENTATION_FIELDS,
        ),
        "training",
    ),
    **dict.fromkeys(("l2_sp", "rate_decay", "adversarial", "test_time_augmentation"), "told"),
    "averaging": "training",  # but for lookahead, which is told
}
"""In what part of the script each field of `Settings` shows: in the layers of the network, in the rows and
what is done to them, in the function that trains, or in a comment alone."""


def told(recipe: Recipe) -> list[str]:
    """Return comments on what was done in the study and cannot be done by plain Keras."""
    settings, lines = recipe.settings, list[str]()
    if settings.l2_sp:
        lines += comment(
            f"l2_sp={settings.l2_sp:g}: the study also penalized the squared distance of kernels from "
            "the weights that training started from (the head's left out), which no regularizer of Keras can."
        )
    if settings.rate_decay != 1:
        lines += comment(
            f"rate_decay={settings.rate_decay:g}: in the study the learning rate was multiplied by this for "
            "each layer with a kernel from the head to the input. Keras 3.15 and later can: "
            "keras.optimizers.MultiOptimizer."
        )
    if settings.adversarial:
        lines += comment(
            f"adversarial={settings.adversarial:g}: half of the loss in the study was that of rows moved so "
            "far along the sign of its gradient (FGSM). That takes a train_step for your backend."
        )
    if settings.averaging == "lookahead":
        lines += comment(
            "averaging=lookahead: in the study slow weights went half of the way to the fast ones every 5 "
            "updates. Keras has no such optimizer."
        )
    if settings.test_time_augmentation != "none":
        lines += comment(
            f"test_time_augmentation={settings.test_time_augmentation}: the network that the study hands "
            "back puts out the mean of what this one says of a picture mirrored or shifted. Average what "
            "predict() returns for such views likewise."
        )
    if recipe.num_averaged:
        lines += comment(
            f"The study hands back the average of {recipe.num_averaged} networks. This trains the kind that "
            "weighs most in it: train several with other seeds, and average what they predict."
        )
    if recipe.dataset.sample_weight is not None:
        lines += comment("Rows had weights in the study: pass yours to fit as sample_weight.")
    return lines
