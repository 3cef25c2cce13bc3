"""Surgery on a network: run its graph again with layers changed, left out, added or repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from wellfit.models._chosen_layers import by_path
from wellfit.models._graph import Call, Graph, TensorKey, read_graph, why_no_graph
from wellfit.models._lambda import copied_lambda
from wellfit.models._layout_types import DepthBlock
from wellfit.models._probe import weight_values
from wellfit.records import UnsupportedModelError

Config = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Edits:
    """What is different in the rebuilt network.

    Attributes:
        change: gets a layer and its config and returns the config of the new layer.
        kind: gets a layer and returns the class of the new one.
        removed: blocks to leave out.
        repeated: a block and how many more times it runs after itself.
        inserted: layer name (``model/layer`` in a nested model) to a function that makes the layer to put
            after it; it gets a suffix for the name of the new layer.
        replaced: layer or operation name to the layer that stands in its place, under any name.
        passed: layer or operation name (likewise) to which of its inputs goes past it, as if it were not
            there.
        continued: layer or input name to what its readers get instead: a function of its output. The result
            is a functional model, as it is for `bridged`.
        bridged: name of a last layer to the tensor that is added to its output.
        input_widths: input name to its number of features.
    """

    change: Callable[[Any, Config], Config] = field(default=lambda layer, config: config)
    kind: Callable[[Any], Any] = type
    removed: tuple[DepthBlock, ...] = ()
    repeated: tuple[DepthBlock, int] | None = None
    inserted: Mapping[str, Callable[[str], keras.layers.Layer]] = field(default_factory=dict)
    replaced: Mapping[str, Callable[[], keras.layers.Layer]] = field(default_factory=dict)
    passed: Mapping[str, int] = field(default_factory=dict)
    continued: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    bridged: Mapping[str, TensorKey] = field(default_factory=dict)
    input_widths: Mapping[str, int] = field(default_factory=dict)

    def inside(self, name: str) -> Edits:
        """Return what is different in the nested model of that name.

        Layers to insert after, or to pass, are named ``model/layer`` there.
        """

        def of(table: Mapping[str, Any]) -> dict[str, Any]:
            start = f"{name}/"
            return {key.removeprefix(start): value for key, value in table.items() if key.startswith(start)}

        return Edits(change=self.change, kind=self.kind, inserted=of(self.inserted), passed=of(self.passed))


def rebuild(model: keras.Model, edits: Edits, made: dict[int, Any] | None = None) -> keras.Model:
    """Return a new, uncompiled network with new weights: the graph of `model` with `edits` applied.

    Args:
        model: a built Sequential or functional network; it stays as it is.
        edits: what is different.
        made: identity of a layer to its copy, of a network around this one, so that what both share stays so.

    Raises:
        UnsupportedModelError: the graph is not known, or a layer cannot be made again.
    """
    reason = why_no_graph(model)
    if reason:
        raise UnsupportedModelError(
            "this network cannot be rebuilt",
            received=reason,
            expected="a built Sequential or functional model",
            fix="write it with keras.Sequential or keras.Model(inputs, outputs)",
        )
    return _Rebuild(model, edits, {} if made is None else made).run()


class _Rebuild:
    """One run through a graph with new layers."""

    def __init__(self, model: keras.Model, edits: Edits, made: dict[int, Any]) -> None:
        self._model = model
        self._edits = edits
        self._made = made
        self._graph: Graph = read_graph(model)
        self._tensors: dict[TensorKey, Any] = {}
        self._inputs: dict[TensorKey, Any] = {}
        self._layers: dict[str, Any] = {}
        self._sequence: list[Any] = []
        self._inserted: dict[str, Any] = {}
        self._skipped = {name for block in edits.removed for name in (*block.layers, block.merge)}

    def run(self) -> keras.Model:
        for call in self._graph.calls:
            self._step(call)
        branches = self._edits.continued or self._edits.bridged
        if isinstance(self._model, keras.Sequential) and not branches:
            model: keras.Model = keras.Sequential(self._sequence, name=self._model.name)
        else:
            model = self._functional()
        return model

    def _functional(self) -> keras.Model:
        old: Any = self._model
        # A Sequential model is never called as a whole, and has one input and one output.
        alone = isinstance(old, keras.Sequential)
        outputs = self._mapped(old.outputs[0] if alone else old.output)
        # What readers of an input get may be made from it; the network still begins at the input.
        self._tensors |= self._inputs
        return keras.Model(self._mapped(old.inputs[0] if alone else old.input), outputs, name=old.name)

    def _step(self, call: Call) -> None:
        key = (call.index, 0)
        if call.is_input:
            self._inputs[key] = self._input(call)
            self._tensors[key] = self._continued(call, self._inputs[key])
            if call.name in self._edits.inserted:
                self._after(call, self._insert(call.name))
            return
        if call.name in self._skipped or call.name in self._edits.passed:
            self._tensors[key] = self._tensors[self._way_around(call)]
            return
        if call.name not in self._layers:
            if id(call.operation) not in self._made:
                self._made[id(call.operation)] = self._copy(call.operation)
            self._layers[call.name] = self._made[id(call.operation)]
        self._apply(call, self._layers[call.name])
        if call.name in self._edits.inserted:
            if call.name not in self._inserted:
                self._inserted[call.name] = self._insert(call.name)
            self._after(call, self._inserted[call.name])
        if call.name in self._edits.bridged:
            self._bridge(call)
        self._tensors[key] = self._continued(call, self._tensors[key])
        repeated = self._edits.repeated
        if repeated is not None and call.name == _last(repeated[0]):
            for number in range(1, repeated[1] + 1):
                self._tensors[key] = self._repeat(repeated[0], self._tensors[key], number)

    def _apply(self, call: Call, layer: Any) -> None:
        if call.name in self._edits.replaced:
            # Further arguments were for a layer of another kind.
            self._tensors[(call.index, 0)] = self._note(layer, layer(self._tensors[call.inputs[0]]))
            return
        outputs = self._note(layer, layer(*self._mapped(call.args), **self._mapped(call.kwargs)))
        for position, output in enumerate(keras.tree.flatten(outputs)):
            self._tensors[(call.index, position)] = output

    def _after(self, call: Call, extra: keras.layers.Layer) -> None:
        """Let an inserted layer stand between `call` and its readers."""
        key = (call.index, 0)
        self._tensors[key] = self._note(extra, extra(self._tensors[key]))

    def _bridge(self, call: Call) -> None:
        """Add an earlier tensor to what a call puts out."""
        key, add = (call.index, 0), keras.layers.Add(name=f"{call.name}_bridged")
        self._tensors[key] = add([self._tensors[self._edits.bridged[call.name]], self._tensors[key]])

    def _continued(self, call: Call, output: Any) -> Any:
        make = self._edits.continued.get(call.name)
        return output if make is None else make(output)

    def _repeat(self, block: DepthBlock, start: Any, number: int) -> Any:
        """Run copies of a block's layers on `start`; the tensors of the block itself stay as they are."""
        saved = dict(self._tensors)
        calls = [call for call in self._graph.calls if call.name in {*block.layers, block.merge}]
        self._tensors[self._source(block)] = start
        for call in calls:
            copy = self._copy(call.operation, name=f"{call.name}_repeat{number}")
            self._apply(call, copy)
            if call.name in self._edits.inserted:
                self._after(call, self._insert(call.name, f"_repeat{number}"))
        end = self._tensors[(calls[-1].index, 0)]
        self._tensors = saved
        return end

    def _source(self, block: DepthBlock) -> TensorKey:
        """Return the tensor that goes into a block."""
        if block.merge is None:
            return self._graph.calls_of(block.layers[0])[0].inputs[0]
        return self._graph.calls_of(block.merge)[0].inputs[1 - block.branch_index]

    def _way_around(self, call: Call) -> TensorKey:
        """Return the tensor that stands in for a call that is left out."""
        if call.name in self._edits.passed:
            return call.inputs[self._edits.passed[call.name]]
        for block in self._edits.removed:
            if call.name == block.merge:
                return call.inputs[1 - block.branch_index]
        return call.inputs[0]

    def _input(self, call: Call) -> Any:
        old = call.operation
        width = self._edits.input_widths.get(call.name)
        new = keras.Input(
            batch_shape=old.batch_shape if width is None else (*old.batch_shape[:-1], width),
            dtype=old.dtype,
            name=old.name,
            sparse=bool(getattr(old, "sparse", False)),
        )
        return self._note(new, new)

    def _copy(self, operation: Any, name: str = "") -> Any:
        if operation.name in self._edits.replaced:
            return self._edits.replaced[operation.name]()
        if not isinstance(operation, keras.layers.Layer):
            return _copied_operation(operation, name)
        if isinstance(operation, keras.Model):
            nested = rebuild(operation, self._edits.inside(operation.name), None if name else self._made)
            nested.name = name or operation.name
            return nested
        if isinstance(operation, keras.layers.Lambda):
            return copied_lambda(operation, name)
        try:
            config = self._edits.change(operation, _as_in_effect(operation, operation.get_config()))
            return self._edits.kind(operation).from_config({**config, "name": name or operation.name})
        except (TypeError, ValueError, NotImplementedError) as error:
            raise UnsupportedModelError(
                f"layer {operation.name!r} ({type(operation).__name__}) cannot be cloned",
                received=str(error).partition("\n")[0],
                expected="a layer whose get_config() gives all arguments of its constructor",
                fix="implement get_config() in that layer",
            ) from error

    def _insert(self, name: str, suffix: str = "") -> keras.layers.Layer:
        return self._edits.inserted[name](suffix)

    def _note(self, layer: Any, outputs: Any) -> Any:
        """Remember the order of layers, which is all that a Sequential model consists of."""
        self._sequence.append(layer)
        return outputs

    def _mapped(self, struct: Any) -> Any:
        def new(leaf: Any) -> Any:
            return self._tensors[self._graph.keys[id(leaf)]] if id(leaf) in self._graph.keys else leaf

        return keras.tree.map_structure(new, struct)


def _last(block: DepthBlock) -> str:
    return block.merge or block.layers[-1]


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Give layers of `target` the weights of layers of equal name in `source`; shapes must agree."""
    layers = {layer.name: layer for layer in source.layers}
    for layer in target.layers:
        if layer.name in layers:
            assign(layer, weight_values(layers[layer.name]))


def assign(layer: keras.layers.Layer, values: Iterable[Any]) -> None:
    """Give a layer its weights, also those it only reads when loaded (an adapted `Normalization`)."""
    for variable, value in zip(layer.weights, values, strict=True):
        variable.assign(value)
    _finish(layer)


def _finish(layer: keras.layers.Layer) -> None:
    """Let layers that hold values made from their weights make them again."""
    for part in layer._flatten_layers():
        if isinstance(part, keras.layers.Normalization):
            part.finalize_state()


def set_weights(model: keras.Model, values: Sequence[Any]) -> None:
    """Give a network its weights, in the order of ``model.weights``, in use at once.

    Unlike ``model.set_weights`` it also reaches layers that hold values made from their weights, such as
    an adapted `Normalization`.
    """
    for variable, value in zip(model.weights, values, strict=True):
        variable.assign(value)
    _finish(model)


def weight_sources(source: keras.Model, target: keras.Model) -> list[Any]:
    """Return for every weight of a rebuilt network, in order, the weight of `source` that it stands for.

    Keras orders layers by how far they are from the outputs, so that what is put into one branch of a
    network changes the order of all weights. Where paths do not tell, weights come in the same order.

    Raises:
        UnsupportedModelError: one of them has more weights than the other.
    """
    olds, news = by_path(source), by_path(target)
    found: dict[int, Any] = {}
    for path, layer in news.items():
        found.update(zip(map(id, layer.weights), olds[path].weights if path in olds else (), strict=False))
    weights = [found.get(id(variable)) for variable in target.weights]
    if len(target.weights) != len(source.weights):
        raise UnsupportedModelError(
            "weights were lost when the network was rebuilt",
            received=f"{len(target.weights)} weights of {len(source.weights)}",
            expected="layers whose get_config() and weights are all that they hold",
        )
    return list(source.weights) if any(old is None for old in weights) else weights


def copy_compile(source: keras.Model, target: keras.Model) -> None:
    """Compile `target` as `source` was, with a fresh optimizer state."""
    if not source.compiled:
        return
    try:
        target.compile_from_config(source.get_compile_config())
    except (TypeError, ValueError) as error:
        raise UnsupportedModelError(
            "the compile settings of this network cannot be copied",
            received=str(error).partition("\n")[0],
            expected="losses, metrics and optimizers of Keras, or registered ones",
            fix="decorate them with @keras.saving.register_keras_serializable()",
        ) from error


def _as_in_effect(layer: Any, config: Config) -> Config:
    """Return a config whose regularizers are those of the weights.

    One that was given to a built layer as an attribute has no effect, and is to have none in a copy.
    """
    if not type(layer).__module__.startswith("keras."):
        return config  # a layer of the user's may use it in other ways
    own = {variable.name: getattr(variable, "regularizer", None) for variable in layer.weights}
    changed = dict(config)
    for key in config:
        stem, _, kind = key.rpartition("_")
        if kind != "regularizer":
            continue
        for name in (stem, f"{stem}_kernel"):
            if name in own and own[name] is not getattr(layer, key, None):
                changed[key] = keras.regularizers.serialize(own[name]) if own[name] is not None else None
    return changed


def _copied_operation(operation: Any, name: str) -> Any:
    """Return an operation such as `Cos` anew: what two networks share ties them together when they are saved.

    One that does not tell how it was made is shared.
    """
    try:
        copy = type(operation).from_config(operation.get_config())
    except (TypeError, ValueError, NotImplementedError):
        return operation
    copy.name = name or operation.name
    return copy
