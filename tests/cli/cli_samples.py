"""A study that trains nothing, and ways to run the command with it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import polars as pl
import pytest

import wellfit
from wellfit.cli import main
from wellfit.records import Effect, HoldoutResult, Metric, Remedy, Report, Settings, Task, Verdict

Fake = TypeVar("Fake", "FakeImprove", "FakePredict")

TABLE = "age,city,bought\n" + "".join(f"{20 + i},{'Rome' if i % 2 else 'Oslo'},{i % 2}\n" for i in range(40))


def small_report(partial: str = "") -> Report:
    """Return a report with one confirmed remedy."""
    effect = Effect(estimate=0.0123, low=0.006, high=0.018, p_value=0.001, unit="log_loss", num_pairs=10)
    return Report(
        task=Task.BINARY,
        metric=Metric(name="log_loss", direction="minimize"),
        verdict=Verdict.OVERFITTING,
        verdict_line="The network overfits.",
        baseline=Settings(),
        chosen=Settings(dropout=0.3),
        holdout=HoldoutResult(
            num_rows=100,
            baseline={"log_loss": 0.43},
            improved={"log_loss": 0.42},
            difference=0.01,
            low=0.004,
            high=0.016,
        ),
        remedies=(
            Remedy(name="dropout", settings={"dropout": 0.3}, stage="confirmed", kept=True, effect=effect),
        ),
        members_trained=120,
        num_rows=500,
        partial=partial,
    )


class FakeImprove:
    """Stands for `wellfit.improve`: keeps its arguments, tells some events, returns a small report.

    Args:
        partial: of the report.
        error: raised instead.
        seconds: how long it works, ending early when it is asked to stop.
    """

    def __init__(self, partial: str = "", error: BaseException | None = None, seconds: float = 0.0) -> None:
        self.partial, self.error, self.seconds = partial, error, seconds
        self.data: object = None
        self.arguments: dict[str, object] = {}

    def __call__(self, data: object = None, **arguments: object) -> SimpleNamespace:
        """Pretend to improve."""
        self.data, self.arguments = data, arguments
        if self.error is not None:
            raise self.error
        Path("working").touch()
        stop, partial = arguments["stop"], self.partial
        listener = arguments["listener"]
        for done in range(0, 21):
            stage = "baseline" if done < 10 else "search"
            listener(  # pyright: ignore[reportCallIssue]
                SimpleNamespace(
                    stage=stage,
                    done=done,
                    total=20,
                    message="column 'id' is left out" if done == 3 else "",
                    baseline=0.4312 if done > 5 else None,
                    best=0.4187 if done > 12 else None,
                    metric="log_loss",
                    elapsed_s=1.0,
                    left_s=75.0,
                )
            )
            if stop.wait(self.seconds / 20):  # pyright: ignore[reportAttributeAccessIssue]
                partial = "stopped by a signal"
                break
        folder = Path(str(arguments["out"]))
        folder.mkdir(exist_ok=True)
        report = small_report(partial)
        wellfit.report.write_json(report, folder / "report.json")
        wellfit.report.write_html(report, folder / "report.html")
        return SimpleNamespace(report=report, folder=folder)


class FakePredict:
    """Stands for `wellfit.predict`: keeps its arguments and returns two rows."""

    def __init__(self) -> None:
        self.arguments: dict[str, object] = {}

    def __call__(self, folder: Path, data: str, **arguments: object) -> pl.DataFrame:
        """Pretend to predict."""
        self.arguments = {"folder": folder, "data": data, **arguments}
        return pl.DataFrame({"prediction": [1, 0], "probability_1": [0.75, 0.25]})


def run_command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Return the exit status of ``wellfit ARGUMENTS`` run in this process."""
    monkeypatch.setattr(sys, "argv", ["wellfit", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def use_fake(monkeypatch: pytest.MonkeyPatch, fake: Fake, name: str = "improve") -> Fake:
    """Put `fake` in the place of a public function and return it."""
    monkeypatch.setitem(vars(wellfit), name, fake)
    return fake


def stubborn(seconds: float) -> Callable[..., None]:
    """Return a study that does not react to a request to stop, and has a draft of its output about."""

    def work(*_: object, **__: object) -> None:
        draft = Path("draft")
        draft.touch()
        Path("working").touch()
        try:
            end_s = time.monotonic() + seconds
            while time.monotonic() < end_s:
                time.sleep(0.02)
        finally:
            draft.unlink()

    return work


if __name__ == "__main__":
    # Tests of signals and terminals run: python cli_samples.py SECONDS (willing | stubborn) ARGUMENTS...
    length_s = float(sys.argv[1])
    vars(wellfit)["improve"] = (
        stubborn(length_s) if sys.argv[2] == "stubborn" else FakeImprove(seconds=length_s)
    )
    sys.argv = ["wellfit", *sys.argv[3:]]
    main()
