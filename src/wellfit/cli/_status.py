"""From an outcome to an exit status and a message."""

from __future__ import annotations

import errno
import functools
import os
import select
import sys
import traceback
from collections.abc import Callable
from enum import IntEnum
from typing import ParamSpec

import typer

import wellfit

P = ParamSpec("P")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


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
            status = Status.DONE if _is_unread() else explain(error, debug=bool(kwargs.get("debug")))
        # A user's model file may end the interpreter; that is a failed run with its own wording.
        except (Exception, SystemExit) as error:
            status = explain(error, debug=bool(kwargs.get("debug")))
        raise typer.Exit(int(status))

    return run


def _is_unread() -> bool:
    """Return whether who read stdout, such as `head`, has gone; then nothing more is written to it.

    That needs no message, and the interpreter must not find the pipe broken once more at its end.
    """
    looking = select.poll()
    looking.register(sys.stdout.fileno(), 0)  # an error is reported whatever is asked for
    is_gone = any(event & select.POLLERR for _, event in looking.poll(0))
    if is_gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return is_gone


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
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        tell("  Make room or permission there.")
    elif not debug:
        tell("  This is a fault in wellfit or below it. Add --debug to see where it happened.")
    return Status.FAILED


def tell(message: str) -> None:
    """Print a message on stderr; control characters from foreign files do not reach the terminal."""
    print("".join(char if char.isprintable() or char == "\n" else "?" for char in message), file=sys.stderr)
