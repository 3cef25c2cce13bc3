"""What the experiments gave, and gains on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wellfit.diagnosis._probe import BASELINE, Probe, Situation
from wellfit.evaluation import student_quantile, student_two_sided
from wellfit.records import Effect

Float64Array = NDArray[np.float64]

# Moderated t: the spread of a probe's differences is shrunk to the typical spread of all probes, which
# counts as this many further trials. With a handful of trials a spread of its own would be too uncertain.
_PRIOR_TRIALS = 4.0

# Validation rows of different folds are different rows, but training rows overlap, so that trials are
# correlated. Nadeau and Bengio's ratio of rows takes all of the variance for correlated; most of it comes
# from the validation rows, which are not shared.
_CORRELATION = 0.1

# A loss further beyond chance than this share of the scale counts as this far: how much worse than chance
# says little, and varies wildly from run to run.
_BEYOND = 0.25


@dataclass(frozen=True, kw_only=True, eq=False)
class Runs:
    """The members of one probe.

    Attributes:
        trials: position of each member's trial.
        train_loss: ``[member, epoch]`` data loss on training rows, inference mode.
        validation_loss: ``[member, epoch]`` likewise on validation rows.
        train_accuracy: ``[member, epoch]``; empty for regression.
        validation_accuracy: ``[member, epoch]``; empty for regression.
        penalty: ``[member, epoch]``.
        balanced: ``[member]`` balanced accuracy on validation rows at the end; empty if it was not asked for.
    """

    trials: tuple[int, ...]
    train_loss: Float64Array
    validation_loss: Float64Array
    penalty: Float64Array
    train_accuracy: Float64Array
    validation_accuracy: Float64Array
    balanced: Float64Array


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Numbers that no training gave: of the rows, of references, of the network at fixed weights.

    Each is a plain mapping from a name to a number or text; a cause looks up what it knows and treats an
    absent name as "not measured".
    """

    data: Mapping[str, object] = field(default_factory=dict[str, object])
    network: Mapping[str, object] = field(default_factory=dict[str, object])
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """Everything that causes are judged by.

    Attributes:
        situation: what was experimented on.
        probes: name to probe.
        runs: probe name to its members; the network as it stands is `BASELINE`, trained for longer.
        fresh: the same on trials that nothing was chosen by; empty before the confirmation.
        num_epochs: epochs after which the network as it stands ends.
        chance: ``[trial]`` validation loss of predicting without looking at the inputs.
        references: model name to its mean validation loss on the same trials.
        given: trials on the rows as they were given that are in `runs`; the others are drawn from all rows.
        repeats: all trials on the rows as they were given, those of the confirmation included.
        fair: trials whose validation rows are like the training rows and share none with them.
        facts: what else is known.
        skipped: name of a probe that was not run to the reason why it could not gain.
    """

    situation: Situation
    probes: Mapping[str, Probe]
    runs: Mapping[str, Runs]
    fresh: Mapping[str, Runs]
    num_epochs: int
    chance: Float64Array
    references: Mapping[str, float]
    given: tuple[int, ...]
    repeats: tuple[int, ...]
    fair: tuple[int, ...]
    facts: Facts
    skipped: Mapping[str, str] = field(default_factory=dict[str, str])

    @cached_property
    def chance_loss(self) -> float:
        """Mean loss of predicting without looking."""
        return float(np.mean(self.chance[list(self.fair)]))

    @cached_property
    def best_loss(self) -> float:
        """The lowest mean loss that anything reached: a reference, or the network under any change."""
        reached = [value for value in self.references.values() if np.isfinite(value)]
        for name, runs in self.runs.items():
            if self.probes[name].labels != "permuted":
                chosen = self._of(runs, self.fair)
                if len(chosen):
                    mean = np.mean(runs.validation_loss[chosen], axis=0)
                    reached.append(float(np.min(np.where(np.isfinite(mean), mean, np.inf))))
        return min(*reached, self.chance_loss)

    @cached_property
    def scale(self) -> float:
        """Chance minus the best reference: what there is to gain; at least a hundredth of chance."""
        return max(self.chance_loss - self.best_loss, 0.01 * abs(self.chance_loss)) or 1e-9

    @cached_property
    def learned(self) -> float:
        """Share of the way from chance to the best that the network as it stands has gone."""
        trials = [t for t in self.runs[BASELINE].trials if t in self.fair]
        return (self.chance_loss - float(self.final(BASELINE, trials).mean())) / self.scale

    def final(self, name: str, trials: Sequence[int], *, side: str = "validation") -> Float64Array:
        """Return ``[trial]`` losses at the end of training, capped where a run was far beyond chance."""
        runs = self._runs(name, trials)
        where = {t: i for i, t in enumerate(runs.trials)}
        table = runs.validation_loss if side == "validation" else runs.train_loss
        ends = [self._end(name, table[where[t]]) for t in trials]
        return self.capped(np.asarray(ends))

    def effect(
        self, name: str, *, side: str = "validation", fresh: bool = True, trials: Sequence[int] | None = None
    ) -> Effect | None:
        """Return the gain of a probe over the network as it stands; None where it was not run.

        The gain is the paired difference of losses over `scale`. Its interval is a moderated t interval
        with the variance of overlapping training sets.

        Args:
            name: of the probe.
            side: ``validation`` or ``train``.
            fresh: use trials that nothing was chosen by where there are any.
            trials: which ones count; the fair ones if None.

        Source:
            Nadeau and Bengio, Inference for the Generalization Error, 2003; Smyth, Linear Models and
            Empirical Bayes Methods for Assessing Differential Expression, 2004 (moderated t).
        """
        table = self.fresh if fresh and name in self.fresh else self.runs
        if name not in table or BASELINE not in table:
            return None
        differences = self._differences(table, name, side, trials)
        if not len(differences):
            return None
        return self.effect_of(differences, self._typical_spread(table, side))

    def mean_curve(self, name: str, *, side: str = "validation") -> Float64Array:
        """Return ``[epoch]`` mean loss over fair trials."""
        runs = self.runs[name]
        table = runs.validation_loss if side == "validation" else runs.train_loss
        chosen = self._of(runs, self.fair)
        return np.mean(table[chosen if len(chosen) else slice(None)], axis=0)

    def common(self, name: str) -> list[int]:
        """Return the fair trials that a probe and the network as it stands share."""
        own, base = self.runs[name].trials, self.runs[BASELINE].trials
        return [t for t in own if t in base and t in self.fair]

    def _differences(
        self, table: Mapping[str, Runs], name: str, side: str, wanted: Sequence[int] | None = None
    ) -> Float64Array:
        base, own = table[BASELINE], table[name]
        counted = self.fair if wanted is None else wanted
        trials = [t for t in own.trials if t in base.trials and t in counted]
        if not trials:
            return np.zeros(0)
        before = self._ends(table, BASELINE, trials, side)
        after = self._ends(table, name, trials, side)
        return (before - after) / self.scale

    def _ends(self, table: Mapping[str, Runs], name: str, trials: Sequence[int], side: str) -> Float64Array:
        runs = table[name]
        where = {t: i for i, t in enumerate(runs.trials)}
        losses = runs.validation_loss if side == "validation" else runs.train_loss
        return self.capped(np.asarray([self._end(name, losses[where[t]]) for t in trials]))

    def _typical_spread(self, table: Mapping[str, Runs], side: str) -> float:
        """Return the median variance of differences over probes; the floor is rounding."""
        key = (table is self.fresh, side)
        if key not in self._spreads:
            self._spreads[key] = self._measured_spread(table, side)
        return self._spreads[key]

    @cached_property
    def _spreads(self) -> dict[tuple[bool, str], float]:
        return {}

    def _measured_spread(self, table: Mapping[str, Runs], side: str) -> float:
        spreads: list[float] = []
        for name in table:
            if name != BASELINE and self.probes[name].labels != "permuted":
                found = self._differences(table, name, side)
                if len(found) > 1:
                    spreads.append(float(np.var(found, ddof=1)))
        return max(float(np.median(spreads)) if spreads else 1e-3, 1e-6)

    def _runs(self, name: str, trials: Sequence[int]) -> Runs:
        known = self.runs.get(name)
        if known is not None and all(t in known.trials for t in trials):
            return known
        return self.fresh[name]

    def _end(self, name: str, curve: Float64Array) -> float:
        """Return a run's last loss; the network as it stands is trained for longer and read where it ends."""
        if name == BASELINE:
            return float(curve[min(self.num_epochs, len(curve)) - 1])
        known = np.flatnonzero(~np.isnan(curve))
        longest = len(curve) if not len(known) else int(known[-1]) + 1
        asked = int(str(self.probes[name].changes.get("epochs", self.num_epochs)))
        return float(curve[longest - 1]) if longest >= min(asked, len(curve)) else float("nan")

    def capped(self, losses: Float64Array) -> Float64Array:
        """Return losses of which none is far beyond chance; a diverged run counts as much worse, not more."""
        most = self.chance_loss + _BEYOND * self.scale
        return np.minimum(np.where(np.isfinite(losses), losses, most), most)

    def _of(self, runs: Runs, trials: Sequence[int]) -> NDArray[np.intp]:
        return np.flatnonzero(np.isin(runs.trials, trials))

    def at_epochs(self, first: int, last: int, *, fresh: bool = True) -> tuple[Effect | None, int]:
        """Return the gain of ending the network as it stands at its best epoch in a range, and that epoch.

        The epoch is chosen on other trials than those it is judged on: on the trials of the first look
        where there are fresh ones that reached it, else on all trials but the one that is judged.

        Args:
            first: index of the first epoch of the range.
            last: one past its last.
            fresh: as in `effect`.
        """
        base = self.runs[BASELINE]
        chosen = self._of(base, self.fair)
        curves = self._smoothed(base.validation_loss[chosen][:, first:last])
        if not curves.size:
            return None, -1
        epoch = first + int(np.argmin(np.mean(curves, axis=0)))
        judged = self.fresh.get(BASELINE) if fresh else None
        if judged is not None and epoch < judged.validation_loss.shape[1]:
            table, rows = judged, list(self._of(judged, self.fair))
            picks = [epoch] * len(rows)
        else:
            table, rows = base, list(chosen)
            total = np.sum(curves, axis=0)
            picks = [first + int(np.argmin(total - own)) for own in curves]
        last_epoch = min(self.num_epochs, table.validation_loss.shape[1]) - 1
        before = self.capped(table.validation_loss[rows, last_epoch])
        after = self.capped(table.validation_loss[rows, picks])
        return self.effect_of((before - after) / self.scale), epoch

    def effect_of(self, differences: Float64Array, prior: float | None = None) -> Effect | None:
        """Return the moderated t interval of ``[trial]`` gains."""
        count = len(differences)
        if not count:
            return None
        prior = self._typical_spread(self.runs, "validation") if prior is None else prior
        own = float(np.var(differences, ddof=1)) if count > 1 else prior
        freedom = _PRIOR_TRIALS + count - 1
        variance = (_PRIOR_TRIALS * prior + (count - 1) * own) / freedom
        error = float(np.sqrt(variance * (1 / count + _CORRELATION)))
        estimate = float(np.mean(differences))
        half = student_quantile(0.975, freedom) * error
        return Effect(
            estimate=estimate,
            low=estimate - half,
            high=estimate + half,
            p_value=student_two_sided(estimate / error, freedom),
            unit="share of the possible improvement",
            num_pairs=count,
        )

    def _smoothed(self, curves: Float64Array) -> Float64Array:
        """Return ``[member, epoch]`` with what is not finite far above chance, so that it is never best."""
        return np.where(np.isfinite(curves), curves, self.chance_loss + 10 * self.scale)
