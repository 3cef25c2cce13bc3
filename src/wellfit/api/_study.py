"""What `improve` hands back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._code import Recipe, source_diff
from wellfit.api._final import as_predictions, prepared_inputs
from wellfit.api._picture_rows import picture_inputs
from wellfit.api._sample import Sample
from wellfit.api._shown import Effects, LearningCurve, LossCurves, learning_curve_of
from wellfit.data import Encoder, Table, encode_table, read_table
from wellfit.drift import Reference
from wellfit.models import Model, predict_plain
from wellfit.records import DataError, Formula, Report, Scaling
from wellfit.report import study_fragment

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Study:
    """A finished (or stopped) study; a notebook shows its verdict, effects and curves.

    Attributes:
        report: everything it says.
        model: the network that is handed back, plain Keras; None if the study stopped before it was trained.
        scalings: what its inputs go through first, one for each input.
        encoder: from cells to inputs; None if arrays were given.
        formulas: of the features that are added to its float input before they are scaled.
        picture_fit: how pictures come to the network's size; empty where it was made for other data.
        picture_depth: bits that the numbers of deep grey pictures take; None for others.
        recipe: what its code is written from; None if there is no network.
        reference: what its rows looked like, to hold new ones against; None likewise.
        from_logits: whether the network's outputs are logits.
        folder: where it was written, or None.
        sample: rows of the holdout that an export is tried on.
        data_sha256: of all rows as the study saw them.
        trials: every setting that was tried, with its scores, as plain data.
        can_go_on: whether it was stopped, or broke off, so that there is more of it to do.
    """

    report: Report
    model: Model | None
    scalings: tuple[Scaling | None, ...]
    encoder: Encoder | None
    from_logits: bool
    folder: Path | None = None
    trials: tuple[dict[str, object], ...] = ()
    formulas: tuple[Formula, ...] = ()
    picture_fit: str = ""
    picture_depth: int | None = None
    recipe: Recipe | None = None
    sample: Sample | None = None
    data_sha256: str = ""
    reference: Reference | None = None
    can_go_on: bool = False

    @property
    def effects(self) -> Effects:
        """Everything that was tried, confirmed ones first; ``plot()`` and ``frame()`` show it."""
        return Effects(self.report.remedies)

    @property
    def curves(self) -> LossCurves:
        """Losses of baseline and chosen network over the epochs; ``plot()`` and ``frame()`` show them."""
        return LossCurves(self.report.curves)

    @property
    def learning_curve(self) -> LearningCurve | None:
        """The chosen network's loss over the number of training rows; None if it was not measured."""
        return learning_curve_of(self.report.more_data)

    @property
    def partial(self) -> str:
        """Why the study is not complete, or an empty string."""
        return self.report.partial

    def code(self, source: str | Path | None = None) -> str:
        """Return plain Keras code that builds, compiles and trains the chosen network.

        The script needs Keras and NumPy alone, on any backend; layers keep their names. It reads its rows
        from ``train.npz``, which lies beside ``train.py`` in the study's folder; it says how to write that
        for arrays. What plain Keras cannot do is said in a comment where it would be done. Trained anew, the
        network scores as in the study, within the noise of seeds.

        Args:
            source: your own script; then a unified diff of it is returned instead. It changes what is certain
                (arguments of layers, layers after others, optimizer, loss, epochs, batch size, callbacks) and
                says in comments what is to be changed by hand.

        Raises:
            DataError: the study handed no network back.
            FileReadError: the source cannot be read, or is not Python.

        Example:
            >>> print(study.code(source="train.py"))  # doctest: +SKIP
            --- train.py
            +++ train.py
            @@ -12,1 +12,1 @@
            -    keras.layers.Dense(64, activation="relu"),
            +    keras.layers.Dense(64, activation="relu", kernel_regularizer=keras.regularizers.L2(0.001)),
        """
        if self.recipe is None:
            raise self._without_network()
        return self.report.code if source is None else source_diff(self.recipe, Path(source))

    def predict(self, data: Any) -> Array:
        """Return ``[row, class]`` probabilities or ``[row, output]`` values for new rows.

        Args:
            data: a file, frame or table with the columns that the network sees; a picture, a folder or a list
                of pictures; or arrays, if the study was made on arrays.

        Raises:
            DataError: the study handed no network back, or the rows do not fit.
        """
        if self.model is None:
            raise self._without_network()
        if self.encoder is not None:
            table = data if isinstance(data, Table) else read_table(data)
            inputs = list(encode_table(self.encoder, table, with_target=False).dataset.inputs)
        elif self.picture_fit and not isinstance(data, np.ndarray):
            inputs = [picture_inputs(self.model, data, self.picture_fit, self.picture_depth)]
        else:
            inputs = [np.asarray(values) for values in (data if isinstance(data, list | tuple) else [data])]
        outputs = predict_plain(self.model, prepared_inputs(inputs, self.formulas, self.scalings))
        return as_predictions(outputs, self.report.task, self.from_logits)

    def _without_network(self) -> DataError:
        return DataError(
            "this study ended before a network was trained.",
            received=f"a partial study ({self.partial})",
            expected="a study with a network",
            fix="run it again with a larger budget",
        )

    def _repr_html_(self) -> str:
        return study_fragment(self.report)

    def __repr__(self) -> str:
        partial = ", partial" if self.partial else ""
        return f"<Study: {self.report.verdict.value}, {len(self.effects)} remedies tried{partial}>"
