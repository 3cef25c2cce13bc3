"""Early stopping, plateaus and averages of weights as code."""

from __future__ import annotations

from wellfit.api._code._rates import decay
from wellfit.api._code._recipe import Recipe
from wellfit.api._code._text import comment
from wellfit.models import call_code

_HELD = 0.12  # share of the rows that a plateau is watched on, as in the study


def averaging_lines(recipe: Recipe) -> tuple[list[str], list[str]]:
    """Return lines for the mean of the last epochs' weights, and names of callbacks."""
    if recipe.settings.averaging != "swa":
        return [], []
    start = -(-3 * recipe.epochs // 4)
    ended = "lambda logs: model.set_weights([np.mean(values, axis=0) for values in zip(*kept)])"
    first = min(start, recipe.epochs - 1)
    lines = [
        "# The mean of the weights at the ends of the last epochs (stochastic weight averaging).",
        "kept = []",
        "averaged = keras.callbacks.LambdaCallback(",
        f"    on_epoch_end=lambda epoch, logs: epoch >= {first} and kept.append(model.get_weights()),",
        f"    on_train_end={ended},",
        ")",
    ]
    return lines, ["averaged"]


def stopping_lines(recipe: Recipe) -> tuple[list[str], list[str], list[str]]:
    """Return lines before the callbacks, lines that add some, and arguments of ``fit``."""
    settings = recipe.settings
    if settings.schedule == "plateau":
        rule = f"factor={decay(settings)!r}, patience=5, min_delta=0"
        reduce = f'keras.callbacks.ReduceLROnPlateau("val_data_loss", {rule})'
        before = [
            "# The plateau is watched on rows that are not trained on.",
            f"order = np.random.default_rng({recipe.seed}).permutation(len(y))",
            f"held, rest = np.split(order, [max(1, round({_HELD} * len(y)))])",
            "x_held = keras.tree.map_structure(lambda values: values[held], x)",
            "x = keras.tree.map_structure(lambda values: values[rest], x)",
            "y, y_held = y[rest], y[held]",
            *(["weight = weight[rest]"] if recipe.is_mixed else []),
        ]
        more = [f"callbacks.append({reduce})"]
        epochs = [f"epochs = {recipe.epochs}"] if settings.patience else []
        return [*before, *epochs], more, ["validation_data=(x_held, y_held)"]
    if not settings.patience:
        return [], [], []
    before = [
        *comment(
            f"So many epochs were best on fresh splits, where {settings.patience} epochs without a "
            "better validation loss ended a run. With validation rows, these decide: by the loss of the "
            "data, for val_loss holds penalties too."
        ),
        f"epochs = {recipe.epochs}",
    ]
    rule = [f"patience={settings.patience}", "restore_best_weights=True"]
    stop = call_code("keras.callbacks.EarlyStopping", ['"val_data_loss"', *rule])
    more = [
        "if validation_data is not None:",
        *([f"    epochs = {settings.epochs}"] if settings.epochs != recipe.epochs else []),
        f"    stop = {stop}".replace("\n", "\n    "),
        "    callbacks.append(stop)",
    ]
    return before, more, ["validation_data=validation_data"]
