"""Samplers: one conformance suite for all, then what is special about each."""

from __future__ import annotations

import logging
import math
import sys

import optuna
import pytest

from wellfit.records import Settings, SettingsError, Task
from wellfit.search import Choice, Range, Sampler, Situation, Space, make_sampler, make_space, sampler_names

SPACE = make_space(Settings(), Situation(task=Task.BINARY, imbalanced=True))
SMALL = Space(
    baseline=Settings(),
    dimensions=(Choice(field="depth", values=(-1, 0, 1)), Choice(field="width", values=(0.5, 1.0))),
)


def _loss(settings: Settings) -> float:
    """Return a made-up loss, lowest at learning rate 0.004, L2 0.001, dropout 0.3 and half the width."""
    return (
        abs(math.log10(settings.learning_rate / 4e-3))
        + 0.3 * abs(math.log10((settings.l2 or 1e-7) / 1e-3))
        + abs((settings.dropout or 0.0) - 0.3)
        + abs(settings.width - 0.5)
    )


def _search(sampler: Sampler, num_batches: int, batch: int = 16) -> list[Settings]:
    asked: list[Settings] = []
    for _ in range(num_batches):
        for number, settings in sampler.ask(batch):
            asked.append(settings)
            sampler.tell(number, _loss(settings))
    return asked


@pytest.mark.parametrize("name", sampler_names())
def test_same_seed_same_trials(name: str) -> None:
    """The same seed and scores give the same settings, another seed others."""
    first, again, other = (_search(make_sampler(name, SPACE, seed), 3) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("name", sampler_names())
def test_settings_are_inside_the_space_and_new(name: str) -> None:
    """Every trial is inside the space, keeps the other fields, and is asked for once."""
    asked = _search(make_sampler(name, SPACE, 0), 4)
    assert len(asked) == len(set(asked)) == 64
    for settings in asked:
        assert SPACE.decode(SPACE.encode(settings)) == settings
        assert (settings.batch_size, settings.epochs) == (32, 100)


@pytest.mark.parametrize("name", sampler_names())
def test_small_space_is_exhausted(name: str) -> None:
    """A space of six settings gives six, then nothing, and does not hang."""
    sampler = make_sampler(name, SMALL, 0)
    asked = _search(sampler, 8, batch=4)
    assert len(asked) == len(set(asked)) == len(sampler.finished()) == 6
    assert sampler.ask(0) == []


@pytest.mark.parametrize("name", sampler_names())
def test_empty_space_asks_for_nothing(name: str) -> None:
    """Where nothing is left to vary there is nothing to try."""
    assert make_sampler(name, Space(baseline=Settings(), dimensions=()), 0).ask(4) == []


@pytest.mark.parametrize("name", sampler_names())
@pytest.mark.parametrize("bad", [None, math.nan, math.inf])
def test_failed_trials_are_survived(name: str, bad: float | None) -> None:
    """Trials without a usable score do not count as finished, and the search goes on."""
    sampler = make_sampler(name, SPACE, 0)
    for _ in range(3):
        for number, settings in sampler.ask(8):
            sampler.tell(number, bad if settings.learning_rate > 1e-3 else _loss(settings))
    assert 0 < len(sampler.finished()) < 24
    assert all(settings.learning_rate <= 1e-3 for settings, _ in sampler.finished())


@pytest.mark.parametrize("name", sampler_names())
def test_id_is_told_once(name: str) -> None:
    """An unknown id, or one told before, is refused."""
    sampler = make_sampler(name, SPACE, 0)
    number, _ = sampler.ask(1)[0]
    sampler.tell(number, 0.5)
    for unknown in (number, 10_000):
        with pytest.raises(SettingsError, match="trial id"):
            sampler.tell(unknown, 0.5)


@pytest.mark.parametrize("name", [name for name in sampler_names() if name != "grid"])
def test_first_guesses_come_first(name: str) -> None:
    """What the screen found promising is tried before anything is drawn."""
    guesses = (Settings(l2=1e-3), Settings(l2=1e-3, width=0.5))
    space = Space(baseline=SPACE.baseline, dimensions=SPACE.dimensions, first=guesses)
    asked = make_sampler(name, space, 0).ask(4)
    assert tuple(settings for _, settings in asked[:2]) == guesses


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("name", ["tpe", "cmaes"])
def test_learning_from_scores_beats_drawing(name: str, direction: str) -> None:
    """After 160 trials of a smooth loss, the last batches are better on average than random ones."""
    sign = 1.0 if direction == "minimize" else -1.0

    def late_mean(which: str) -> float:
        sampler = make_sampler(which, SPACE, 0, direction=direction)
        for _ in range(10):
            for number, settings in sampler.ask(16):
                sampler.tell(number, sign * _loss(settings))
        late = [sign * score for _, score in sampler.finished()[-48:]]
        return sum(late) / len(late)

    assert late_mean(name) < 0.8 * late_mean("random")


@pytest.mark.parametrize("seed", [0, 1])
def test_a_gaussian_process_needs_few_trials(seed: int) -> None:
    """Its best of 64 trials is far better than the best of 160 random ones."""

    def best(name: str, num_batches: int) -> float:
        sampler = make_sampler(name, SPACE, seed)
        _search(sampler, num_batches)
        return min(score for _, score in sampler.finished())

    assert best("gp", 4) < 0.5 * best("random", 10)


@pytest.mark.parametrize("name", ["tpe", "gp"])
def test_samplers_avoid_where_trials_fail(name: str) -> None:
    """Trials that diverge above a learning rate become rarer, though they never give a score."""
    sampler = make_sampler(name, SPACE, 0)
    failed: list[bool] = []
    for _ in range(8):
        for number, settings in sampler.ask(16):
            failed.append(settings.learning_rate > 1e-3)
            sampler.tell(number, None if failed[-1] else 1.0 - settings.dropout if settings.dropout else 1.0)
    assert sum(failed[16:]) < 0.6 * len(failed[16:]) * sum(failed[:16]) / 16


def test_grid_visits_every_combination_of_levels_once() -> None:
    """The grid is the product of the levels, in an order that is not sorted."""
    space = Space(
        baseline=Settings(),
        dimensions=(
            Range(field="l2", low=1e-6, high=1e-2, log=True, has_off=True),
            Choice(field="schedule", values=("constant", "cosine"), ordered=False),
        ),
    )
    asked = [settings for _, settings in make_sampler("grid", space, 0).ask(100)]
    expected = {(l2, schedule) for l2 in (0.0, 1e-6, 1e-4, 1e-2) for schedule in ("constant", "cosine")}
    assert len(asked) == 8
    assert {(round(one.l2, 9), one.schedule) for one in asked} == expected
    assert [one.l2 for one in asked] != sorted(one.l2 for one in asked)


def _two_aims(name: str, num_batches: int, seed: int = 0) -> Sampler:
    """Return a sampler that was told a loss and a size, both to be small."""
    sampler = make_sampler(name, SPACE, seed, directions=("minimize", "minimize"))
    for _ in range(num_batches):
        for number, settings in sampler.ask(16):
            sampler.tell(number, (_loss(settings), settings.width))
    return sampler


@pytest.mark.parametrize("name", [name for name in sampler_names() if name != "cmaes"])
def test_two_aims_give_a_front(name: str) -> None:
    """The front holds settings of which none beats another, and the best in each aim are there."""
    sampler = _two_aims(name, 3)
    front = sampler.front()
    assert 1 <= len(front) <= len(sampler.finished()) == 48
    best = min(score for _, score in sampler.finished())
    assert min(values[0] for _, values in front) == best
    for _, one in front:
        assert not any(other[0] <= one[0] and other[1] <= one[1] and other != one for _, other in front)


@pytest.mark.parametrize("name", ["nsga2", "gp", "tpe"])
def test_two_aims_are_learned(name: str) -> None:
    """After 160 trials the best compromise is better than that of random draws, on average of four seeds."""

    def best(which: str) -> float:
        fronts = [_two_aims(which, 10, seed).front() for seed in range(4)]
        return sum(min(loss + size for _, (loss, size) in front) for front in fronts)

    assert best(name) < best("random")


def test_one_aim_has_one_best() -> None:
    """With one aim the front is the best trial."""
    sampler = make_sampler("random", SPACE, 0, direction="maximize")
    for number, settings in sampler.ask(8):
        sampler.tell(number, settings.learning_rate)
    (_, values), *others = sampler.front()
    assert not others
    assert values == (max(score for _, score in sampler.finished()),)


def test_scores_must_go_with_the_aims() -> None:
    """Two numbers for one aim are refused, and so are two aims for CMA-ES."""
    sampler = make_sampler("random", SPACE, 0)
    number, _ = sampler.ask(1)[0]
    with pytest.raises(SettingsError, match="2 numbers"):
        sampler.tell(number, (0.5, 1.0))
    with pytest.raises(SettingsError, match="nsga2"):
        make_sampler("cmaes", SPACE, 0, directions=("minimize", "maximize"))


def test_fields_without_effect_cost_nothing() -> None:
    """Draws that differ only in where a penalty of strength 0 reaches are one trial."""
    space = Space(
        baseline=Settings(),
        dimensions=(
            Choice(field="l2", values=(0.0, 1e-3)),
            Choice(field="penalty_where", values=("all", "first", "last"), ordered=False),
        ),
    )
    for name in ("grid", "random", "tpe", "gp"):
        asked = [settings for _, settings in make_sampler(name, space, 0).ask(12)]
        assert sum(settings.l2 == 0.0 for settings in asked) == 1, name
        assert {one.penalty_where for one in asked if one.l2} == {"all", "first", "last"}, name


def test_a_field_without_effect_does_not_change_what_is_learned() -> None:
    """With an idle field beside it, a search settles on the learning rate as it does without."""

    def late_mean(extra: bool) -> float:
        idle = (Choice(field="penalty_where", values=("all", "first", "last"), ordered=False),)
        rate = Range(field="learning_rate", low=1e-4, high=1e-2, log=True)
        space = Space(baseline=Settings(), dimensions=(rate, *idle) if extra else (rate,))
        sampler = make_sampler("tpe", space, 0)
        for _ in range(8):
            for number, settings in sampler.ask(16):
                sampler.tell(number, abs(math.log10(settings.learning_rate / 4e-3)))
        assert all(settings.penalty_where == "all" for settings, _ in sampler.finished())
        late = [score for _, score in sampler.finished()[-32:]]
        return sum(late) / len(late)

    assert max(late_mean(True), late_mean(False)) < 0.2  # random draws: 0.67


def test_quasi_random_covers_more_evenly_than_random() -> None:
    """Of 64 equal parts of a range more are met."""
    space = Space(
        baseline=Settings(),
        dimensions=(Range(field="l2", low=1e-6, high=1e-2, log=True), *SPACE.dimensions[:1]),
    )

    def parts(name: str) -> int:
        asked = [settings for _, settings in make_sampler(name, space, 0).ask(64)]
        return len({int(16 * (math.log10(one.l2) + 6)) for one in asked})

    assert parts("qmc") > parts("random") + 8


def test_storage_is_continued(tmp_path: object) -> None:
    """A study in a storage goes on: nothing is drawn twice, and old scores are known."""
    storage = f"sqlite:///{tmp_path}/trials.db"
    before = _search(make_sampler("tpe", SPACE, 0, storage=storage), 1, batch=6)
    sampler = make_sampler("tpe", SPACE, 0, storage=storage)
    assert [settings for settings, _ in sampler.finished()] == before
    after = _search(sampler, 1, batch=6)
    assert not set(before) & set(after)
    assert len(sampler.finished()) == 12


def test_names_are_checked() -> None:
    """An unknown sampler is refused with a hint."""
    with pytest.raises(SettingsError, match="did you mean 'random'"):
        make_sampler("randm", SPACE, 0)


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its package CMA-ES says what to install."""
    monkeypatch.setitem(sys.modules, "cmaes", None)
    with pytest.raises(SettingsError, match="pip install cmaes"):
        make_sampler("cmaes", SPACE, 0)


def test_optuna_is_quiet_and_left_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    """A search prints nothing, and the verbosity that others set stays."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.DEBUG)
    try:
        _search(make_sampler("tpe", SMALL, 0), 2)
        assert optuna.logging.get_verbosity() == logging.DEBUG
    finally:
        optuna.logging.set_verbosity(before)
    assert capfd.readouterr() == ("", "")
