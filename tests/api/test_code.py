"""The script of a study: it runs by itself, builds the same network, and says what it cannot do."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from code_samples import cnn, mlp, recipe, residual, rows, run, space_of

from wellfit.api._code import training_code
from wellfit.api._code._batches import augmentation
from wellfit.api._code._told import PLACES
from wellfit.api._final import prepared_inputs
from wellfit.models import predict_plain, set_weights
from wellfit.models._compile import FunctionLoss
from wellfit.records import Formula, Scaling, Settings, Task

# A value of each setting that is not its default.
CHANGED: dict[str, Any] = {
    "learning_rate": 0.02,
    "schedule": "cosine",
    "warmup": 0.25,
    "clip_norm": 1.5,
    "l1": 1e-3,
    "l2": 1e-3,
    "weight_decay": 0.03,
    "penalty_scale": 0.5,
    "dropout": 0.3,
    "dropout_scale": 2.0,
    "label_smoothing": 0.05,
    "class_weight": "balanced",
    "width": 0.5,
    "depth": -1,
    "batch_size": 64,
    "epochs": 11,
    "patience": 3,
    "orthogonality": 0.01,
    "max_norm": 2.0,
    "activity_l2": 1e-4,
    "l2_sp": 0.01,
    "rate_decay": 0.5,
    "penalty_where": "first",
    "dropout_where": "first",
    "dropout_kind": "gaussian",
    "input_noise": 0.1,
    "input_dropout": 0.1,
    "mixup": 0.2,
    "cutmix": 0.2,
    "adversarial": 0.1,
    "random_flip": 0.25,
    "random_translation": 0.1,
    "random_brightness": 0.2,
    "random_contrast": 0.2,
    "random_erasing": 0.3,
    "random_rotation": 0.05,
    "random_zoom": 0.15,
    "random_shear": 0.12,
    "random_crop": 0.17,
    "random_saturation": 0.2,
    "random_hue": 0.2,
    "random_noise": 0.2,
    "rand_augment": 0.4,
    "averaging": "swa",
    "normalization": "batch",
    "activation": "tanh",
    "skip": "on",
    "pooling": "average",
    "convolutions": "small",
    "map_dropout": 0.2,
    "stochastic_depth": 0.2,
    "test_time_augmentation": "flip",
    "input_scale": True,
    "embedding": "periodic",
    "category_embedding": True,
    "frozen_stages": 1,
    "scaling": "minmax01",
    "outliers": "drop",
    "missing": "mean",
    "selection": "l1",
    "selected_share": 0.25,
    "extraction": "pca",
    "extracted_share": 0.25,
    "creation": "products",
    "resampling": "smote",
    "suspects": "down-weight",
    "temperature": True,
}
# Settings that need another one, without which they change nothing.
TOGETHER: dict[str, dict[str, Any]] = {
    "penalty_where": {"l2": 1e-3},
    "dropout_where": {"dropout": 0.3},
    "weight_decay": {},
}
# What these leave behind is in the network or the numbers of a scaling, whatever they are called.
BY_RESULT = {
    *("normalization", "activation", "skip", "pooling", "map_dropout", "input_scale", "embedding"),
    *("convolutions", "stochastic_depth"),
    *("category_embedding", "frozen_stages", "width", "depth", "scaling", "missing", "selection"),
    *("selected_share", "extraction", "extracted_share", "creation", "penalty_scale"),
}
SCALING = Scaling(
    fill=np.float32([0, 1, 0, 0, 0, 0]),
    low=np.float32([-1, -np.inf, -9, -9, -9, -9]),
    high=np.float32([1, np.inf, 9, 9, 9, 9]),
    center=np.linspace(0, 1, 6, dtype=np.float32),
    inverse_scale=np.linspace(1, 2, 6, dtype=np.float32),
    mask=np.float32([1, 1, 0, 1, 1, 1]),
)


def test_every_setting_has_its_place() -> None:
    """A new setting must be written as code, or be told."""
    fields = {field.name for field in dataclasses.fields(Settings)}
    assert set(PLACES) == fields
    assert set(CHANGED) == fields


@pytest.mark.parametrize("name", sorted(set(CHANGED) - BY_RESULT))
def test_no_setting_is_silently_dropped(name: str) -> None:
    """The script changes with every setting that is not seen in the network alone."""
    together = TOGETHER.get(name, {})
    pictures = name.startswith("rand") or name == "cutmix"
    model = cnn() if pictures else mlp()
    task = Task.MULTICLASS if pictures else Task.BINARY
    more = {"temperature": 1.25} if name == "temperature" else {}
    before = training_code(recipe(model, task, together, pictures=pictures))
    after = training_code(recipe(model, task, {**together, name: CHANGED[name]}, pictures=pictures, **more))
    own, other = (text.partition('"""\n\n')[2] for text in (before, after))
    assert own != other
    if PLACES[name] == "told":
        assert f"# {name}=" in other


SCRIPTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "penalties": {"l2": 1e-3, "l1": 1e-5, "dropout": 0.3, "max_norm": 3.0, "patience": 3},
    "decay": {"weight_decay": 0.02, "schedule": "cosine", "label_smoothing": 0.05, "clip_norm": 1.0},
    "warm": {"schedule": "one-cycle", "warmup": 0.1, "class_weight": "balanced", "averaging": "ema"},
    "plateau": {"schedule": "plateau", "mixup": 0.2, "averaging": "swa", "class_weight": "balanced"},
}


@pytest.mark.parametrize("changes", SCRIPTS.values(), ids=SCRIPTS)
def test_the_script_of_a_table_runs(changes: dict[str, Any], tmp_path: Path) -> None:
    """It trains by itself without a warning, and learns what the rows hold."""
    one = recipe(mlp(), Task.BINARY, {"epochs": 40, **changes}, scalings=(SCALING,), temperature=1.2)
    said, trained = run(one, tmp_path)
    assert [layer.name for layer in trained.layers] == [layer.name for layer in one.model.layers]
    assert float(said.rsplit("accuracy ", 1)[1]) > 0.7


def test_the_script_of_several_classes_runs(tmp_path: Path) -> None:
    """Smoothed classes come as columns, and weights of classes stay right."""
    changes = {"label_smoothing": 0.05, "class_weight": "balanced", "epochs": 40, "schedule": "exponential"}
    one = recipe(mlp(3, "softmax"), Task.MULTICLASS, changes)
    said, _ = run(one, tmp_path)
    assert float(said.rsplit("accuracy ", 1)[1]) > 0.5
    assert "keras.losses.CategoricalCrossentropy(label_smoothing=0.05)" in training_code(one)


def test_the_script_of_pictures_runs(tmp_path: Path) -> None:
    """Augmentation stands in front of the network in training, and is no part of what is saved."""
    changes = {"random_flip": 0.5, "random_translation": 0.1, "cutmix": 0.5, "epochs": 15}
    said, trained = run(recipe(cnn(), Task.MULTICLASS, changes, pictures=True), tmp_path)
    assert float(said.rsplit("accuracy ", 1)[1]) > 0.5
    assert trained.layers[0].name == "unit"


@pytest.mark.parametrize(("span", "num_layers"), [(1.0, 1), (200.0, 3)])
def test_noise_is_added_in_any_unit_of_pixels(span: float, num_layers: int) -> None:
    """Keras refuses noise of more than one unit: such pixels are made small for it, and large again."""
    one = recipe(cnn(), Task.MULTICLASS, {"random_noise": 0.4}, pictures=True)
    shown = one.dataset.inputs[0] * np.float32(span / 200)
    layers = augmentation(dataclasses.replace(one, dataset=dataclasses.replace(one.dataset, inputs=(shown,))))
    assert [bool(said) for _, said in layers] == [True, *[False] * (num_layers - 1)]
    noisy = keras.Sequential([eval(code) for code, _ in layers])
    put_out = np.asarray(noisy(np.full((8, 8, 8, 1), 0.5 * span, np.float32), training=True))
    assert put_out.mean() == pytest.approx(0.5 * span, rel=0.1)
    assert put_out.std() == pytest.approx(0.1 * span, rel=0.3)


def test_the_script_of_a_regression_runs(tmp_path: Path) -> None:
    """A scaled target comes out in its own unit."""
    scaled = (np.float32([5.0]), np.float32([4.0]))
    changes = {"epochs": 60, "schedule": "flat-cosine", "weight_decay": 0.01}
    said, _ = run(recipe(residual(), Task.REGRESSION, changes, target_scaling=scaled), tmp_path)
    assert float(said.rsplit("rmse ", 1)[1]) < 2.5


@pytest.mark.parametrize("make", [mlp, cnn, residual], ids=["mlp", "cnn", "residual"])
def test_the_network_is_the_study_s(make: Any) -> None:
    """Layers have equal configs, and predictions are equal once the weights are."""
    task = {mlp: Task.BINARY, cnn: Task.MULTICLASS, residual: Task.REGRESSION}[make]
    one = recipe(make(), task, {"l2": 1e-3, "dropout": 0.3}, pictures=make is cnn)
    built = space_of(training_code(one))["build_model"]()
    own = {layer.name: layer.get_config() for layer in one.model.layers if layer.weights}
    assert {layer.name: layer.get_config() for layer in built.layers if layer.weights} == own
    set_weights(built, [np.asarray(keras.ops.convert_to_numpy(weight)) for weight in one.model.weights])
    inputs = [np.asarray(one.dataset.inputs[0][:20], np.float32)]
    np.testing.assert_allclose(predict_plain(built, inputs), predict_plain(one.model, inputs), atol=1e-6)


def test_inputs_are_prepared_as_in_the_study() -> None:
    """Created features, filling, clipping, scaling and rotation give the numbers of the study."""
    formulas = (
        Formula(kind="product", columns=(0, 1)),
        Formula(kind="ratio", columns=(2, 3)),
        Formula(kind="log", columns=(4,)),
    )
    rng = np.random.default_rng(1)
    wide = {
        name: np.concatenate([getattr(SCALING, name), rng.uniform(0.5, 1, 3).astype(np.float32)])
        for name in ("fill", "center", "inverse_scale", "mask")
    }
    ends = {"low": np.full(9, -2, np.float32), "high": np.full(9, 2, np.float32)}
    knots = np.sort(rng.normal(size=(9, 5)), axis=1).astype(np.float32)
    scaling = Scaling(**wide, **ends, knots=knots, rotation=rng.normal(size=(9, 9)).astype(np.float32))
    one = recipe(mlp(), Task.BINARY, {}, scalings=(scaling,), formulas=formulas)
    x = rows(Task.BINARY).inputs[0].copy()
    x[3, 1], x[4, 3] = np.nan, 0.0
    found = space_of(training_code(one))["prepared"](x)
    np.testing.assert_allclose(found, prepared_inputs([x], formulas, (scaling,))[0], rtol=1e-5, atol=1e-5)


def test_a_large_network_is_loaded() -> None:
    """It is not written out; a copy draws its weights anew, as in the study."""
    hidden = [keras.layers.Dense(4, name=f"hidden{number}") for number in range(61)]
    deep = keras.Sequential([keras.Input((6,)), *hidden, keras.layers.Dense(1, "sigmoid", name="head")])
    code = training_code(recipe(deep, Task.BINARY, {}))
    assert "# The network is not written out: it has 62 layers." in code
    assert 'with_name("model.keras")' in code
    assert "keras.models.clone_model(model)" in code


def test_own_losses_are_said() -> None:
    """A loss that is not part of Keras has its place in the script."""

    def focal(target: Any, output: Any) -> Any:
        return keras.ops.mean(keras.ops.square(target - output), axis=-1)

    one = recipe(mlp(), Task.BINARY, {})
    setup = dataclasses.replace(one.setup, loss_name="other", loss=_own(focal))
    assert "is code of its own: import it and put it here" in training_code(
        dataclasses.replace(one, setup=setup)
    )


def _own(function: Any) -> keras.losses.Loss:
    return FunctionLoss(function)
