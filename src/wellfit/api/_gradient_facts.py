"""How the gradient passes through a network that does not learn: layer by layer, and whether it arrives."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.api._experiments import Experiments, drawn_weights
from wellfit.models import gradients, network_function
from wellfit.population import standard_weights
from wellfit.records import UnsupportedModelError

Array = NDArray[Any]

_ROWS = 256
_LEAST = 1e-30
_DRAWS = 3  # narrow layers of ReLU can be dead in one draw of any weights


def gradient_facts(experiments: Experiments) -> dict[str, object]:
    """Return gradients by layer where training starts, and the weights that no gradient reaches.

    Inputs are standardized, so that their units play no part. That no gradient arrives is measured at
    weights from standard initializers, so that neither do the network's own.

    Args:
        experiments: where the network was trained.

    Returns:
        ``gradient_by_layer``: name of a layer to the root mean square of its kernel's gradient;
        ``gradient_ratio``: that of the first over that of the last; ``gradient_layer``: the layer of the
        largest step from one to the next; ``unreached``: kernels without any gradient, in one text. Empty
        where the network cannot be run by itself.
    """
    patient = experiments.patient
    network = network_function(patient.model, any_training=True)
    trial = experiments.plan.given[0]
    train = experiments.plan.splits[trial].train
    rows = train[:: -(-len(train) // _ROWS)]
    seeds = np.asarray([experiments.plan.seeds[trial] + k for k in range(_DRAWS)], np.uint32)
    standard = standard_weights(network, seeds)
    starts = [drawn_weights(experiments, trial)]
    starts += [[values[k] for values in standard] for k in range(_DRAWS)]
    try:
        found = gradients(
            patient.model,
            starts,
            experiments.inputs(trial, rows, scale="inputs"),
            _target(experiments, rows, network.num_outputs),
            patient.setup.loss,
        )
    except (UnsupportedModelError, ValueError):
        return {}  # targets that the loss refuses are a fault of wiring, which is read elsewhere
    names = [name for name in found[0] if name.endswith("kernel")]
    sizes = {name: float(np.sqrt(np.square(found[0][name], dtype=np.float64).mean())) for name in names}
    unreached = ", ".join(name for name in names if not any(one[name].any() for one in found[1:]))
    return {**_by_layer(sizes), "unreached": unreached}


def _target(experiments: Experiments, rows: Array, num_outputs: int) -> Array:
    """Return the rows' target as the network's loss takes it."""
    patient = experiments.patient
    target = np.asarray(patient.dataset.target[rows])
    if not patient.dataset.task.is_classification:
        return target.reshape(len(rows), -1).astype(np.float32)
    if patient.setup.loss_name == "sparse_categorical_crossentropy":
        return target
    if num_outputs == 1:
        return target.reshape(-1, 1).astype(np.float32)
    return np.eye(num_outputs, dtype=np.float32)[np.minimum(target, num_outputs - 1)]


def _by_layer(sizes: dict[str, float]) -> dict[str, object]:
    values = list(sizes.values())
    if len(values) < 2 or not np.isfinite(values).all() or not values[-1]:
        return {"gradient_by_layer": sizes}
    steps = [abs(np.log(max(one, _LEAST) / max(next_, _LEAST))) for one, next_ in itertools.pairwise(values)]
    return {
        "gradient_by_layer": sizes,
        "gradient_ratio": values[0] / values[-1],
        "gradient_layer": list(sizes)[int(np.argmax(steps))],
    }
