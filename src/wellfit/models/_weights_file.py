"""Weights by layer from a file, without building the network that it was saved from."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from wellfit.models._scan import check_datasets, read_config
from wellfit.records import ModelLoadError

_CELL = re.compile(r".*_cell(_\d+)?")  # of a recurrent layer, which has weights in its stead
_INSIDE = "model.weights.h5"  # of a .keras archive


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerWeights:
    """The weights of one layer, in the order of its ``weights``.

    Attributes:
        values: the arrays.
        names: of the weights, such as ``kernel``; empty text where the file does not say.
        is_sure: whether the file says which array comes first; else the layer has several parts.
    """

    values: tuple[np.ndarray, ...]
    names: tuple[str, ...]
    is_sure: bool = True


def read_weights(path: Path, known: Collection[str]) -> dict[str, LayerWeights]:
    """Return the weights of every layer of a file, by the layer's name.

    Args:
        path: ``.h5`` or ``.hdf5`` of Keras 2 or 3 (a whole model or weights alone), ``.weights.h5``, or
            ``.keras``. Nothing of it is run.
        known: names of the layers that are looked for: what is nested inside one of them belongs to it.

    Raises:
        ModelLoadError: there is no such file, it is damaged, or it does not name its layers.
    """
    if not path.is_file():
        raise ModelLoadError(
            f"no file {path}",
            received="a folder" if path.is_dir() else f"{path}, which does not exist",
            expected="a .keras or .h5 file",
            fix="check the path",
        )
    try:
        if path.suffix.lower() == ".keras":
            read_config(path)  # which refuses what is damaged or would unpack to far too much
            with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read(_INSIDE)), "r") as file:
                found = dict(_layers(file, known))
        else:
            with h5py.File(path, "r") as file:
                check_datasets(file, path, path.stat().st_size)
                found = dict(_layers(file, known))
    except (OSError, KeyError, ValueError) as error:
        if isinstance(error, ModelLoadError):
            raise
        raise ModelLoadError(
            f"{path.name} holds no weights of Keras, or is damaged",
            received=f"{path.stat().st_size:,} bytes",
            expected="a file as model.save() or model.save_weights() writes it",
            fix="save the network again, or copy the file again",
        ) from error
    if not found:
        raise ModelLoadError(
            f"{path.name} does not name the layers of its weights",
            received="an HDF5 file without names of layers",
            expected="a file of model.save(), or of save_weights() in a recent Keras 3",
            fix="load it into its own network with load_weights(), and pass that network",
        )
    return found


def _layers(file: Any, known: Collection[str]) -> Iterator[tuple[str, LayerWeights]]:
    root = file.get("model_weights", file)
    is_old = "layer_names" in root.attrs
    parts = _of_old_format(root, known) if is_old else _of_new_format(file, known, "")
    joined: dict[str, list[LayerWeights]] = {}
    for name, part in parts:
        joined.setdefault(name, []).append(part)
    for name, several in joined.items():
        yield (
            name,
            LayerWeights(
                values=tuple(value for part in several for value in part.values),
                names=tuple(text for part in several for text in part.names),
                is_sure=len(several) == 1 or all(all(part.names) for part in several),
            ),
        )


def _of_old_format(root: Any, known: Collection[str]) -> Iterator[tuple[str, LayerWeights]]:
    """Yield weights one by one: in Keras 2's format each has a path, and a nested model is one group."""
    for layer in map(_text, root.attrs["layer_names"]):
        for weight in map(_text, root[layer].attrs["weight_names"]):
            *path, name = weight.split(":")[0].split("/")
            places = [layer, *(place for place in path if not _CELL.fullmatch(place))]
            owner = next((place for place in places if place in known), places[-1])
            value = np.asarray(root[layer][weight])
            yield owner, LayerWeights(values=(value,), names=(name,))


def _of_new_format(group: Any, known: Collection[str], owner: str) -> Iterator[tuple[str, LayerWeights]]:
    """Yield weights group by group; in Keras 3's format a group knows the name of its layer."""
    own = group.get("vars")
    name = "" if own is None else _text(own.attrs.get("name", ""))
    owner = owner if owner in known else name or owner
    if own is not None and len(own) and owner:
        values = tuple(np.asarray(own[key]) for key in sorted(own, key=int))
        yield owner, LayerWeights(values=values, names=("",) * len(values))
    for key in group:
        if key not in ("vars", "optimizer") and isinstance(group[key], h5py.Group):
            yield from _of_new_format(group[key], known, owner)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
