"""Where the runs of a study begin: at drawn weights, or at those of a network that learned another task."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from study_samples import small_model

from wellfit.api import improve
from wellfit.api._bag import train_bag
from wellfit.api._build import array_subject
from wellfit.api._laboratory import Laboratory
from wellfit.api._subject import Subject, situation
from wellfit.api._trials import last_trials, make_trials
from wellfit.records import Settings, SettingsError, UnsupportedModelError
from wellfit.search import remedies


def rows() -> tuple[np.ndarray, np.ndarray]:
    """Return 120 rows of six features, and two classes."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 6)).astype(np.float32)
    return x, (x[:, 0] - x[:, 1] > 0).astype(np.int32)


def pretrained(*, head: bool = False) -> keras.Model:
    """Return a network whose hidden layers (and head) are not as they are drawn."""
    model = small_model()
    for name in ("first", "second", *(["head"] if head else [])):
        layer: Any = model.get_layer(name)
        layer.bias.assign(np.linspace(0.1, 0.4, layer.units))
    return model


def subject(model: Any, start: str = "auto") -> Subject:
    """Return a study's subject on the rows."""
    x, y = rows()
    how: dict[str, Any] = {"holdout": 0, "seed": 0, "metric": None, "task": "auto", "unsafe": False}
    return array_subject(x, y, model=model, epochs=3, batch_size=16, start=start, **how)


def laboratory(chosen: Subject) -> Laboratory:
    """Return a laboratory with two trials and the last two."""
    return Laboratory(chosen, [*make_trials(chosen, 2, 0, stage=1), *last_trials(chosen, 0)])


def still(epochs: int = 1) -> Settings:
    """Return settings that hardly move a weight, so that it shows where it began."""
    return Settings(learning_rate=1e-9, batch_size=16, epochs=epochs)


@pytest.mark.parametrize(
    ("model", "start", "expected", "said"),
    [
        (small_model, "auto", "fresh", ""),
        (pretrained, "auto", "given", "its new head is drawn"),
        (lambda: pretrained(head=True), "auto", "fresh", "comes trained"),
        (pretrained, "fresh", "fresh", ""),
        (small_model, "given", "given", "starts from the weights"),
    ],
)
def test_where_runs_begin(model: Any, start: str, expected: str, said: str) -> None:
    """A new head on trained layers is the mark of transfer learning; who asks gets what was asked for."""
    found = subject(model(), start)
    assert found.start == expected
    assert not said or any(said in note for note in found.notes)
    assert bool(said) or not any("weights" in note for note in found.notes)


def test_a_network_that_is_built_has_no_weights_of_its_own() -> None:
    """Nor has one under a name."""
    for model in (None, "dense:4"):
        with pytest.raises(SettingsError, match="built for the data"):
            subject(model, "given")
        assert subject(model).start == "fresh"


def test_another_word_is_refused() -> None:
    """Before data or network are looked at."""
    with pytest.raises(SettingsError, match="start='warm'"):
        improve(small_model(), *rows(), start="warm")


@pytest.mark.parametrize("start", ["fresh", "given"])
def test_every_run_begins_there(start: str) -> None:
    """All that a study trains: of the look, of the end, of an average, for predictions."""
    model = pretrained()
    found = laboratory(subject(model, start))
    is_given = start == "given"
    own = [np.asarray(value) for value in model.get_weights()]

    def is_own(weights: Any) -> bool:
        # The head is new, and drawn for each run.
        pairs = list(zip(weights, own, strict=True))[:4]
        return all(np.allclose(one, other, atol=1e-6) for one, other in pairs)

    assert is_own(found.fit(still(), 2)[0]) == is_given
    bagged = train_bag(found, [still()], [0], scaling=0)
    assert is_own(bagged.networks[0, 0][0]) == is_given
    several = found.measure([still()], [0, 1]).scores[0]
    assert np.isfinite(several).all()
    found.close()


def test_given_weights_keep_their_structure() -> None:
    """No other structure is offered, and one that is asked for is refused."""
    chosen = subject(pretrained())
    known = situation(chosen, 80)
    assert (known.starts_from_weights, known.num_layers) == (True, 3)
    offered = remedies(chosen.baseline, known)
    changed = {name for one in offered for name in one.changes}
    assert {"l2_sp", "rate_decay"} <= changed
    assert not changed & {"width", "depth", "normalization", "activation", "skip", "embedding", "creation"}
    fresh = replace(chosen, start="fresh")
    assert "width" in {name for one in remedies(fresh.baseline, situation(fresh, 80)) for name in one.changes}
    found = laboratory(chosen)
    with pytest.raises(UnsupportedModelError, match="keeps its structure"):
        found.executor(found.build(Settings(width=2.0)))
    found.close()


def test_held_runs_stay_nearer() -> None:
    """L2-SP and falling rates work in a study; without given weights L2-SP is refused."""
    model = pretrained()
    found = laboratory(subject(model))
    own = np.asarray(model.get_layer("first").kernel)
    plain = Settings(learning_rate=0.01, batch_size=16, epochs=20)

    def way(settings: Settings) -> float:
        return float(np.abs(found.fit(settings, 2)[0][0] - own).mean())

    free = way(plain)
    assert way(replace(plain, l2_sp=1.0)) < 0.5 * free
    assert way(replace(plain, rate_decay=0.1)) < 0.5 * free
    found.close()
    drawn = laboratory(subject(model, "fresh"))
    with pytest.raises(SettingsError, match="drawn ones"):
        drawn.fit(replace(plain, l2_sp=1.0), 2)
    drawn.close()
