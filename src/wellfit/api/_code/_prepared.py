"""What is done to inputs before the network sees them, as code with the study's numbers."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._code._recipe import Recipe
from wellfit.api._code._text import function_code, packed
from wellfit.records import Formula, Scaling

Array = NDArray[Any]

_MOST_NUMBERS = 5000  # of a table that is written out; what is larger is read from the bundle


def prepare_code(recipe: Recipe) -> str:
    """Return constants and the function ``prepared``; empty where inputs reach the network as they are."""
    if not recipe.formulas and all(scaling is None for scaling in recipe.scalings):
        return ""
    matrix = next((i for i, v in enumerate(recipe.dataset.inputs) if np.issubdtype(v.dtype, np.floating)), 0)
    several = len(recipe.scalings) > 1
    constants: list[str] = []
    functions: list[str] = []
    called: list[str] = []
    for place, scaling in enumerate(recipe.scalings):
        name = f"scaled{place + 1}" if several else "prepared"
        if scaling is None:
            called.append(f"x[{place}]")
            continue
        formulas = recipe.formulas if place == matrix else ()
        numbers, lines = _scaling_lines(scaling, formulas, f"_{place + 1}" if several else "", place)
        constants += numbers
        functions.append(function_code(f"{name}(x)", lines))
        called.append(f"{name}(x[{place}])")
    if several:
        line = f"return {packed(recipe, called)}"
        about = '"""Return all inputs as the network takes them."""'
        flat = ["x = keras.tree.flatten(x)"]
        functions.append(function_code("prepared(x)", [about, *flat, line]))
    return "\n".join(constants) + "\n\n\n" + "\n\n\n".join(functions)


def array_code(values: Any) -> str:
    """Return code for an array of float32; one number where all are equal.

    Example:
        >>> array_code(np.float32([0.5, 0.5])), array_code(np.float32([0.5, np.inf]))
        ('0.5', 'np.array([0.5, np.inf], "float32")')
    """
    values = np.asarray(values, np.float32)
    if values.size and (values == values.flat[0]).all():
        return _number(values.flat[0])
    line = f'np.array({_nested(values)}, "float32")'
    if len(line) <= 88:
        return line
    inner = textwrap.fill(_nested(values), 96, break_long_words=False, break_on_hyphens=False)
    return f'np.array(\n{textwrap.indent(inner, "    ")},\n    "float32",\n)'


def _scaling_lines(
    scaling: Scaling, formulas: tuple[Formula, ...], suffix: str, place: int
) -> tuple[list[str], list[str]]:
    """Return constants, and the body of the function that uses them."""
    constants = [f"FILL{suffix} = {array_code(scaling.fill)}  # in place of missing cells"]
    lines = ['"""Return raw rows as the network takes them."""']
    lines += [_formula_line(formulas)] if formulas else []
    lines += [f"x = np.where(np.isnan(x), FILL{suffix}, x)"]
    if np.isfinite(scaling.low).any() or np.isfinite(scaling.high).any():
        constants += [
            f"LOW{suffix} = {array_code(scaling.low)}",
            f"HIGH{suffix} = {array_code(scaling.high)}",
        ]
        lines.append(f"x = np.clip(x, LOW{suffix}, HIGH{suffix})")
    if scaling.knots is not None:
        constants.append(f"KNOTS{suffix} = {_table_code(scaling.knots, 'knots', place)}  # quantiles")
        lines.append(f"levels = np.linspace(0.0, 1.0, len(KNOTS{suffix}[0]))")
        columns = f"[np.interp(x[:, i], knots, levels) for i, knots in enumerate(KNOTS{suffix})]"
        lines.append(f"x = np.stack({columns}, axis=1)")
    constants.append(f"CENTER{suffix} = {array_code(scaling.center)}")
    constants.append(
        f"SCALE{suffix} = {array_code(scaling.inverse_scale * scaling.mask)}  # 0 leaves a column out"
    )
    lines.append(f"x = (x - CENTER{suffix}) * SCALE{suffix}")
    if scaling.rotation is not None:
        constants.append(f"ROTATION{suffix} = {_table_code(scaling.rotation, 'rotation', place)}")
        lines.append(f"x = x @ ROTATION{suffix}")
    return constants, [*lines, 'return x.astype("float32")']


def _formula_line(formulas: tuple[Formula, ...]) -> str:
    """Return lines that add created features, NaN where one cannot be computed."""
    made = []
    for formula in formulas:
        first, last = (f"x[:, {formula.columns[place]}]" for place in (0, -1))
        made.append(
            {
                "product": f"{first} * {last}",
                "ratio": f"{first} / {last}",
                "log": f"np.sign({first}) * np.log1p(np.abs({first}))",
                "bin": first,
            }[formula.kind]
        )
    inner = "".join(f"        {line},\n" for line in made)
    return (
        'x = x.astype("float64")\n'
        f'with np.errstate(all="ignore"):\n    made = [\n{inner}    ]\n'
        "made = np.stack(made, axis=1)\n"
        "x = np.concatenate([x, np.where(np.isfinite(made), made, np.nan)], axis=1)"
    )


def _table_code(values: Array, name: str, place: int) -> str:
    if values.size <= _MOST_NUMBERS:
        return array_code(values)
    path = '(Path(__file__).parent / "bundle" / "scaling.json").read_text()'
    return f'np.array(json.loads({path})[{place}]["{name}"], "float32")'


def _nested(values: Array) -> str:
    if values.ndim == 0:
        return _number(values[()])
    return f"[{', '.join(_nested(part) for part in values)}]"


def _number(value: Any) -> str:
    number = np.float32(value)
    if np.isnan(number):
        return "np.nan"
    return str(number) if np.isfinite(number) else ("np.inf" if number > 0 else "-np.inf")
