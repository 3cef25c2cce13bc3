"""Beside published figures: RMSE over 20 random splits of 90 and 10 % of four tables.

Source: Gal and Ghahramani, Dropout as a Bayesian Approximation, 2016, and the tables of the code published
with it (dropout networks; for energy also with a grid search). Their splits are fixed; ours are drawn alike.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from _figures import Figure
from _quality_methods import OWN, REFERENCE
from _quality_record import Record

PROTOCOL = "published"
NUM_SPLITS = 20
TEST_SHARE = 0.1
RMSE = {"bostonhousing": (2.83,), "concrete": (4.93,), "energy": (1.08, 0.54), "yacht": (0.70,)}


def published_figures(records: Sequence[Record]) -> list[Figure]:
    """Return the mean RMSE of wellfit and its reference network by table, give or take a standard error."""
    figures = []
    for table, published in RMSE.items():
        for method in (OWN, REFERENCE):
            scores = [
                record.score
                for record in records
                if (record.protocol, record.table, record.method) == (PROTOCOL, table, method)
                and record.status == "ok"
            ]
            if not scores:
                continue
            error = statistics.stdev(scores) / math.sqrt(len(scores)) if len(scores) > 1 else 0.0
            mean = statistics.fmean(scores)
            name = f"published_{table}_{method}"
            goal = f"<= {max(published):g}" if method == OWN else ""
            figures.append(Figure(name=name, value=mean, low=mean - error, high=mean + error, goal=goal))
    return figures


def print_published(figures: Sequence[Figure]) -> None:
    """Print what was published beside ours."""
    print(f"\n{'RMSE, random splits':<22}{'published':>14}{'wellfit':>10}{'reference':>11}")
    found = {figure.name: figure.value for figure in figures}
    for table, values in RMSE.items():
        ours = [found.get(f"published_{table}_{method}", math.nan) for method in (OWN, REFERENCE)]
        said = " or ".join(f"{value:.2f}" for value in values)
        print(f"{table:<22}{said:>14}{ours[0]:>10.3f}{ours[1]:>11.3f}")
