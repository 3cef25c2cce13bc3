"""How a table becomes numbers: every step, its default, and how to switch it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args, get_type_hints

from wellfit.records import SettingsError, did_you_mean

Missing = Literal["median", "mean", "most_frequent", "constant", "drop_column", "drop_row"]
Outliers = Literal["report", "clip", "log", "signed_log", "drop"]
OutlierRule = Literal["range", "iqr", "zscore"]
ScalingMethod = Literal["standard", "minmax01", "minmax11", "robust", "quantile", "decimal", "none"]
Encoding = Literal["one_hot", "ordinal", "embedding"]
Features = Literal["auto", "raw", "encoded"]
Sentinels = Literal["missing", "keep"]

DEFAULT_FACTORS = {"range": 10.0, "iqr": 1.5, "zscore": 3.0}


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """The steps from cells to network inputs; whatever is learned is learned on training rows only.

    The default for outliers is to clip at fences so far out (ten times the span of the middle 90 %
    beyond its ends, 18 standard deviations of a normal variable) that only gross errors are touched:
    the usual 1.5 interquartile ranges would cut the tail off honest skewed columns, and would flatten
    a column that is mostly zero.

    Attributes:
        missing: what fills a missing number: median, mean, most frequent value or `missing_constant`;
            or drop the columns that have one, or the training rows that have one (rows to predict
            are never dropped and get the median). A missing category is a category of its own,
            except with "most_frequent", which takes the most frequent one.
        missing_constant: the number for ``missing="constant"``.
        missing_indicator: add a column that tells where a number was missing, for columns that miss at
            least 1 % of their cells (and for every column that had a sentinel).
        sentinels: whether isolated, repeated extremes such as -999 are missing cells.
        outliers: report only; clip at fences; log or signed_log (compress the columns that have outliers,
            "log" only those that are never negative); or drop the training rows that hold one.
        outlier_rule: fences by span of the middle 90 %, by interquartile range, or by standard deviations.
        outlier_factor: how many of them beyond; None for 10, 1.5 and 3.
        scaling: standard (mean 0, deviation 1), minmax01, minmax11, robust (median, interquartile range),
            quantile (rank, spread evenly with mean 0 and deviation 1), decimal (a power of ten), or none.
        scale_binary: also scale columns that hold only 0 and 1; by default they stay as they are.
        encoding: of categories: one column each, their rank as one number, or an input for an embedding.
        rare_count: a category with fewer rows than this shares the code of unseen ones; in a table of less
            than 250 rows, one with fewer than 2 % of them.
        max_categories: of one column; the most frequent keep their own code.
        features: "raw" gives the numeric columns as they stand in file order and without scaling,
            "encoded" the prepared matrix, "auto" whichever fits the width of the network's input.
    """

    missing: Missing = "median"
    missing_constant: float = 0.0
    missing_indicator: bool = True
    sentinels: Sentinels = "missing"
    outliers: Outliers = "clip"
    outlier_rule: OutlierRule = "range"
    outlier_factor: float | None = None
    scaling: ScalingMethod = "standard"
    scale_binary: bool = False
    encoding: Encoding = "one_hot"
    rare_count: int = 5
    max_categories: int = 50
    features: Features = "auto"

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for field in fields(self):
            choices = get_args(hints[field.name])
            value = getattr(self, field.name)
            if choices and isinstance(choices[0], str) and value not in choices:
                raise _unknown_choice(field.name, value, choices)
        if self.rare_count < 0 or self.max_categories < 2 or (self.outlier_factor or 1) <= 0:
            raise SettingsError(
                "a number of the preparation is out of range.",
                received=f"rare_count={self.rare_count}, max_categories={self.max_categories}, "
                f"outlier_factor={self.outlier_factor}",
                expected="rare_count >= 0, max_categories >= 2, outlier_factor > 0",
                fix="leave them out for the defaults",
            )

    @property
    def factor(self) -> float:
        """The outlier factor in force."""
        return DEFAULT_FACTORS[self.outlier_rule] if self.outlier_factor is None else self.outlier_factor


def _unknown_choice(option: str, value: object, choices: tuple[str, ...]) -> SettingsError:
    return SettingsError(
        f"there is no {option} {value!r}.",
        received=f"{option}={value!r}",
        expected=", ".join(repr(choice) for choice in choices),
        fix=did_you_mean(str(value), choices) or f"leave {option} out for the default",
    )
