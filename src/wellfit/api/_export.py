"""The network of a study in the format of another runtime, tried there before it is handed over."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wellfit.api._export_check import check_loss, check_same, network_rows
from wellfit.api._predictor import read_predictor
from wellfit.api._sample import Sample, read_sample
from wellfit.api._score_loss import MAX_LOSS, ScoreLoss
from wellfit.files import sync_folder, write_text
from wellfit.formats import FORMATS, Format, Predictor, check_packages, features_json, signature_of
from wellfit.records import OutputError, SettingsError, did_you_mean
from wellfit.serving import GRAPH, SIGNATURE, digest_of, read_manifest

PRECISIONS = ("float32", "float16", "int8")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Task:
    """What is to be written.

    Attributes:
        format: of what is written.
        precision: one of `PRECISIONS`.
        max_loss: share of the score that smaller numbers may cost.
        predictor: of the study.
        metric: of the study.
        sample: rows to try it on.
    """

    format: Format
    precision: str
    max_loss: float
    predictor: Predictor
    metric: str
    sample: Sample


def export(
    folder: str | Path,
    format: str = "onnx",
    *,
    out: str | Path | None = None,
    precision: str = "float32",
    max_loss: float = MAX_LOSS,
    tell: Callable[[str], None] | None = None,
) -> Path:
    """Write the network of a study for another runtime, once it has predicted the same rows there.

    What was written is loaded again by its own runtime and predicts 1 and 257 rows of the holdout. Where a
    prediction differs from that of the study by more than 1e-5 + 1e-4 times its size, the export fails and
    leaves nothing behind.

    With a smaller precision predictions do differ. Then the study's metric is measured before and after on
    those rows, and the export fails where more than `max_loss` of it is lost. What is lost is written into
    the bundle's manifest, or into ``NAME.precision.json`` beside `out`.

    Args:
        folder: a study's output folder.
        format: "onnx", which takes raw rows; or "keras", "saved_model", "torch", "litert" or "openvino",
            which take the study's encoded features. ``features.json`` beside them says which these are.
        out: where to write to. ONNX goes into the study's bundle if None, where `wellfit serve` finds it, and
            other formats go to ``export`` in the study's folder.
        precision: "float32"; for ONNX also "float16" or "int8".
        max_loss: share of the score that may be lost to a smaller precision, 0.01 for one part in a hundred.
        tell: is called with a sentence that says what was lost.

    Returns:
        Where it was written.

    Raises:
        SettingsError: there is no such format or precision, or a package that it needs is missing.
        FileReadError: the folder holds no network, or no rows to try it on.
        UnsupportedModelError: the network has an operation that the format lacks.
        OutputError: the place cannot be written, or what was written predicts something else.

    Example:
        >>> import wellfit as wf
        >>> wf.export("wellfit-churn")  # doctest: +SKIP
        PosixPath('wellfit-churn/bundle/model.onnx')
    """
    folder, chosen = Path(folder), _find(format)
    _check_precision(chosen, precision, max_loss)
    bundle = folder / "bundle"
    manifest = read_manifest(bundle)
    check_packages(chosen)
    task = _Task(
        format=chosen,
        precision=precision,
        max_loss=max_loss,
        sample=read_sample(folder),
        predictor=read_predictor(bundle, manifest),
        metric=str(manifest["metric"]),
    )
    into_bundle = out is None and chosen.takes == "rows"
    target = bundle / chosen.file if into_bundle else Path(out or folder / "export" / chosen.file)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        loss = _write(task, target)
        if chosen.takes == "features":
            name = "features.json" if out is None else f"{target.stem}.features.json"
            write_text(target.parent / name, features_json(task.predictor))
        if into_bundle:
            _add_to_manifest(bundle, manifest, task.predictor, _told(task, loss))
        elif loss is not None:
            write_text(
                target.with_name(f"{target.stem}.precision.json"), json.dumps(_told(task, loss), indent=1)
            )
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"{target} cannot be written.",
            received=f"{type(error).__name__}: {error}",
            expected="a place that can be written, and room on the disk",
            fix="choose another place",
        ) from error
    if loss is not None and tell is not None:
        tell(f"{precision}: {loss.sentence}")
    return target


def _find(name: str) -> Format:
    if name in FORMATS:
        return FORMATS[name]
    raise SettingsError(
        f"there is no format {name!r}.",
        received=f"format={name!r}",
        expected=", ".join(FORMATS),
        fix=did_you_mean(name, FORMATS) or "choose one of these",
    )


def _check_precision(format: Format, precision: str, max_loss: float) -> None:
    if precision not in PRECISIONS:
        raise SettingsError(
            f"there is no precision {precision!r}.",
            received=f"precision={precision!r}",
            expected=", ".join(PRECISIONS),
            fix=did_you_mean(precision, PRECISIONS) or "choose one of these",
        )
    if precision != "float32" and format.write_reduced is None:
        raise SettingsError(
            f"format {format.name!r} is written in float32 alone.",
            received=f"precision={precision!r}",
            expected="float32, or format='onnx'",
            fix="leave precision out, or export as onnx",
        )
    if not max_loss >= 0:
        raise SettingsError(
            "the loss that is allowed is a share of the score.",
            received=f"max_loss={max_loss!r}",
            expected="0 or more, such as 0.01 for one part in a hundred",
        )


def _write(task: _Task, target: Path) -> ScoreLoss | None:
    """Put what was written in its place once it has been tried; return what a smaller precision costs."""
    loss = None
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as draft:
        written = Path(draft) / task.format.file
        if task.precision == "float32" or task.format.write_reduced is None:
            task.format.write(task.predictor, written)
            check_same(task.format, task.predictor, task.sample, written)
        else:
            rows: Any = network_rows(task.predictor, task.sample)
            precision: Any = task.precision
            task.format.write_reduced(task.predictor, written, precision, rows)
            loss = check_loss(
                task.format, task.predictor, task.sample, written, metric=task.metric, max_loss=task.max_loss
            )
        _place(written, target)
    return loss


def _told(task: _Task, loss: ScoreLoss | None) -> dict[str, Any] | None:
    return None if loss is None else {"precision": task.precision, **asdict(loss)}


def _place(written: Path, target: Path) -> None:
    """Put what was written in its place at once; what was there goes."""
    if not written.is_dir():
        with written.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(written, target)
    else:
        if target.exists():
            shutil.rmtree(target)
        written.rename(target)
    sync_folder(target.parent)


def _add_to_manifest(
    bundle: Path, manifest: dict[str, Any], predictor: Predictor, reduced: dict[str, Any] | None
) -> None:
    """Tell of the graph last, so that whoever watches the manifest finds the files it names."""
    write_text(bundle / SIGNATURE, signature_of(predictor).to_json())
    added = {name: digest_of(bundle / name) for name in (GRAPH, SIGNATURE)}
    changed = {**manifest, "files": {**manifest["files"], **added}, "reduced": reduced}
    write_text(bundle / "bundle.json", json.dumps(changed, indent=1))
