"""Run a script as Python itself would, and learn when it has imported a library.

Nothing but the standard library is imported here: what a script may still decide for its process (a Keras
backend, the number of threads, a random seed) must be undecided when it begins.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_IMPORT_SYSTEM = "<frozen importlib"
_FILTER = os.path.join("keras", "src", "utils", "traceback_utils.py")


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a script ended.

    Attributes:
        status: the exit status that Python would have given.
        reason: name of the exception that ended it, ``exit`` for ``sys.exit``; empty at its last line.
    """

    status: int
    reason: str = ""

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it, after which Python ends by the signal itself."""
        return self.reason == "KeyboardInterrupt"


def run_script(path: str, arguments: Sequence[str]) -> Ending:
    """Run a script with all that ``python SCRIPT ARGUMENTS`` gives it, and print what that would print.

    It stays ``__main__`` afterwards, as its functions, its pickles and its exit handlers expect. `runpy`
    would take the module away, and stand in every traceback.

    Args:
        path: of the script, as it was typed.
        arguments: what the script finds in ``sys.argv[1:]``.

    Raises:
        OSError: the file cannot be read.
    """
    source = Path(path).read_bytes()
    full = os.path.join(os.getcwd(), path)
    main = ModuleType("__main__")
    # Python gives a script no spec, which is how multiprocessing knows that it can be run again by its path.
    vars(main).update(
        __file__=full,
        __loader__=SourceFileLoader("__main__", full),
        __builtins__=sys.modules["builtins"],
        __annotations__={},
        __cached__=None,
    )
    sys.modules["__main__"] = main
    sys.argv = [path, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(full))
    sys.excepthook = sys.__excepthook__  # the command line's own parser has put in another
    try:
        exec(compile(source, full, "exec", dont_inherit=True), vars(main))
    except BaseException as error:
        return _ending(error)
    finally:
        _flush()
    return Ending(status=0)


def _ending(error: BaseException) -> Ending:
    """Print what Python prints when a script ends by an exception, and return the status it gives."""
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return Ending(status=error.code or 0, reason="exit")
        print(error.code, file=sys.stderr)
        return Ending(status=1, reason="exit")
    _clean(error, set())
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except BaseException as second:
        print("Error in sys.excepthook:", file=sys.stderr)
        traceback.print_exception(second)
        print("\nOriginal exception was:", file=sys.stderr)
        traceback.print_exception(error)
    return Ending(status=1, reason=type(error).__name__)


def _clean(error: BaseException | None, done: set[int]) -> None:
    """Take the frames of this package out of an exception and of those it followed."""
    if error is None or id(error) in done:
        return
    done.add(id(error))
    error.__traceback__ = _without_own(error.__traceback__)
    for other in (error.__cause__, error.__context__):
        _clean(other, done)


def _without_own(found: TracebackType | None) -> TracebackType | None:
    """Return a traceback without the frames of this package and those that called them for it."""
    entries: list[TracebackType] = []
    while found is not None:
        file = found.tb_frame.f_code.co_filename
        if file.startswith(_PACKAGE + os.sep):
            while entries and _leads_here(entries[-1].tb_frame.f_code.co_filename):
                entries.pop()
        else:
            entries.append(found)
        found = found.tb_next
    kept: TracebackType | None = None
    for entry in reversed(entries):
        kept = TracebackType(kept, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return kept


def _leads_here(file: str) -> bool:
    return file.startswith(_IMPORT_SYSTEM) or file.endswith(_FILTER)


def _flush() -> None:
    """Let what the script has printed stand before what is printed about it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            continue


@contextmanager
def after_import(name: str, callback: Callable[[], None]) -> Iterator[None]:
    """Call `callback` when the block has imported a package, before the importer goes on.

    Args:
        name: of a top-level package; if it is there already, the callback comes at once.
        callback: must raise nothing.
    """
    if name in sys.modules:
        callback()
        yield
        return
    finder = _Finder(name, callback)
    sys.meta_path.insert(0, finder)  # pyright: ignore[reportArgumentType]
    try:
        yield
    finally:
        finder.leave()


class _Finder:
    """Finds one package as all others would find it, and adds a call after it has run."""

    def __init__(self, name: str, callback: Callable[[], None]) -> None:
        self._name = name
        self._callback = callback
        self._is_asking = False

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return the spec of the package with the call in its loader; None for all other names.

        Some only ask whether there is such a package, so it is found again and again until it has run.
        """
        if name != self._name or self._is_asking:
            return None
        self._is_asking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._is_asking = False
        if spec is None or spec.loader is None:
            return spec
        loader: Any = spec.loader
        run = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            self.leave()
            run(module)
            self._callback()

        loader.exec_module = exec_module
        return spec

    def leave(self) -> None:
        """Take this finder out of the import system."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)  # pyright: ignore[reportArgumentType]


def end_as_interrupted() -> Callable[[], None]:
    """Return a function that lets this process end by SIGINT when all exit handlers have run.

    To be called before a script registers handlers of its own, as the last one registered runs first.
    """
    asked: list[bool] = []

    def end() -> None:
        if asked:
            _flush()
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)

    atexit.register(end)
    return lambda: asked.append(True)
