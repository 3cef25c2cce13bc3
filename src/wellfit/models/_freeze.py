"""Frozen parts: which layers of a network learn, by name or by stage."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras

from wellfit.models._compiled_again import compile_again
from wellfit.models._copied import copied
from wellfit.models._cost import products_of
from wellfit.models._graph import check_model, read_graph, why_no_graph
from wellfit.models._heads import heads
from wellfit.records import SettingsError, UnsupportedModelError, did_you_mean


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Layers whose outputs have one size, such as all blocks of 14 by 14 places of a ResNet.

    Attributes:
        first: path of the first layer with weights, ``model/layer`` in a nested model.
        last: path of the last layer of the stage.
        size: places of its maps, such as (14, 14); empty for vectors.
        num_parameters: of its layers.
        num_trainable: of these, how many learn now.
        num_products: that a row takes on its way through them.
        num_values: that they put out for a row; training keeps them.
    """

    first: str
    last: str
    size: tuple[int | None, ...]
    num_parameters: int
    num_trainable: int
    num_products: int
    num_values: int


def stages(model: keras.Model) -> tuple[Stage, ...]:
    """Return the stages of a network from input to output: where the size of the maps changes, one begins.

    Args:
        model: a built Sequential or functional network.

    Raises:
        UnsupportedModelError: its graph is not known.

    Example:
        >>> layers = keras.layers
        >>> model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 3, padding="same"),
        ...                           layers.MaxPooling2D(), layers.Conv2D(8, 3, padding="same"),
        ...                           layers.Flatten(), layers.Dense(2)])
        >>> [stage.size for stage in stages(model)]
        [(8, 8), (4, 4), ()]
    """
    _check_graph(model)
    found: list[list[_Entry]] = []
    for entry in _in_order(model):
        layer, size = entry.layer, entry.size
        # A layer without weights opens no stage: it is the end of the one before.
        opens = not found or (bool(layer.weights) and size != found[-1][0].size)
        if opens and found and not any(one.layer.weights for one in found[-1]):
            found[-1] = [entry]
        elif opens:
            found.append([entry])
        else:
            found[-1].append(entry)
    return tuple(_stage(part) for part in found)


def trained_products(model: keras.Model, frozen_stages: int = -1) -> int:
    """Return about how many products a row takes behind the frozen beginning of a network, at least 1.

    Args:
        model: a built Sequential or functional network.
        frozen_stages: stages that do not learn; -1 takes those in which nothing learns now.

    Example:
        >>> layers = keras.layers
        >>> model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 3, padding="same"),
        ...                           layers.Flatten(), layers.Dense(2)])
        >>> trained_products(model), trained_products(model, 1)
        (3074, 514)
    """
    found = stages(model)
    return max(1, sum(stage.num_products for stage in found[num_frozen(found, frozen_stages) :]))


def num_frozen(found: Sequence[Stage], frozen_stages: int = -1) -> int:
    """Return how many of the first stages do not learn.

    Args:
        found: of a network.
        frozen_stages: that many; -1 counts those in which nothing learns now.
    """
    if frozen_stages >= 0:
        return frozen_stages
    learning = [index for index, stage in enumerate(found) if stage.num_trainable]
    return learning[0] if learning else 0


def frozen_paths(model: keras.Model, frozen_stages: int) -> frozenset[str]:
    """Return the paths of the layers that `freeze` freezes for so many stages.

    Args:
        model: a built Sequential or functional network.
        frozen_stages: at least 0.

    Example:
        >>> model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, name="body"),
        ...                           keras.layers.Flatten(), keras.layers.Dense(2, name="head")])
        >>> sorted(frozen_paths(model, 1))[0]
        'body'
    """
    paths = [entry.path for entry in _in_order(model)]
    return frozenset(paths[: _last_frozen(model, paths, frozen_stages) + 1])


def freeze(model: keras.Model, until: str | int | None = None) -> keras.Model:
    """Return the network with its first layers frozen, all others trainable, its weights kept bit for bit.

    A frozen batch normalization runs in inference mode, in `fit` as well: with the moments that it learned
    before. That is how Keras treats ``trainable=False`` of this layer, and what fine-tuning needs: moments of
    a few new pictures a batch would change what all later, frozen layers see. To call the backbone with
    ``training=False`` does not do it: in `fit`, Keras 3 calls the layers of a functional model with
    ``training=True``, whatever they were called with when the model was made.

    Args:
        model: a built Sequential or functional network; it stays as it is.
        until: the last frozen layer: its name, ``model/layer`` in a nested model, or the name of a nested
            model for all of it; or how many of `stages` to freeze from the input on; None freezes all but
            the heads: on the way to every output the last layer with weights.

    Returns:
        A plain Keras network, compiled as `model` was; `fit` heeds what is frozen.

    Raises:
        SettingsError: there is no such layer or stage.
        UnsupportedModelError: the graph of the network is not known.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, name="body"),
        ...                           keras.layers.Dense(1, name="head")])
        >>> [layer.trainable for layer in freeze(model, until="body").layers]
        [False, True]

    Source:
        Yosinski et al., How Transferable Are Features in Deep Neural Networks?, 2014; Kornblith, Shlens and
        Le, Do Better ImageNet Models Transfer Better?, 2019 (moments in fine-tuning).
    """
    _check_graph(model)
    order = [(entry.path, entry.layer) for entry in _in_order(model)]
    if until is None:
        kept = heads(model, lambda layer: bool(layer.weights))
        frozen = {id(layer) for _, layer in order} - kept
    else:
        last = _last_frozen(model, [path for path, _ in order], until)
        frozen = {id(layer) for _, layer in order[: last + 1]}
    return _with_trainable(model, lambda layer: id(layer) not in frozen)


def unfreeze(model: keras.Model, since: str | int = 0, *, normalization: bool = False) -> keras.Model:
    """Return the network with its last layers trainable; what is before them stays as it is.

    Args:
        model: a built Sequential or functional network; it stays as it is.
        since: the first layer that learns: its name, ``model/layer`` in a nested model; or the number of the
            first of `stages` that does.
        normalization: whether frozen batch normalizations learn too; left frozen they keep the moments and
            scales of the pretrained network, which is safer with small batches.

    Raises:
        SettingsError: there is no such layer or stage.
        UnsupportedModelError: the graph of the network is not known.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, name="body"),
        ...                           keras.layers.Dense(1, name="head")])
        >>> [layer.trainable for layer in unfreeze(freeze(model, "body"), "body").layers]
        [True, True]

    Source:
        Howard and Ruder, Universal Language Model Fine-tuning for Text Classification, 2018 (stage by stage).
    """
    _check_graph(model)
    order = [(entry.path, entry.layer) for entry in _in_order(model)]
    paths = [path for path, _ in order]
    first = (
        paths.index(_stage_at(model, since, asked=since).first)
        if isinstance(since, int)
        else _position(model, paths, since)[0]
    )
    free = {id(layer) for _, layer in order[first:]}

    def learns(layer: Any) -> bool:
        is_moments = isinstance(layer, keras.layers.BatchNormalization) and not normalization
        return layer.trainable or (id(layer) in free and not is_moments)

    return _with_trainable(model, learns)


def _with_trainable(model: keras.Model, learns: Callable[[Any], bool]) -> keras.Model:
    changed = copied(model, learns)
    compile_again(model, changed)
    return changed


def _check_graph(model: keras.Model) -> None:
    check_model(model)
    reason = why_no_graph(model)
    if reason:
        raise UnsupportedModelError(
            "the layers of this network cannot be listed",
            received=reason,
            expected="a built Sequential or functional model",
            fix="write it with keras.Sequential or keras.Model(inputs, outputs)",
        )


class _Entry(NamedTuple):
    """A layer on the way from input to output.

    Attributes:
        path: ``layer``, or ``model/layer`` in a nested model.
        layer: the layer.
        size: places of its maps.
        num_products: that a row takes in it.
        num_values: that it puts out for a row.
    """

    path: str
    layer: Any
    size: tuple[int | None, ...]
    num_products: int
    num_values: int


def _in_order(model: keras.Model, start: str = "") -> Iterator[_Entry]:
    """Yield the layers from input to output, nested models opened; each layer once, at its first call."""
    seen: set[int] = set()
    for call in read_graph(model).calls:
        layer = call.operation
        if call.is_input or not isinstance(layer, keras.layers.Layer) or id(layer) in seen:
            continue
        seen.add(id(layer))
        if isinstance(layer, keras.Model):
            yield from _in_order(layer, f"{start}{layer.name}/")
        else:
            shape = call.shapes[0]
            values = sum(math.prod(size or 1 for size in one[1:]) for one in call.shapes)
            yield _Entry(f"{start}{layer.name}", layer, _size(shape), products_of(call), values)


def _size(shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    if len(shape) < 4:
        return ()
    first = keras.config.image_data_format() == "channels_first"
    return shape[2:] if first else shape[1:-1]


def _stage(part: list[_Entry]) -> Stage:
    layers = [entry.layer for entry in part]
    return Stage(
        first=part[0].path,
        last=part[-1].path,
        size=part[0].size,
        num_parameters=sum(layer.count_params() for layer in layers if layer.weights),
        num_trainable=sum(int(v.value.size) for layer in layers for v in layer.trainable_weights),
        num_products=sum(entry.num_products for entry in part),
        num_values=sum(entry.num_values for entry in part),
    )


def _last_frozen(model: keras.Model, paths: list[str], until: str | int) -> int:
    if isinstance(until, int):
        return -1 if until == 0 else paths.index(_stage_at(model, until - 1, asked=until).last)
    return _position(model, paths, until)[1]


def _stage_at(model: keras.Model, number: int, *, asked: int) -> Stage:
    """Return a stage by its number; `asked` is the number that the user gave."""
    found = stages(model)
    if not 0 <= number < len(found):
        raise SettingsError(
            f"model {model.name!r} has no such stage.",
            received=str(asked),
            expected=f"0 to {len(found) - 1 + asked - number}, or the name of a layer",
            fix="see wellfit.stages(model)",
        )
    return found[number]


def _position(model: keras.Model, paths: list[str], name: str) -> tuple[int, int]:
    """Return first and last position of a layer, or of the layers of a nested model."""
    if not isinstance(name, str):
        raise SettingsError(
            "this stands for no layer.",
            received=f"an object of type {type(name).__name__}",
            expected="the name of a layer, or model/layer; or a number of stages",
        )
    own = [i for i, path in enumerate(paths) if path == name or path.startswith(f"{name}/")]
    found = own or [i for i, path in enumerate(paths) if path.rpartition("/")[2] == name]
    if not found:
        raise SettingsError(
            f"model {model.name!r} has no layer {name!r}.",
            received=name,
            expected="the name of a layer, or model/layer",
            fix=did_you_mean(name, paths) or f"its layers are {', '.join(paths[:8])}, ...",
        )
    return found[0], found[-1]
