"""Networks of another structure train in a population as they do by Keras, and stay finite."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from population_samples import assert_weights_equal, dataset, fitted, members, population, split

from wellfit.models import dense_stack, find_layout, residual_mlp, restructured, training_setup
from wellfit.population import FitExecutor
from wellfit.records import Structure, Task

GROUPS = ((2, 3, 4),)
STRUCTURES = {
    "normalized": Structure(normalization="batch", activation="silu"),
    "bridged": Structure(skip="on", input_scale=True),
    "entered": Structure(embedding="periodic", category_embedding=True, activation="selu"),
}


def stack(dropout: float = 0.0) -> keras.Model:
    """Return 5-6-6-1 with relu."""
    return dense_stack(5, Task.BINARY, units=(6, 6), dropout=dropout)


def changed(model: keras.Model, structure: Structure) -> keras.Model:
    """Return the network with a structure."""
    return restructured(model, find_layout(model), structure, groups=GROUPS)


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_member_equals_fit(name: str) -> None:
    """The same weights after training, from the same weights before it."""
    data, model = dataset(), changed(stack(), STRUCTURES[name])
    initial = model.get_weights()
    curves = population(model, data).train(members(learning_rate=0.001), weights=initial, shuffle=False)
    assert_weights_equal(curves, fitted(model, data), atol=1e-5)


def test_members_draw_and_are_masked_as_by_the_sequential_executor() -> None:
    """Drawn frequencies, narrowed hidden layers and penalties: both executors have the same curves."""
    data = dataset()
    structure = Structure(normalization="layer", skip="on", input_scale=True, embedding="periodic")
    model = changed(stack(), structure)
    those = members(2, width=[0.5, 1.0], l2=[0.01, 0.0])
    found = population(model, data, vary=["width"]).train(those)
    alone = FitExecutor(model, training_setup(model, data.task), data, [split(data)]).start(those)
    alone.advance()
    np.testing.assert_allclose(found.validation_loss, alone.curves().validation_loss, rtol=2e-4)
    assert not np.allclose(found.weights[0][0], found.weights[0][1])
    assert np.std([weights[0] for weights in found.weights[1:2]]) > 0


@pytest.mark.parametrize("structure", [Structure(skip="off", normalization="batch"), *STRUCTURES.values()])
def test_with_dropout_losses_stay_finite_and_fall(structure: Structure) -> None:
    """Residual networks without skips included."""
    data = dataset()
    model = residual_mlp(5, Task.BINARY, width=6) if structure.skip == "off" else stack(0.2)
    varied = members(2, dropout=[0.3, 0.1], width=[1.0, 0.5], learning_rate=[0.01, 0.01])
    curves = population(changed(model, structure), data, vary=["dropout", "width"]).train(varied)
    assert np.isfinite(curves.train_loss).all()
    assert (curves.train_loss[:, -1] < curves.train_loss[:, 0]).all()
