"""The error tree.

Every error that wellfit raises on purpose is a `WellfitError` and also the builtin that a caller
would expect, so that both `except WellfitError` and `except ValueError` work::

    WellfitError
    |-- DataError            (ValueError)         the table or the arrays cannot be used
    |   |-- FileReadError    (OSError)            a file is missing, empty, binary or not readable
    |   |-- ColumnNotFoundError  (LookupError)    a named column does not exist
    |   |   `-- TargetNotFoundError
    |   `-- TargetError                           the target cannot be learned as it stands
    |-- ModelError           (ValueError)         the network cannot be used
    |   |-- ModelLoadError   (OSError)            the file does not hold a network, or is not safe
    |   |-- ModelMismatchError                    input or output does not fit the data
    |   `-- UnsupportedModelError  (NotImplementedError)  the population cannot express it
    |-- SettingsError        (ValueError)         an argument is out of range or contradicts another
    |-- OutputError          (OSError)            the output folder cannot be written
    |   `-- StoreError                            the trial store cannot be written or read
    `-- WorkerError          (RuntimeError)       a worker process ended without an answer
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class WellfitError(Exception):
    """Base of all errors raised on purpose: what happened, what came in, what is expected, how to mend it.

    Args:
        summary: one sentence on what happened.
        received: what came in.
        expected: what is accepted.
        fix: what the reader can do now.

    Example:
        >>> error = WellfitError("no column 'churn'", received="'Churn'", fix="use 'Churn'")
        >>> print(error)
        no column 'churn'
          Received: 'Churn'
          Fix: use 'Churn'
    """

    def __init__(self, summary: str, *, received: str = "", expected: str = "", fix: str = "") -> None:
        self.summary = summary
        self.received = received
        self.expected = expected
        self.fix = fix
        lines = [summary]
        for label, text in (("Received", received), ("Expected", expected), ("Fix", fix)):
            if text:
                lines.append(f"  {label}: {text}")
        super().__init__("\n".join(lines))

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.summary, self.received, self.expected, self.fix)


def _rebuild(kind: type[WellfitError], summary: str, received: str, expected: str, fix: str) -> WellfitError:
    return kind(summary, received=received, expected=expected, fix=fix)


class DataError(WellfitError, ValueError):
    """The table or the arrays cannot be used."""


class FileReadError(DataError, OSError):
    """A file is missing, empty, binary or not readable."""


class ColumnNotFoundError(DataError, LookupError):
    """A named column does not exist."""


class TargetNotFoundError(ColumnNotFoundError):
    """The target column does not exist."""


class TargetError(DataError):
    """The target cannot be learned as it stands: constant, missing, or one value per row."""


class ModelError(WellfitError, ValueError):
    """The network cannot be used."""


class ModelLoadError(ModelError, OSError):
    """The file does not hold a network, or loading it would run foreign code."""


class ModelMismatchError(ModelError):
    """The network's input or output does not fit the data."""


class UnsupportedModelError(ModelError, NotImplementedError):
    """The population program cannot express this network; the message names the layer."""


class SettingsError(WellfitError, ValueError):
    """An argument is out of range, or contradicts another."""


class OutputError(WellfitError, OSError):
    """The output folder cannot be written."""


class StoreError(OutputError):
    """The trial store cannot be written or read: a full disk, or a database that is gone."""


class WorkerError(WellfitError, RuntimeError):
    """A worker process ended without an answer."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint such as ``did you mean 'Churn'?`` for the closest known name, or an empty string.

    Example:
        >>> did_you_mean("churn", ["Churn", "tenure"])
        "did you mean 'Churn'?"
    """
    names = list(known)
    lowered = {candidate.lower(): candidate for candidate in reversed(names)}
    close = difflib.get_close_matches(name.lower(), list(lowered), n=1)
    return f"did you mean {lowered[close[0]]!r}?" if close else ""


def shorten(names: Iterable[str], limit: int = 3) -> str:
    """Return ``'a', 'b', 'c' and 17 more`` for use in an error.

    Example:
        >>> shorten(["a", "b", "c", "d"], limit=2)
        "'a', 'b' and 2 more"
    """
    listed = list(names)
    head = ", ".join(repr(name) for name in listed[:limit])
    rest = len(listed) - limit
    return head if rest <= 0 else f"{head} and {rest} more"
