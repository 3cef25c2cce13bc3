"""The command line: arguments, progress and exit statuses over the library."""

from wellfit.cli._app import app, main

__all__ = ["app", "main"]
