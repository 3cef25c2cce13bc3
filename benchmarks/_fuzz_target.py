"""What is fuzzed: a reader, and how an input for it is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class Case:
    """One input.

    Attributes:
        files: name to content, of the folder that is read.
        call: how it is read, as plain JSON values.
    """

    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    call: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Target(Protocol):
    """A reader of what strangers wrote.

    Attributes:
        refusals: errors that it documents; whatever else it raises is a crash.
    """

    refusals: tuple[type[BaseException], ...]

    def draw(self, rng: Random) -> Case:
        """Return an input; the same for the same state of `rng`."""
        ...

    def call(self, case: Case, folder: Path) -> None:
        """Read an input whose files are in `folder`."""
        ...

    def pids(self) -> tuple[int, ...]:
        """Return processes beside this one whose memory is bounded, too."""
        ...

    def close(self) -> None:
        """End what was started."""
        ...


class Reader:
    """What most targets have in common: nothing but this process."""

    def pids(self) -> tuple[int, ...]:
        """Return no process."""
        return ()

    def close(self) -> None:
        """End nothing."""
