"""Reading what a model file holds without running anything of it."""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import h5py
import keras

from wellfit.models._l2_sp import L2SP, PACKAGE
from wellfit.models._old_compile import is_old_optimizer
from wellfit.records import ModelLoadError

MAX_EXPANSION = 100
"""A file that unpacks to more than this many times its size, and to more than `BOMB_FLOOR`, is refused."""

BOMB_FLOOR = 1 << 28
MAX_CONFIG_SIZE = 1 << 26
MAX_MEMBERS = 10_000

_CONFIG_NAME = "config.json"
_WEIGHTS_NAME = "model.weights.h5"

_PARTS = (
    "activations|constraints|dtype_policies|initializers|layers|losses|metrics|models|ops|optimizers"
    "|quantizers|random|regularizers"
)
_KERAS_MODULE = re.compile(rf"keras(\.src)?(\.({_PARTS})(\.\w+)*)?")

# These run code, or read other files, that came with the network.
_UNSAFE_CLASSES = frozenset(
    {"Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "__typespec__"}
)
_PLAIN_CLASSES = frozenset(
    {
        "__keras_tensor__",
        "__tensor__",
        "__numpy__",
        "__bytes__",
        "__slice__",
        "__ellipsis__",
        "__tuple__",
        "TensorShape",
        "Functional",
        "Model",
        "Sequential",
    }
)


def read_config(path: Path) -> Any:
    """Return the config of a `.keras` file as plain JSON data.

    Raises:
        ModelLoadError: it is no zip archive, is cut off, holds no config, or would unpack to far more than
            its size.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_archive(archive, path)
            return _read_json(archive.read(_CONFIG_NAME), path)
    except (ModelLoadError, PermissionError):
        raise
    # A damaged archive raises what zipfile, zlib and struct raise on it: their errors have no common base.
    except Exception as error:
        raise ModelLoadError(
            f"{path.name} is not a Keras model file, or is damaged",
            received=f"{path.stat().st_size:,} bytes; {error}",
            expected="a .keras file as model.save() writes it, which is a zip archive",
            fix="save the model again, or copy the file again",
        ) from error


def read_hdf5_config(path: Path) -> Any:
    """Return the config of an `.h5` model, its compile settings included, as plain JSON data.

    Raises:
        ModelLoadError: it is no HDF5 file, is cut off, or holds weights only.
    """
    try:
        with h5py.File(path, "r") as file:
            check_datasets(file, path, path.stat().st_size)
            config, training = (file.attrs.get(name) for name in ("model_config", "training_config"))
    except (ModelLoadError, PermissionError):
        raise
    # On damaged files h5py raises nearly everything that Python has.
    except Exception as error:
        raise ModelLoadError(
            f"{path.name} is not an HDF5 file, or is damaged",
            received=f"{path.stat().st_size:,} bytes",
            expected="an .h5 file as model.save() writes it",
            fix="save the model again, or copy the file again",
        ) from error
    if config is None:
        raise ModelLoadError(
            f"{path.name} holds weights only",
            received="an HDF5 file without the network's config",
            expected="a whole model",
            fix="save it with model.save('model.keras'), or build the network and give it the weights:"
            f" wellfit.transfer_weights({path.name!r}, model)",
        )
    return [_read_json(text, path) for text in (config, training) if text is not None]


def suspicious_objects(config: Any, *, allow_own: bool = False) -> tuple[str, ...]:
    """Return what in a config is not Keras' own, or would run code or read files when it is loaded.

    Args:
        config: plain JSON data.
        allow_own: whether the regularizer that `regularize` puts in for L2-SP may be there.

    Example:
        >>> suspicious_objects({"module": "keras.layers", "class_name": "Lambda", "config": {}})
        ('Lambda',)
    """
    parts = [part for part in dictionaries(config) if not (allow_own and _is_own(part))]
    found = [name for part in parts for name in _suspicions(part)]
    return tuple(dict.fromkeys(found))


def _is_own(part: dict[str, Any]) -> bool:
    """Whether it is the regularizer that `regularize` puts in, exactly as Keras writes it."""
    written = {key: part.get(key) for key in ("module", "class_name", "registered_name")}
    return written == {
        "module": L2SP.__module__,
        "class_name": L2SP.__name__,
        "registered_name": f"{PACKAGE}>{L2SP.__name__}",
    }


def _suspicions(part: dict[str, Any]) -> Iterator[str]:
    if isinstance(part.get("vocabulary"), str):
        yield f"vocabulary file {part['vocabulary']!r}"
    name = part.get("class_name")
    if not isinstance(name, str):
        return
    label = f"{part.get('module')}.{name}" if part.get("module") else name
    registered = part.get("registered_name")
    if name in _UNSAFE_CLASSES:
        yield name
    elif is_old_optimizer(part) or (name in _PLAIN_CLASSES and not part.get("module")):
        return
    elif isinstance(registered, str) and ">" in registered:
        yield registered
    elif name == "function":
        yield from _suspicious_function(part)
    elif part.get("module") is None:
        if not _is_keras_name(name):
            yield name
    elif not _is_keras_class(part["module"], name):
        yield label


def _suspicious_function(part: dict[str, Any]) -> Iterator[str]:
    module, name = part.get("module"), part.get("config")
    known = isinstance(name, str) and _is_keras_name(name)
    if not (known and isinstance(module, str) and (module == "builtins" or _KERAS_MODULE.fullmatch(module))):
        yield f"{module}.{name}"


def _is_keras_name(name: str) -> bool:
    """Whether a name without a module can only mean something of Keras itself."""
    places = (
        keras.layers,
        keras.activations,
        keras.initializers,
        keras.regularizers,
        keras.constraints,
        keras.losses,
        keras.metrics,
        keras.optimizers,
        keras.optimizers.schedules,
        keras.dtype_policies,
        keras.ops,
    )
    return not name.startswith("_") and any(hasattr(place, name) for place in places)


def _is_keras_class(module: Any, name: str) -> bool:
    """Whether a module and a name mean a class of Keras; one that this version lacks is left to Keras."""
    if not (isinstance(module, str) and _KERAS_MODULE.fullmatch(module)):
        return False
    place: Any = keras
    for step in module.split(".")[1:]:
        place = getattr(place, step, None)
    found = getattr(place or sys.modules.get(module), name, None)
    return found is None or isinstance(found, type)


def dictionaries(config: Any) -> Iterator[dict[str, Any]]:
    """Return every dictionary inside `config` (with a stack: a hostile file can nest deeply)."""
    stack = [config]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            yield part
            stack.extend(reversed(list(part.values())))
        elif isinstance(part, list):
            stack.extend(reversed(part))


def _check_archive(archive: zipfile.ZipFile, path: Path) -> None:
    members = archive.infolist()
    names = [member.filename for member in members]
    if _CONFIG_NAME not in names:
        raise ModelLoadError(
            f"{path.name} is a zip archive without a network in it",
            received=f"{len(names)} files, no {_CONFIG_NAME}",
            expected="a .keras file as model.save() writes it",
        )
    outside = [
        name for name in names if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts
    ]
    if outside:
        raise ModelLoadError(f"{path.name} would write outside its folder", received=outside[0])
    _check_size(sum(member.file_size for member in members), path.stat().st_size, path)
    if len(members) > MAX_MEMBERS or archive.getinfo(_CONFIG_NAME).file_size > MAX_CONFIG_SIZE:
        raise ModelLoadError(
            f"{path.name} is too large to be read",
            received=f"{len(members)} files, config of {archive.getinfo(_CONFIG_NAME).file_size:,} bytes",
            expected=f"at most {MAX_MEMBERS:,} files and {MAX_CONFIG_SIZE:,} bytes",
        )
    damaged = archive.testzip()
    if damaged is not None:
        raise zipfile.BadZipFile(f"wrong checksum of {damaged}")
    if _WEIGHTS_NAME in names:
        with archive.open(_WEIGHTS_NAME) as member:
            _check_weights(member, path, archive.getinfo(_WEIGHTS_NAME).file_size)


def _check_weights(member: Any, path: Path, size: int) -> None:
    file: BinaryIO = member
    try:
        with h5py.File(file, "r") as weights:
            check_datasets(weights, path, size)
    except ModelLoadError:
        raise
    except Exception as error:
        raise ModelLoadError(
            f"the weights in {path.name} are damaged", received=str(error), fix="save the model again"
        ) from error


def check_datasets(file: h5py.File, path: Path, stored: int) -> None:
    """Refuse datasets that are elsewhere, or far larger than the file that declares them."""
    total = 0
    waiting: list[h5py.Group] = [file]
    seen: set[int] = set()
    while waiting:
        group = waiting.pop()
        place = h5py.h5o.get_info(group.id).addr  # pyright: ignore[reportAttributeAccessIssue]
        if place in seen:  # a group may hold itself
            raise ModelLoadError(f"{path.name} holds a group twice", received=f"group {group.name!r}")
        seen.add(place)
        for name in group:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink | h5py.SoftLink):
                raise ModelLoadError(f"{path.name} refers to another place", received=f"link {link.path!r}")
            item = group[name]
            if isinstance(item, h5py.Group):
                waiting.append(item)
            elif isinstance(item, h5py.Dataset):
                if item.external or item.is_virtual:
                    raise ModelLoadError(f"{path.name} refers to another file", received=f"dataset {name!r}")
                total += int(item.size or 0) * item.dtype.itemsize
    _check_size(total, stored, path)


def _check_size(unpacked: int, stored: int, path: Path) -> None:
    if unpacked > BOMB_FLOOR and unpacked > MAX_EXPANSION * stored:
        raise ModelLoadError(
            f"{path.name} would unpack to far more than its size",
            received=f"{stored:,} bytes that unpack to {unpacked:,}",
            expected=f"at most {MAX_EXPANSION} times its size",
            fix="do not trust this file; ask its author for another",
        )


def _read_json(text: str | bytes, path: Path) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelLoadError(
            f"the config in {path.name} is damaged",
            received=str(error)[:200],
            expected="JSON as Keras writes it",
            fix="save the model again",
        ) from error
