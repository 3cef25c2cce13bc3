"""Verdicts from curves in plain English."""

from __future__ import annotations

from collections.abc import Mapping

from wellfit.records import Finding, Verdict

_NO_REASON = "Why cannot be read from curves: give the network and its rows to wf.diagnose, which tries it."
_DECIDE = {
    Verdict.HEALTHY: (
        "Whether more units or another learning rate would do better; a run with twice the units decides."
    ),
    Verdict.OVERFITTING: (
        "Whether more rows, fewer units or regularization closes the gap best; wf.improve decides."
    ),
    Verdict.UNDERFITTING: (
        "Whether epochs, learning rate or units are short; a run of three times the epochs and one with "
        "three times the learning rate decide."
    ),
    Verdict.NOT_LEARNING: (
        "Whether there is any signal, or the wiring, the scaling or the learning rate is at fault; "
        "memorizing 32 rows and permuted labels decide."
    ),
}
_PENALTY = (
    "How much of the losses is weight penalty, and how far dropout raises the training loss; measuring both "
    "sides again in inference mode decides (wf.Watch does)."
)
_REMEDIES = {
    "trained-too-long": (
        "stop at the best epoch: keras.callbacks.EarlyStopping(restore_best_weights=True)",
        "more L2 or dropout, if the best epoch itself is not good enough",
    ),
    "too-few-epochs": ("train for three times the epochs", "raise the learning rate"),
    "learning-rate-too-high": (
        "a tenth of the learning rate",
        "clip gradients: clipnorm=1.0",
        "look for missing or infinite values and unscaled columns in the inputs",
    ),
}
_EXPERIMENT = "Read from the curves of one run; nothing was tried."


def verdict_line(verdict: Verdict, why: str, name: str, numbers: Mapping[str, float]) -> str:
    """Return the verdict in one or two sentences.

    Args:
        verdict: what was concluded.
        why: which rule spoke; see `Judged.why`.
        name: what the curves are: ``loss`` or ``error rate``.
        numbers: of the curves; see `Diagnosis.numbers`.
    """
    epochs = int(numbers.get("num_epochs", 0))
    if why == "diverged":
        return f"Not learning: training diverged; within {epochs} epochs the {name} was no longer a number."
    if why == "flat":
        value = numbers.get("train_loss", float("nan"))
        return f"Not learning: the training {name} stayed at {value:.4g} through all {epochs} epochs."
    if why == "short":
        return f"Cannot tell: {_few(int(numbers.get('num_measured', epochs)), epochs)}."
    if why.startswith("zero"):
        return f"Cannot tell: the {why.removeprefix('zero ')} {name} is exactly 0 in every epoch."
    if why == "no validation":
        return f"Cannot tell: there is no validation {name}. {_train(name, numbers)}"
    ends = f"{_train(name, numbers)} {_validation(name, numbers)}".strip()
    openings = {
        Verdict.OVERFITTING: "Overfitting",
        Verdict.UNDERFITTING: "Underfitting",
        Verdict.NOT_LEARNING: "Not learning",
        Verdict.HEALTHY: "No sign of over- or underfitting",
    }
    return f"{openings.get(verdict, 'Cannot tell')}: {ends[:1].lower()}{ends[1:]}"


def _few(num_measured: int, epochs: int) -> str:
    if num_measured == epochs:
        return "1 epoch shows no trend" if epochs == 1 else f"{epochs} epochs show no trend"
    return (
        f"{num_measured} of {epochs} epochs {'was' if num_measured == 1 else 'were'} measured: no trend shows"
    )


def _train(name: str, numbers: Mapping[str, float]) -> str:
    if "train_loss" not in numbers:
        return ""
    return f"Training {name} went from {numbers['first_train_loss']:.4g} to {numbers['train_loss']:.4g}."


def _validation(name: str, numbers: Mapping[str, float]) -> str:
    if "validation_loss" not in numbers:
        return ""
    best, last = numbers["best_validation_loss"], numbers["validation_loss"]
    return (
        f"Validation {name} was lowest at epoch {numbers['best_epoch']:.0f} of {numbers['num_epochs']:.0f} "
        f"({best:.4g}) and ended at {last:.4g}{_percent(best, last)}."
    )


def _percent(best: float, last: float) -> str:
    if best <= 0 or last <= best:
        return ""
    share = last / best - 1.0
    return f", {share:.0%} higher" if share < 10 else f", {last / best:.3g} times that"


def unknown(verdict: Verdict, why: str, *, has_validation: bool) -> tuple[str, ...]:
    """Return what curves cannot tell and what would decide it."""
    if why == "short":
        return ("Whether it learns at all; at least 20 epochs decide.",)
    if why.startswith("zero"):
        return ("Whether these zeros were measured; model.evaluate on rows whose targets differ decides.",)
    if not has_validation and why != "diverged":
        return ("Whether it fits rows it has not seen; validation_split=0.2 in fit decides.", _NO_REASON)
    if verdict is Verdict.INCONCLUSIVE:
        return (
            "Which verdict holds: the curves fit several; the same run with three other seeds decides.",
            _PENALTY,
        )
    return (_DECIDE[verdict], _PENALTY, _NO_REASON)


def finding(code: str, family: Verdict, confidence: float, numbers: Mapping[str, float]) -> Finding:
    """Return a finding that was read from curves."""
    shown = ("best_epoch", "num_epochs", "best_validation_loss", "validation_loss", "train_loss", "rise")
    return Finding(
        code=code,
        confidence=confidence,
        evidence={
            name: int(numbers[name]) if name in ("best_epoch", "num_epochs") else numbers[name]
            for name in shown
            if name in numbers
        },
        remedies=_REMEDIES[code],
        family=family,
        experiment=_EXPERIMENT,
        page=f"docs/causes/{code}.md",
    )
