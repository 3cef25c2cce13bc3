"""Whether what was written for another runtime predicts what the study does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wellfit.api._final import prepared_inputs
from wellfit.api._predictor import predictions_of
from wellfit.api._sample import NUM_ROWS, Sample
from wellfit.api._score_loss import ScoreLoss, score_loss
from wellfit.data import computable
from wellfit.formats import Batch, Format, Predictor, feature_arrays, signature_of
from wellfit.records import OutputError, WellfitError
from wellfit.serving import RowReader

ABSOLUTE, RELATIVE = 1e-5, 1e-4
"""How far predictions may differ, as in `numpy.allclose`: float32 sums in another order differ, too."""

BATCHES = (1, NUM_ROWS)

Array = Any


def check_same(format: Format, predictor: Predictor, sample: Sample, written: Path) -> None:
    """Raise if what was written predicts something else than the study.

    Raises:
        OutputError: says by how much.
    """
    held = [sample.rows(number) for number in BATCHES]
    batches = [batch_of(format, predictor, rows) for rows in held]
    for rows, found in zip(held, _predict(format, written, batches), strict=True):
        wanted = predictions_of(predictor, rows.arrays(predictor.encoder))
        if not _are_close(found, wanted):
            raise OutputError(
                f"what was written as {format.name} predicts something else, so it was removed.",
                received=_difference(found, wanted),
                expected=f"the study's predictions to {ABSOLUTE:g} and {RELATIVE:g} of their size",
                fix="report the network's layers as a bug; serve it with Keras meanwhile",
            )


def _are_close(found: np.ndarray, wanted: np.ndarray) -> bool:
    if found.shape != wanted.shape:
        return False
    absolute = ABSOLUTE * max(float(np.abs(wanted).max()), 1.0)
    return np.allclose(found, wanted, rtol=RELATIVE, atol=absolute, equal_nan=True)


def _difference(found: np.ndarray, wanted: np.ndarray) -> str:
    number = len(wanted)
    if found.shape != wanted.shape:
        return f"outputs of shape {list(found.shape)} for {number} rows in place of {list(wanted.shape)}"
    return f"a difference of {float(np.nanmax(np.abs(found - wanted))):.3g} among {number} rows"


def batch_of(format: Format, predictor: Predictor, sample: Sample) -> Batch:
    """Return rows as a format takes them; raw ones cell by cell, as a server reads them."""
    signature = signature_of(predictor)
    if format.takes == "rows" and sample.table is not None:
        reader = RowReader(signature)
        return reader.tensors(reader.read_columns(sample.table.frame.to_dict(as_series=False)))
    arrays = zip(feature_arrays(predictor), sample.arrays(predictor.encoder), strict=True)
    return {array.tensor: values.astype(array.dtype) for array, values in arrays}


def check_loss(
    format: Format, predictor: Predictor, sample: Sample, written: Path, *, metric: str, max_loss: float
) -> ScoreLoss:
    """Return what a smaller precision costs on all rows of the sample.

    Raises:
        OutputError: it costs more than `max_loss` of the score, or one row alone is not predicted.
    """
    batches = [batch_of(format, predictor, sample.rows(number)) for number in (1, sample.num_rows)]
    one, found = _predict(format, written, batches)
    wanted = predictions_of(predictor, sample.arrays(predictor.encoder))
    if found.shape != wanted.shape or one.shape != wanted[:1].shape:
        raise OutputError(
            f"what was written as {format.name} has other outputs, so it was removed.",
            received=f"shapes {list(one.shape)} and {list(found.shape)} for 1 and {len(wanted)} rows",
            expected=f"shapes {list(wanted[:1].shape)} and {list(wanted.shape)}",
            fix="report the network's layers as a bug; leave --precision out meanwhile",
        )
    loss = score_loss(predictor.task, metric, sample.target, wanted, found)
    if not loss.loss <= max_loss:
        raise OutputError(
            "too much is lost to the smaller precision, so nothing was kept.",
            received=loss.sentence,
            expected=f"a loss of at most {max_loss:.2%} of the score",
            fix=f"export in another precision, or allow for it with --max-loss {loss.loss * 1.05:.2g}",
        )
    return loss


def network_rows(predictor: Predictor, sample: Sample) -> list[Array]:
    """Return the rows of a sample as the network takes them."""
    inputs = prepared_inputs(sample.arrays(predictor.encoder), predictor.formulas, predictor.scalings)
    return [
        computable(values).astype(tensor.dtype)
        for values, tensor in zip(inputs, predictor.model.inputs, strict=True)
    ]


def _predict(format: Format, written: Path, batches: Sequence[Batch]) -> list[np.ndarray]:
    try:
        return [np.asarray(one) for one in format.predict(written, batches)]
    except WellfitError:
        raise
    except Exception as error:  # every runtime raises its own
        raise OutputError(
            f"what was written as {format.name} cannot be run, so it was removed.",
            received=f"{type(error).__name__}: {error}".partition("\n")[0][:300],
            expected="predictions for 1 and for several rows",
            fix="report the network's layers as a bug; serve it with Keras meanwhile",
        ) from error
