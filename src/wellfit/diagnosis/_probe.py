"""One thing changed: what a cause asks the population to train beside the network as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from wellfit.models import NetworkFacts
from wellfit.records import Settings, Task

Network = Literal["own", "wider", "deeper", "repaired", "unfrozen", "undecayed", "normalized"]
Scale = Literal["own", "inputs", "target", "both", "without-rare", "without-leak"]
Start = Literal["drawn", "given", "standard", "prior"]

BASELINE = "as it stands"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """An experiment: the network as it stands with one thing changed.

    Attributes:
        name: in a few words, such as ``learning rate x10``.
        changes: fields of `Settings` that differ, with their values.
        network: which network trains: the own one, or one that was rebuilt.
        rows: share of the training rows; the number of updates stays the same.
        num_rows: number of training rows in place of a share; 0 for none.
        labels: true labels, permuted ones, or the rows without suspected labels.
        scale: inputs as they come, standardized inputs or targets, or without some columns.
        start: where weights start: drawn by the network's initializers, as they were given, drawn by
            standard ones (He for ReLU, Glorot otherwise, biases zero), or drawn with the output's bias at the
            class shares of the training rows.
        after: name of a milder probe, ``""`` for none. On many rows this one is trained only where the
            milder one gained, or where the network as it stands has hardly learned.
        needs_gap: whether it can only help where validation loss is above training loss; on many rows it is
            trained only there.
    """

    name: str
    changes: Mapping[str, object] = field(default_factory=dict[str, object])
    network: Network = "own"
    rows: float = 1.0
    num_rows: int = 0
    labels: Literal["true", "permuted", "unsuspected"] = "true"
    scale: Scale = "own"
    start: Start = "drawn"
    after: str = ""
    needs_gap: bool = False

    @property
    def is_question(self) -> bool:
        """Whether it only asks something: fewer rows or wrong labels are no way to mend a network."""
        return bool(self.num_rows) or self.rows < 1 or self.labels == "permuted"


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What there is to experiment with.

    Attributes:
        settings: how the network is trained now.
        facts: what was read off the network.
        task: what kind of target there is.
        num_train: training rows.
        num_classes: 0 for regression.
        imbalance: rows of the largest class over those of the smallest; 1 for regression.
        is_raw: whether inputs reach the network unscaled.
        has_rare: whether there are columns that few rows tell from a constant.
        has_leak: whether one column alone gives the target away.
        can_narrow: whether hidden layers can have fewer units.
        can_widen: whether they can have more.
        can_shallow: whether a hidden layer can be left out.
        can_deepen: whether one can be repeated.
        can_dropout: whether dropout can act anywhere.
        can_bias: whether the output has a bias that can start at the class shares.
        has_pictures: whether inputs are pictures, of which reference models see small ones only.
        is_small: whether there is time for everything; on large data some probes are left out.
    """

    settings: Settings
    facts: NetworkFacts
    task: Task
    num_train: int
    num_classes: int = 0
    imbalance: float = 1.0
    is_raw: bool = False
    has_rare: bool = False
    has_leak: bool = False
    can_narrow: bool = False
    can_widen: bool = False
    can_shallow: bool = False
    can_deepen: bool = False
    can_dropout: bool = False
    can_bias: bool = False
    has_pictures: bool = False
    is_small: bool = True
