"""Networks with a frozen beginning: its outputs are computed once, and members train on the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._material import Material
from wellfit.api._subject import Subject
from wellfit.models import FrozenFront, Model, frozen_front, learned_weights
from wellfit.population import CHANGES_ROWS, choose_executor
from wellfit.records import DataChoice, Dataset, Settings, Structure

Array = NDArray[Any]

# Beyond this, outputs of the frozen part are not kept, and rows pass it in every epoch.
_MOST_BYTES = 2**30
_BATCH = 32


@dataclass(frozen=True, kw_only=True)
class Build:
    """What an executor is opened for: a network and its material.

    Attributes:
        structure: of the network.
        data: of the material.
        through: whether rows pass a frozen beginning of the network anew in every epoch, because training
            changes them.
    """

    structure: Structure
    data: DataChoice
    through: bool = False

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
        kept: positions of the weights that members start from as they are; None draws all.
    """

    kind: Any
    model: Model
    dataset: Dataset
    kept: tuple[int, ...] | None


class FrozenParts:
    """Runs every row through the frozen beginning of a network once.

    Args:
        subject: what the study is about.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._fronts: dict[Build, FrozenFront] = {}
        self._features: dict[int, Dataset] = {}
        # Scalings are fitted for each split, so that the beginning of the network sees other rows each time.
        self._can_keep = subject.preparation is None
        self._has_frozen = any(
            layer.weights and not layer.trainable for layer in subject.model._flatten_layers()
        )

    def must_pass(self, structure: Structure, settings: Settings) -> bool:
        """Return whether rows must pass a frozen beginning in every epoch, since training changes them."""
        has_front = self._can_keep and (self._has_frozen or structure.frozen_stages > 0)
        return has_front and any(getattr(settings, name) for name in CHANGES_ROWS)

    def part(self, build: Build, model: Model, material: Material) -> Part:
        """Return what members of a build train, given its network and material."""
        subject = self._subject
        kept = _kept(model) if subject.start == "given" else None
        plain = Part(kind=subject.executor.kind, model=model, dataset=material.dataset, kept=kept)
        if not self._can_keep or build.through or build.data != DataChoice():
            return plain
        front = frozen_front(model)
        size = 0 if front is None else 4 * front.num_features * material.dataset.num_rows
        if front is None or size > _MOST_BYTES:
            return plain
        self._fronts[build] = front
        stages = build.structure.frozen_stages
        if stages not in self._features:
            self._features[stages] = _features(front.front, material.dataset)
        own = None
        if kept is not None:
            own = tuple(i for i, position in enumerate(front.positions) if position in set(kept))
        kind = choose_executor(front.back, subject.dataset.task).kind
        return Part(kind=kind, model=front.back, dataset=self._features[stages], kept=own)

    def whole(self, build: Build, weights: Sequence[Array]) -> tuple[Array, ...]:
        """Return the weights of the whole network of a build from those that its members trained."""
        front = self._fronts.get(build)
        return tuple(weights) if front is None else front.complete(weights)


def _kept(model: Model) -> tuple[int, ...]:
    """Return the weights that members start from: what was learned (a new head is drawn), else all."""
    return learned_weights(model) or tuple(range(len(model.weights)))


def _features(front: Model, dataset: Dataset) -> Dataset:
    """Return the data with the outputs of a network in place of its inputs."""
    anyhow: Any = front
    outputs: Any = anyhow.predict(_packed(dataset.inputs), batch_size=_BATCH, verbose=0)
    features = tuple(
        np.asarray(one, np.float32) for one in (outputs if isinstance(outputs, list) else [outputs])
    )
    names = tuple(f"features_{position}" for position in range(len(features)))
    return replace(dataset, inputs=features, input_names=names, feature_names=((),) * len(features))


def _packed(inputs: tuple[Array, ...]) -> Any:
    return inputs[0] if len(inputs) == 1 else list(inputs)
