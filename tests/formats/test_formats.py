"""Every format predicts what the study does: of words and missing cells, of arrays, of pictures."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

from wellfit.api._export_check import batch_of
from wellfit.api._predictor import predictions_of
from wellfit.api._sample import Sample
from wellfit.data import (
    Preparation,
    canonical_table,
    created,
    encode_table,
    fit_encoder,
    fit_scaling,
    read_table,
)
from wellfit.formats import FORMATS, Predictor, check_packages, features_json
from wellfit.records import Formula, SettingsError, Task

NUM_ROWS = 60
MARKS = {
    "saved_model": pytest.mark.tensorflow,
    "litert": pytest.mark.tensorflow,
    "torch": pytest.mark.torch,
    "openvino": pytest.mark.openvino,
}


def of_a_table() -> tuple[Predictor, Sample]:
    """Words with codes of their own, missing cells, a created feature."""
    rng = np.random.default_rng(2)
    columns = {
        "age": [str(v) if v > 20 else "" for v in rng.integers(1, 90, NUM_ROWS)],
        "income": np.exp(rng.normal(10, 2, NUM_ROWS)).tolist(),
        "city": rng.choice(["Ulm", "Zürich", "Oslo, N", ""], NUM_ROWS).tolist(),
        "y": rng.choice(["a", "b", "c"], NUM_ROWS).tolist(),
    }
    table = read_table(columns)
    encoder = fit_encoder(table, "y", preparation=Preparation(encoding="embedding"))
    dataset = encode_table(encoder, table).dataset
    formulas = (Formula(kind="ratio", columns=(0, 2)),)
    matrix = created(dataset.inputs[0], formulas)
    wide = replace(dataset, inputs=(matrix, dataset.inputs[1]))
    numbers = keras.Input((matrix.shape[1],), name="numbers")
    city = keras.Input((1,), dtype="int32", name="city")
    words = layers.Flatten()(layers.Embedding(encoder.vocabulary_sizes[0], 3)(city))
    x = layers.Dense(6, "relu")(layers.Concatenate()([numbers, words]))
    model = keras.Model([numbers, city], layers.Dense(3)(layers.Dropout(0.5)(x)))
    predictor = Predictor(
        model=model,
        encoder=encoder,
        scalings=fit_scaling(wide, np.arange(NUM_ROWS), encoder.preparation),
        formulas=formulas,
        task=Task.MULTICLASS,
        class_names=("a", "b", "c"),
        from_logits=True,
    )
    return predictor, Sample(table=canonical_table(encoder, table))


def of_arrays() -> tuple[Predictor, Sample]:
    """Series of numbers, which nothing is done to."""
    model = keras.Sequential([keras.Input((5, 2)), layers.LSTM(4), layers.Dense(2)])
    series = np.random.default_rng(0).normal(size=(NUM_ROWS, 5, 2)).astype("float32")
    predictor = Predictor(
        model=model, encoder=None, scalings=(None,), task=Task.REGRESSION, class_names=(), from_logits=False
    )
    return predictor, Sample(inputs=(series,))


def of_pictures() -> tuple[Predictor, Sample]:
    """Bytes, convolutions, max pooling, a sigmoid."""
    model = keras.Sequential(
        [
            keras.Input((9, 9, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(2, padding="same"),
            layers.BatchNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1, "sigmoid"),
        ]
    )
    pixels = np.random.default_rng(0).integers(0, 256, (NUM_ROWS, 9, 9, 3)).astype(np.uint8)
    predictor = Predictor(
        model=model,
        encoder=None,
        scalings=(None,),
        task=Task.BINARY,
        class_names=("cat", "dog"),
        from_logits=False,
        picture_fit="pad",
    )
    return predictor, Sample(inputs=(pixels,))


def cases():
    """Return each format with each kind of study; those that start processes with two."""
    for name in FORMATS:
        kinds = (of_a_table, of_pictures) if MARKS.get(name) else (of_a_table, of_arrays, of_pictures)
        for kind in kinds:
            yield pytest.param(name, kind, marks=MARKS.get(name, ()), id=f"{name}-{kind.__name__}")


@pytest.mark.parametrize(("name", "kind"), list(cases()))
def test_a_format_predicts_what_the_study_does(name, kind, tmp_path):
    """One row, and more of them than anything was traced with."""
    keras.utils.set_random_seed(4)
    predictor, sample = kind()
    format = FORMATS[name]
    format.write(predictor, tmp_path / format.file)
    held = [sample.rows(number) for number in (1, 257)]
    found = format.predict(tmp_path / format.file, [batch_of(format, predictor, rows) for rows in held])
    for rows, one in zip(held, found, strict=True):
        wanted = predictions_of(predictor, rows.arrays(predictor.encoder))
        assert np.ptp(wanted) > 0
        np.testing.assert_allclose(one, wanted, rtol=1e-4, atol=1e-5)


def test_what_features_mean_is_told():
    """Names in order, what missing looks like, codes of words, classes."""
    predictor, _ = of_a_table()

    numbers, city = json.loads(features_json(predictor))["inputs"]
    assert numbers["features"] == list(predictor.encoder.feature_names)
    assert (numbers["name"], numbers["missing"], city["column"]) == ("numbers", "NaN", "city")
    assert city["codes"][0] == "(unseen)"
    assert city["codes"][city["missing"]] == "(missing)"
    assert set(city["codes"][1:-1]) == {"Ulm", "Zürich", "Oslo, N"}


@pytest.mark.parametrize(
    ("name", "brings"),
    [
        ("saved_model", "tensorflow-cpu"),
        ("litert", "tensorflow-cpu"),
        ("torch", "torch"),
        ("openvino", "openvino"),
    ],
)
def test_a_missing_package_is_named(name, brings, monkeypatch):
    """As where it is not installed: nothing is found."""
    monkeypatch.setattr("wellfit.formats._format.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=f"pip install {brings}"):
        check_packages(FORMATS[name])
