"""A script that builds, compiles and trains the chosen network: plain Keras and NumPy, on any backend."""

from __future__ import annotations

from wellfit.api._code._batches import mixing_class
from wellfit.api._code._prepared import prepare_code
from wellfit.api._code._rates import rate_class
from wellfit.api._code._recipe import Recipe
from wellfit.api._code._rows import are_saved, load_code
from wellfit.api._code._text import comment
from wellfit.api._code._train import train_code
from wellfit.models import NetworkCode, network_code
from wellfit.records import Task


def training_code(recipe: Recipe) -> str:
    """Return the text of ``train.py``.

    What plain Keras cannot do is said in a comment where it would be done.

    Args:
        recipe: how the network was trained.
    """
    network = network_code(recipe.model)
    rest = [
        prepare_code(recipe),
        load_code(recipe),
        _network(recipe, network),
        rate_class(recipe),
        mixing_class(recipe),
        train_code(recipe),
        _main(recipe),
    ]
    body = "\n\n\n".join(part for part in rest if part)
    imports = [
        *(["import json"] if "json.loads" in body else []),
        *(["import sys"] if "sys.argv" in body else []),
        "from pathlib import Path",
    ]
    used = "\n".join(line for line in imports if line.rpartition(" ")[2] in body)
    third = "import keras\nimport numpy as np"
    gap = "\n\n\n" if body.startswith(("def ", "class ")) else "\n\n"
    return "\n\n".join(part for part in (_head(recipe), used, third) if part) + f"{gap}{body}\n"


def _head(recipe: Recipe) -> str:
    """Return the docstring of the script."""
    changed = recipe.settings.changed_from(recipe.baseline)
    shown = ", ".join(f"{name} {value}" for name, value in changed.items()) or "the network as it was given"
    is_read = recipe.picture_fit and not are_saved(recipe)
    command = "python train.py FOLDER" if is_read else "python train.py"
    lines = [
        f"Train the network that wellfit chose: {shown}.",
        "",
        f"    {command}",
        "",
        "It needs Keras 3 and NumPy alone, on any backend. Another seed gives another network that is as "
        "good, within the noise of seeds.",
    ]
    wrapped = [part for line in lines for part in (_wrapped(line) if line[:1] != " " else [line])]
    return '"""' + "\n".join(wrapped) + '\n"""'


def _wrapped(text: str) -> list[str]:
    return [line.removeprefix("# ") for line in comment(text, 2)] or [""]


def _network(recipe: Recipe, network: NetworkCode) -> str:
    """Return ``build_model``, written out or loaded."""
    if network.functions:
        return network.functions
    said = comment(
        f"The network is not written out: {network.reason}. model.keras beside this file holds it."
    )
    load = 'keras.models.load_model(Path(__file__).with_name("model.keras"), compile=False)'
    if recipe.starts_from_weights:
        said += comment("It begins with the weights that the study ended with.")
        made = [f"return {load}"]
    else:
        made = [
            f"model = {load}",
            "# A copy draws its weights anew.",
            "return keras.models.clone_model(model)",
        ]
    if recipe.num_averaged:
        said += comment("That is the average; each of its networks is a layer of it.")
        made = [f'model = {load}.get_layer("member1")', *made[-2:]]
    return "\n".join(["def build_model():", *(f"    {line}" for line in [*said, *made])])


def _main(recipe: Recipe) -> str:
    ready = "prepared(x)" if prepare_code(recipe) else "x"
    lines = ["(x, y), holdout = load()", f"model = train({ready}, y)", 'model.save("trained.keras")']
    lines += [
        "if holdout is not None:",
        "    x, y = holdout",
        f"    output = model.predict({ready}, verbose=0)",
        *(f"    {line}" for line in _score_lines(recipe)),
    ]
    return 'if __name__ == "__main__":\n' + "\n".join(f"    {line}" for line in lines)


def _score_lines(recipe: Recipe) -> list[str]:
    """Return lines that print the score on the holdout."""
    if recipe.dataset.task is Task.REGRESSION:
        error = "output.reshape(len(y), -1) - y.reshape(len(y), -1)"
        return [f'print(f"holdout: rmse {{np.sqrt(np.mean(np.square({error}))):.4f}}")']
    logits = recipe.setup.from_logits
    if recipe.num_outputs == 1:
        lines = ["output = 1.0 / (1.0 + np.exp(-output))"] if logits else []
        lines += ["shares = np.concatenate([1.0 - output, output], axis=1)"]
    elif logits:
        lines = [
            "shares = np.exp(output - output.max(axis=1, keepdims=True))",
            "shares = shares / shares.sum(axis=1, keepdims=True)",
        ]
    else:
        lines = ["shares = output / output.sum(axis=1, keepdims=True)"]
    return [
        *lines,
        'log_loss = -np.log(np.clip(shares[np.arange(len(y)), y].astype("float64"), 1e-7, 1.0)).mean()',
        'print(f"holdout: log_loss {log_loss:.4f}, accuracy {(shares.argmax(axis=1) == y).mean():.4f}")',
    ]
