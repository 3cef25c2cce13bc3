"""Getting the user's network: from a file, from a function, or a built-in one."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from wellfit.models._import import import_function
from wellfit.models._old_compile import compile_from_old
from wellfit.models._reference import dense_stack, residual_mlp
from wellfit.models._scan import dictionaries, read_config, read_hdf5_config, suspicious_objects
from wellfit.models._tabular import tabular_mlp
from wellfit.records import ModelLoadError, SettingsError, Task, did_you_mean

ModelSpec = keras.Model | Callable[..., keras.Model] | str | os.PathLike[str]
"""A network, a function that makes one, a file, ``module:function``, ``file.py:function``, or a name."""

BUILT_IN = ("tabular", "mlp", "dense")
_HDF5_SUFFIXES = (".h5", ".hdf5")


@dataclass(frozen=True, kw_only=True)
class NetworkShape:
    """What a network that is made for the data must fit.

    Attributes:
        num_features: columns of the float input; 0 for none.
        task: what it is for.
        num_outputs: classes of a multiclass target, or outputs of a regression; 1 for binary.
        num_rows: training rows; 0 if unknown.
        categories: for each integer input the number of its codes.
    """

    num_features: int
    task: Task
    num_outputs: int = 1
    num_rows: int = 0
    categories: tuple[int, ...] = ()


_ANY_SHAPE = NetworkShape(num_features=1, task=Task.BINARY)


def load_model(spec: ModelSpec, *, unsafe: bool = False, shape: NetworkShape | None = None) -> keras.Model:
    """Return the network that `spec` stands for.

    A file is examined before Keras reads it: nothing that came with it is run unless `unsafe` is set. A
    module or a ``.py`` file is the user's own code, and is run.

    Args:
        spec: a ``.keras`` or ``.h5`` file; ``module:function`` or ``file.py:function`` returning a model; a
            function; a model (returned as it is); or a built-in: ``tabular`` (MLP with the defaults that
            serve tables well; ``tabular:128`` sets its width), ``mlp`` (residual; ``mlp:128`` likewise) or
            ``dense`` (plain stack; ``dense:64-32`` sets its units, ``dense:64-32:0.2`` a dropout rate too).
            A function gets those of `shape`'s fields that it has arguments for.
        unsafe: whether a file may bring its own code (`Lambda` layers, registered classes).
        shape: what built-in networks are made for; needed for those only.

    Raises:
        ModelLoadError: there is no network there, or loading it would run foreign code.
        SettingsError: a built-in network that is asked for in a way it does not have.

    Example:
        >>> shape = NetworkShape(num_features=20, task=Task.BINARY)
        >>> load_model("dense:8", shape=shape).count_params()
        177
    """
    if isinstance(spec, keras.Model):
        return spec
    if callable(spec):
        return _call(spec, getattr(spec, "__name__", "the function"), shape)
    if not isinstance(spec, str | os.PathLike):
        raise SettingsError(
            "this is not a network.",
            received=f"an object of type {type(spec).__name__}",
            expected="a Keras model, a function that makes one, a path or the name of a built-in",
        )
    text = os.fspath(spec)
    if text.lower().endswith((".keras", *_HDF5_SUFFIXES)):
        return _load_file(Path(text), unsafe)
    name, _, options = text.partition(":")
    if name in BUILT_IN:
        return _built_in(name, options, shape)
    source, separator, function = text.rpartition(":")
    if separator:
        return _call(import_function(source, function), text, shape)
    raise ModelLoadError(
        f"{text!r} is not a network",
        received=text,
        expected="a .keras or .h5 file, module:function, file.py:function, tabular, mlp or dense",
        fix=did_you_mean(text, BUILT_IN) or "name the function too, as in train.py:build_model",
    )


def needs_shape(spec: Any) -> bool:
    """Return whether `spec` is made for the data: a built-in name, or a function that asks for their shape.

    Example:
        >>> needs_shape("dense:64-32"), needs_shape(lambda num_features: keras.Sequential())
        (True, True)
    """
    if isinstance(spec, str) and not Path(spec).exists():
        source, separator, function = spec.rpartition(":")
        if spec.partition(":")[0] in BUILT_IN:
            return True
        spec = import_function(source, function) if separator else None
    if not callable(spec) or isinstance(spec, keras.Model):
        return False
    asked = inspect.signature(spec).parameters.values()
    return any(p.name in vars(_ANY_SHAPE) and p.default is inspect.Parameter.empty for p in asked)


def _load_file(path: Path, unsafe: bool) -> keras.Model:
    if not path.is_file():
        raise ModelLoadError(
            f"no file {path}",
            received="a folder" if path.is_dir() else f"{path}, which does not exist",
            expected="a .keras or .h5 file",
            fix=did_you_mean(path.name, _siblings(path)) or "check the path",
        )
    is_hdf5 = path.suffix.lower() in _HDF5_SUFFIXES
    try:
        config = read_hdf5_config(path) if is_hdf5 else read_config(path)
    except PermissionError as error:
        raise ModelLoadError(f"{path} cannot be read", received=str(error), fix="check its rights") from error
    foreign = suspicious_objects(config, allow_own=True)
    if foreign and not unsafe:
        raise ModelLoadError(
            f"{path.name} brings code of its own, which is not run unless you trust it",
            received=", ".join(foreign[:5]),
            expected="layers, losses and functions of Keras only",
            fix="allow it with --allow-unsafe (unsafe=True) if you trust the file, or give file.py:function",
        )
    try:
        with warnings.catch_warnings():
            # A compiled network that was never fitted has no optimizer state; that is no fault.
            warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
            # Keras 2 wrote that its optimizers do not decay, which Keras 3 need not know.
            if not any(part.get("decay") for part in dictionaries(config)):
                warnings.filterwarnings("ignore", message="Argument `decay` is no longer supported")
            model = _read(path, config if is_hdf5 else (), unsafe)
    except Exception as error:
        # Keras raises whatever its layers raise when a config or the weights are not what they expect.
        raise ModelLoadError(
            f"Keras cannot load {path.name}",
            received=f"{type(error).__name__}: {first_line(error)}"
            + (f" (not Keras' own: {', '.join(foreign[:5])})" if foreign else ""),
            expected="a network saved by Keras 3 (or an .h5 file that it reads)",
            fix="give file.py:function if the network has classes of its own, or save it again",
        ) from error
    return _checked(model, path.name)


def _read(path: Path, config: Sequence[Any], unsafe: bool) -> Any:
    """Let Keras read a file; where an `.h5` file's compile settings are too old for it, read them here."""
    try:
        return keras.saving.load_model(path, safe_mode=not unsafe)
    except Exception as error:
        if len(config) < 2:
            raise
        model: Any = keras.saving.load_model(path, safe_mode=not unsafe, compile=False)
        try:
            compile_from_old(model, config[1])
        except (KeyError, TypeError, ValueError):
            raise error from None
        return model


def _siblings(path: Path) -> list[str]:
    folder = path.parent
    return [other.name for other in folder.iterdir()] if folder.is_dir() else []


def _call(function: Callable[..., Any], label: str, shape: NetworkShape | None) -> keras.Model:
    """Return what the user's function makes, given those fields of `shape` that it has arguments for."""
    known = {} if shape is None else {**vars(shape), "task": str(shape.task)}
    try:
        names = inspect.signature(function).parameters
        made = function(**{name: known[name] for name in names if name in known})
    except (Exception, SystemExit) as error:
        raise ModelLoadError(
            f"{label} raised {type(error).__name__}",
            received=first_line(error),
            expected=f"a function of {', '.join(known) or 'no arguments'} that returns a keras.Model",
            fix="call it in a Python prompt to see where it fails",
        ) from error
    return _checked(made, label)


def _checked(made: Any, label: str) -> keras.Model:
    if isinstance(made, keras.Model):
        return made
    raise ModelLoadError(
        f"{label} did not give a network",
        received=f"{type(made).__module__}.{type(made).__name__}",
        expected="a keras.Model",
        fix="return the model itself",
    )


def _built_in(name: str, options: str, shape: NetworkShape | None) -> keras.Model:
    if shape is None:
        raise SettingsError(f"the built-in network {name!r} needs the shape of the data", fix="pass shape=")
    if name in ("tabular", "mlp"):
        width = _numbers(name, options, "-")
        if len(width) > 1:
            raise _bad_options(name, options)
        build = tabular_mlp if name == "tabular" else residual_mlp
        return build(
            shape.num_features,
            shape.task,
            shape.num_outputs,
            num_rows=shape.num_rows,
            width=width[0] if width else None,
            categories=shape.categories,
        )
    units, _, rate = options.partition(":")
    return dense_stack(
        shape.num_features,
        shape.task,
        shape.num_outputs,
        units=_numbers(name, units, "-") or (64, 32),
        dropout=_rate(name, options, rate),
        categories=shape.categories,
    )


def _numbers(name: str, text: str, separator: str) -> tuple[int, ...]:
    parts = text.split(separator) if text else []
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise _bad_options(name, text)
    return tuple(int(part) for part in parts)


def _rate(name: str, options: str, text: str) -> float:
    try:
        rate = float(text) if text else 0.0
    except ValueError:
        raise _bad_options(name, options) from None
    if not 0 <= rate < 1:
        raise _bad_options(name, options)
    return rate


def _bad_options(name: str, options: str) -> SettingsError:
    return SettingsError(
        f"the built-in network {name!r} cannot be made like this",
        received=f"{name}:{options}",
        expected="mlp, mlp:WIDTH, dense, dense:UNITS-UNITS or dense:UNITS-UNITS:RATE",
        fix="for example mlp:128 or dense:64-32:0.2",
    )


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, cut to a length that fits a terminal."""
    text = str(error).strip().partition("\n")[0]
    return text if len(text) <= 300 else f"{text[:300]}..."
