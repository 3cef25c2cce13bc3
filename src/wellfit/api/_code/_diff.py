"""What to change in the user's own script: a unified diff of what is certain, and comments on the rest."""

from __future__ import annotations

import ast
import difflib
import re
from pathlib import Path
from typing import Any

from wellfit.api._code._batches import augmentation
from wellfit.api._code._diff_layers import change_layers
from wellfit.api._code._optimizer import optimizer_lines, steps_in_all
from wellfit.api._code._rates import rate_class
from wellfit.api._code._recipe import Recipe
from wellfit.api._code._source import Source
from wellfit.api._code._text import comment
from wellfit.api._code._told import PLACES, told
from wellfit.models import loss_code, metric_code
from wellfit.records import FileReadError, UnsupportedModelError

_OPTIMIZER = ("learning_rate", "schedule", "warmup", "clip_norm", "weight_decay")
_COMPILE = ("optimizer", "loss", "metrics")


def source_diff(recipe: Recipe, path: Path) -> str:
    """Return a unified diff of a training script that makes it train the chosen network.

    Args:
        recipe: how the network was trained.
        path: of the script.

    Raises:
        FileReadError: it cannot be read, or is not Python.
    """
    try:
        text = path.read_text("utf-8")
        changed = changed_source(recipe, text)
    except (OSError, UnicodeDecodeError, SyntaxError) as error:
        raise FileReadError(
            "the source cannot be read.",
            received=f"{path} ({error})",
            expected="a Python file",
            fix="give the path of your training script",
        ) from error
    lines = difflib.unified_diff(
        text.splitlines(keepends=True), changed.splitlines(keepends=True), str(path), str(path)
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def changed_source(recipe: Recipe, text: str) -> str:
    """Return a training script with what is certain changed, and comments on what is not.

    Raises:
        SyntaxError: the text is not Python.
    """
    source = Source(text)
    by_hand = change_layers(recipe, source)
    compiled = _one(source, "compile")
    fitted = _fitted(source, compiled)
    by_hand += _change_optimizer(recipe, source, compiled)
    by_hand += _change_loss(recipe, source, compiled)
    by_hand += _change_fit(recipe, source, compiled, fitted)
    by_hand += _rest(recipe)
    place = compiled or fitted
    if by_hand:
        lines = ["# wellfit: to be changed by hand, as study.code() does it:"]
        for one in by_hand:
            first, *more = comment(f"- {one}")
            lines += [first, *(line.replace("# ", "#   ", 1) for line in more)]
        if place is None:
            return source.changed().rstrip("\n") + "\n\n" + "\n".join(lines) + "\n"
        source.insert_before(place, lines)
    return source.changed()


def _one(source: Source, name: str) -> Any:
    """Return the one call of a method with some of the arguments of `compile`; None if it is not one."""
    found = [
        call
        for call in source.calls(name)
        if isinstance(call.func, ast.Attribute)
        and (call.args or any(k.arg in _COMPILE for k in call.keywords))
        and not (isinstance(call.func.value, ast.Name) and call.func.value.id == "re")
    ]
    return found[0] if len(found) == 1 else None


def _fitted(source: Source, compiled: Any) -> Any:
    """Return the one ``fit`` of the network that is compiled; None if there is not one."""
    if compiled is None:
        return None
    model = source.segment(compiled.func.value)
    found = [
        call
        for call in source.calls("fit")
        if isinstance(call.func, ast.Attribute) and source.segment(call.func.value) == model
    ]
    return found[0] if len(found) == 1 else None


def _change_optimizer(recipe: Recipe, source: Source, compiled: Any) -> list[str]:
    changed = recipe.settings.changed_from(recipe.baseline)
    names = [name for name in _OPTIMIZER if name in changed]
    if recipe.settings.averaging == "ema" and "averaging" in changed:
        names.append("averaging")
    if not names or (names == ["schedule"] and recipe.settings.schedule == "plateau"):
        return []
    is_statement = isinstance(source.parents.get(id(compiled)), ast.Expr)
    if compiled is None or not is_statement or rate_class(recipe):
        return [f"the optimizer, for {', '.join(f'{name}={changed[name]}' for name in names)}"]
    keras, model = source.import_keras(), source.segment(compiled.func.value)
    lines = [
        _named(line, keras).replace("num_steps", str(steps_in_all(recipe))).replace(" model.", f" {model}.")
        for line in optimizer_lines(recipe)
        if not line.startswith("num_steps")
    ]
    if len(lines) == 1:
        code = lines[0].removeprefix("optimizer = ")
    else:
        code = "optimizer"
        source.insert_before(compiled, lines)
    done = source.set_argument(compiled, "optimizer", code, _COMPILE)
    return [] if done else [f"the optimizer: {code}"]


def _change_loss(recipe: Recipe, source: Source, compiled: Any) -> list[str]:
    smoothing = recipe.settings.label_smoothing
    if smoothing == recipe.baseline.label_smoothing:
        return []
    is_same_target = not recipe.one_hot or recipe.setup.loss_name == "categorical_crossentropy"
    if compiled is None or not is_same_target or recipe.is_mixed:
        return [
            f"label_smoothing={smoothing}, which takes targets with a column for each class (see `train`)"
        ]
    code = loss_code(recipe.setup, label_smoothing=smoothing, one_hot=recipe.one_hot)
    done = source.set_argument(compiled, "loss", _named(code, source.import_keras()), _COMPILE)
    return [] if done else [f"the loss: {code}"]


def _change_fit(recipe: Recipe, source: Source, compiled: Any, fitted: Any) -> list[str]:
    settings, baseline = recipe.settings, recipe.baseline
    wanted: dict[str, str] = {}
    if settings.batch_size != baseline.batch_size:
        wanted["batch_size"] = str(settings.batch_size)
    if settings.patience and fitted is not None and _stops(recipe, source, compiled, fitted):
        wanted["epochs"] = str(settings.epochs)
    elif recipe.epochs != baseline.epochs or settings.patience != baseline.patience:
        wanted["epochs"] = str(recipe.epochs)
    order = ("x", "y", "batch_size", "epochs")
    if fitted is None:
        return [f"{name}={code} in fit" for name, code in wanted.items()]
    given = [
        (name, code) for name, code in wanted.items() if not source.set_argument(fitted, name, code, order)
    ]
    return [f"{name}={code} in fit" for name, code in given]


def _stops(recipe: Recipe, source: Source, compiled: Any, fitted: Any) -> bool:
    """Let `fit` stop by the loss of its validation rows, if it has some; return whether it does."""
    has_rows = any(k.arg in ("validation_data", "validation_split") for k in fitted.keywords)
    metrics = source.argument(compiled, "metrics")
    callbacks = source.argument(fitted, "callbacks")
    is_plain = all(one is None or isinstance(one, ast.List) for one in (metrics, callbacks))
    if not (has_rows and is_plain) or recipe.one_hot != (
        recipe.setup.loss_name == "categorical_crossentropy"
    ):
        return False
    try:
        metric = metric_code(recipe.setup, one_hot=recipe.one_hot)
    except UnsupportedModelError:
        return False
    keras = source.import_keras()
    stop = (
        f'keras.callbacks.EarlyStopping("val_data_loss", patience={recipe.settings.patience}, '
        "restore_best_weights=True)"
    )
    for call, name, own, code in (
        (compiled, "metrics", metrics, metric),
        (fitted, "callbacks", callbacks, stop),
    ):
        if own is not None:
            source.append(own, _named(code, keras))
        elif not source.set_argument(call, name, f"[{_named(code, keras)}]"):
            return False
    return True


def _rest(recipe: Recipe) -> list[str]:
    """Return what else is to be done: rows, batches, and what Keras cannot do."""
    changed = recipe.settings.changed_from(recipe.baseline)
    found = [
        f"{name}={value}: what is done to the rows, see `load` and `prepared`"
        for name, value in changed.items()
        if PLACES[name] == "rows"
    ]
    found += [
        f"{name}={changed[name]}: see `train`"
        for name in ("class_weight", "mixup", "cutmix", "temperature")
        if name in changed
    ]
    if changed.get("schedule") == "plateau":
        found.append("schedule=plateau: a ReduceLROnPlateau, see `train`")
    if changed.get("averaging") == "swa":
        found.append("averaging=swa: the mean of the last epochs' weights, see `train`")
    found += [
        f"in front of the network: {code}{f' ({said})' if said else ''}"
        for code, said in augmentation(recipe)
    ]
    said = " ".join(line.removeprefix("# ") for line in told(recipe))
    return [*found, *([said] if said else [])]


def _named(code: str, keras: str) -> str:
    """Return code that names Keras as the source does."""
    return re.sub(r"\bkeras\.", f"{keras}.", code)
