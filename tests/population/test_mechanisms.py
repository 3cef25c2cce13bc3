"""Every mechanism: off is exactly without, on is what plain Keras does, and none harms its neighbors."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from population_samples import (
    assert_same,
    assert_weights_equal,
    dataset,
    fitted,
    layers,
    members,
    population,
    split,
)

from wellfit.models import find_layout, training_setup
from wellfit.population import FitExecutor, mechanism_groups
from wellfit.population._check import check_members
from wellfit.population._mechanisms import MECHANISMS, used
from wellfit.population._mechanisms._mixing import beta_table, partners
from wellfit.records import RESULTS, SCHEDULES, Dataset, Settings, SettingsError, Task

# A value that makes a difference, by mechanism; each changes the named arrays of `Members`.
ON: dict[str, dict[str, Any]] = {
    "long_schedules": {"schedule": SCHEDULES.index("one-cycle"), "decay": 0.0},
    "penalty_where": {"penalty_where": 1, "l2": 0.1},
    "orthogonality": {"orthogonality": 0.3},
    "max_norm": {"max_norm": 0.5},
    "activity_l2": {"activity_l2": 0.2},
    "l2_sp": {"l2_sp": 0.5},
    "rate_decay": {"rate_decay": 0.3},
    "dropout_kind": {"dropout_kind": 1},
    "input_noise": {"input_noise": 0.3},
    "input_dropout": {"input_dropout": 0.3},
    "stochastic_depth": {"stochastic_depth": 0.5},
    "mixup": {"mixup": 0.4},
    "cutmix": {"cutmix": 0.5},
    "adversarial": {"adversarial": 0.1},
    "averaging": {"averaging": 1},
    "random_flip": {"random_flip": 0.5},
    "affine": {
        "random_translation": 0.4,
        "random_rotation": 0.1,
        "random_zoom": 0.3,
        "random_shear": 0.2,
        "random_crop": 0.2,
    },
    "rand_augment": {"rand_augment": 0.7},
    "random_saturation": {"random_saturation": 0.3},
    "random_hue": {"random_hue": 0.5},
    "random_noise": {"random_noise": 0.3},
    "random_brightness": {"random_brightness": 0.5},
    "random_contrast": {"random_contrast": 0.5},
    "random_erasing": {"random_erasing": 0.5},
}
NAMES = [mechanism.name for mechanism in MECHANISMS]
# Without randomness, or with numbers that both executors draw alike.
EXACT: dict[str, dict[str, Any]] = {
    "warm-restarts": {"schedule": SCHEDULES.index("warm-restarts"), "decay": 0.0},
    "one-cycle": {"schedule": SCHEDULES.index("one-cycle"), "decay": 0.0},
    "flat-cosine": {"schedule": SCHEDULES.index("flat-cosine"), "decay": 0.0},
    "first": {"penalty_where": 1, "l1": 0.01, "l2": 0.1, "weight_decay": 0.2},
    "last": {"penalty_where": 2, "l2": 0.1, "weight_decay": 0.2},
    "orthogonality": {"orthogonality": 0.3, "l2": 0.01},
    "max-norm": {"max_norm": 0.5},
    "activity": {"activity_l2": 0.2},
    "l2-sp": {"l2_sp": 0.5, "l2": 0.01},
    "rate-decay": {"rate_decay": 0.3, "weight_decay": 0.2},
    "mixup": {"mixup": 0.4},
    "cutmix": {"cutmix": 0.5},
    "adversarial": {"adversarial": 0.1},
    "augmentation": {f"random_{name}": 0.4 for name in ("flip", "translation", "brightness", "contrast")},
    "moved": {"random_rotation": 0.1, "random_zoom": 0.3, "random_shear": 0.2, "random_crop": 0.2},
    "colored": {"random_saturation": 0.3, "random_hue": 0.4, "random_noise": 0.2, "rand_augment": 0.5},
    "erasing": {"random_erasing": 0.5, "mixup": 0.4},
    "ema": {"averaging": 1},
    "swa": {"averaging": 2},
    "lookahead": {"averaging": 3},
    "narrow": {"orthogonality": 0.3, "max_norm": 0.5, "activity_l2": 0.2, "width": 0.5},
    "narrow-held": {"orthogonality": 0.3, "max_norm": 0.5, "l2_sp": 0.5, "rate_decay": 0.5, "width": 0.5},
}


def deep() -> keras.Model:
    """Return a network with two hidden layers, compiled."""
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(6, activation="tanh", name="first"),
            layers.Dense(4, activation="tanh", name="second"),
            layers.Dense(1, activation="sigmoid", name="head"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    return model


def bridged() -> keras.Model:
    """Return a network with two residual blocks, compiled."""
    inputs = keras.Input((5,))
    x = layers.Dense(4, activation="tanh", name="stem")(inputs)
    for name in ("one", "two"):
        branch = layers.Dense(4, name=name)(layers.Activation("tanh", name=f"{name}_tanh")(x))
        x = layers.Add(name=f"add_{name}")([x, branch])
    x = layers.Activation("tanh", name="last_tanh")(x)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid", name="head")(x))
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    return model


def case(values: dict[str, Any]) -> tuple[keras.Model, Dataset]:
    """Return a network and its data: pictures, where they are what is changed."""
    if "stochastic_depth" in values:
        return bridged(), dataset()
    if not any(name.startswith("rand") for name in values):
        return deep(), dataset()
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, 64).astype(np.int32)
    images = rng.normal(size=(64, 6, 5, 3)).astype(np.float32)
    images[target == 1, :3] += 1.0
    model = keras.Sequential(
        [
            keras.Input((6, 5, 3)),
            layers.Conv2D(3, 3, activation="tanh"),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    return model, Dataset(inputs=(images,), target=target, task=Task.BINARY, class_names=("no", "yes"))


def test_every_mechanism_is_tested_here() -> None:
    """A mechanism without an entry in `ON` would be held to nothing."""
    assert set(ON) == set(NAMES)
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_off_is_exactly_without(name: str) -> None:
    """A member beside one that uses a mechanism is bit-equal to itself without; NaN stays where it is.

    Other strengths in a second call compile nothing anew.
    """
    model, data = case(ON[name])
    weights = model.get_weights()
    plain = population(model, data).train(members(seeds=[3], learning_rate=0.1, dropout=0.2), weights=weights)
    default = members(seeds=[3])
    values = {field: [getattr(default, field)[0], value] for field, value in ON[name].items()}
    chosen = members(seeds=[3, 3], dropout=0.2).replace(**values)
    held = population(model, data, vary=sorted(used(chosen)))
    broken = held.train(chosen.replace(learning_rate=[0.1, np.nan]), weights=weights)
    assert broken.results.tolist() == [RESULTS.finished, RESULTS.nonfinite]
    found = held.train(chosen.replace(learning_rate=0.1), weights=weights)
    for curves in (broken, found):
        np.testing.assert_array_equal(curves.train_loss[0], plain.train_loss[0])
        np.testing.assert_array_equal(curves.running_loss[0], plain.running_loss[0])
        for one, other in zip(curves.weights, plain.weights, strict=True):
            np.testing.assert_array_equal(one[0], other[0])
    assert any(not np.array_equal(value[1], value[0]) for value in found.weights)
    weaker = {f: np.asarray(v) * 0.5 if isinstance(v[1], float) else v for f, v in values.items()}
    held.train(members(seeds=[4, 5], dropout=0.1, learning_rate=0.05).replace(**weaker), weights=weights)
    assert held.num_compilations == 1


@pytest.mark.parametrize("name", EXACT)
def test_equals_plain_keras(name: str) -> None:
    """The compiled program and `keras.Model.fit` come to the same weights, losses and penalties."""
    model, data = case(EXACT[name])
    weights = model.get_weights()
    chosen = members(seeds=[3], learning_rate=0.1).replace(**EXACT[name])
    compiled = population(model, data).train(chosen, weights=weights)
    fit = FitExecutor(model, training_setup(model, data.task, any_training=True), data, [split(data)])
    plain = fit.train(chosen, weights=weights)
    for curve in ("train_loss", "validation_loss", "penalty", "running_loss"):
        np.testing.assert_allclose(getattr(compiled, curve), getattr(plain, curve), rtol=2e-4, atol=1e-5)
    for one, other in zip(compiled.weights, plain.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=2e-5)


class Held(keras.regularizers.Regularizer):
    """Strength times the squared distance from an array."""

    def __init__(self, strength: float, anchor: np.ndarray) -> None:
        self.strength, self.anchor = strength, anchor

    def __call__(self, x: Any) -> Any:
        """Return the penalty."""
        return self.strength * keras.ops.sum(keras.ops.square(x - self.anchor))


def test_l2_sp_is_a_penalty_on_the_way_from_the_start() -> None:
    """As if every kernel but the head's had that regularizer; biases are free."""
    data, model = dataset(), deep()
    weights = model.get_weights()
    chosen = members(seeds=[3], learning_rate=0.1, l2_sp=0.5)
    found = population(model, data).train(chosen, weights=weights, shuffle=False)
    for name in ("first", "second"):
        kernel: Any = model.get_layer(name).kernel
        kernel.regularizer = Held(0.5, np.asarray(kernel))
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    assert_weights_equal(found, fitted(model, data))
    expected = sum(float(loss) for loss in model.losses)
    assert found.penalty[0, -1] == pytest.approx(expected, rel=1e-4)
    assert expected > 1e-4


def test_rate_decay_is_a_rate_for_each_layer() -> None:
    """Momentum included: as if each layer had an optimizer of its own."""
    data, model = dataset(), deep()
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "binary_crossentropy")
    weights = model.get_weights()
    chosen = members(seeds=[3], learning_rate=0.1, rate_decay=0.3)
    found = population(model, data).train(chosen, weights=weights, shuffle=False)
    optimizer: Any = keras.optimizers.SGD(0.1, momentum=0.9)
    rates, update = {"first": 0.09, "second": 0.3, "head": 1.0}, optimizer.update_step

    def scaled(gradient: Any, variable: Any, rate: Any) -> None:
        update(gradient, variable, rate * rates[variable.path.split("/")[-2]])

    object.__setattr__(optimizer, "update_step", scaled)
    model.compile(optimizer, "binary_crossentropy")
    assert_weights_equal(found, fitted(model, data))


def test_layers_that_are_off_are_not_held_and_do_not_count() -> None:
    """Without its last block a network is held, and slowed, as the shorter one is."""
    model = bridged()
    data, weights = dataset(), model.get_weights()
    chosen = members(seeds=[3], learning_rate=0.1, l2_sp=0.5, rate_decay=0.5, depth=-1)
    compiled = population(model, data).train(chosen, weights=weights)
    fit = FitExecutor(model, training_setup(model, data.task, any_training=True), data, [split(data)])
    plain = fit.train(chosen, weights=weights)
    np.testing.assert_allclose(compiled.penalty, plain.penalty, rtol=2e-4, atol=1e-6)
    for one, other in zip(compiled.weights, plain.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=2e-5)


def test_held_members_need_weights_to_start_from() -> None:
    """Both executors refuse to hold a member to numbers that were drawn."""
    data, model = dataset(), deep()
    fit = FitExecutor(model, training_setup(model, data.task, any_training=True), data, [split(data)])
    for executor in (population(model, data), fit):
        with pytest.raises(SettingsError, match="drawn ones"):
            executor.train(members(2, l2_sp=[0.0, 0.1]))


def test_held_members_keep_their_start_when_blocks_are_packed_again() -> None:
    """Members of different lengths and starts, in blocks of two, are as each is alone."""
    data, model = dataset(), deep()
    starts = [np.stack([value + 0.1 * k for k in range(5)]) for value in model.get_weights()]
    chosen = members(5, l2_sp=0.5, learning_rate=0.1, epochs=[2, 4, 3, 2, 4])
    found = population(model, data).train(chosen, weights=starts)
    for member in (1, 4):
        own = [value[[member]] for value in starts]
        alone = population(model, data).train(chosen.take([member]), weights=own)
        assert_same(found, alone, [member], [0])


@pytest.mark.parametrize("concentration", [0.2, 1.0])
def test_beta_quantiles(concentration: float) -> None:
    """The table has the mean and the variance of the distribution; off is always one."""
    table = beta_table(np.array([concentration, 0.0]))
    middle = (table[0, 1:] + table[0, :-1]) / 2
    np.testing.assert_allclose(middle.mean(), 0.5, atol=1e-3)
    np.testing.assert_allclose(middle.var(), 0.25 / (2 * concentration + 1), rtol=0.02)
    assert (table[1] == 1).all()


def test_partners_are_real_rows() -> None:
    """Rows that only fill a batch are nobody's partner."""
    np.testing.assert_array_equal(partners(np.array([1.0, 1, 1, 0])), [2, 1, 0, 3])


def test_groups() -> None:
    """Settings say which program they need, and plain ones need none but the plain one."""
    assert mechanism_groups(Settings(l2=1e-3, penalty_where="first", schedule="one-cycle")) == frozenset()
    assert mechanism_groups(Settings(mixup=0.2)) == {"extra"}
    assert mechanism_groups(Settings(adversarial=0.1, averaging="swa")) == {"adversarial", "averaging"}
    assert used(members()) == frozenset()


@pytest.mark.parametrize("field", sorted({field for on in ON.values() for field in on} - {"decay", "l2"}))
def test_numbers_out_of_range_are_refused(field: str) -> None:
    """The message names the field and the member."""
    limits: dict[str, Any] = dict.fromkeys(("num_splits", "num_label_orders", "num_classes"), 2)
    with pytest.raises(SettingsError, match=f"{field} of member 0"):
        check_members(members().replace(**{field: -1}), find_layout(deep()), num_scalings=0, **limits)
