"""What a script passes to fit is seized, and the fit does not notice."""

import itertools
import traceback
import weakref

import keras
import numpy as np
import pytest

from wellfit.models import Seizure, data_of, model_before
from wellfit.models._probe import weight_values
from wellfit.models._seize import NUM_KEPT
from wellfit.models._seized_rows import Rows, Tee, rows_of_arrays, split_rows
from wellfit.records import DataError, UnsupportedModelError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.float32)


@pytest.fixture
def seizure():
    """Watch fits for the time of one test."""
    watching = Seizure()
    watching.start()
    yield watching
    watching.stop()


def network(rate: float = 0.1) -> keras.Model:
    """Return a small compiled network with dropout."""
    layers = [keras.layers.Dense(4, "relu"), keras.layers.Dropout(0.3), keras.layers.Dense(1, "sigmoid")]
    model = keras.Sequential([keras.Input((3,)), *layers])
    model.compile(keras.optimizers.SGD(rate), "binary_crossentropy")
    return model


class Batches(keras.utils.PyDataset):
    """The rows in batches of 20, the last one 15 long."""

    def __init__(self, num_rows: int = 55) -> None:
        super().__init__()
        self.num_rows = num_rows

    def __len__(self):
        return (self.num_rows + 19) // 20

    def __getitem__(self, index):
        rows = slice(index * 20, min((index + 1) * 20, self.num_rows))
        return X[rows], Y[rows]


def test_arrays_and_history(seizure):
    """Rows, settings, curves and the weights at the start are what fit was given and returned."""
    model = network()
    first = weight_values(model)
    history = model.fit(X, Y, epochs=3, batch_size=16, validation_data=(X[:10], Y[:10]), verbose=0)
    (fit,) = seizure.fits()
    x, y, weight, held = data_of(fit)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    assert weight is None
    assert held is not None
    np.testing.assert_array_equal(held[0], X[:10])
    assert fit.history == history.history
    assert (fit.kind, fit.epochs, fit.batch_size, fit.ended, fit.error) == ("arrays", 3, 16, True, "")
    assert all(np.array_equal(a, b) for a, b in zip(fit.beginning.weights, first, strict=True))


@pytest.mark.parametrize("kind", ["arrays", "generator", "PyDataset"])
def test_a_watched_fit_is_the_same_to_the_bit(kind):
    """Weights, curves, random states and the script's own stream are as without watching."""

    def outcome(is_watched: bool):
        keras.utils.set_random_seed(7)
        seizure = Seizure()
        if is_watched:
            seizure.start()
        model, stream = network(), ((X[i], Y[i]) for i in itertools.repeat(slice(0, 60, 2)))
        if kind == "generator":
            counted = (np.random.random() and batch for batch in stream)
            history = model.fit(counted, steps_per_epoch=2, epochs=2, verbose=0, shuffle=False)
        elif kind == "PyDataset":
            history = model.fit(Batches(), epochs=2, verbose=0)
        else:
            history = model.fit(X, Y, epochs=2, validation_split=0.25, verbose=0)
        seizure.stop()
        assert len(seizure.fits()) == is_watched
        random = np.random.random(2), keras.random.uniform((2,)), keras.layers.Dense(1).name.rsplit("_")[0]
        return [*weight_values(model), *random[:2]], history.history

    (plain, curves), (watched, watched_curves) = outcome(False), outcome(True)
    assert all(np.array_equal(a, b) for a, b in zip(plain, watched, strict=True))
    assert curves == watched_curves


def test_validation_split_takes_the_last_rows(seizure):
    """The rows that Keras holds out are held out, in their order."""
    network().fit(X, Y, validation_split=0.25, sample_weight=np.arange(60.0), verbose=0)
    (fit,) = seizure.fits()
    x, _, weight, held = data_of(fit)
    np.testing.assert_array_equal(x, X[:45])
    np.testing.assert_array_equal(weight, np.arange(45))
    assert held is not None
    np.testing.assert_array_equal(held[0], X[45:])
    np.testing.assert_array_equal(held[2], np.arange(45, 60))


def test_a_generator_is_seen_going_by(seizure):
    """What the network saw in the first epoch is copied, though all batches are written into one array.

    Keras draws two batches before it begins, so the second number overwrites the first.
    """
    buffer = np.zeros((10, 3), np.float32)

    def batches():
        for number in itertools.count():
            buffer[:] = number
            yield buffer, Y[:10]

    stream = batches()
    with pytest.warns(UserWarning, match="shuffle"):
        network().fit(stream, steps_per_epoch=3, epochs=2, verbose=0)
    (fit,) = seizure.fits()
    assert fit.kind == "generator"
    assert fit.rows.x[:, 0].tolist() == [*[1.0] * 20, *[2.0] * 10]
    assert next(stream)[0][0, 0] in (6, 7), "the script's own generator stands where Keras left it"


def test_datasets_of_python(seizure):
    """A PyDataset gives one pass of training and of validation rows, and its batch size."""
    network().fit(Batches(), validation_data=Batches(25), epochs=2, verbose=0, shuffle=False)
    (fit,) = seizure.fits()
    np.testing.assert_array_equal(fit.rows.x, X[:55])
    np.testing.assert_array_equal(fit.validation.y, Y[:25])
    assert (fit.kind, fit.batch_size, fit.rows.num_given, fit.notes) == ("PyDataset", 20, 55, ())


def test_class_weights_are_not_counted_twice(seizure):
    """Keras turns class weights of a stream into sample weights; only the former are handed on."""
    network().fit(Batches(), class_weight={0: 1.0, 1: 3.0}, verbose=0)
    (fit,) = seizure.fits()
    assert fit.class_weight == {0: 1.0, 1: 3.0}
    assert fit.rows.sample_weight is None


def test_a_loop_that_goes_on_is_one_fit(seizure):
    """Fits of equal data that continue each other are joined: first weights, all epochs."""
    model = network()
    first = weight_values(model)
    losses = [model.fit(X, Y, verbose=0, shuffle=False).history["loss"][0] for _ in range(3)]
    (fit,) = seizure.fits()
    assert fit.history["loss"] == losses
    assert (fit.num_fits, fit.num_joined, fit.epochs) == (3, 3, 3)
    assert all(np.array_equal(a, b) for a, b in zip(fit.beginning.weights, first, strict=True))


@pytest.mark.parametrize("change", ["weights", "compile", "data"])
def test_a_loop_that_begins_anew_is_its_last_fit(seizure, change):
    """Weights set back, a new compile or other rows begin another fit, and only the last one is kept."""
    model = network()
    first = weight_values(model)
    model.fit(X, Y, epochs=2, verbose=0)
    if change == "weights":
        model.set_weights(first)
    elif change == "compile":
        model.compile("adam", "mse")
    rows = slice(10, 60) if change == "data" else slice(0, 60)
    model.fit(X[rows], Y[rows], epochs=1, verbose=0)
    (fit,) = seizure.fits()
    assert (fit.num_fits, fit.num_joined, fit.num_epochs) == (2, 1, 1)
    assert fit.rows.num_kept == len(X[rows])


class Crash(keras.callbacks.Callback):
    """Ends a fit by an exception."""

    def on_epoch_end(self, epoch, logs=None):
        """Fail in the second epoch."""
        if epoch == 1:
            raise ArithmeticError("overflow")


def test_a_crash_leaves_what_was_seen(seizure):
    """The exception passes, its traceback as Keras shows it, and the finished epochs stay."""
    with pytest.raises(ArithmeticError) as raised:
        network().fit(X, Y, epochs=9, verbose=0, callbacks=Crash())
    (fit,) = seizure.fits()
    assert (fit.ended, fit.error, fit.epochs) == (False, "ArithmeticError", 9)
    assert fit.num_epochs == 1
    files = [frame.filename for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert not any("src/wellfit" in name for name in files), files


def test_wrong_arguments_fail_as_ever(seizure):
    """What Keras refuses it refuses in its own words, and nothing is seized."""
    with pytest.raises(TypeError, match="no_such"):
        network().fit(X, Y, no_such=1)
    assert seizure.fits() == ()


def test_the_network_before(seizure):
    """A clone has the first weights and learning rate; the script's network keeps its own."""

    class Slower(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 0.001

    model = network(rate=0.25)
    before = model.predict(X, verbose=0)
    given = [Slower()]
    model.fit(X, Y, epochs=2, verbose=0, callbacks=given)
    after = weight_values(model)
    (fit,) = seizure.fits()
    clone = model_before(fit)
    np.testing.assert_array_equal(clone.predict(X, verbose=0), before)
    assert float(clone.optimizer.learning_rate) == pytest.approx(0.25)
    assert clone.loss == "binary_crossentropy"
    assert len(given) == 1
    assert all(np.array_equal(a, b) for a, b in zip(weight_values(model), after, strict=True))


def test_a_network_that_fit_builds(seizure):
    """Weights that come into being within fit are copied before the first update."""
    model = keras.Sequential([keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    (fit,) = seizure.fits()
    np.testing.assert_array_equal(fit.beginning.weights[0], np.ones((3, 1)))
    assert not np.array_equal(weight_values(model)[0], np.ones((3, 1)))


def test_inputs_by_name(seizure):
    """A dict of inputs is put into the order of the network's inputs."""
    one, two = keras.Input((1,), name="one"), keras.Input((2,), name="two")
    model = keras.Model([two, one], keras.layers.Dense(1)(keras.layers.concatenate([one, two])))
    model.compile("sgd", "mse")
    model.fit({"one": X[:, :1], "two": X[:, 1:]}, Y, verbose=0)
    x, *_ = data_of(seizure.fits()[0])
    np.testing.assert_array_equal(x[0], X[:, 1:])
    np.testing.assert_array_equal(x[1], X[:, :1])


def test_old_networks_are_let_go(seizure):
    """Of many networks the last ones are kept with their rows; the others only with their curves."""
    kept = []
    for _ in range(NUM_KEPT + 1):
        model = network()
        model.fit(X, Y, verbose=0)
        kept.append(weakref.ref(model))
    del model
    fits = seizure.fits()
    assert len(fits) == NUM_KEPT + 1
    assert fits[0].model is None
    assert fits[0].num_epochs == 1
    with pytest.raises(DataError, match="rows"):
        data_of(fits[0])
    with pytest.raises(UnsupportedModelError, match="not there"):
        model_before(fits[0])
    assert all(fit.model is not None for fit in fits[1:])


def test_stop_leaves_keras_as_it_was():
    """After the end nothing of Keras is replaced, and fits are not seen."""
    owner = next(kind for kind in keras.Model.__mro__ if "fit" in vars(kind))
    before = owner.fit
    seizure = Seizure()
    seizure.start()
    assert owner.fit is not before
    seizure.stop()
    assert owner.fit is before
    network().fit(X, Y, verbose=0)
    assert seizure.fits() == ()


def test_too_many_rows_are_thinned_evenly():
    """Of arrays beyond the limit evenly spaced rows are kept, so that sorted classes stay in proportion."""
    labels = np.repeat([0, 1], 500).astype(np.float32)
    rows = rows_of_arrays(np.arange(1000.0), labels, None, max_bytes=1200)
    assert rows.num_given == 1000
    assert rows.num_kept == 100
    assert rows.y.mean() == pytest.approx(0.5)
    assert np.all(np.diff(rows.x) > 0)


def test_split_counts_as_keras_does():
    """The number of training rows is rounded down, of thinned rows as of all."""
    train, held = split_rows(Rows(x=np.arange(7), num_given=70), 0.33)
    assert (train.num_kept, held.num_kept) == (4, 3)
    assert (train.num_given, held.num_given) == (46, 24)


def test_a_stream_beyond_the_limit_is_cut():
    """Batches that no longer fit are passed on and not kept."""
    tee = Tee(None, max_bytes=300)
    passed = list(tee.passing([(np.ones((5, 4)),)] * 4))
    rows = tee.rows()
    assert len(passed) == 4
    assert rows is not None
    assert (rows.num_kept, rows.num_given) == (5, 20)


def test_what_is_no_array_passes_unseen():
    """A batch that cannot be copied reaches its reader all the same."""
    tee = Tee(None)
    strange = [("text", 1)]
    assert list(tee.passing(strange)) == strange
    assert tee.rows() is None
    assert tee.error == "AttributeError"
