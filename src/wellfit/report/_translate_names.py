"""What a report names, and so no language may change: columns, classes, values, remedies and settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from wellfit.records import DataView, Evaluation, Report, Settings
from wellfit.report._translate import Say, translator


def report_translator(report: Report, language: str) -> Say:
    """Return the function from the English texts of `report` to `language`.

    Raises:
        SettingsError: there is no catalogue for `language`.
    """
    return translator(language, frozenset(report_names(report)))


def report_names(report: Report) -> Iterator[str]:
    """Yield every name in `report`: a column may be called "target", a class "none"."""
    yield from _settings(report)
    yield from (column.name for column in report.columns)
    yield from (step.column for step in report.cleaning)
    yield from (remedy.name for remedy in report.remedies)
    yield from report.class_names
    yield from report.environment.values()
    if report.evaluation is not None:
        yield from _names_on_holdout(report.evaluation)
    if report.data is not None:
        yield from _names_in_data(report.data)


def _settings(report: Report) -> Iterator[str]:
    for field in fields(Settings):
        yield field.name
        yield from _words(getattr(report.baseline, field.name), getattr(report.chosen, field.name))
    for remedy in report.remedies:
        yield from _words(*remedy.settings.values())


def _words(*values: object) -> Iterator[str]:
    yield from (value for value in values if isinstance(value, str))


def _names_on_holdout(seen: Evaluation) -> Iterator[str]:
    yield from (one.label for one in seen.classes)
    yield from seen.mistake_columns
    for mistake in seen.mistakes:
        yield from (mistake.true, mistake.predicted, *mistake.cells)
    for group in seen.groups:
        yield group.column
        if group.group != "missing":
            yield group.group


def _names_in_data(data: DataView) -> Iterator[str]:
    target = () if data.target is None else (data.target,)
    for column in (*data.columns, *target):
        yield from (column.name, *column.labels)
    for suspect in data.suspects:
        yield from (suspect.label, suspect.said)
