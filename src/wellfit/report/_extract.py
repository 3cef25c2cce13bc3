"""The lines of a training script that hold what a study changed: the short form of the whole script."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from wellfit.records import Report
from wellfit.report._summary import changes

MOST_LINES = 14

_OPTIMIZER = r"optimizers|learning_rate|weight_decay|clipnorm"
_CALLS = {
    "learning_rate": _OPTIMIZER,
    "schedule": r"optimizers|schedules|ReduceLROnPlateau",
    "warmup": r"optimizers|schedules|warm",
    "clip_norm": _OPTIMIZER,
    "weight_decay": _OPTIMIZER,
    "l1": r"regularizers?\.|kernel_regularizer",
    "l2": r"regularizers?\.|kernel_regularizer",
    "penalty_scale": r"regularizers?\.|kernel_regularizer",
    "dropout": r"Dropout\(",
    "dropout_scale": r"Dropout\(",
    "dropout_kind": r"Dropout\(",
    "map_dropout": r"SpatialDropout\dD\(",
    "label_smoothing": r"label_smoothing",
    "class_weight": r"class_weight",
    "batch_size": r"batch_size=",
    "epochs": r"\bepochs\b",
    "patience": r"EarlyStopping\(|\bepochs\b",
    "max_norm": r"MaxNorm|kernel_constraint",
    "width": r"layers\.(?:Dense|Conv\w*|LSTM|GRU)\(",
    "depth": r"layers\.(?:Dense|Conv\w*|LSTM|GRU)\(",
    "activation": r"activation",
    "normalization": r"Normalization\(",
    "pooling": r"Pooling\dD\(",
    "mixup": r"[Mm]ix",
    "cutmix": r"[Mm]ix",
    "input_noise": r"GaussianNoise\(",
    "temperature": r"logits|set_weights",
    "averaging": r"use_ema|ema_|Average|average",
    "scaling": r"^(?:CENTER|SCALE)|\* SCALE|- CENTER",
    "outliers": r"np\.clip|^(?:LOW|HIGH)",
}
_PICTURES = r"layers\.Random\w+\("


@dataclass(frozen=True, kw_only=True)
class CodeLine:
    """One line of the script.

    Attributes:
        number: where it stands, from 1.
        text: without the indentation of its statement.
    """

    number: int
    text: str


def changed_lines(report: Report) -> tuple[CodeLine, ...]:
    """Return the lines of the script that set what differs from the baseline, at most `MOST_LINES`.

    A statement of several lines and a class are there as a whole.
    A comment counts where it begins with the setting, as it does where plain Keras has no call for it; other
    comments and the docstring at the top do not. What has no line at all is in the table of settings.
    """
    names = [change.name for change in changes(report)]
    patterns = [pattern for name in names if (pattern := _pattern(name))]
    wanted = re.compile("|".join(patterns) or r"(?!)")
    told = re.compile(rf"# (?:{'|'.join(names)})=" if names else r"(?!)")
    matched: list[int] = []
    in_text = False
    for place, line in enumerate(report.code.splitlines(), start=1):
        borders = line.count('"""')
        text = line.strip()
        is_text = in_text or borders
        in_text ^= borders % 2 == 1
        if not is_text and (told.match(text) if text.startswith("#") else wanted.search(text)):
            matched.append(place)
    return _whole(report.code, matched)[:MOST_LINES]


def _whole(code: str, matched: Sequence[int]) -> tuple[CodeLine, ...]:
    """Return the lines with the rest of the statement or of the class that each belongs to."""
    lines, spans = code.splitlines(), _spans(code)
    found: dict[int, str] = {}
    for place in matched:
        holding = [span for span in spans if span[0] <= place <= span[1] and span[1] - span[0] < MOST_LINES]
        first, last = min(holding, key=lambda span: span[1] - span[0], default=(place, place))
        margin = len(lines[first - 1]) - len(lines[first - 1].lstrip())
        for number in range(first, last + 1):
            found.setdefault(number, lines[number - 1][margin:])
    return tuple(CodeLine(number=number, text=found[number]) for number in sorted(found))


def _spans(code: str) -> list[tuple[int, int]]:
    """Return first and last line of each class and of each statement that holds no other."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return []
    statements = (node for node in ast.walk(tree) if isinstance(node, ast.stmt))
    return [
        (node.lineno, node.end_lineno or node.lineno)
        for node in statements
        if isinstance(node, ast.ClassDef) or not hasattr(node, "body")
    ]


def _pattern(name: str) -> str:
    if name.startswith("random_") or name == "rand_augment":
        return _PICTURES
    return _CALLS.get(name, "")
