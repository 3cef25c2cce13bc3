"""What was learned from the training rows of a table, and how to say it in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from wellfit.data._preparation import Preparation
from wellfit.data._target import Target
from wellfit.records import CleaningStep, ColumnSchema, DataError, Task

_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """How cells become inputs; frozen, so that rows to predict go the way of the training rows.

    Attributes:
        schema: every column of the table, in file order.
        target: what is predicted.
        preparation: the options in force; `features` is "raw" or "encoded", never "auto".
        group: the column whose equal values never straddle a split, or an empty string.
        time: the column that orders the rows, or an empty string.
        steps: what was done, for the cleaning log.
    """

    schema: tuple[ColumnSchema, ...]
    target: Target
    preparation: Preparation
    group: str = ""
    time: str = ""
    steps: tuple[CleaningStep, ...] = ()

    @property
    def used_columns(self) -> tuple[ColumnSchema, ...]:
        """The columns that the network sees."""
        return tuple(column for column in self.schema if column.used)

    @property
    def category_inputs(self) -> tuple[ColumnSchema, ...]:
        """The category columns that have an input of their own, for embeddings."""
        if self.preparation.encoding != "embedding" or self.preparation.features == "raw":
            return ()
        return tuple(column for column in self.used_columns if column.kind == "category")

    @property
    def matrix_columns(self) -> tuple[ColumnSchema, ...]:
        """The columns that make up the float matrix."""
        apart = {column.name for column in self.category_inputs}
        return tuple(column for column in self.used_columns if column.name not in apart)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """A name for each feature of the float matrix."""
        return tuple(
            name for column in self.matrix_columns for name in column_features(column, self.preparation)
        )

    @property
    def input_names(self) -> tuple[str, ...]:
        """A name for each input array."""
        matrix = ("features",) if self.matrix_columns else ()
        return matrix + tuple(column.name for column in self.category_inputs)

    @property
    def vocabulary_sizes(self) -> tuple[int, ...]:
        """How many codes each category input has, code 0 (unseen or rare) included."""
        return tuple(num_codes(column) for column in self.category_inputs)

    def to_json(self) -> str:
        """Return the encoder as JSON text; `from_json` reads it back."""
        return json.dumps({"version": _VERSION, **asdict(self)}, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Encoder:
        """Return the encoder that `to_json` wrote.

        Raises:
            DataError: the text is not such an encoder.
        """
        try:
            return _from_record(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DataError(
                "this is not an encoder.",
                received=f"{type(error).__name__}: {error}",
                expected=f"the JSON text that Encoder.to_json wrote, version {_VERSION}",
                fix="train again to write it anew",
            ) from error


def _from_record(record: Mapping[str, object]) -> Encoder:
    if record["version"] != _VERSION:
        raise ValueError(f"version {record['version']!r}")
    target = dict(_mapping(record["target"]))
    target["task"] = Task(str(target["task"]))
    target["class_names"] = tuple(target["class_names"])  # pyright: ignore[reportArgumentType]
    target["steps"] = _steps(target["steps"])
    return Encoder(
        schema=tuple(ColumnSchema(**_mapping(column)) for column in _sequence(record["schema"])),  # pyright: ignore[reportArgumentType]
        target=Target(**target),  # pyright: ignore[reportArgumentType]
        preparation=Preparation(**_mapping(record["preparation"])),  # pyright: ignore[reportArgumentType]
        group=str(record["group"]),
        time=str(record["time"]),
        steps=_steps(record["steps"]),
    )


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"expected an object, got {type(value).__name__}")
    return value


def _sequence(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, got {type(value).__name__}")
    return value


def _steps(value: object) -> tuple[CleaningStep, ...]:
    return tuple(CleaningStep(**_mapping(step)) for step in _sequence(value))  # pyright: ignore[reportArgumentType]


def column_features(column: ColumnSchema, preparation: Preparation) -> tuple[str, ...]:
    """Return the names of the features that `column` becomes in the float matrix."""
    name = column.name
    if preparation.features == "raw" or column.kind == "ordinal":
        return (name,)
    if column.kind == "datetime":
        return tuple(f"{name}.{part}" for part in date_feature_names(detail_list(column, "parts")))
    if column.kind == "category":
        if preparation.encoding != "one_hot":
            return (name,)
        own = (f"{name} is missing",) if column.details["missing_level"] else ()
        return tuple(f"{name}={category}" for category in detail_list(column, "categories")) + own
    return (name, f"{name} is missing") if column.details["indicator"] else (name,)


def date_feature_names(parts: Sequence[str]) -> tuple[str, ...]:
    """Return the feature names of date parts: two for those that go round."""
    plain = ("year", "day")
    return tuple(
        name for part in parts for name in ((part,) if part in plain else (f"{part}_sin", f"{part}_cos"))
    )


def detail_list(column: ColumnSchema, name: str) -> list[str]:
    """Return a list of text in a column's details."""
    values = column.details[name]
    return [str(value) for value in values] if isinstance(values, list | tuple) else []


def num_codes(column: ColumnSchema) -> int:
    """Return how many codes a category column has: unseen, each category, and missing where it counts."""
    return 1 + len(detail_list(column, "categories")) + int(bool(column.details["missing_level"]))


def resolved(preparation: Preparation, features: str) -> Preparation:
    """Return `preparation` with `features` settled; raw features are neither scaled nor clipped."""
    if features == "encoded":
        return replace(preparation, features="encoded")
    return replace(preparation, features="raw", scaling="none", outliers="report", missing_indicator=False)
