"""The average of several networks: settings that did well, each trained on all folds of the working rows.

Source: Caruana et al., Ensemble Selection from Libraries of Models, 2004 (which settings, by greedy
selection on rows that the networks did not train on); Breiman, Bagging Predictors, 1996.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._bag import Bagged, train_bag
from wellfit.api._laboratory import Laboratory
from wellfit.api._plan import COMPILE_S, Plan
from wellfit.api._progress import Progress
from wellfit.evaluation import apply_temperature, fit_temperature
from wellfit.models import Model, averaged, can_temper, chosen_model, cool, has_periodic
from wellfit.records import Dataset, Settings, as_trained
from wellfit.search import greedy_selection

if TYPE_CHECKING:
    from wellfit.api._protocol import Found

Array = NDArray[Any]

_MAX_SETTINGS = 24  # that compete for a place
_MAX_CHOSEN = 4  # that get one: each brings as many networks as there are folds
_MAX_PICKS = 12  # of the greedy selection, with repetition
_AT_A_TIME = 4  # settings: with eight folds as many networks as two workers train side by side


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensemble:
    """Networks to average.

    Attributes:
        settings: of the networks, the main one first.
        weights: of each of the settings; their sum is 1.
        temperatures: of each of the settings, that its networks' logits are divided by; 1 changes nothing.
        bagged: the trained networks.
        num_networks: how many there are.
        num_compared: settings that competed.
    """

    settings: tuple[Settings, ...]
    weights: tuple[float, ...]
    temperatures: tuple[float, ...]
    bagged: Bagged
    num_networks: int
    num_compared: int


def gather_ensemble(laboratory: Laboratory, plan: Plan, found: Found, progress: Progress) -> Ensemble | None:
    """Train the settings that did best on every fold, and choose which of them to average.

    Returns:
        None where there was no time for a single setting.
    """
    progress.stage = "ensemble"
    left_s = plan.bag_until_s - progress.clock.elapsed_s
    # Only a network that is drawn anew can be made without periodic features.
    can_change = laboratory.subject.start == "fresh" and has_periodic(laboratory.subject.model)
    has_time = can_change and left_s > 2.0 * COMPILE_S
    candidates = _candidates(laboratory, found, has_time=has_time)
    stop_after = None
    if not any(laboratory.trials[t].can_stop for t in plan.bag):
        # No rows are left out to choose by, nor to stop by: only what was confirmed is averaged.
        chosen = found.confirmed.chosen if found.confirmed is not None else None
        main = laboratory.subject.baseline if chosen is None else chosen.settings
        candidates, stop_after = [main], _epochs(found, main)
    bagged = _trained(laboratory, plan, candidates, stop_after, progress)
    complete = [s for s in range(len(candidates)) if _is_complete(bagged, s, plan.bag)]
    if not complete:
        return None
    dataset = laboratory.subject.dataset
    rows, left_out = _left_out(laboratory, plan, bagged, complete)
    known = found.confirmed.temperatures if found.confirmed is not None else {}
    temperatures = np.array([known.get(candidates[s], 1.0) for s in complete])
    if len(rows) and dataset.task.is_classification and can_temper(laboratory.subject.model):
        temperatures = _temperatures(dataset, rows, left_out)
        left_out = np.stack([apply_temperature(p, t) for p, t in zip(left_out, temperatures, strict=True)])
    shares = _shares(dataset, rows, left_out)
    order = sorted(range(len(complete)), key=lambda i: -shares[i])[:_MAX_CHOSEN]
    kept = [i for i in order if shares[i] > 0]
    total = sum(shares[i] for i in kept)
    return Ensemble(
        settings=tuple(candidates[complete[i]] for i in kept),
        weights=tuple(float(shares[i] / total) for i in kept),
        temperatures=tuple(float(temperatures[i]) for i in kept),
        bagged=bagged.of([complete[i] for i in kept]),
        num_networks=sum(len(bagged.networks[complete[i], t]) for i in kept for t in plan.bag),
        num_compared=len(complete),
    )


def ensemble_model(laboratory: Laboratory, plan: Plan, ensemble: Ensemble) -> Model:
    """Return the average as one plain Keras network.

    Raises:
        UnsupportedModelError: networks of this kind cannot be averaged.
    """
    subject = laboratory.subject
    models, weights = [], []
    parts = zip(ensemble.settings, ensemble.weights, ensemble.temperatures, strict=True)
    for index, (settings, share, temperature) in enumerate(parts):
        center, scale = laboratory.target_scaling(settings, plan.final) or (None, None)
        for trial in plan.bag:
            networks = ensemble.bagged.networks[index, trial]
            for network in networks:
                model = chosen_model(
                    subject.model,
                    laboratory.build(settings).structure,
                    laboratory.whole(settings, network),
                    settings,
                    subject.setup,
                    groups=laboratory.groups(settings),
                    num_features=laboratory.material(settings).num_features,
                    target_center=center,
                    target_scale=scale,
                )
                if temperature != 1.0:
                    cool(model, temperature)
                models.append(model)
                weights.append(share / len(networks))
    setup = subject.setup
    # A loss of the user's own would have to be at hand wherever the file is loaded.
    loss = None if setup.loss_name == "other" else setup.loss
    return averaged(models, weights, subject.dataset.task, from_logits=setup.from_logits, loss=loss)


def _trained(
    laboratory: Laboratory,
    plan: Plan,
    candidates: Sequence[Settings],
    stop_after: int | None,
    progress: Progress,
) -> Bagged:
    """Train candidates, a few settings at a time, while another few can be expected to end in time."""
    bagged, clock = Bagged(networks={}, predictions={}, shape=()), progress.clock
    laboratory.ration.hold(2.0 * (laboratory.subject.baseline.epochs if laboratory.ration.in_epochs else 1))
    laboratory.ration.open(1.0)
    for start in range(0, len(candidates), _AT_A_TIME):
        began = clock.elapsed_s
        few = candidates[start : start + _AT_A_TIME]
        few = few[: laboratory.ration.affordable(few, len(plan.bag))]
        if not few:
            break
        some = train_bag(
            laboratory,
            few,
            plan.bag,
            scaling=plan.final,
            stop_after=stop_after,
            progress=progress.say,
            should_stop=lambda: clock.is_past(plan.bag_until_s),
        )
        bagged = bagged.joined(some, start)
        spent = clock.elapsed_s - began
        if laboratory.broken or clock.is_past(plan.bag_until_s - spent):
            break
    return bagged


def _candidates(laboratory: Laboratory, found: Found, *, has_time: bool) -> list[Settings]:
    """Return settings that were measured on all trials, the best first, that need nothing compiled anew.

    All must see the same inputs, for the average has one set of them.
    """
    baseline = laboratory.subject.baseline
    lowest = laboratory.subject.metric.direction == "minimize"
    tried = {t.candidate.settings: float(t.scores.mean()) for t in _measured(found)}
    tried[baseline] = float(found.baseline.scores.mean())
    ranked = sorted(tried, key=lambda s: tried[s] if lowest else -tried[s])
    chosen = found.confirmed.chosen if found.confirmed is not None else None
    first = [] if chosen is None else [chosen.settings]
    inputs = laboratory.build(first[0] if first else baseline).data
    # The best setting once more with warm restarts, whose cycles each give a network.
    cycles = replace(first[0] if first else ranked[0], schedule="warm-restarts", patience=0, averaging="none")
    # And without periodic features, where a network was built with them: they err in other rows.
    plain = [replace(first[0] if first else ranked[0], embedding="none")] if has_time else []
    # And what was confirmed, in the length that did best: its rate then falls to the end.
    known = found.confirmed.best_epochs if found.confirmed is not None else {}
    shorter = [found.confirmed.length(s)[0] for s in known] if found.confirmed is not None else []
    unique = dict.fromkeys([*first, *ranked[:1], *shorter, cycles, *plain, *ranked[1:]])
    builds = {s: laboratory.build(s) for s in unique}
    usable = [s for s in unique if builds[s].data == inputs and (s in plain or laboratory.is_open(builds[s]))]
    # Every network of an average is tempered by its own rows, whether its settings say so or not, and views
    # are shown to the average as a whole.
    return list(dict.fromkeys(as_trained(s) for s in usable))[:_MAX_SETTINGS]


def _epochs(found: Found, settings: Settings) -> int | None:
    """Return after how many epochs settings that stop early did best in the confirmation."""
    known = found.confirmed.best_epochs if found.confirmed is not None else {}
    return known[settings] + 1 if settings.patience and settings in known else None


def _measured(found: Found) -> list[Any]:
    every = [*found.screened, *found.searched]
    return [t for t in every if len(t.scores) and np.isfinite(t.scores).all()]


def _is_complete(bagged: Bagged, setting: int, trials: Sequence[int]) -> bool:
    jobs = [(setting, trial) for trial in trials]
    said = [bagged.predictions[job] for job in jobs if job in bagged.predictions]
    return all(job in bagged.networks for job in jobs) and all(np.isfinite(p).all() for p in said)


def _left_out(
    laboratory: Laboratory, plan: Plan, bagged: Bagged, complete: Sequence[int]
) -> tuple[Array, Array]:
    """Return rows, and what each setting's networks predict for them, ``[setting, row, ...]``.

    A row is predicted by networks alone that did not train on it.
    """
    dataset = laboratory.subject.dataset
    covered = np.unique(np.concatenate([laboratory.trials[t].split.validation for t in plan.bag]))
    if not len(covered):
        return covered, np.zeros((len(complete), 0))
    shape = (len(complete), dataset.num_rows, *bagged.shape)
    total, count = np.zeros(shape), np.zeros((dataset.num_rows, *[1] * len(bagged.shape)))
    for trial in plan.bag:
        rows = laboratory.trials[trial].split.validation
        count[rows] += 1
        for place, setting in enumerate(complete):
            total[place, rows] += bagged.predictions[setting, trial]
    return covered, total[:, covered] / count[covered]


def _temperatures(dataset: Dataset, rows: Array, predicted: Array) -> Array:
    """Return for each setting what its logits are to be divided by."""
    weight = None if dataset.sample_weight is None else dataset.sample_weight[rows]
    return np.array([fit_temperature(shares, dataset.target[rows], weight) for shares in predicted])


def _shares(dataset: Dataset, rows: Array, predicted: Array) -> Array:
    """Return how much of each setting goes into the average, by its predictions of rows left out."""
    if not len(rows):
        return np.eye(len(predicted))[0]
    loss = "log_loss" if dataset.task.is_classification else "squared_error"
    weight = None if dataset.sample_weight is None else dataset.sample_weight[rows]
    return greedy_selection(predicted, dataset.target[rows], loss, max_size=_MAX_PICKS, sample_weight=weight)
