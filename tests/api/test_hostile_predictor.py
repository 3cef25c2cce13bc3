"""Parts of a bundle that do not fit together are found before a row is predicted."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from wellfit.api._predictor import _check_whole
from wellfit.data import fit_encoder, read_table
from wellfit.formats import Predictor
from wellfit.records import Formula, Scaling, Task


def scaling(width: int) -> Scaling:
    """Return a scaling that changes nothing."""
    ones, zeros = np.ones(width, np.float32), np.zeros(width, np.float32)
    return Scaling(
        fill=zeros, low=zeros - np.inf, high=zeros + np.inf, center=zeros, inverse_scale=ones, mask=ones
    )


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    """Return a network behind an encoder of three columns, a number and a category of two words."""
    table = read_table({
        "x": [0.5, 1.5, 2.5, 3.5] * 10,
        "kind": ["a", "b"] * 20,
        "y": ["no", "yes"] * 20,
    })  # fmt: skip
    encoder = fit_encoder(table, "y")
    width = len(encoder.feature_names)
    model = keras.Sequential([keras.layers.Input((width,)), keras.layers.Dense(1, "sigmoid")])
    return Predictor(
        model=model,
        encoder=encoder,
        scalings=(scaling(width),),
        task=Task.BINARY,
        class_names=("no", "yes"),
        from_logits=False,
    )


def test_a_whole_predictor_passes(predictor):
    """What a study writes is taken as it is."""
    assert _check_whole(predictor) is None


def damaged(predictor: Predictor) -> dict[str, Predictor]:
    """Return predictors in each of which one part is another one's."""
    schema = tuple(
        replace(column, details={}) if column.used else column for column in predictor.encoder.schema
    )
    return {
        "scaling of another width": replace(predictor, scalings=(scaling(9),)),
        "scaling of another depth": replace(
            predictor, scalings=(replace(ones := predictor.scalings[0], center=ones.center[None, None]),)
        ),
        "no scaling": replace(predictor, scalings=()),
        "more classes than outputs": replace(predictor, class_names=("a", "b", "c")),
        "classes that are no text": replace(predictor, class_names=("no", {"a": 1})),
        "a class twice": replace(predictor, class_names=("no", "no")),
        "classes of another encoder": replace(predictor, class_names=("no", "maybe")),
        "classes of a number": replace(predictor, task=Task.REGRESSION),
        "columns without details": replace(predictor, encoder=replace(predictor.encoder, schema=schema)),
        "fewer columns": replace(
            predictor, encoder=replace(predictor.encoder, schema=predictor.encoder.schema[1:])
        ),
        "a feature of no column": replace(predictor, formulas=(Formula(kind="log", columns=(99,)),)),
    }


@pytest.mark.parametrize("what", [
    "scaling of another width", "no scaling", "more classes than outputs", "classes of a number",
    "classes that are no text", "scaling of another depth", "a class twice",
    "classes of another encoder",
    "columns without details", "fewer columns", "a feature of no column",
])  # fmt: skip
def test_parts_that_do_not_fit_are_found(predictor, what):
    """`read_predictor` turns whatever is raised here into an error that names the bundle."""
    with pytest.raises(Exception, match=r"."):
        _check_whole(damaged(predictor)[what])
