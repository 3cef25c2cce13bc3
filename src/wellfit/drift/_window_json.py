"""Counts of rows as JSON text, for who counts together with others."""

from __future__ import annotations

import json

import numpy as np

from wellfit.drift._window import Window


def window_json(window: Window) -> str:
    """Return counts as JSON text; `window_from_json` reads it back.

    Example:
        >>> from wellfit.drift import count, make_reference
        >>> from wellfit.records import Task
        >>> reference = make_reference({"plan": ("category", ["a", "b"])}, task=Task.REGRESSION)
        >>> again = window_from_json(window_json(count(reference, {"plan": ["a", "c"]})))
        >>> again.num_rows, again.columns[0].tolist(), again.unseen
        (2, [1, 0, 1, 0], {'plan': {'c': 1}})
    """
    return json.dumps(
        {
            "num_rows": window.num_rows,
            "columns": [counts.tolist() for counts in window.columns],
            "predictions": [counts.tolist() for counts in window.predictions],
            "sure": window.sure.tolist(),
            "num_unusable": window.num_unusable,
            "num_labeled": window.num_labeled,
            "losses": window.losses.tolist(),
            "unseen": window.unseen,
        },
        separators=(",", ":"),
    )


def window_from_json(text: str) -> Window:
    """Return the counts that `window_json` wrote; of files of one's own, for little is checked.

    Raises:
        ValueError: the text is no such counts.
        KeyError: likewise.
    """
    values = json.loads(text)
    return Window(
        num_rows=values["num_rows"],
        columns=tuple(np.array(counts, np.int64) for counts in values["columns"]),
        predictions=tuple(np.array(counts, np.int64) for counts in values["predictions"]),
        sure=np.array(values["sure"], np.int64),
        num_unusable=values["num_unusable"],
        num_labeled=values["num_labeled"],
        losses=np.array(values["losses"], np.float64).reshape(-1, 2),
        unseen=values["unseen"],
    )
