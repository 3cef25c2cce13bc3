"""The last stage: train baseline and chosen network on all working rows, look at the holdout once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._code import Recipe
from wellfit.api._confirm import Confirmed
from wellfit.api._ensemble import Ensemble, ensemble_model
from wellfit.api._frozen_features import FrozenFeatures
from wellfit.api._laboratory import Laboratory
from wellfit.api._linear_head import LINEAR_HEAD, against_linear_head, predict_linear_head
from wellfit.api._plan import Plan
from wellfit.api._references import chance_name, predict_references
from wellfit.api._subject import Subject
from wellfit.data import apply_scaling, created, picked
from wellfit.evaluation import confusion_matrix, evaluate, paired_bootstrap
from wellfit.models import Model, chosen_model, predict_plain, with_temperature, with_test_views
from wellfit.population import StoppedError
from wellfit.records import (
    Formula,
    HoldoutResult,
    Scaling,
    Settings,
    Task,
    TestViews,
    UnsupportedModelError,
)

Array = NDArray[Any]
Way = tuple[tuple[Formula, ...], tuple[Scaling | None, ...]]  # of raw inputs to the network


@dataclass(frozen=True, kw_only=True, eq=False)
class Final:
    """The end of a study.

    Attributes:
        settings: of the network that is handed back.
        model: that network, plain Keras.
        scalings: what its inputs go through first, one for each input.
        formulas: of the features that are added to its float input before that.
        holdout: both networks on the holdout, or None if there is no holdout.
        confusion: ``[class, class]`` of the handed-back network on the holdout, or None.
        note: why the baseline is handed back although another was chosen, if so.
        against_head: that the network does not beat a linear head on frozen features, if so.
        is_average: whether the network is the average of several.
        recipe: what its code is written from.
        said: predictions for the holdout of ``chosen``, and of ``baseline`` where that is another network.
    """

    settings: Settings
    model: Model
    scalings: tuple[Scaling | None, ...]
    formulas: tuple[Formula, ...]
    holdout: HoldoutResult | None
    confusion: Array | None
    note: str = ""
    against_head: str = ""
    is_average: bool = False
    recipe: Recipe | None = None
    said: Mapping[str, Array] = field(default_factory=dict[str, Array])


def finish(
    laboratory: Laboratory,
    plan: Plan,
    chosen: Settings,
    confirmed: Confirmed,
    seed: int,
    *,
    ensemble: Ensemble | None = None,
    should_stop: Callable[[], bool] | None = None,
    features: FrozenFeatures | None = None,
) -> Final | None:
    """Train on all working rows, compare on the holdout, hand back the better one by the confirmation.

    There are no rows left to stop by, so a network that stops early is trained for as long as was best in
    the confirmation (the median), and a temperature is the one found there (the geometric mean). A plateau
    schedule has to watch some rows: it keeps them. An average of networks is shown the views of `chosen`.

    Where the chosen network trains on pictures that are drawn, and `should_stop` says True while they are,
    the baseline is handed back.

    Returns:
        None if neither network reaches a finite loss.
    """
    subject = laboratory.subject
    notes: list[str] = []
    average = None if ensemble is None else _average(laboratory, plan, ensemble, notes)
    is_alone = chosen == subject.baseline or average is not None
    arms = [subject.baseline] if is_alone else [subject.baseline, chosen]
    trained: list[Model | None] = []
    recipes: list[Recipe | None] = []
    ways: list[Way] = []
    lost = "the chosen network diverged on all working rows"
    for settings in arms:
        trial = plan.watched if settings.schedule == "plateau" else plan.final
        length, stop_after = confirmed.length(settings)
        options: dict[str, Any] = {"stop_after": stop_after, "alone": plan.is_long}
        try:
            weights, good = laboratory.fit(length, trial, should_stop=should_stop, **options)
        except StoppedError:
            weights, good = (), False
            lost = "there was no time to draw the pictures that the chosen network trains on"
        built = _built(laboratory, trial, settings, weights) if good else None
        temperature = confirmed.temperatures.get(settings)
        if built is not None and temperature is not None:
            built = with_temperature(built, temperature)
        known = {"stop_after": stop_after, "temperature": temperature, "seed": seed}
        recipes.append(None if built is None else _recipe(laboratory, trial, length, built, **known))
        trained.append(
            None if built is None else _with_views(subject, built, settings.test_time_augmentation)
        )
        ways.append((laboratory.formulas(settings), laboratory.scalings(settings, trial)))
    if ensemble is not None and average is not None:
        main = replace(ensemble.settings[0], test_time_augmentation=chosen.test_time_augmentation)
        known = {"num_averaged": ensemble.num_networks, "seed": seed}
        recipes.append(_recipe(laboratory, plan.final, main, average.get_layer("member1"), **known))
        trained.append(_with_views(subject, average, main.test_time_augmentation))
        ways.append((laboratory.formulas(main), laboratory.scalings(main, plan.final)))
        arms.append(main)
    improved = trained[-1] or trained[0]
    if improved is None:
        return None
    if trained[-1] is None and trained[0] is not None:
        notes.append(f"{lost}, so the baseline is kept")
    if trained[0] is None:
        notes.append("the baseline diverged on all working rows and counts as chance on the holdout")
    is_first = trained[-1] is None
    used = ways[0] if is_first else ways[-1]
    linear = _linear_head(subject, features)
    holdout, confusion, said = _holdout(
        subject, (ways[0], used), trained[0], improved, seed=seed, linear=linear
    )
    return Final(
        settings=arms[-1] if trained[-1] is not None else subject.baseline,
        model=improved,
        formulas=used[0],
        scalings=used[1],
        holdout=holdout,
        confusion=confusion,
        note="; ".join(notes),
        against_head="" if linear is None else against_linear_head(subject, linear, said["chosen"], seed),
        is_average=average is not None,
        recipe=recipes[-1] or recipes[0],
        said=said,
    )


def _recipe(laboratory: Laboratory, trial: int, settings: Settings, model: Model, **known: Any) -> Recipe:
    """Return what the code of a network is written from.

    Args:
        laboratory: where it was trained.
        trial: whose rows it was trained on.
        settings: of the training.
        model: the network.
        **known: further fields of the recipe.
    """
    subject, material = laboratory.subject, laboratory.material(settings)
    return Recipe(
        given=subject.model,
        model=model,
        settings=settings,
        baseline=subject.baseline,
        setup=subject.setup,
        dataset=material.dataset,
        train=material.splits[trial].train,
        holdout=subject.holdout,
        num_visits=int(material.num_visits[trial]),
        scalings=laboratory.scalings(settings, trial),
        formulas=laboratory.formulas(settings),
        target_scaling=laboratory.target_scaling(settings, trial),
        starts_from_weights=subject.start == "given",
        picture_fit=subject.picture_fit,
        **known,
    )


def _average(laboratory: Laboratory, plan: Plan, ensemble: Ensemble, notes: list[str]) -> Model | None:
    try:
        model = ensemble_model(laboratory, plan, ensemble)
    except UnsupportedModelError as error:
        notes.append(f"no networks are averaged, only the best is handed back: {error.summary}")
        return None
    return model


def _with_views(subject: Subject, model: Model, views: TestViews) -> Model:
    return with_test_views(model, views, subject.dataset.task, from_logits=subject.setup.from_logits)


def _built(laboratory: Laboratory, trial: int, settings: Settings, weights: tuple[Array, ...]) -> Model:
    subject = laboratory.subject
    center, scale = laboratory.target_scaling(settings, trial) or (None, None)
    return chosen_model(
        subject.model,
        laboratory.build(settings).structure,
        weights,
        settings,
        subject.setup,
        target_center=center,
        target_scale=scale,
        groups=laboratory.groups(settings),
        num_features=laboratory.material(settings).num_features,
    )


def _holdout(
    subject: Subject,
    ways: tuple[Way, Way],
    baseline: Model | None,
    improved: Model,
    *,
    seed: int,
    linear: Array | None,
) -> tuple[HoldoutResult | None, Array | None, dict[str, Array]]:
    """Compare both networks on the holdout, each with its own inputs; return what they say of it, too.

    Args:
        subject: what the study is about.
        ways: of both networks' inputs.
        baseline: the first network, None where it diverged.
        improved: the second.
        seed: of the bootstrap.
        linear: predictions of a linear head on frozen features, where there are any.
    """
    if len(subject.holdout) == 0:
        return None, None, {}
    dataset, rows = subject.dataset, subject.holdout
    raw = [picked(values, rows) for values in dataset.inputs]
    references = predict_references(subject, subject.working, rows)
    if linear is not None:
        references[LINEAR_HEAD] = linear
    after = predictions(subject, improved, prepared_inputs(raw, *ways[1]))
    before = after
    if baseline is None:
        before = references[chance_name(subject)].reshape(len(rows), -1)
    elif baseline is not improved:
        before = predictions(subject, baseline, prepared_inputs(raw, *ways[0]))
    target = dataset.target[rows]
    difference, low, high = (0.0, 0.0, 0.0)
    if before is not after:
        groups = None if dataset.groups is None else dataset.groups[rows]
        difference, low, high = paired_bootstrap(
            dataset.task, subject.metric.name, target, before, after, seed=seed, groups=groups
        )
    result = HoldoutResult(
        num_rows=len(rows),
        baseline=evaluate(dataset.task, target, before),
        improved=evaluate(dataset.task, target, after),
        difference=difference,
        low=low,
        high=high,
        references={name: evaluate(dataset.task, target, p) for name, p in references.items()},
    )
    confusion = confusion_matrix(target, after) if dataset.task.is_classification else None
    # Chance, which stands for a baseline that diverged, has no curves worth drawing.
    beside = {} if baseline is None or before is after else {"baseline": before}
    return result, confusion, {"chosen": after, **beside}


def _linear_head(subject: Subject, features: FrozenFeatures | None) -> Array | None:
    """Return what a linear head on frozen features says of the holdout, None without one."""
    if features is None or not len(subject.holdout):
        return None
    return predict_linear_head(subject, features, subject.working, subject.holdout)


def prepared_inputs(
    inputs: list[Array], formulas: tuple[Formula, ...], scalings: tuple[Scaling | None, ...]
) -> list[Array]:
    """Return raw inputs as the network takes them: with created features, then scaled."""
    if formulas:
        matrix = next(i for i, values in enumerate(inputs) if np.issubdtype(values.dtype, np.floating))
        inputs = [*inputs[:matrix], created(inputs[matrix], formulas), *inputs[matrix + 1 :]]
    return [
        values if scaling is None else apply_scaling(scaling, values)
        for values, scaling in zip(inputs, scalings, strict=True)
    ]


def predictions(subject: Subject, model: Model, inputs: list[Array]) -> Array:
    """Return ``[row, class]`` probabilities, or values in the target's shape."""
    return as_predictions(predict_plain(model, inputs), subject.dataset.task, subject.setup.from_logits)


def as_predictions(outputs: Array, task: Task, from_logits: bool) -> Array:
    """Turn raw outputs into probabilities (two columns for one unit); regression passes as it is."""
    if task is Task.REGRESSION:
        return outputs
    outputs = np.asarray(outputs, np.float64)
    if outputs.shape[-1] == 1:
        positive = 1.0 / (1.0 + np.exp(-outputs)) if from_logits else outputs
        return np.concatenate([1.0 - positive, positive], axis=1)
    if from_logits:
        exponential = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return exponential / exponential.sum(axis=1, keepdims=True)
    return outputs / outputs.sum(axis=1, keepdims=True)
