"""What the command decides for its own process."""

from __future__ import annotations

import ctypes
import os
from types import SimpleNamespace
from typing import Any

import pytest

from wellfit.cli._process import prepare_process


def test_freed_memory_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the settings of the GNU library: one arena, large blocks from it, and no trimming."""
    said: dict[int, int] = {}
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(mallopt=said.__setitem__))
    prepare_process(debug=True)
    assert said == {-8: 1, -3: 2**30, -1: 2**31 - 1}


@pytest.mark.parametrize("library", [OSError, TypeError, None])
def test_other_libraries_are_left_alone(
    library: type[Exception] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no such library, or none with these settings, nothing happens."""

    def opened(_: Any) -> SimpleNamespace:
        if library is not None:
            raise library
        return SimpleNamespace()

    monkeypatch.setattr(ctypes, "CDLL", opened)
    monkeypatch.setenv("KERAS_BACKEND", "none")
    prepare_process(debug=True)
    assert os.environ["KERAS_BACKEND"] == "jax"  # what comes after went on
