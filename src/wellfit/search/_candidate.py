"""A remedy to try, and the small protocol that every family of remedies follows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wellfit.records import Settings, Task
from wellfit.search._role import Role, role_of


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What has to be known about network and data to say which remedies make sense.

    Attributes:
        task: what kind of target there is.
        num_rows: training rows of a run, or 0 if unknown; bounds the batch size.
        own_dropout: highest rate of the network's own dropout layers, 0 where it has none.
        can_dropout: whether a rate can be set at all.
        has_penalties: whether the network declares weight penalties of its own.
        imbalanced: whether classes differ enough in size for weights to matter.
        can_narrow: whether fewer units can be expressed.
        can_widen: whether more units can be expressed.
        can_shallow: whether fewer hidden layers can be expressed.
        can_deepen: whether more hidden layers can be expressed.
        range_rate: learning rate that a range test found, 0 where none was made or it found the baseline's.
        can_temper: whether a temperature can be set, and what is measured depends on it.
        can_normalize: whether hidden normalizations can be put in, exchanged or taken out.
        normalizations: kinds of the network's own hidden normalizations: ``batch``, ``layer``.
        activations: names of its hidden nonlinearities; empty where they cannot be changed.
        can_skip: whether hidden layers could be bridged by sums.
        has_skip: whether residual blocks could lose theirs.
        can_pool: whether the network flattens maps of a convolution.
        can_drop_maps: whether there are maps of convolutions that are not dropped yet.
        can_shrink_kernels: whether there are convolutions with more than 3 by 3 places.
        can_separate: whether there are convolutions that could be a depthwise and a pointwise one.
        can_drop_branches: whether there are residual branches that learn and are not dropped yet.
        can_embed: whether there are float features that could enter in another way.
        has_numbers: whether some of them are no one-hot columns.
        has_periodic: whether the network has periodic features of them.
        has_categories: whether some of them are one-hot columns of a category with many values.
        is_prepared: whether the study scales the inputs itself.
        is_table: whether the inputs are one matrix of numbers, and codes of categories.
        own_scaling: how the study scales them now.
        own_missing: how it fills missing cells now.
        has_missing: whether numbers are missing.
        has_outliers: whether numbers lie far out.
        num_features: of the float matrix.
        num_numeric: of them, those with other values than 0 and 1.
        has_hidden: whether there are hidden layers that penalties on units could reach.
        num_stages: stages of a network that starts from given weights (see `wellfit.stages`); 0 for others.
        starts_from_weights: whether runs start from the weights of the given network, not from drawn ones.
        num_layers: with kernels that learn; 0 if unknown.
        has_pictures: whether an input is made of pictures, rows by columns by channels of real numbers.
        has_colors: whether such pictures have three channels.
        can_view: whether a network for pictures can be asked for views of them.
        can_perturb: whether inputs are real numbers in a common unit, so that noise on them means something.
        can_mix: whether rows can be mixed: so they can, and pictures in whatever unit.
        can_draw: whether a row is one picture of a class, so that more of them can be drawn.
    """

    task: Task
    num_rows: int = 0
    own_dropout: float = 0.0
    can_dropout: bool = True
    has_penalties: bool = False
    imbalanced: bool = False
    can_narrow: bool = True
    can_widen: bool = True
    can_shallow: bool = True
    can_deepen: bool = True
    range_rate: float = 0.0
    can_temper: bool = True
    can_normalize: bool = True
    normalizations: tuple[str, ...] = ()
    activations: tuple[str, ...] = ("relu",)
    can_skip: bool = True
    has_skip: bool = False
    can_pool: bool = False
    can_drop_maps: bool = False
    can_shrink_kernels: bool = False
    can_separate: bool = False
    can_drop_branches: bool = False
    can_embed: bool = True
    has_numbers: bool = True
    has_periodic: bool = False
    has_categories: bool = False
    is_prepared: bool = True
    is_table: bool = True
    own_scaling: str = "standard"
    own_missing: str = "median"
    has_missing: bool = False
    has_outliers: bool = False
    num_features: int = 0
    num_numeric: int = 0
    has_hidden: bool = True
    num_stages: int = 0
    starts_from_weights: bool = False
    num_layers: int = 0
    has_pictures: bool = False
    has_colors: bool = False
    can_view: bool = False
    can_perturb: bool = True
    can_mix: bool = True
    can_draw: bool = False


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way of training to compare with the baseline.

    Attributes:
        name: unique within a study, such as ``l2-0.0001`` or ``search-17``.
        family: the family of remedies it belongs to, or ``search`` for a combination.
        settings: the whole settings.
        changes: the fields in which they differ from the baseline, with their values.
        role: what the change does to the capacity that the network effectively has.
    """

    name: str
    family: str
    settings: Settings
    changes: Mapping[str, object]
    role: Role


Variant = tuple[str, dict[str, Any]]
"""Name of a remedy, and the fields of the baseline's settings that it replaces."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """One kind of remedy: a file in ``_remedies`` holds one of these.

    Attributes:
        name: such as ``l2``.
        fields: the fields of `Settings` that its variants may change, and no others.
        variants: baseline and situation to the variants worth trying; a variant equal to the baseline
            is left out by the caller.
        is_dynamic: whether members of one program can differ in it, so that trying it costs no other
            network, data or batch size.
        cost: what training costs with it, relative to without; a rough factor.
        causes: codes of the causes in `diagnosis` that it answers.
        source: author, title and year of where it comes from.
    """

    name: str
    fields: frozenset[str]
    variants: Callable[[Settings, Situation], Iterable[Variant]]
    is_dynamic: bool = True
    cost: float = 1.0
    causes: tuple[str, ...] = ()
    source: str = ""


def make_candidate(
    name: str, family: str, baseline: Settings, settings: Settings, *, own_dropout: float = 0.0
) -> Candidate:
    """Return settings as a candidate, with what they change and what that does.

    Args:
        name: unique within a study.
        family: the family of remedies, or ``search``.
        baseline: what it will be compared with.
        settings: what to try.
        own_dropout: highest rate of the network's own dropout layers.

    Example:
        >>> make_candidate("search-1", "search", Settings(), Settings(l2=1e-3)).role
        'regularize'
    """
    return Candidate(
        name=name,
        family=family,
        settings=settings,
        changes=settings.changed_from(baseline),
        role=role_of(baseline, settings, own_dropout=own_dropout),
    )


def candidates_of(family: Family, baseline: Settings, situation: Situation) -> Iterable[Candidate]:
    """Yield the variants of one family that differ from the baseline."""
    for name, replaced in family.variants(baseline, situation):
        settings = dataclasses.replace(baseline, **replaced)
        if settings != baseline:
            yield make_candidate(name, family.name, baseline, settings, own_dropout=situation.own_dropout)
