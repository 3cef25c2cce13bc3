"""The function ``train`` of the script: targets, optimizer, loss, callbacks, fit, and what comes after."""

from __future__ import annotations

import textwrap

from wellfit.api._code._batches import augmentation
from wellfit.api._code._callbacks import averaging_lines, stopping_lines
from wellfit.api._code._optimizer import optimizer_lines
from wellfit.api._code._prepared import array_code
from wellfit.api._code._rates import rate_class
from wellfit.api._code._recipe import Recipe
from wellfit.api._code._text import comment
from wellfit.api._code._told import told
from wellfit.models import argument_code, call_code, logits_name, loss_code, metric_code
from wellfit.records import UnsupportedModelError


def train_code(recipe: Recipe) -> str:
    """Return the function."""
    watched = ", validation_data=None" if recipe.settings.patience else ""
    body = [
        '"""Return the network, trained on inputs as `prepared` gives them and targets."""'
        if any(recipe.scalings)
        else '"""Return the network, trained on inputs and targets."""',
        f"keras.utils.set_random_seed({recipe.seed})",
        "model = build_model()",
        *_starts(recipe),
        *told(recipe),
        *_weights(recipe),
        *_targets(recipe),
        *optimizer_lines(recipe),
        *_compile(recipe),
        *_fit(recipe),
        *_afterwards(recipe),
        "return model",
    ]
    return f"def train(x, y{watched}):\n" + textwrap.indent(
        "\n".join(body), "    ", lambda line: bool(line.strip())
    )


def _starts(recipe: Recipe) -> list[str]:
    if not recipe.starts_from_weights:
        return []
    return comment(
        "In the study each run began with the weights that your network came with, and a new head. "
        'Load yours here: model.load_weights("yours.weights.h5", skip_mismatch=True).'
    )


def _weights(recipe: Recipe) -> list[str]:
    """Return lines that weigh classes, before targets are changed."""
    weights: list[str] = []
    if recipe.settings.class_weight == "balanced":
        weights = [
            "counts = np.maximum(np.bincount(y), 1)",
            "class_weight = {code: len(y) / (len(counts) * count) for code, count in enumerate(counts)}",
        ]
    if recipe.is_mixed:
        weighed = "np.array([class_weight[code] for code in y]" if weights else "np.ones(len(y)"
        weights.append(f'weight = {weighed}, "float32")')
    return weights


def _targets(recipe: Recipe) -> list[str]:
    if recipe.target_scaling is not None:
        center, scale = (array_code(part) for part in recipe.target_scaling)
        return [f"center, scale = {center}, {scale}", "y = (y - center) / scale"]
    if recipe.one_hot:
        return [f"y = keras.utils.to_categorical(y, {recipe.num_outputs})"]
    if recipe.dataset.task.is_classification and not recipe.has_classes and recipe.is_mixed:
        return ['y = y.reshape(-1, 1).astype("float32")']
    return []


def _compile(recipe: Recipe) -> list[str]:
    settings = recipe.settings
    lines = _augmented(recipe)
    try:
        loss = loss_code(recipe.setup, label_smoothing=settings.label_smoothing, one_hot=recipe.one_hot)
    except UnsupportedModelError as error:
        lines += comment(f"{error.summary}: import it and put it here.")
        loss = "None"
    metrics = ['"accuracy"'] if recipe.dataset.task.is_classification else []
    if settings.patience or settings.schedule == "plateau":
        try:
            metrics.append(metric_code(recipe.setup, one_hot=recipe.one_hot))
        except UnsupportedModelError:
            metrics.append('keras.metrics.Mean(name="data_loss")')
    shown = "".join(f"    {metric},\n" for metric in metrics)
    return [
        *lines,
        f"loss = {loss}",
        f"metrics = [\n{shown}]" if len(metrics) > 1 else f"metrics = [{', '.join(metrics)}]",
        f"{_trained(recipe)}.compile(optimizer=optimizer, loss=loss, metrics=metrics)",
    ]


def _trained(recipe: Recipe) -> str:
    return "training_model" if augmentation(recipe) else "model"


def _augmented(recipe: Recipe) -> list[str]:
    """Return lines that put layers in front of the network which change pictures in training alone."""
    layers = augmentation(recipe)
    if not layers:
        return []
    shape = argument_code(tuple(int(size) for size in recipe.dataset.inputs[0].shape[1:]))
    parts = [
        f"keras.Input({shape})",
        *(f"{code},{f'  # {said}' if said else ''}" for code, said in layers),
        "model",
    ]
    inner = "\n".join(
        f"        {part}" if part.endswith(",") or "  # " in part else f"        {part}," for part in parts
    )
    return [f"training_model = keras.Sequential(\n    [\n{inner}\n    ]\n)"]


def _fit(recipe: Recipe) -> list[str]:
    settings, lines = recipe.settings, []
    averaging, callbacks = averaging_lines(recipe)
    stopping, more, given = stopping_lines(recipe)
    lines += [*averaging, *stopping]
    arguments = [f"batch_size={settings.batch_size}"] if not recipe.is_mixed else []
    arguments.append("epochs=epochs" if settings.patience else f"epochs={recipe.epochs}")
    if settings.class_weight == "balanced" and not recipe.is_mixed:
        arguments.append("class_weight=class_weight")
    if more:
        lines.append(f"callbacks = [{', '.join(callbacks)}]")
        arguments.append("callbacks=callbacks")
    elif callbacks:
        arguments.append(f"callbacks=[{', '.join(callbacks)}]")
    rows = f"Mixed(x, y, weight, seed={recipe.seed})" if recipe.is_mixed else "x, y"
    parts = [rows, *arguments, *given, "verbose=2"]
    return [*lines, *more, call_code(f"{_trained(recipe)}.fit", parts)]


def _afterwards(recipe: Recipe) -> list[str]:
    lines = []
    if rate_class(recipe) and not augmentation(recipe):
        lines += [
            "# A file of the network needs no code of this script.",
            'model.compile(optimizer="sgd", loss=loss)',
        ]
    if recipe.target_scaling is not None:
        lines += [
            "# The last layer puts the target out in its own unit.",
            "kernel, bias = model.layers[-1].get_weights()",
            "model.layers[-1].set_weights([kernel * scale, bias * scale + center])",
        ]
    if recipe.temperature is not None:
        name = argument_code(logits_name(recipe.model))
        lines += [
            "# Probabilities are calibrated by one number that the logits are divided by.",
            f"last = model.get_layer({name})",
            f"last.set_weights([values / {recipe.temperature:.6g} for values in last.get_weights()])",
        ]
    return lines
