"""Reports as studies write them, made from seeds: the good case and the awkward ones."""

from __future__ import annotations

import dataclasses

import numpy as np

from wellfit.records import (
    CleaningStep,
    ColumnSchema,
    CurvePair,
    DrawnStrip,
    Effect,
    Finding,
    HoldoutResult,
    Metric,
    PictureStrip,
    Remedy,
    Report,
    Settings,
    Task,
    Verdict,
)

BASELINE = Settings(learning_rate=1e-3, batch_size=32, epochs=60)
CHOSEN = dataclasses.replace(BASELINE, dropout=0.3, l2=1e-4, patience=8)
HOSTILE = "<script>alert('x')</script>"
NAN = float("nan")


def effect(
    estimate: float, half: float, *, p_value: float = NAN, pairs: int = 10, unit: str = "log_loss"
) -> Effect:
    """Return an effect with a symmetric interval."""
    return Effect(
        estimate=estimate,
        low=estimate - half,
        high=estimate + half,
        p_value=p_value,
        unit=unit,
        num_pairs=pairs,
    )


def curve_pair(name: str, *, overfits: bool, epochs: int = 60, scale: float = 1.0) -> CurvePair:
    """Return smooth loss curves; an overfitting one turns up again on validation rows."""
    epoch = np.arange(epochs, dtype=np.float32)
    train = (0.32 if overfits else 0.38) + 0.35 * np.exp(-epoch / 9) - (0.0022 * epoch if overfits else 0)
    validation = 0.405 + 0.3 * np.exp(-epoch / 7) + (0.00005 * epoch**2 if overfits else 0)
    return CurvePair(
        name=name,
        train_loss=(scale * train).astype(np.float32),
        validation_loss=(scale * validation).astype(np.float32),
        best_epoch=int(np.argmin(validation)),
    )


def with_running(pair: CurvePair) -> CurvePair:
    """Return curves with the training loss as Keras reports it, a fifth above the training loss."""
    return dataclasses.replace(pair, running_loss=1.2 * pair.train_loss)


def screened(num: int = 12, unit: str = "log_loss", scale: float = 1.0) -> tuple[Remedy, ...]:
    """Return screened remedies around zero, some clearly bad."""
    random = np.random.default_rng(0)
    names = ("l1", "l2", "elastic-net", "weight-decay", "dropout", "early-stopping", "learning-rate-up")
    names += ("learning-rate-down", "cosine", "batch-size-up", "fewer-units", "more-units", "label-smoothing")
    fields = ("l1", "l2", "weight_decay", "label_smoothing", "width", "learning_rate", "batch_size", "epochs")
    return tuple(
        Remedy(
            name=names[index] if index < len(names) else f"search-{index}",
            settings={fields[index % len(fields)]: round(float(random.uniform(0.0001, 0.5)), 4)},
            stage="screened",
            kept=False,
            effect=effect(
                scale * float(random.normal(0.0, 0.006)),
                scale * float(random.uniform(0.002, 0.01)),
                pairs=3,
                unit=unit,
            ),
        )
        for index in range(num)
    )


def confirmed() -> tuple[Remedy, ...]:
    """Return two finalists, one of them kept."""
    return (
        Remedy(
            name="search-17",
            settings={"dropout": 0.3, "l2": 1e-4, "patience": 8},
            stage="confirmed",
            kept=True,
            effect=effect(0.0123, 0.0061, p_value=0.0008),
        ),
        Remedy(
            name="dropout",
            settings={"dropout": 0.5},
            stage="confirmed",
            kept=False,
            effect=effect(0.0064, 0.0081, p_value=0.21),
            note="interval holds zero",
        ),
    )


def full() -> Report:
    """Return a complete binary study."""
    return Report(
        task=Task.BINARY,
        metric=Metric(name="log_loss", direction="minimize"),
        verdict=Verdict.OVERFITTING,
        verdict_line="The network overfits: at its best epoch the loss is 0.302 on training rows and 0.418 "
        "on validation rows, and it gets worse from epoch 21 on.",
        baseline=BASELINE,
        chosen=CHOSEN,
        holdout=HoldoutResult(
            num_rows=1409,
            baseline={"log_loss": 0.4312, "accuracy": 0.7912, "roc_auc": 0.8351},
            improved={"log_loss": 0.4187, "accuracy": 0.8041, "roc_auc": 0.8462},
            difference=0.0125,
            low=0.0052,
            high=0.0198,
            references={
                "majority class": {"log_loss": 0.5786, "accuracy": 0.7346, "roc_auc": 0.5},
                "linear model": {"log_loss": 0.4201, "accuracy": 0.8034, "roc_auc": 0.8449},
            },
        ),
        remedies=confirmed()
        + screened(12)
        + (
            Remedy(
                name="class-weights",
                settings={"class_weight": "balanced"},
                stage="screened",
                kept=False,
                effect=None,
                note="all runs diverged",
            ),
        ),
        findings=(
            Finding(
                code="weak-regularization",
                confidence=0.86,
                evidence={"gap": 0.116, "gain_dropout": 0.21, "experiment": "dropout 0 to 0.6, 3 pairs each"},
                remedies=("dropout", "l2"),
            ),
        ),
        curves=(curve_pair("baseline", overfits=True), curve_pair("chosen", overfits=False)),
        references={"majority class": 0.579, "linear model": 0.424},
        confusion=np.array([[930, 105], [171, 203]], dtype=np.int32),
        class_names=("No", "Yes"),
        columns=(
            ColumnSchema(name="customer_id", kind="identifier", used=False, reason="one value per row"),
            ColumnSchema(name="tenure", kind="integer", num_unique=73),
            ColumnSchema(
                name="total_charges",
                kind="numeric",
                num_missing=11,
                num_unique=6531,
                reason="numbers as text",
            ),
            ColumnSchema(
                name="contract",
                kind="category",
                num_unique=3,
                details={"categories": ["Month-to-month", "One year", "Two year"]},
            ),
            ColumnSchema(name="churn", kind="target", num_unique=2),
        ),
        cleaning=(
            CleaningStep(
                column="total_charges",
                action="blank read as missing",
                num_cells=11,
                switch='sentinels="keep"',
            ),
            CleaningStep(
                column="",
                action="duplicate rows kept on one side of each split",
                num_cells=22,
                switch="duplicates",
            ),
        ),
        model_summary=(
            "Dense 64, relu (1,344)",
            "Dropout 0.3",
            "Dense 32, relu (2,080)",
            "Dense 1, sigmoid (33)",
        ),
        command="wellfit improve telco.csv --target churn --budget 2m --seed 0",
        members_trained=412,
        num_rows=7043,
        timing={"read": 0.4, "screen": 31.2, "search": 48.0, "confirm": 25.1, "total": 104.7},
        environment={
            "wellfit": "0.1.0",
            "keras": "3.12.0",
            "jax": "0.8.1",
            "machine": "2 cores",
            "seed": "0",
        },
        notes=("Column 'customer_id' was left out: it has one value per row.",),
        options={
            "budget_s": 120.0,
            "folds": 5,
            "screen_pairs": 3,
            "confirm_pairs": 10,
            "holdout": 0.2,
            "seed": 0,
        },
    )


def regression() -> Report:
    """Return a study in a large unit, where a higher metric is better nowhere."""
    base = full()
    return dataclasses.replace(
        base,
        task=Task.REGRESSION,
        metric=Metric(name="rmse", direction="minimize"),
        verdict=Verdict.UNDERFITTING,
        verdict_line="The network underfits: a linear model is better by 1,250.",
        holdout=HoldoutResult(
            num_rows=400,
            baseline={"rmse": 48210.4, "r2": 0.712},
            improved={"rmse": 45876.2, "r2": 0.739},
            difference=2334.2,
            low=-120.5,
            high=4820.9,
            references={"mean": {"rmse": 92000.0, "r2": 0.0}},
        ),
        remedies=(
            dataclasses.replace(confirmed()[0], effect=effect(2510.0, 1300.0, p_value=0.011, unit="rmse")),
            *screened(8, unit="rmse", scale=250_000.0),
        ),
        curves=(
            with_running(curve_pair("baseline", overfits=False, scale=4000.0)),
            with_running(curve_pair("chosen", overfits=False, scale=3500.0)),
        ),
        references={"mean": 91000.0, "linear model": 46960.0},
        confusion=None,
        class_names=(),
        command="wellfit improve houses.csv --target price",
    )


def partial() -> Report:
    """Return a study that the budget ended before confirmation."""
    base = full()
    return dataclasses.replace(
        base,
        holdout=None,
        confusion=None,
        chosen=base.baseline,
        verdict=Verdict.INCONCLUSIVE,
        verdict_line="The study did not get far enough to tell.",
        remedies=screened(5),
        curves=base.curves[:1],
        partial="the budget of 20 s ended during the search; 5 of 22 remedies were screened",
    )


def nothing_helped() -> Report:
    """Return a complete study that keeps the baseline."""
    base = full()
    holdout = base.holdout
    assert holdout is not None
    rejected = dataclasses.replace(confirmed()[1], name="l2", settings={"l2": 1e-4})
    return dataclasses.replace(
        base,
        chosen=base.baseline,
        verdict=Verdict.HEALTHY,
        verdict_line="The network is healthy: training and validation loss agree, no remedy beats noise.",
        remedies=(confirmed()[1], rejected, *screened(10)),
        holdout=dataclasses.replace(holdout, improved=holdout.baseline, difference=0.0, low=0.0, high=0.0),
    )


def many() -> Report:
    """Return a study of 60 remedies, one of them off any scale."""
    base = full()
    wild = Remedy(
        name="learning-rate-x30",
        settings={"learning_rate": 0.03},
        stage="screened",
        kept=False,
        effect=effect(-9, 2),
    )
    return dataclasses.replace(base, remedies=(*confirmed(), *screened(57), wild))


def unmeasured() -> Report:
    """Return a study in which nothing finite came out."""
    base = full()
    nothing = Effect(estimate=NAN, low=NAN, high=NAN, p_value=NAN, unit="log_loss", num_pairs=0)
    half = Effect(estimate=0.01, low=NAN, high=NAN, p_value=NAN, unit="log_loss", num_pairs=1)
    endless = Effect(estimate=0.002, low=-np.inf, high=np.inf, p_value=1.0, unit="log_loss", num_pairs=2)
    gone = np.full(5, np.nan, dtype=np.float32)
    return dataclasses.replace(
        base,
        verdict=Verdict.NOT_LEARNING,
        verdict_line="Every run ended in NaN.",
        chosen=base.baseline,
        holdout=None,
        remedies=tuple(
            Remedy(
                name=name, settings={"l2": 0.1}, stage="screened", kept=False, effect=value, note="diverged"
            )
            for name, value in (("l2", nothing), ("l1", None), ("one-pair", half), ("two-pairs", endless))
        ),
        curves=(CurvePair(name="baseline", train_loss=gone, validation_loss=gone, best_epoch=-1),),
        references={"majority class": NAN},
        confusion=None,
    )


def hostile() -> Report:
    """Return a study whose names are long, foreign, or meant to break a page."""
    base = full()
    long = "the_" + "very_" * 40 + "long_name"
    names = (
        HOSTILE,
        long,
        "$x^2$ & \"quotes\" 'single'",
        "客户编号" * 20,
        "line\nbreak\ttab\x00\u202e",
        "{{ 7 * 7 }}",
    )
    odd = tuple(
        Remedy(
            name=name,
            settings={name: name},
            stage="screened",
            kept=False,
            effect=effect(0.001 * k, 0.004),
            note=name,
        )
        for k, name in enumerate(names)
    )
    first = dataclasses.replace(confirmed()[0], name=HOSTILE)
    return dataclasses.replace(
        base,
        verdict_line=f"The column {HOSTILE} {long} is odd.",
        remedies=(first, *odd),
        class_names=(HOSTILE, long),
        columns=tuple(
            ColumnSchema(name=name, kind="category", reason=name, details={name: name}) for name in names
        ),
        cleaning=tuple(CleaningStep(column=name, action=name, switch=name) for name in names),
        notes=names,
        partial=f"stopped at {HOSTILE} {long}",
        model_summary=names,
        command=f"wellfit improve {HOSTILE} --target {long}",
        environment={"wellfit": HOSTILE},
        options={HOSTILE: [HOSTILE, {"a": long}]},
        findings=(
            Finding(code="rare-features", confidence=0.5, evidence={HOSTILE: long}, remedies=(HOSTILE,)),
        ),
    )


def minimal() -> Report:
    """Return the least that makes a report."""
    return Report(
        task=Task.MULTICLASS,
        metric=Metric(name="accuracy", direction="maximize"),
        verdict=Verdict.INCONCLUSIVE,
        verdict_line="",
        baseline=Settings(),
        chosen=Settings(),
        holdout=None,
    )


def pictures() -> Report:
    """Return a study of pictures: two strips of augmented ones, two of drawn ones, with odd words in them."""
    dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
    shape = {"num_pictures": 2, "num_versions": 3, "width": 398, "height": 48}
    kept = PictureStrip(
        name="search-17", settings={"random_flip": 0.5, "random_zoom": 0.2}, kept=True, png=dot, **shape
    )
    odd = PictureStrip(name=HOSTILE, settings={HOSTILE: 0.1}, kept=False, png=f'"{HOSTILE}', **shape)
    names = {"shoe": dot, HOSTILE: f'"{HOSTILE}'}
    drawn = tuple(
        DrawnStrip(label=label, kept=False, num_drawn=7, width=398, height=48, png=png)
        for label, png in names.items()
    )
    return dataclasses.replace(full(), augmented=(kept, odd), drawn=drawn)


SAMPLES = {
    "pictures": pictures,
    "full": full,
    "regression": regression,
    "partial": partial,
    "nothing_helped": nothing_helped,
    "many": many,
    "unmeasured": unmeasured,
    "hostile": hostile,
    "minimal": minimal,
}
