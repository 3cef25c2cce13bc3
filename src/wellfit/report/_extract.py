"""The lines of a training script that hold what a study changed: the short form of the whole script."""

from __future__ import annotations

import re
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
        text: without the indentation that all of them share.
    """

    number: int
    text: str


def changed_lines(report: Report) -> tuple[CodeLine, ...]:
    """Return the lines of the script that set what differs from the baseline, at most `MOST_LINES`.

    A comment is no setting, and nor is the docstring at the top. Where a setting is not told by a name in the
    code, it has no line; the table of settings names it.
    """
    patterns = [_pattern(change.name) for change in changes(report)]
    wanted = re.compile("|".join(pattern for pattern in patterns if pattern) or r"(?!)")
    found: list[CodeLine] = []
    in_text = False
    for place, line in enumerate(report.code.splitlines(), start=1):
        borders = line.count('"""')
        is_code = not in_text and not borders and not line.lstrip().startswith("#")
        in_text ^= borders % 2 == 1
        if is_code and wanted.search(line.strip()):
            found.append(CodeLine(number=place, text=line.strip()))
    return tuple(found[:MOST_LINES])


def _pattern(name: str) -> str:
    if name.startswith("random_") or name == "rand_augment":
        return _PICTURES
    return _CALLS.get(name, "")
