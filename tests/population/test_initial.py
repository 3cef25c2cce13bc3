"""Weights that members start from."""

from __future__ import annotations

import numpy as np
import population_samples as samples

from wellfit.models import network_function
from wellfit.population import biased_weights, initial_weights


def test_a_bias_is_set_and_nothing_else() -> None:
    """All other weights are those that the members' seeds draw, one bias for each member is given."""
    network = network_function(samples.network(outputs=3, activation="softmax"))
    seeds, bias = np.array([3, 9], np.uint32), np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    found = biased_weights(network, seeds, 3, bias)
    drawn = initial_weights(network, seeds)
    np.testing.assert_array_equal(found[3], bias)
    assert found[3].dtype == np.float32
    for position in range(3):
        np.testing.assert_array_equal(found[position], drawn[network.order[position]])
    assert not drawn[network.order[3]].any()
