"""Who says which columns drifted: wellfit, and Evidently by the tests that it takes by default."""

from __future__ import annotations

import warnings

import numpy as np

from _drift_rows import Columns
from wellfit.drift import Reference, compare, count, make_reference
from wellfit.records import Task


def wellfit_says(old: Columns, new: Columns) -> set[str]:
    """Return the columns that wellfit says have drifted."""
    return said_by(make_reference(old, task=Task.REGRESSION), new)  # type: ignore[arg-type]


def said_by(reference: Reference, new: Columns) -> set[str]:
    """Return the same for a reference that is made already."""
    found = compare(reference, count(reference, {name: values for name, (_, values) in new.items()}))
    return {one.name for one in found.columns if one.is_drift}


def evidently_says(old: Columns, new: Columns, names: tuple[str, ...]) -> set[str]:
    """Return which of the columns Evidently says have drifted; it judges each column by itself.

    Columns go through what its data drift preset does to each: missing cells are left out, the test is chosen
    by the number of reference rows and the kind, and has its own threshold.
    """
    import pandas as pd  # noqa: PLC0415
    from evidently.legacy.calculations.stattests import get_stattest  # noqa: PLC0415

    found = set[str]()
    for name in names:
        kind = "num" if old[name][0] == "number" else "cat"
        before, now = pd.Series(old[name][1]).dropna(), pd.Series(new[name][1]).dropna()
        test = get_stattest(before, now, kind, None)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            result = test(before, now, kind, None)
        if result.drifted:
            found.add(name)
    return found
