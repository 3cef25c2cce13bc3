"""How fast populations train on pictures, beside `fit` on every backend that is installed."""

from __future__ import annotations

import os
import time

import numpy as np

import _picture_fit as peer
from _figures import Figure, median_figure
from wellfit.models import frozen_front, network_function, training_setup
from wellfit.population import Population
from wellfit.records import Dataset, Settings, Split, Task, members_from

_EPOCHS = 4
_HEAD_EPOCHS = 30


def cnn_figures(quick: bool) -> list[Figure]:
    """Return the time of a member's epoch of the small network over that of the quickest `fit`."""
    num_members = 4 if quick else 16
    rows, labels = peer.made_pictures(peer.CNN_ROWS + peer.CNN_HELD, 28, 1, 10)
    trainer = _population(peer.cnn(), rows, labels, Task.MULTICLASS, peer.CNN_ROWS, measured=peer.CNN_HELD)
    _train(trainer, num_members, epochs=1)
    member, fits = [], {name: [] for name in peer.backends()}
    for _ in range(1 if quick else 3):
        member.append(_train(trainer, num_members, epochs=_EPOCHS) / num_members / _EPOCHS)
        for name, times in fits.items():
            times.append(peer.fit_in_process("cnn", name, _EPOCHS, dict(os.environ))["epoch_s"])
    best = [min(times[turn] for times in fits.values()) for turn in range(len(member))]
    return [
        median_figure(
            "cnn_ratio_best_fit", [fit / own for fit, own in zip(best, member, strict=True)], goal=">= 3"
        ),
        median_figure("cnn_member_epoch_s", member, "s"),
        *(median_figure(f"cnn_fit_epoch_{name}_s", times, "s") for name, times in fits.items()),
    ]


def frozen_figures(quick: bool) -> list[Figure]:
    """Return the time of a `fit` through the whole network over that of a head on kept features.

    The time of a head has a part of what the features took, once for all of them.
    """
    num_members = 32 if quick else 128
    model = peer.frozen()
    rows, labels = peer.made_pictures(peer.FROZEN_ROWS, peer.FROZEN_SIDE, 3, peer.FROZEN_CLASSES)
    began = time.perf_counter()
    front = frozen_front(model)
    assert front is not None
    features = np.asarray(front.front.predict(rows, batch_size=peer.BATCH, verbose=0))
    trainer = _population(front.back, features, labels, Task.BINARY, 48, measured=48)
    _train(trainer, num_members, epochs=_HEAD_EPOCHS)
    member_s = (time.perf_counter() - began) / num_members
    fits = {
        name: peer.fit_in_process("frozen", name, 2, dict(os.environ))["epoch_s"] * _HEAD_EPOCHS
        for name in (["jax"] if quick else peer.backends())
    }
    difference = np.abs(front.back.predict(features, verbose=0) - model.predict(rows, verbose=0)).max()
    return [
        Figure(name="frozen_head_ratio_fit", value=min(fits.values()) / member_s, goal=">= 50"),
        Figure(name="frozen_head_member_s", value=member_s, unit="s"),
        *(Figure(name=f"frozen_fit_{name}_s", value=value, unit="s") for name, value in fits.items()),
        Figure(name="frozen_output_difference", value=float(difference)),
    ]


def _population(
    model: object, rows: np.ndarray, labels: np.ndarray, task: Task, cut: int, *, measured: int
) -> Population:
    names = tuple(str(code) for code in range(int(labels.max()) + 1))
    dataset = Dataset(inputs=(rows,), target=labels, task=task, class_names=names)
    order = np.arange(len(rows), dtype=np.int32)
    split = Split(train=order[:cut], validation=order[cut:])
    setup = training_setup(model, task)
    return Population(network_function(model), setup, dataset, [split], measured_rows=measured)


def _train(trainer: Population, num_members: int, *, epochs: int) -> float:
    """Return seconds from settings to curves and weights of members with their own rates and penalties."""
    settings = [
        Settings(epochs=epochs, batch_size=peer.BATCH, learning_rate=rate, l2=1e-5)
        for rate in np.logspace(-4, -2, num_members)
    ]
    members = members_from(settings, split=[0] * num_members, seed=list(range(num_members)))
    began = time.perf_counter()
    trainer.train(members)
    return time.perf_counter() - began
