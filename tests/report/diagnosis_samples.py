"""Diagnoses as `diagnose` writes them: the plain case and the awkward ones."""

from __future__ import annotations

import dataclasses

import numpy as np
from report_samples import HOSTILE, NAN, curve_pair

from wellfit.records import (
    CurvePair,
    Diagnosis,
    Effect,
    Examined,
    Finding,
    Metric,
    Outcome,
    Task,
    Verdict,
)
from wellfit.report._causes import MEANINGS

LOSS = Metric(name="log_loss", direction="minimize")


def share(estimate: float, half: float, pairs: int = 4) -> Effect:
    """Return an effect as a share of the possible improvement."""
    low, high = estimate - half, estimate + half
    return Effect(estimate=estimate, low=low, high=high, p_value=NAN, unit="share", num_pairs=pairs)


def examined(found: tuple[str, ...]) -> tuple[Examined, ...]:
    """Return every cause: those in `found`, one that does not apply, one undecided, the others silent."""
    special = {
        "class-imbalance": (Outcome.NOT_APPLICABLE, "the classes are about equally frequent"),
        "batchnorm-mode": (Outcome.NOT_APPLICABLE, "the network has no batch normalization"),
        "label-noise": (
            Outcome.CANNOT_TELL,
            "the interval holds zero; 4 more pairs of seeds would decide it",
        ),
    }
    return tuple(
        Examined(code=code, outcome=Outcome.FOUND)
        if code in found
        else Examined(code=code, outcome=special[code][0], reason=special[code][1])
        if code in special
        else Examined(code=code, outcome=Outcome.SILENT, reason="its experiment changed nothing")
        for code in MEANINGS
        if code != "healthy"
    )


def overfitting() -> Diagnosis:
    """Return a complete diagnosis with two causes."""
    findings = (
        Finding(
            code="too-few-rows",
            confidence=0.91,
            evidence={
                "loss_at_half": 0.492,
                "loss_at_all": np.float32(0.455),
                "rows_for_half_the_gap": 4200,
                "exponent": 0.35,
            },
            remedies=(
                "collect more rows: 4,200 would close about half of the gap",
                "until then, regularize: layers.Dropout(0.3) after each hidden layer",
            ),
            family=Verdict.OVERFITTING,
            experiment="The same network was trained on 10, 20, 40, 70 and 100 % of the rows with the same "
            "number of updates, and the loss on validation rows still falls at 100 %.",
            effect=share(0.31, 0.09),
            page="docs/causes/too-few-rows.md",
        ),
        Finding(
            code="trained-too-long",
            confidence=0.74,
            evidence={"best_epoch": 17, "epochs": 60, "loss_at_best": 0.431},
            remedies=("EarlyStopping(patience=10, restore_best_weights=True)",),
            family=Verdict.OVERFITTING,
            experiment="The weights of the best epoch were compared with those of the last one.",
            effect=share(0.088, 0.012),
            page="docs/causes/trained-too-long.md",
        ),
    )
    return Diagnosis(
        verdict=Verdict.OVERFITTING,
        verdict_line="The network overfits: its loss is 0.312 on training rows and 0.455 on validation rows, "
        "mostly because there are too few rows.",
        confidence=0.91,
        findings=findings,
        examined=examined(("too-few-rows", "trained-too-long")),
        unknown=(
            "Whether the validation rows are like those in use: nothing was said about where they come from.",
        ),
        task=Task.BINARY,
        metric=LOSS,
        numbers={
            "num_train": 1600.0,
            "train_loss": 0.312,
            "validation_loss": 0.455,
            "chance": 0.6931,
            "best_reference": 0.402,
            "best_epoch": 17.0,
            "num_validation": 400.0,
            "seed_noise": 0.0042,
        },
        curves=(
            curve_pair("as it stands", overfits=True),
            curve_pair("early stopping", overfits=False, epochs=20),
        ),
        effects={
            "all rows against 70 %": share(0.31, 0.09),
            "best epoch": share(0.088, 0.012),
            "half the width": share(0.03, 0.05),
            "l2 0.001": share(0.01, 0.04),
            "learning rate x0.3": share(-0.02, 0.04),
            "permuted labels": share(-1.04, 0.11),
        },
        notes=("Column 'customer_id' was left out: it has one value per row.",),
        command="wellfit diagnose telco.csv --target churn --model net.keras --seed 0",
        members_trained=96,
        timing={"prepare": 1.1, "train": 9.7, "total": 11.3},
        environment={"wellfit": "0.1.0", "keras": "3.14.0", "machine": "2 cores", "seed": "0"},
    )


def stuck() -> Diagnosis:
    """Return a binary classifier that stands at chance because of its wiring."""
    finding = Finding(
        code="wiring",
        confidence=0.999,
        evidence={
            "output": "Dense 1, softmax",
            "gradient_zero": ["dense/kernel", "dense/bias"],
            "rows": (2, 8, 32),
        },
        remedies=("use Dense(1, activation='sigmoid') with binary_crossentropy",),
        family=Verdict.NOT_LEARNING,
        experiment="The network cannot memorize 2, 8 or 32 rows.",
        page="docs/causes/wiring.md",
    )
    return Diagnosis(
        verdict=Verdict.NOT_LEARNING,
        verdict_line="The network does not learn: softmax over one unit is always 1.",
        confidence=0.999,
        findings=(finding,),
        examined=examined(("wiring",)),
        task=Task.BINARY,
        metric=LOSS,
        numbers={"chance": 0.6931, "best_reference": 0.41, "train_loss": 0.7, "validation_loss": 0.71},
        members_trained=12,
    )


def healthy() -> Diagnosis:
    """Return a regression in which nothing was found."""
    return Diagnosis(
        verdict=Verdict.HEALTHY,
        verdict_line="The network is healthy: no intervention improves it beyond seed noise.",
        confidence=0.83,
        examined=examined(()),
        task=Task.REGRESSION,
        metric=Metric(name="mse", direction="minimize"),
        numbers={
            "chance": 8_464_000.0,
            "best_reference": 2_310_000.0,
            "train_loss": 2_250_000.0,
            "validation_loss": 2_400_000.0,
        },
        effects={"l2 0.001": share(0.002, 0.006), "dropout 0.3": share(-0.011, 0.008)},
        members_trained=64,
        timing={"total": 7.0},
    )


def history() -> Diagnosis:
    """Return what curves alone can say."""
    needs_data = "needs the network and its rows"
    return Diagnosis(
        verdict=Verdict.OVERFITTING,
        verdict_line="The validation loss is lowest at epoch 22 and 18 % above that at the end.",
        confidence=0.88,
        findings=(
            Finding(
                code="trained-too-long",
                confidence=0.88,
                evidence={"rise": 0.18},
                remedies=("stop at epoch 22",),
                family=Verdict.OVERFITTING,
            ),
        ),
        examined=tuple(
            Examined(code=code, outcome=Outcome.NOT_APPLICABLE, reason=needs_data)
            for code in MEANINGS
            if code not in ("healthy", "trained-too-long")
        ),
        unknown=("Why it overfits: run `wellfit diagnose DATA --target COL --model SPEC`.",),
        numbers={"best_epoch": 22.0},
        curves=(curve_pair("history", overfits=True),),
        command="wellfit diagnose --history log.csv",
    )


def unmeasured() -> Diagnosis:
    """Return a partial diagnosis in which nothing finite came out."""
    gone = np.full(5, np.nan, dtype=np.float32)
    nothing = Effect(estimate=NAN, low=NAN, high=NAN, p_value=NAN, unit="share", num_pairs=0)
    single = Effect(estimate=0.2, low=NAN, high=NAN, p_value=NAN, unit="share", num_pairs=1)
    endless = Effect(estimate=0.1, low=-np.inf, high=np.inf, p_value=1.0, unit="share", num_pairs=2)
    return Diagnosis(
        verdict=Verdict.INCONCLUSIVE,
        verdict_line="The diagnosis did not get far enough to tell.",
        confidence=NAN,
        findings=(
            Finding(code="learning-rate-too-high", confidence=NAN, evidence={"loss": NAN}, effect=nothing),
            Finding(code="dead-units", confidence=0.4, evidence={}, effect=single),
            Finding(code="unscaled-inputs", confidence=0.4, evidence={}, effect=endless),
        ),
        task=Task.MULTICLASS,
        metric=LOSS,
        numbers={"train_loss": NAN, "validation_loss": float("inf"), "chance": 1.1, "best_reference": 1.2},
        curves=(CurvePair(name="as it stands", train_loss=gone, validation_loss=gone, best_epoch=-1),),
        effects={"nothing": nothing, "single": single, "endless": endless},
        timing={"total": NAN},
        environment={"partial": "stopped by a signal during the probes"},
    )


def hostile() -> Diagnosis:
    """Return a diagnosis whose names are long, foreign, or meant to break a page."""
    long = "the_" + "very_" * 40 + "long_name"
    names = (HOSTILE, long, '$x^2$ & "quotes"', "客户编号" * 20, "line\nbreak\t\x00\u202e", "{{ 7 * 7 }}")
    base = overfitting()
    finding = Finding(
        code=HOSTILE,
        confidence=0.5,
        evidence={HOSTILE: long, "rows": list(range(5000)), "nested": {HOSTILE: [HOSTILE]}},
        remedies=names,
        experiment=HOSTILE,
        effect=share(35.2, 2000.0),
        page=HOSTILE,
    )
    return dataclasses.replace(
        base,
        verdict_line=f"The column {HOSTILE} {long} is odd.",
        findings=(finding, *base.findings),
        examined=tuple(
            Examined(code=name, outcome=outcome, reason=name) for name in names for outcome in Outcome
        ),
        unknown=names,
        numbers={HOSTILE: 1.0, long: 2.0, **base.numbers},
        effects={name: share(0.1 * place, 0.2) for place, name in enumerate(names)},
        curves=tuple(dataclasses.replace(pair, name=HOSTILE) for pair in base.curves),
        notes=names,
        command=f"wellfit diagnose {HOSTILE} --target {long}",
        environment={"wellfit": HOSTILE, "partial": f"{HOSTILE} {long}"},
        timing={HOSTILE: 1.0},
    )


def minimal() -> Diagnosis:
    """Return the least that makes a diagnosis."""
    return Diagnosis(verdict=Verdict.INCONCLUSIVE, verdict_line="", confidence=0.0)


SAMPLES = {
    "overfitting": overfitting,
    "stuck": stuck,
    "healthy": healthy,
    "history": history,
    "unmeasured": unmeasured,
    "hostile": hostile,
    "minimal": minimal,
}
