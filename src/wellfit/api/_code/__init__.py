"""The chosen network as plain Keras code: a script that trains it, and a diff of the user's own script."""

from wellfit.api._code._diff import source_diff
from wellfit.api._code._recipe import Recipe
from wellfit.api._code._rows import saved_rows
from wellfit.api._code._script import training_code

__all__ = ["Recipe", "saved_rows", "source_diff", "training_code"]
