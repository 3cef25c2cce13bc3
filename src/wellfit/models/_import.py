"""The user's own code: a function out of a module or a file."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from wellfit.records import ModelLoadError, did_you_mean


def import_function(source: str, name: str) -> Callable[..., Any]:
    """Return the function `name` of a module (``package.module``) or a file (``folder/file.py``).

    The code in it is run. Modules beside the file, or in the current folder, can be imported by it.

    Raises:
        ModelLoadError: there is no such module, file or function, or running it raises.
    """
    is_file = source.endswith(".py")
    path = Path(source)
    if is_file and not path.is_file():
        raise ModelLoadError(
            f"no file {source}", received=source, expected="a Python file", fix="check the path"
        )
    try:
        with _importable(path.parent if is_file else Path.cwd()):
            module = _run_file(path) if is_file else importlib.import_module(source)
    except (Exception, SystemExit) as error:
        is_absent = isinstance(error, ModuleNotFoundError) and error.name == source.split(".", maxsplit=1)[0]
        what = f"no module {source!r}" if is_absent else f"importing {source} raised {type(error).__name__}"
        raise ModelLoadError(
            what,
            received=str(error).strip().partition("\n")[0],
            expected="module:function or file.py:function",
            fix="check the name" if is_absent else "put code that trains under: if __name__ == '__main__'",
        ) from error
    return _function(module, source, name)


def _function(module: ModuleType, source: str, name: str) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if callable(found):
        return found
    known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
    raise ModelLoadError(
        f"{source} has no function {name!r}",
        received=name if found is None else f"{name}, which is a {type(found).__name__}",
        expected="a function that returns a keras.Model",
        fix=did_you_mean(name, known) or "check the name",
    )


def _run_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"wellfit_user_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    # Data classes and pickling look their module up by name while it runs.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    entry = str(folder.resolve())
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        sys.path.remove(entry)
