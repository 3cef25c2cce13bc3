"""Every family of remedies keeps to the protocol; each is offered where it makes sense."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from wellfit.records import Settings, Task
from wellfit.search import FAMILIES, Candidate, Family, Situation, make_candidate, remedies, role_of

CAUSE_CODES = {path.stem for path in Path(__file__).parents[2].glob("docs/causes/*.md")} - {"README"}
BASELINES = (
    Settings(),
    Settings(
        l1=1e-4,
        l2=1e-2,
        weight_decay=0.1,
        dropout=0.3,
        label_smoothing=0.1,
        class_weight="balanced",
        schedule="cosine",
        width=0.5,
        depth=1,
        batch_size=8,
        epochs=30,
        patience=5,
        scaling="robust",
        outliers="drop",
        missing="mean",
        selection="l1",
        extraction="pca",
        creation="logs",
        resampling="copula",
        suspects="remove",
        penalty_scale=0.5,
    ),
    Settings(epochs=2, batch_size=4096, dropout_scale=0.5),
    Settings(
        normalization="batch",
        activation="selu",
        skip="on",
        pooling="average",
        convolutions="small",
        map_dropout=0.1,
        input_scale=True,
        embedding="periodic",
        category_embedding=True,
    ),
)
SITUATIONS = (
    Situation(task=Task.BINARY),
    Situation(
        task=Task.MULTICLASS,
        imbalanced=True,
        has_penalties=True,
        own_dropout=0.5,
        num_rows=300,
        normalizations=("layer",),
        has_skip=True,
        has_categories=True,
        has_missing=True,
        has_outliers=True,
        has_pictures=True,
        can_pool=True,
        can_drop_maps=True,
        can_drop_branches=True,
        can_shrink_kernels=True,
        can_separate=True,
        has_colors=True,
        can_view=True,
        can_draw=True,
        num_features=12,
        num_numeric=5,
    ),
    Situation(
        task=Task.REGRESSION,
        imbalanced=True,
        can_dropout=False,
        can_narrow=False,
        can_widen=False,
        can_shallow=False,
        can_deepen=False,
        can_temper=False,
        can_normalize=False,
        activations=(),
        can_skip=False,
        can_embed=False,
        is_prepared=False,
        is_table=False,
        has_missing=True,
        has_outliers=True,
        num_features=12,
        num_numeric=5,
    ),
    Situation(
        task=Task.BINARY,
        starts_from_weights=True,
        num_layers=3,
        num_stages=3,
        num_features=12,
        num_numeric=5,
        can_narrow=False,
    ),
)


def _named(situation: Situation, baseline: Settings = BASELINES[0]) -> dict[str, Candidate]:
    return {one.name: one for one in remedies(baseline, situation)}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.task)
@pytest.mark.parametrize("baseline", BASELINES, ids=["plain", "all-on", "short", "other-structure"])
def test_every_family_keeps_to_the_protocol(family: Family, situation: Situation, baseline: Settings) -> None:
    """Variants change declared fields alone, to valid values, and undoing them gives the baseline back."""
    names = [name for name, _ in family.variants(baseline, situation)]
    assert len(names) == len(set(names))
    for name, replaced in family.variants(baseline, situation):
        assert set(replaced) <= family.fields, name
        settings = dataclasses.replace(baseline, **replaced)
        off = {field: getattr(baseline, field) for field in family.fields}
        assert dataclasses.replace(settings, **off) == baseline
        assert Settings(**dataclasses.asdict(settings)) == settings
        _assert_valid(settings)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_is_offered_somewhere(family: Family) -> None:
    """No family is dead: each has a variant in the situation that allows all, and says its source."""
    situations = (dataclasses.replace(SITUATIONS[1], imbalanced=True), SITUATIONS[3])
    found = [one for situation in situations for one in remedies(Settings(), situation)]
    assert any(one.family == family.name for one in found)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_says_what_it_is(family: Family) -> None:
    """Causes are codes that a diagnosis can give, the source has a year, and the cost is a factor."""
    assert set(family.causes) <= CAUSE_CODES
    assert len(set(family.causes)) == len(family.causes) > 0
    assert family.source.endswith(tuple("0123456789"))
    assert family.cost >= 1
    fields = {field.name for field in dataclasses.fields(Settings)}
    assert family.fields <= fields


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.task)
@pytest.mark.parametrize("baseline", BASELINES, ids=["plain", "all-on", "short", "other-structure"])
def test_candidates_are_unique_and_differ_from_the_baseline(situation: Situation, baseline: Settings) -> None:
    """Names and settings are unique, and `changes` rebuilds the settings from the baseline."""
    found = remedies(baseline, situation)
    assert len({one.name for one in found}) == len({one.settings for one in found}) == len(found)
    for one in found:
        assert one.changes
        assert dataclasses.replace(baseline, **one.changes) == one.settings


def test_issue_list_is_complete() -> None:
    """Every kind of remedy that a study promises is there, the strengths included."""
    names = set(_named(SITUATIONS[1]))
    promised = {
        "l1-1e-05",
        "l1-0.0003",
        "l2-0.0001",
        "l2-0.003",
        "elastic-net-1e-05-0.0001",
        "weight-decay-0.03",
        "dropout-0.1",
        "dropout-0.25",
        "no-dropout",
        "early-stopping-5",
        "learning-rate-x3",
        "learning-rate-x10",
        "learning-rate-x0.33",
        "learning-rate-x0.1",
        "schedule-exponential",
        "schedule-cosine",
        "schedule-plateau",
        "batch-size-x2",
        "batch-size-x0.5",
        "units-x0.5",
        "units-x2",
        "layers-minus-1",
        "layers-plus-1",
        "label-smoothing-0.05",
        "class-weights",
        "epochs-x3",
        "no-own-penalties",
        "temperature",
        "test-time-flip",
        "test-time-shift",
        "test-time-flip-shift",
        "batch-normalization",
        "no-normalization",
        "activation-silu",
        "activation-selu",
        "skips",
        "no-skips",
        "global-average-pooling",
        "small-kernels",
        "separable-convolutions",
        "map-dropout-0.1",
        "stochastic-depth-0.2",
        "stochastic-depth-0.5",
        "input-scale",
        "numeric-embedding",
        "category-embedding",
        "elastic-net-0.0001-0.001",
        "schedule-warm-restarts",
        "schedule-one-cycle",
        "schedule-flat-cosine",
        "clipping-1",
        "scaling-robust",
        "outliers-clip",
        "missing-mean",
        "selection-chi2",
        "selection-mutual-information",
        "selection-l1",
        "pca-0.5",
        "factor-analysis-0.5",
        "creation-products",
        "creation-ratios",
        "creation-logs",
        "creation-bins",
        "copula",
        "experimental-diffusion",
        "suspects-remove",
        "suspects-down-weight",
        "orthogonality-0.01",
        "max-norm-1",
        "activity-l2-0.01",
        "penalty-last-layer",
        "dropout-first-layer",
        "dropout-gaussian",
        "dropout-alpha",
        "input-noise-0.05",
        "input-dropout-0.1",
        "mixup-0.2",
        "cutmix-0.5",
        "adversarial-0.02",
        "averaging-ema",
        "averaging-swa",
        "averaging-lookahead",
        "augmentation-mild",
        "augmentation-moved",
        "rand-augment-0.3",
        "random-translation-0.1",
        "random-flip-0.5",
        "random-crop-0.3",
        "random-rotation-0.03",
        "random-zoom-0.2",
        "random-erasing-0.3",
        "random-shear-0.2",
        "random-contrast-0.3",
        "random-brightness-0.3",
        "random-noise-0.2",
        "random-saturation-0.2",
        "random-hue-0.1",
    }
    assert promised <= names
    assert "dropout-0.5" not in names  # the network's own rate is no change


def test_situation_limits_what_is_offered() -> None:
    """What the task or the network rules out is not tried."""
    families = {one.family for one in remedies(Settings(), SITUATIONS[2])}
    assert not families & {"dropout", "width", "depth", "label-smoothing", "class-weights", "own-penalties"}
    assert not families & {"normalization", "activation", "skip", "input-scale"}
    assert not families & {"numeric-embedding", "category-embedding"}
    assert "class-weights" not in _named(SITUATIONS[0])
    assert "temperature" not in _named(dataclasses.replace(SITUATIONS[0], can_temper=False))
    assert "temperature" not in _named(dataclasses.replace(SITUATIONS[2], can_temper=True))
    assert "layer-normalization" not in _named(SITUATIONS[1])  # the network has it
    assert "category-embedding" not in _named(SITUATIONS[0])
    assert "batch-size-x4" not in _named(SITUATIONS[1])  # 128 of 300 rows are too few updates


def test_what_needs_given_weights_is_offered_with_them_alone() -> None:
    """L2-SP and falling rates where runs start from given weights; then no other features."""
    fresh, given = (
        remedies(Settings(), dataclasses.replace(SITUATIONS[3], starts_from_weights=on))
        for on in (False, True)
    )
    assert {one.family for one in given} - {one.family for one in fresh} == {"l2-sp", "rate-decay"}
    gone = {"feature-creation", "feature-extraction"}
    assert {one.family for one in fresh} - {one.family for one in given} == gone
    alone = dataclasses.replace(SITUATIONS[3], num_layers=1)
    assert not {"l2-sp", "rate-decay"} & {one.family for one in remedies(Settings(), alone)}


def test_the_first_layer_has_the_promised_share_of_the_rate() -> None:
    """However many layers there are; and what is on can be taken off."""
    for num_layers in (2, 9):
        situation = dataclasses.replace(SITUATIONS[3], num_layers=num_layers)
        factor = _named(situation)["first-layer-rate-x0.01"].settings.rate_decay
        assert factor ** (num_layers - 1) == pytest.approx(0.01, rel=0.05)
    names = _named(SITUATIONS[3], baseline=Settings(l2_sp=0.1, rate_decay=0.5))
    assert {"no-l2-sp", "one-learning-rate"} <= set(names)


def test_what_is_offered_for_pictures() -> None:
    """Together first, then each alone; colors only where there are some, mixing in any unit of pixels."""
    gray = dataclasses.replace(SITUATIONS[0], has_pictures=True, can_perturb=False)
    found = remedies(Settings(), gray)
    names = [one.name for one in found if one.family == "augmentation"]
    assert names[:3] == ["augmentation-mild", "augmentation-moved", "rand-augment-0.3"]
    assert not {"random-hue-0.1", "random-saturation-0.2"} & set(names)
    families = {one.family for one in found}
    assert {"mixup", "cutmix"} <= families
    assert not {"input-noise", "adversarial"} & families
    assert not {"mixup", "cutmix"} & {
        one.family for one in remedies(Settings(), dataclasses.replace(gray, can_mix=False))
    }
    without = {one.name for one in remedies(Settings(rand_augment=0.3, random_zoom=0.2), gray)}
    assert {"no-rand-augment", "no-random-zoom"} <= without


def test_views_are_offered_where_a_network_can_be_shown_them() -> None:
    """Pictures alone are not enough; and views that are shown already can be left out."""
    assert not any(name.startswith("test-time") for name in _named(SITUATIONS[0]))
    shown = dataclasses.replace(SITUATIONS[0], has_pictures=True, can_view=True)
    names = _named(shown, baseline=Settings(test_time_augmentation="flip"))
    assert {"no-test-time-augmentation", "test-time-shift", "test-time-flip-shift"} <= set(names)
    assert "test-time-flip" not in names
    assert names["test-time-shift"].role == "neutral"


def test_drawn_pictures_are_for_some_hundreds_of_them() -> None:
    """Of fewer a generator learns copies, with many more nobody needs it."""
    for num_rows, is_offered in ((40, False), (300, True), (60_000, False)):
        found = _named(dataclasses.replace(SITUATIONS[1], num_rows=num_rows))
        assert ("experimental-diffusion" in found) == is_offered
    off = _named(SITUATIONS[1], baseline=Settings(resampling="diffusion"))
    assert "no-resampling" in off
    assert "experimental-diffusion" not in off


def test_a_range_test_gives_a_learning_rate() -> None:
    """What it found is one more rate, and without it there is none."""
    found = _named(dataclasses.replace(SITUATIONS[0], range_rate=0.02))
    assert found["learning-rate-range-test"].changes == {"learning_rate": 0.02}
    assert "learning-rate-range-test" not in _named(SITUATIONS[0])


def test_what_is_on_can_be_taken_off() -> None:
    """A baseline that uses a remedy is also tried without it."""
    names = set(_named(SITUATIONS[0], baseline=BASELINES[1]))
    taken_off = {
        "no-l1",
        "no-l2",
        "no-weight-decay",
        "no-dropout",
        "no-label-smoothing",
        "no-class-weights",
        "no-early-stopping",
        "schedule-constant",
    }
    assert "no-stochastic-depth" in _named(SITUATIONS[0], baseline=Settings(stochastic_depth=0.2))
    assert "no-temperature" in _named(SITUATIONS[0], baseline=Settings(temperature=True))
    assert taken_off <= names
    names = set(_named(SITUATIONS[0], baseline=BASELINES[3]))
    assert {"own-normalization", "own-activation", "own-skips", "own-pooling", "no-map-dropout"} <= names
    assert "own-convolutions" in names
    assert {"no-input-scale", "own-numeric-embedding", "no-category-embedding"} <= names


@pytest.mark.parametrize(
    ("changes", "role"),
    [
        ({"l2": 1e-3}, "regularize"),
        ({"dropout": 0.5}, "regularize"),
        ({"dropout": 0.1}, "fit"),
        ({"dropout_scale": 2.0}, "regularize"),
        ({"dropout": 0.25, "dropout_scale": 3.0}, "neutral"),
        ({"patience": 5}, "regularize"),
        ({"width": 0.5}, "regularize"),
        ({"width": 2.0}, "fit"),
        ({"epochs": 300}, "fit"),
        ({"epochs": 30}, "regularize"),
        ({"penalty_scale": 0.0}, "fit"),
        ({"learning_rate": 1e-2}, "optimize"),
        ({"learning_rate": 1e-2, "l1": 1e-4}, "regularize"),
        ({"l1": 1e-4, "width": 2.0}, "mixed"),
        ({"class_weight": "balanced"}, "neutral"),
        ({"l2_sp": 0.1}, "regularize"),
        ({"stochastic_depth": 0.2}, "regularize"),
        ({"rate_decay": 0.5}, "optimize"),
        ({}, "neutral"),
    ],
)
def test_role(changes: dict[str, object], role: str) -> None:
    """Each change is named by what it does to a network whose own dropout rate is 0.25."""
    assert role_of(Settings(), Settings(**changes), own_dropout=0.25) == role


def test_role_of_early_stopping_is_relative() -> None:
    """Longer patience and none at all set free, shorter holds back."""
    baseline = Settings(patience=10)
    roles = [role_of(baseline, Settings(patience=patience)) for patience in (5, 20, 0, 10)]
    assert roles == ["regularize", "fit", "fit", "neutral"]


def test_search_candidate_carries_its_changes() -> None:
    """A combination says what it changes and what that amounts to."""
    one = make_candidate("search-3", "search", Settings(), Settings(l2=1e-3, width=0.5))
    assert (one.changes, one.role) == ({"l2": 1e-3, "width": 0.5}, "regularize")


def _assert_valid(settings: Settings) -> None:
    assert settings.learning_rate > 0
    assert min(settings.l1, settings.l2, settings.weight_decay, settings.penalty_scale) >= 0
    assert settings.dropout is None or 0 <= settings.dropout < 1
    assert 0 <= settings.label_smoothing < 1
    assert settings.width > 0
    assert min(settings.batch_size, settings.epochs) >= 1
    assert settings.patience >= 0
    assert all(
        isinstance(getattr(settings, name), int) for name in ("batch_size", "epochs", "patience", "depth")
    )
