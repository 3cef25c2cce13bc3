"""Networks with a frozen beginning: its outputs are computed once, and members train on the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from wellfit.api._material import Material
from wellfit.api._subject import Subject, are_pictures, picture_position
from wellfit.api._views import NUM_VIEWS, front_outputs, viewed, with_inputs
from wellfit.models import FrozenFront, Model, View, frozen_front, learned_weights, seen_in
from wellfit.population import choose_executor
from wellfit.records import (
    AUGMENTATION_FIELDS,
    ROW_FIELDS,
    DataChoice,
    Dataset,
    IntArray,
    Settings,
    Split,
    Structure,
)

Array = NDArray[Any]

# Beyond this, outputs of the frozen part are not kept, and rows pass it in every epoch.
_MOST_BYTES = 2**30


@dataclass(frozen=True, kw_only=True)
class Build:
    """What an executor is opened for: a network and its material.

    Attributes:
        structure: of the network.
        data: of the material.
        through: whether rows pass a frozen beginning of the network anew in every epoch, because training
            changes them in a way that cannot be kept.
        views: settings by which pictures are changed before they pass a frozen beginning, once.
        trials: those that pictures are drawn for, where the material asks for that; else none are named.
    """

    structure: Structure
    data: DataChoice
    through: bool = False
    views: tuple[tuple[str, float], ...] = ()
    trials: tuple[int, ...] = ()

    @property
    def is_own_but_for_size(self) -> bool:
        """Whether the given network and its data are left as they are, up to width and depth."""
        return replace(self.structure, width=1.0, depth=0) == Structure() and self.data == DataChoice()


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """What members of a build train.

    Attributes:
        kind: of the executor.
        model: the network, or what comes after its frozen beginning.
        dataset: what that reads.
        splits: of each trial.
        kept: positions of the weights that members start from as they are; None draws all.
        num_visits: ``[trial]`` rows in an epoch where changed pictures stand for each; None without them.
        is_back: whether the model is what comes after a frozen beginning.
    """

    kind: Any
    model: Model
    dataset: Dataset
    splits: Sequence[Split]
    kept: tuple[int, ...] | None
    num_visits: IntArray | None = None
    is_back: bool = False


class FrozenParts:
    """Runs every row through the frozen beginning of a network once, and some changed versions of pictures.

    Args:
        subject: what the study is about.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._fronts: dict[Build, FrozenFront] = {}
        self._features: dict[tuple[int, DataChoice], Dataset] = {}
        # Scalings are fitted for each split, so that the beginning of the network sees other rows each time.
        self._can_keep = subject.preparation is None
        self._has_frozen = any(
            layer.weights and not layer.trainable for layer in subject.model._flatten_layers()
        )

    def build(self, structure: Structure, data: DataChoice, settings: Settings) -> Build:
        """Return what an executor is opened for: how rows pass a frozen beginning is part of it."""
        changed = [name for name in ROW_FIELDS if getattr(settings, name)]
        if not self.has_front(structure) or not changed:
            return Build(structure=structure, data=data)
        if not set(changed) <= set(AUGMENTATION_FIELDS) or picture_position(self._subject.dataset) is None:
            return Build(structure=structure, data=data, through=True)
        views = tuple((name, float(getattr(settings, name))) for name in changed)
        return Build(structure=structure, data=data, views=views)

    def part(self, build: Build, model: Model, material: Material) -> Part:
        """Return what members of a build train, given its network and material."""
        subject = self._subject
        kept = _kept(model) if subject.start == "given" else None
        plain = Part(
            kind=subject.executor.kind,
            model=model,
            dataset=material.dataset,
            splits=material.splits,
            kept=kept,
        )
        if not self._can_keep or build.through or material.scalings or material.formulas:
            return plain
        front = frozen_front(model)
        versions = 1 + (NUM_VIEWS if build.views else 0)
        size = 0 if front is None else 4 * front.num_features * material.dataset.num_rows * versions
        if front is None or size > _MOST_BYTES:
            return plain
        self._fronts[replace(build, trials=())] = front
        # Rows that were made for a choice of data come after those of the subject, and pass it likewise.
        is_own = material.dataset.num_rows == subject.dataset.num_rows
        key = (build.structure.frozen_stages, DataChoice() if is_own else build.data)
        features = self._features.get(key)
        if features is None:
            features = with_inputs(material.dataset, front_outputs(front.front, material.dataset.inputs))
            if not build.trials:  # others are asked for next
                self._features[key] = features
        own = None
        if kept is not None:
            own = tuple(i for i, position in enumerate(front.positions) if position in set(kept))
        kind = choose_executor(front.back, subject.dataset.task).kind
        part = Part(
            kind=kind, model=front.back, dataset=features, splits=material.splits, kept=own, is_back=True
        )
        if not build.views:
            return part
        dataset, splits, num_visits = viewed(part.dataset, front.front, material, build.views)
        return replace(part, dataset=dataset, splits=splits, num_visits=num_visits)

    def has_front(self, structure: Structure) -> bool:
        """Return whether a network of this structure may have a beginning that runs once."""
        return self._can_keep and (self._has_frozen or structure.frozen_stages > 0)

    def inputs(self, build: Build, material: Material, rows: Array, view: View) -> tuple[Array, ...]:
        """Return what members of a build read of rows, whose pictures are seen in a view.

        Args:
            build: whose part is made already.
            material: of the build.
            rows: indices into it.
            view: of every input that holds pictures.
        """
        shown = tuple(
            seen_in(values[rows], view) if are_pictures(values) else values[rows]
            for values in material.dataset.inputs
        )
        front = self._fronts.get(build)
        return shown if front is None else front_outputs(front.front, shown)

    def whole(self, build: Build, weights: Sequence[Array]) -> tuple[Array, ...]:
        """Return the weights of the whole network of a build from those that its members trained."""
        front = self._fronts.get(build)
        return tuple(weights) if front is None else front.complete(weights)


def _kept(model: Model) -> tuple[int, ...]:
    """Return the weights that members start from: what was learned (a new head is drawn), else all."""
    return learned_weights(model) or tuple(range(len(model.weights)))
