"""What must be the same for a study to go on: data, network, settings, packages and machine."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from wellfit._version import __version__
from wellfit.api._subject import Subject
from wellfit.models import backend_name, learned_weights
from wellfit.population import device_name, num_workers
from wellfit.records import DataError, Dataset

_PACKAGES = ("keras", "jax", "jaxlib", "numpy", "scipy", "scikit-learn", "optuna", "polars")
_CHUNK = 2**24


def surroundings(subject: Subject, how: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a study depends on beside what it trains, as plain values that can be compared.

    Args:
        subject: what the study is about.
        how: further settings of the study.
    """
    return {
        **{name: _version(name) for name in _PACKAGES},
        "wellfit": __version__,
        "python": platform.python_version(),
        "backend": backend_name(),
        "device": device_name(),
        "workers": num_workers(),
        "data": _hashed(subject.dataset, subject.working, subject.holdout),
        "network": _network(subject),
        "settings": _hashed(
            subject.baseline,
            subject.preparation,
            subject.metric,
            subject.start,
            subject.scale_target,
            subject.warm,
            dict(how),
        ),
    }


def data_digest(dataset: Dataset) -> str:
    """Return the SHA-256 of all rows as a study sees them, encoded and with their target.

    The same rows from another kind of file have the same.

    Args:
        dataset: all rows, in order.
    """
    return _hashed(*dataset.inputs, dataset.target)


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what is not the same, in words.

    Example:
        >>> differences({"jax": "0.6", "data": "ab"}, {"jax": "0.7", "data": "cd"})
        ['jax was 0.6 and is 0.7', 'the data are other ones']
    """
    hashes = {"data": "the data are other ones", "network": "the network is another one"}
    hashes["settings"] = "the settings are other ones"
    return [
        hashes.get(name, f"{name} was {before[name]} and is {now.get(name)}")
        for name in before
        if before[name] != now.get(name)
    ]


def data_facts(data: Any) -> dict[str, Any]:
    """Return the path of a file or folder, its size and a SHA-256; nothing for data in memory.

    The hash of a folder is that of the names and sizes in it; what pictures show is compared elsewhere.

    Raises:
        DataError: nothing is there.
    """
    if not isinstance(data, str | Path):
        return {}
    path = Path(data).expanduser().absolute()
    digest, size = hashlib.sha256(), 0
    try:
        if path.is_dir():
            for one in sorted(p for p in path.rglob("*") if p.is_file()):
                digest.update(f"{one.relative_to(path)}\0{one.stat().st_size}\0".encode("utf-8", "replace"))
                size += one.stat().st_size
        else:
            with path.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
    except OSError as error:
        raise DataError(
            "the data of this study are gone.",
            received=f"{path} ({error.strerror})",
            expected="the file or folder that the study was started with",
            fix="put it back",
        ) from error
    return {"path": str(path), "size_bytes": size, "sha256": digest.hexdigest()}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _network(subject: Subject) -> str:
    """Return a hash of a network's layers, and of its weights where training starts from them."""
    model: Any = subject.model
    layers = [(type(layer).__name__, _config(layer)) for layer in model._flatten_layers(include_self=False)]
    shapes = [tuple(weight.shape) for weight in model.weights]
    setup = subject.setup
    how = (setup.loss_name, dict(setup.loss_config), setup.optimizer, dict(setup.optimizer_config))
    kept: list[Any] = []
    if subject.start == "given":
        positions = learned_weights(model) or range(len(model.weights))
        kept = [np.asarray(model.weights[position]) for position in positions]
    return _hashed(layers, shapes, _nameless(how), kept)


def _config(layer: Any) -> Any:
    """Return what a layer is made of without names, which Keras counts up in every process."""
    try:
        return _nameless(layer.get_config())
    except NotImplementedError:
        return ""


def _nameless(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.get("class_name") == "DTypePolicy":
            return value  # whose name is all that it is
        return {k: _nameless(v) for k, v in value.items() if k not in ("name", "build_config", "layers")}
    return [_nameless(one) for one in value] if isinstance(value, list | tuple) else value


def _hashed(*values: Any) -> str:
    digest = hashlib.sha256()
    for value in values:
        _feed(digest, value)
    return digest.hexdigest()


def _feed(digest: Any, value: Any) -> None:
    """Add a value to a hash: arrays by their bytes, what has no content of its own by its type."""
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        rows = max(1, _CHUNK // max(1, value[:1].nbytes)) if value.ndim else 1
        for start in range(0, len(value) if value.ndim else 0, rows):
            digest.update(np.ascontiguousarray(value[start : start + rows]).tobytes())
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            digest.update(field.name.encode())
            _feed(digest, getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            digest.update(repr(key).encode())
            _feed(digest, one)
    elif isinstance(value, list | tuple):
        digest.update(f"{len(value)}:".encode())
        for one in value:
            _feed(digest, one)
    elif value is None or isinstance(value, bool | int | float | str | np.generic):
        digest.update(repr(value).encode())
    else:
        digest.update(type(value).__name__.encode())
