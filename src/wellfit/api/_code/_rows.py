"""Rows as code: where they are read, and what was left out, repeated or made before."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._code._recipe import Recipe
from wellfit.api._code._text import comment, function_code, input_names, packed

Array = NDArray[Any]

MOST_BYTES = 2**26
"""Rows that are written beside the script, at most."""


def saved_rows(recipe: Recipe) -> dict[str, Array]:
    """Return the arrays that the script reads from ``train.npz``; empty where they are too large."""
    if not are_saved(recipe):
        return {}
    found: dict[str, Array] = {}
    for prefix, rows in (("", recipe.train), ("holdout_", recipe.holdout)):
        for name, values in zip(input_names(recipe), recipe.dataset.inputs, strict=True):
            found[prefix + name] = np.asarray(values[rows])
        found[f"{prefix}y"] = np.asarray(recipe.dataset.target[rows])
    return found


def load_code(recipe: Recipe) -> str:
    """Return the function ``load``: inputs and targets of training rows and of the holdout."""
    if recipe.picture_fit and not are_saved(recipe):
        return _picture_code(recipe)
    names = input_names(recipe)
    given = ", ".join(f"{name}=..." for name in names)
    lines = [
        '"""Return inputs and targets of the training rows and of the holdout (or None).',
        "",
        *_meaning(recipe),
        "",
        f'For rows of your own: np.savez("train.npz", {given}, y=...).',
        '"""',
        *row_choices(recipe),
        'with np.load(Path(__file__).with_name("train.npz")) as rows:',
        f'    train = {_struct(recipe, "")}, rows["y"]',
        "    holdout = None",
        '    if "holdout_y" in rows:',
        f'        holdout = {_struct(recipe, "holdout_")}, rows["holdout_y"]',
        "return train, holdout",
    ]
    return function_code("load()", lines)


def are_saved(recipe: Recipe) -> bool:
    """Whether the rows are small enough to be written beside the script."""
    sizes = [np.prod(values.shape[1:]) * values.dtype.itemsize for values in recipe.dataset.inputs]
    return bool(sum(sizes) * (len(recipe.train) + len(recipe.holdout)) <= MOST_BYTES)


def row_choices(recipe: Recipe) -> list[str]:
    """Return comments on rows that were left out, repeated or made before training."""
    settings = recipe.settings
    told = {
        "drop": ("outliers", "rows with a value far out (3 interquartile ranges) were left out"),
        "remove": ("suspects", "rows whose label other rows contradict were left out"),
        "down-weight": (
            "suspects",
            "rows whose label other rows contradict count half: all others are there twice",
        ),
    }
    lines = [
        f"# {name}={value}: {text}, in train.npz too."
        for value, (name, text) in told.items()
        if getattr(settings, name) == value
    ]
    if settings.resampling != "none":
        lines.append(
            f"# resampling={settings.resampling}: the rows of train.npz hold what was made or repeated; do "
            "the same to rows of your own."
        )
    return [wrapped for line in lines for wrapped in comment(line.removeprefix("# "))]


def _meaning(recipe: Recipe) -> list[str]:
    """Return lines that say what the columns are."""
    names = recipe.dataset.feature_names
    lines = [
        f"`train.npz` lies beside this file. Classes: {_classes(recipe)}."
        if _classes(recipe)
        else "`train.npz` lies beside this file."
    ]
    for input_name, columns in zip(input_names(recipe), names, strict=False):
        if columns:
            lines += [f"Columns of {input_name}: {', '.join(map(str, columns))}."]
    text = " ".join(lines).replace("\\", "/").replace('"', "'")
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    return textwrap.wrap(clean, 92)


def _classes(recipe: Recipe) -> str:
    return ", ".join(f"{code} is {name}" for code, name in enumerate(recipe.dataset.class_names))


def _struct(recipe: Recipe, prefix: str) -> str:
    pairs = zip(input_names(recipe), recipe.dataset.inputs, strict=True)
    # Pixels are bytes, which nothing could be mixed of.
    cast = [(name, '.astype("float32")' if values.dtype == np.uint8 else "") for name, values in pairs]
    return packed(recipe, [f'rows["{prefix}{name}"]{cast_to}' for name, cast_to in cast])


def _picture_code(recipe: Recipe) -> str:
    """Return ``load`` for pictures that are read from their folder."""
    shape = recipe.dataset.inputs[0].shape[1:]
    gray = ', color_mode="grayscale"' if shape[-1] == 1 else ""
    crop = "" if recipe.picture_fit == "stretch" else ", keep_aspect_ratio=True"
    padded = (
        "wellfit added black bars; here the middle is kept instead." if recipe.picture_fit == "pad" else ""
    )
    lines = [
        '"""Return pictures and class numbers of the folder that is named on the command line."""',
        f"classes = {list(recipe.dataset.class_names)!r}",
        "files = [",
        "    (path, code)",
        "    for code, name in enumerate(classes)",
        '    for path in sorted((Path(sys.argv[1]) / name).rglob("*"))',
        "    if path.is_file()",
        "]",
        *row_choices(recipe),
        *comment(padded),
        "x = [",
        f"    keras.utils.load_img(path, target_size={tuple(map(int, shape[:2]))}{gray}, "
        f'interpolation="bilinear"{crop})',
        "    for path, _ in files",
        "]",
        "x = np.stack([keras.utils.img_to_array(picture) for picture in x])",
        "return (x, np.array([code for _, code in files])), None",
    ]
    return function_code("load()", lines)
