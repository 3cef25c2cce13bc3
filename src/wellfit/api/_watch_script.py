"""From the fits of a script to diagnoses: by experiment where rows are there, else by the curves alone."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wellfit.models import SeizedFit, data_of, model_before, read_pipelines
from wellfit.records import Diagnosis, WellfitError

Diagnose = Callable[..., Diagnosis]
Judge = Callable[[Mapping[str, Sequence[float]]], Diagnosis]

NUM_EXPERIMENTS = 3
"""Networks of one script that are examined by experiment, from the last one backwards."""
_UNWEIGHTED = "the validation rows came with weights; in the experiments each of them counts alike"


@dataclass(frozen=True, kw_only=True, eq=False)
class Watched:
    """What was found out about one network of a script.

    Attributes:
        fit: what the script did with it.
        diagnosis: None where there is neither data nor one epoch of curves.
        basis: ``experiments``, ``curves`` or ``nothing``.
        reason: why it is not experiments, in one sentence; empty where it is.
        details: the traceback of an error that was not expected, for whoever asks.
    """

    fit: SeizedFit
    diagnosis: Diagnosis | None
    basis: str
    reason: str = ""
    details: str = ""


def diagnose_fits(
    fits: Sequence[SeizedFit],
    *,
    diagnose: Diagnose | None,
    judge: Judge,
    began: Callable[[SeizedFit], None] = lambda fit: None,
    num_experiments: int = NUM_EXPERIMENTS,
    command: str = "",
) -> Iterator[Watched]:
    """Yield what is the matter with each network, in the order of the script.

    Args:
        fits: as seized.
        diagnose: `wellfit.diagnose` or something like it; None where curves are to be judged alone.
        judge: a function from a history to a diagnosis.
        began: called before each experiment.
        num_experiments: how many of the last networks are examined by experiment.
        command: how the script was watched, for the report.
    """
    first = len(fits) - num_experiments
    for position, fit in enumerate(fits):
        if diagnose is None:
            yield _by_curves(fit, judge, "curves were asked for.")
        elif position < first:
            yield _by_curves(
                fit, judge, f"only the last {num_experiments} networks are examined by experiment."
            )
        else:
            began(fit)
            yield _by_experiment(read_pipelines(fit), diagnose, judge, command)


def _by_experiment(fit: SeizedFit, diagnose: Diagnose, judge: Judge, command: str) -> Watched:
    try:
        found = _diagnosed(fit, diagnose, command)
    except KeyboardInterrupt:
        return _by_curves(fit, judge, "the experiments were interrupted.")
    except WellfitError as error:
        received = f" ({error.received})" if error.received else ""
        return _by_curves(fit, judge, f"{error.summary.rstrip('.')}{received}.")
    # A script's own layers and losses run here, and a verdict must not cost it its exit status.
    except (Exception, SystemExit) as error:
        text = str(error).strip().partition("\n")[0]
        reason = (
            f"the experiments failed with {type(error).__name__}{': ' if text else ''}{text.rstrip('.')}."
        )
        return _by_curves(fit, judge, reason, traceback.format_exc())
    return Watched(fit=fit, diagnosis=found, basis="experiments")


def _diagnosed(fit: SeizedFit, diagnose: Diagnose, command: str) -> Diagnosis:
    x, y, weight, validation = data_of(fit)
    options: dict[str, Any] = {"class_weight": fit.class_weight, "sample_weight": weight}
    has_weights = validation is not None and len(validation) > 2 and len(np.unique(validation[2])) > 1
    found = diagnose(
        model_before(fit),
        x,
        y,
        validation_data=None if validation is None else validation[:2],
        epochs=fit.epochs,
        batch_size=fit.batch_size,
        command=command,
        **{name: value for name, value in options.items() if value is not None},
    )
    return replace(found, notes=(*found.notes, _UNWEIGHTED)) if has_weights else found


def _by_curves(fit: SeizedFit, judge: Judge, reason: str, details: str = "") -> Watched:
    if not fit.num_epochs:
        reason = f"{reason} No epoch came to its end, so there are no curves either."
        return Watched(fit=fit, diagnosis=None, basis="nothing", reason=reason, details=details)
    try:
        found = judge(fit.history)
    except Exception as error:
        text = error.summary if isinstance(error, WellfitError) else f"{type(error).__name__}: {error}"
        reason = f"{reason} The curves cannot be judged: {text.rstrip('.')}."
        return Watched(fit=fit, diagnosis=None, basis="nothing", reason=reason, details=details)
    return Watched(fit=fit, diagnosis=found, basis="curves", reason=reason, details=details)


def fit_facts(fit: SeizedFit) -> dict[str, Any]:
    """Return what is known of a fit as numbers and text.

    Example:
        >>> fit_facts(SeizedFit(name="net", error="ValueError", ended=False))["error"]
        'ValueError'
    """
    rows, held = fit.rows, fit.validation
    return {
        "network": fit.name,
        "data": fit.kind,
        "num_rows": None if rows is None else rows.num_given or rows.num_kept,
        "num_rows_kept": None if rows is None else rows.num_kept,
        "num_validation_rows": None if held is None else held.num_given or held.num_kept,
        "num_epochs": fit.num_epochs,
        "batch_size": fit.batch_size,
        "num_fits": fit.num_fits,
        "num_joined": fit.num_joined,
        "ended": fit.ended,
        "error": fit.error,
        "notes": list(fit.notes),
    }


def fit_text(fit: SeizedFit) -> str:
    """Return one or a few lines on what a script did with a network.

    Example:
        >>> print(fit_text(SeizedFit(name="net", batch_size=32, history={"loss": [0.7, 0.6]})))
        network 'net': rows unseen, 2 epochs, batch size 32
    """
    facts = fit_facts(fit)
    parts = [_count(facts["num_rows"], "row") + f" as {fit.kind}" if fit.rows else "rows unseen"]
    if facts["num_validation_rows"] is not None:
        parts.append(_count(facts["num_validation_rows"], "validation row"))
    parts.append(_count(fit.num_epochs, "epoch"))
    if fit.batch_size is not None:
        parts.append(f"batch size {fit.batch_size}")
    lines = [f"network {fit.name!r}: {', '.join(parts)}"]
    if fit.num_joined == fit.num_fits > 1:
        lines.append(f"  {fit.num_fits} fits of this network that continue each other are taken as one")
    elif fit.num_fits > 1:
        joined = f"the last {fit.num_joined}, taken as one" if fit.num_joined > 1 else "the last one"
        lines.append(f"  of {fit.num_fits} fits of this network, this is {joined}")
    if not fit.ended:
        lines.append(f"  the fit did not come to its end{': ' if fit.error else ''}{fit.error}")
    return "\n".join([*lines, *(f"  {note}" for note in fit.notes)])


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
