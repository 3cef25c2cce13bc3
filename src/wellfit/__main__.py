"""The way into the command ``wellfit``, which ``python -m wellfit`` is too."""

import os
import signal
import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line of this process; Ctrl-C while it still loads ends it with one line."""
    before = signal.signal(signal.SIGINT, _end)
    from wellfit.cli import main as run_command  # noqa: PLC0415, it takes long enough to be interrupted

    signal.signal(signal.SIGINT, before)
    try:
        run_command()
    except KeyboardInterrupt:  # before a command has begun, or after it
        _end()


def _end(*_: object) -> None:
    """End at once: an exception would pass through half-loaded modules, and become another one there."""
    print("stopped before there was a result.", file=sys.stderr, flush=True)
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
