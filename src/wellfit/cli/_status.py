"""From an outcome to an exit status and a message."""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable
from enum import IntEnum
from typing import ParamSpec

import typer

import wellfit

P = ParamSpec("P")


class Status(IntEnum):
    """Exit statuses of every command; those above 3 are answers of `wellfit monitor`."""

    DONE = 0
    FAILED = 1
    UNUSABLE = 2
    PARTIAL = 3
    WATCH = 4
    RETRAIN = 5


def guarded(command: Callable[P, Status]) -> Callable[P, None]:
    """Return `command` as a function that ends with an exit status and never with a traceback.

    Args:
        command: returns a status, or raises. Its argument ``debug`` asks for tracebacks.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            status = command(*args, **kwargs)
            sys.stdout.flush()
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except KeyboardInterrupt:
            tell("stopped before there was a result.")
            status = Status.FAILED
        except BrokenPipeError as error:
            status = _unread(error)
        # A user's model file may end the interpreter; that is a failed run with its own wording.
        except (Exception, SystemExit) as error:
            status = explain(error, debug=bool(kwargs.get("debug")))
        raise typer.Exit(int(status))

    return run


def _unread(error: BrokenPipeError) -> Status:
    """Say nothing where whoever read stdout has gone, as ``head`` has; files are written by then."""
    if sys.stdout.isatty():
        return explain(error)
    # Python flushes once more when it ends, and would complain about that.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Status.DONE


def explain(error: BaseException, *, debug: bool = False) -> Status:
    """Say on stderr what went wrong and return the status for it.

    Args:
        error: what a command raised.
        debug: also print the traceback.
    """
    if debug:
        traceback.print_exception(error)
    if isinstance(error, wellfit.WellfitError):
        tell(f"Error: {error}")
        is_failure = isinstance(error, wellfit.WorkerError | wellfit.StoreError)
        return Status.FAILED if is_failure else Status.UNUSABLE
    text = str(error).strip().partition("\n")[0]
    tell(f"Error: {type(error).__name__}{': ' if text else ''}{text}")
    if not debug:
        tell("  This is a fault in wellfit or below it. Add --debug to see where it happened.")
    return Status.FAILED


def tell(message: str) -> None:
    """Print a message on stderr; control characters from foreign files do not reach the terminal."""
    print("".join(char if char.isprintable() or char == "\n" else "?" for char in message), file=sys.stderr)
