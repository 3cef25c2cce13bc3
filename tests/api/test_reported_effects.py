"""Every remedy of a study: the effect that its report gives is the one that training it alone gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats
from study_samples import SMALL_PLAN, small_frame

from wellfit.api import Study, _protocol, improve
from wellfit.api._laboratory import Laboratory
from wellfit.records import Remedy, Settings
from wellfit.search import FAMILIES

PLAN = replace(SMALL_PLAN, num_look=3, num_batches=0, num_programs=60)
LOOK = list(PLAN.look)
# These need what table, network and plan of this test have not.
NOT_HERE = {"own-penalties", "category-embedding", "early-stopping"}
NOT_HERE |= {
    "augmentation",
    "pooling",
    "convolutions",
    "map-dropout",
    "test-time-augmentation",
}  # for pictures
NOT_HERE |= {"stochastic-depth"}  # for networks with residual blocks
NOT_HERE |= {"frozen-stages", "l2-sp", "rate-decay"}  # for networks that learned before


@dataclass(frozen=True, kw_only=True, eq=False)
class Screened:
    """A finished study, the laboratory that it used, and the remedies that have an effect."""

    study: Study
    laboratory: Laboratory
    remedies: tuple[Remedy, ...]

    def settings(self, remedy: Remedy) -> Settings:
        """Return what a remedy makes of the baseline."""
        return replace(self.study.report.baseline, **dict(remedy.settings))


def table() -> pl.DataFrame:
    """Return rows with missing cells, one far out, and unequal classes."""
    rows = small_frame().with_row_index()
    far = pl.when(pl.col("index") == 4).then(40.0).otherwise(pl.col("b"))
    no = (pl.col("y") == "no") | (pl.col("index") % 2 == 0)
    missing = pl.when(pl.col("index") % 9 == 0).then(None).otherwise(pl.col("c"))
    return rows.with_columns(b=far, c=missing).filter(no).drop("index")


@pytest.fixture(scope="module")
def screened() -> Screened:
    """Screen every remedy on one small table, all of them together."""
    kept: list[Laboratory] = []

    def kept_open(*arguments: Any, **options: Any) -> Laboratory:
        laboratory = Laboratory(*arguments, **options)
        kept.append(laboratory)
        return laboratory

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_protocol, "make_plan", lambda *_, **__: PLAN)
        patch.setattr(_protocol, "Laboratory", kept_open)
        study = improve(table(), target="y", model="tabular:8", budget="1h", epochs=3, seed=5)
    found = [r for r in study.report.remedies if r.stage == "screened" and r.effect is not None]
    return Screened(study=study, laboratory=kept[0], remedies=tuple(found))


def first_of_each_family(remedies: Sequence[Remedy]) -> list[Remedy]:
    """Return one remedy for each set of changed fields."""
    first: dict[frozenset[str], Remedy] = {}
    for remedy in remedies:
        first.setdefault(frozenset(remedy.settings), remedy)
    return list(first.values())


def test_nearly_every_family_is_screened(screened: Screened) -> None:
    """Otherwise the tests below would say nothing."""
    changed = {name for remedy in screened.remedies for name in remedy.settings}
    missing = {family.name for family in FAMILIES if not family.fields & changed} - NOT_HERE
    assert missing == set()


def test_a_remedy_alone_has_the_same_effect(screened: Screened) -> None:
    """Which other settings train beside it, and in which block, changes nothing."""
    wrong = {}
    for remedy in first_of_each_family(screened.remedies):
        arms = [screened.study.report.baseline, screened.settings(remedy)]
        scores = screened.laboratory.measure(arms, LOOK).scores
        effect = float(np.mean(scores[0] - scores[1]))  # log loss: lower is better
        if not math.isclose(effect, remedy.effect.estimate, rel_tol=1e-3, abs_tol=2e-5):  # type: ignore[union-attr]
            wrong[remedy.name] = (effect, remedy.effect.estimate)  # type: ignore[union-attr]
    assert wrong == {}


def test_intervals_are_those_of_the_raw_scores(screened: Screened) -> None:
    """Recomputed from the scores that the study hands out, by the formula of Nadeau and Bengio (2003)."""
    trials = [screened.laboratory.trials[t] for t in LOOK]
    ratio = float(np.mean([len(t.scored) / len(t.split.train) for t in trials]))
    scores = {str(one["name"]): np.array(one["scores"]) for one in screened.study.trials}
    baseline = screened.laboratory.measure([screened.study.report.baseline], LOOK).scores[0]
    for remedy in screened.remedies:
        difference = baseline - scores[remedy.name]
        error = difference.std(ddof=1) * math.sqrt(1 / len(LOOK) + ratio)
        reach = stats.t.ppf(0.975, len(LOOK) - 1) * error
        assert remedy.effect is not None
        assert remedy.effect.estimate == pytest.approx(difference.mean(), abs=2e-5)
        if np.isfinite(remedy.effect.low):
            assert remedy.effect.low == pytest.approx(difference.mean() - reach, abs=2e-4)
            assert remedy.effect.high == pytest.approx(difference.mean() + reach, abs=2e-4)
