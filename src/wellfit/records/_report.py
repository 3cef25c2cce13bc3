"""What a study found, ready to be shown or written as `report.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from wellfit.records._data_view import DataView
from wellfit.records._dataset import CleaningStep, ColumnSchema, IntArray, Task
from wellfit.records._diagnosis import CurvePair, Finding, Verdict
from wellfit.records._effect import Effect, Metric
from wellfit.records._evaluation import Evaluation
from wellfit.records._picture_sheet import PictureSheet
from wellfit.records._settings import Settings


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """Something that was tried against the baseline, and what came of it.

    Attributes:
        name: such as ``dropout`` or ``search-17``.
        settings: what it changes, by field of `Settings`.
        stage: ``screened`` (chosen by looking, may flatter) or ``confirmed`` (on fresh splits and seeds).
        kept: whether the chosen network has it.
        effect: against the baseline; None where it could not be measured.
        note: why it was dropped or could not be measured, in a few words.
    """

    name: str
    settings: Mapping[str, object]
    stage: Literal["screened", "confirmed"]
    kept: bool
    effect: Effect | None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class HoldoutResult:
    """Baseline and improved network on rows that nothing else has seen, once.

    Attributes:
        num_rows: rows in the holdout.
        baseline: metric name to value.
        improved: metric name to value.
        difference: paired improvement of the improved network in the study's metric; positive is better.
        low: lower end of its 95 % bootstrap interval.
        high: upper end of its 95 % bootstrap interval.
        references: other yardsticks on the same rows (majority class, linear model, a linear head on frozen
            features of a pretrained network): name to metrics.
    """

    num_rows: int
    baseline: Mapping[str, float]
    improved: Mapping[str, float]
    difference: float
    low: float
    high: float
    references: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])


@dataclass(frozen=True, kw_only=True)
class MoreData:
    """What more rows to train on would be worth, by a learning curve of the chosen network.

    Attributes:
        extra_rows: rows in addition.
        estimate: predicted fall of the loss; never negative.
        low: lower end of its 95 % interval; 0 where it cannot be told whether more rows help.
        high: upper end of its 95 % interval.
        unit: name of the metric; of one that is better when higher, 1 less the metric is the loss.
        sizes: training rows of the points of the curve.
        losses: mean loss at each of them.
        num_rows: rows that the final network learns from; 0 in reports that do not say it.
        loss_now: loss at so many rows, by the curve that was fitted; 0 likewise.
        fitted_sizes: training rows of points of that curve, the last with the extra rows; empty likewise.
        fitted_losses: loss at each of them.
    """

    extra_rows: int
    estimate: float
    low: float
    high: float
    unit: str
    sizes: tuple[int, ...]
    losses: tuple[float, ...]
    num_rows: int = 0
    loss_now: float = 0.0
    fitted_sizes: tuple[int, ...] = ()
    fitted_losses: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PictureStrip:
    """What one augmentation makes of training pictures, side by side in one small picture.

    Attributes:
        name: of the remedy, such as ``random-flip-0.5``, or ``baseline``.
        settings: the fields of `Settings` that change pictures, with their values.
        kept: whether the chosen network was trained with it.
        num_pictures: training pictures that are shown.
        num_versions: random versions that follow each of them.
        width: of the strip, in pixels.
        height: likewise.
        png: the strip as a PNG file in Base64.
    """

    name: str
    settings: Mapping[str, object]
    kept: bool
    num_pictures: int
    num_versions: int
    width: int
    height: int
    png: str


@dataclass(frozen=True, kw_only=True)
class DrawnStrip:
    """Pictures of one class that a generator drew for training, behind one that it learned from.

    Attributes:
        label: the class.
        kept: whether the chosen network was trained with such pictures.
        num_drawn: pictures that follow the training picture.
        width: of the strip, in pixels.
        height: likewise.
        png: the strip as a PNG file in Base64.
    """

    label: str
    kept: bool
    num_drawn: int
    width: int
    height: int
    png: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """Everything a study says; `report.json`, the HTML page and the terminal are drawn from it.

    Attributes:
        task: binary, multiclass or regression.
        metric: what improvement is measured in.
        verdict: what is the matter with the baseline.
        verdict_line: the verdict in one or two plain sentences, with numbers.
        findings: causes, ranked.
        remedies: everything that was tried, confirmed ones first.
        baseline: settings of the baseline.
        chosen: settings of the chosen network; equal to `baseline` if nothing was better.
        holdout: result on the holdout, or None if it was not reached.
        curves: baseline and chosen.
        references: cross-validated scores of the same yardsticks: name to metric value.
        confusion: ``[class, class]`` counts of the chosen network on the holdout (rows: true), or None.
        class_names: labels in code order.
        columns: the inferred schema.
        cleaning: what was done to the data.
        model_summary: one line for each layer of the chosen network.
        command: how to repeat the study.
        members_trained: runs trained in all.
        num_rows: rows of the table, holdout included.
        timing: stage to seconds.
        environment: versions, machine, seed.
        partial: why the study is not complete (budget, signal), or an empty string.
        notes: things the reader should know, such as columns left out.
        options: the study's options and protocol numbers, by name.
        more_data: what more rows would be worth, or None if it was not measured.
        pictures: the worst mistakes and the labels in doubt, or None where rows are no pictures.
        augmented: what the augmentations that were tried make of training pictures, the kept ones first.
        drawn: pictures that a generator drew for training, class by class; experimental.
        code: a script of plain Keras that builds and trains the chosen network, or an empty string.
        evaluation: what the chosen network does on the holdout, or None.
        data: what the columns look like, or None where rows are no table.
    """

    task: Task
    metric: Metric
    verdict: Verdict
    verdict_line: str
    baseline: Settings
    chosen: Settings
    holdout: HoldoutResult | None
    remedies: tuple[Remedy, ...] = ()
    findings: tuple[Finding, ...] = ()
    curves: tuple[CurvePair, ...] = ()
    references: Mapping[str, float] = field(default_factory=dict[str, float])
    confusion: IntArray | None = None
    class_names: tuple[str, ...] = ()
    columns: tuple[ColumnSchema, ...] = ()
    cleaning: tuple[CleaningStep, ...] = ()
    model_summary: tuple[str, ...] = ()
    command: str = ""
    members_trained: int = 0
    num_rows: int = 0
    timing: Mapping[str, float] = field(default_factory=dict[str, float])
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    partial: str = ""
    notes: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict[str, object])
    more_data: MoreData | None = None
    pictures: PictureSheet | None = None
    augmented: tuple[PictureStrip, ...] = ()
    drawn: tuple[DrawnStrip, ...] = ()
    code: str = ""
    evaluation: Evaluation | None = None
    data: DataView | None = None
