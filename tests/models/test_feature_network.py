"""One plain Keras network does to raw features what a study does to them in several steps."""

import keras
import numpy as np
import pytest

from wellfit.data import apply_scaling, created
from wellfit.models import feature_network, save_plain
from wellfit.records import Formula, Scaling, Task

FORMULAS = (
    Formula(kind="product", columns=(0, 1)),
    Formula(kind="ratio", columns=(0, 2)),
    Formula(kind="log", columns=(1,)),
    Formula(kind="bin", columns=(2,), part=1, num_parts=4),
)
WIDTH = 3 + len(FORMULAS)


def rows() -> np.ndarray:
    """Return features with missing cells, zeros to divide by, and products that overflow."""
    values = np.random.default_rng(0).normal(0, 3, (40, 3)).astype(np.float32)
    values[::5, 0], values[3:9, 2], values[2, 1] = np.nan, 0, np.nan
    values[11], values[12] = (3e38, -3e38, 1), (0, 5, 0)
    return values


def scaling(*, knots: bool, rotation: bool) -> Scaling:
    """Return one with bounds on both sides, on one and on none, and a feature that is masked."""
    rng = np.random.default_rng(1)
    low, high = np.full(WIDTH, -4.0), np.full(WIDTH, 4.0)
    low[0], high[1] = -np.inf, np.inf
    turn = rng.normal(size=(WIDTH, WIDTH)).astype(np.float32)
    return Scaling(
        fill=rng.normal(size=WIDTH).astype(np.float32),
        low=low.astype(np.float32),
        high=high.astype(np.float32),
        center=rng.normal(size=WIDTH).astype(np.float32),
        inverse_scale=rng.uniform(0.5, 2, WIDTH).astype(np.float32),
        mask=np.array([1] * (WIDTH - 1) + [0], np.float32),
        knots=np.sort(rng.normal(size=(WIDTH, 6)), axis=1).astype(np.float32) if knots else None,
        rotation=turn if rotation else None,
    )


@pytest.mark.parametrize("knots", [False, True])
@pytest.mark.parametrize("rotation", [False, True])
def test_features_are_created_filled_clipped_scaled_and_turned(knots, rotation, tmp_path):
    """An identity network shows what `apply_scaling` and `created` make of the rows; so does its file."""
    model = keras.Sequential([keras.Input((WIDTH,)), keras.layers.Identity()])
    way = scaling(knots=knots, rotation=rotation)
    whole = feature_network(
        model, [("features", (3,), "float32")], [way], formulas=FORMULAS, task=Task.REGRESSION
    )
    wanted = apply_scaling(way, created(rows(), FORMULAS))
    assert np.isfinite(wanted).all()
    save_plain(whole, tmp_path / "whole.keras")
    loaded = keras.saving.load_model(tmp_path / "whole.keras")
    for network in (whole, loaded):
        # Where no bound holds a product of 1e38, sums of a rotation differ by more than small ones are.
        np.testing.assert_allclose(network(rows()), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("width", "task", "from_logits", "wanted"),
    [
        (1, Task.BINARY, True, [[0.5, 0.5], [1 / (1 + np.e), np.e / (1 + np.e)]]),
        (1, Task.BINARY, False, [[1, 0], [0, 1]]),
        (2, Task.BINARY, True, [[0.5, 0.5], [0.5, 0.5]]),
        (1, Task.REGRESSION, False, [[0], [1]]),
    ],
)
def test_outputs_are_probabilities_or_values(width, task, from_logits, wanted):
    """Of one unit there are two columns, as everywhere in wellfit."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(width, kernel_initializer="ones")])
    whole = feature_network(model, [("x", (1,), "float32")], [None], task=task, from_logits=from_logits)
    found = np.asarray(whole(np.array([[0], [1]], np.float32)))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_inputs_of_several_kinds_go_their_own_ways():
    """Pictures come as bytes, codes as they are; what is given as a dict stays one inside."""
    picture, code = keras.Input((2, 2, 1), name="picture"), keras.Input((1,), dtype="int32", name="code")
    flat = keras.layers.Flatten()(picture)
    one = keras.layers.Embedding(4, 4, embeddings_initializer="identity")(code)
    both = keras.layers.Concatenate()([flat, keras.layers.Flatten()(one)])
    out = keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)(both)
    model = keras.Model({"picture": picture, "code": code}, out)
    names = [tensor.name for tensor in model.inputs]
    kinds = {"picture": ("picture", (2, 2, 1), "uint8"), "code": ("code", (1,), "int32")}
    whole = feature_network(model, [kinds[name] for name in names], [None, None], task=Task.REGRESSION)
    given = {"picture": np.full((2, 2, 2, 1), 200, np.uint8), "code": np.array([[1], [3]], np.int32)}
    np.testing.assert_allclose(whole([given[name] for name in names]), [[801], [801]])
