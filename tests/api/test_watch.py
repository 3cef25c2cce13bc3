"""`Watch`: measures honestly, changes nothing, draws, and stops in time."""

import io

import keras
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import wellfit as wf
from wellfit.api._watch_chart import draw_curves
from wellfit.diagnosis._stopping import chance_of_better, should_stop
from wellfit.models import data_loss
from wellfit.models._seized_rows import Rows

X = np.random.default_rng(0).normal(size=(120, 4)).astype(np.float32)
Y = (X[:, :1] + X[:, 1:2] ** 2 > 0.8).astype(np.float32)
HELD = X[80:], Y[80:]


def network(seed=1, dropout=0.4, l2=0.05):
    """Return a network with dropout, a penalty and batch normalization, which all can mislead."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, activation="relu", kernel_regularizer=keras.regularizers.L2(l2)),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    return model


def fit(callbacks, epochs=4, **options):
    """Train the network and return it with its history."""
    model = network()
    given = {"validation_data": HELD} | options
    return model, model.fit(X[:80], Y[:80], epochs=epochs, verbose=0, callbacks=callbacks, **given)


def crossentropy(model, x, y):
    """Return the mean cross-entropy of plain predictions."""
    p = np.clip(model.predict(x, verbose=0), 1e-7, 1 - 1e-7)
    return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())


@pytest.mark.parametrize(
    "watch",
    [
        wf.Watch,
        lambda: wf.Watch(draw=True),
        lambda: wf.Watch(x=X[:50], y=Y[:50], validation_data=(X[50:60], Y[50:60])),
    ],
    ids=["seized", "drawn", "given"],
)
def test_training_is_the_same_to_the_bit(watch):
    """Weights, states of random generators, and the logged history are equal with and without it."""
    plain, history = fit([])
    watched, other = fit([watch()])
    assert history.history == other.history
    for mine, theirs in zip(plain.variables, watched.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(mine.value), np.asarray(theirs.value))


def test_both_sides_are_measured_with_the_same_weights():
    """Losses are those of plain predictions, without the penalty that fit's own losses contain."""
    watch = wf.Watch()
    model, history = fit([watch])
    assert watch.curves["loss"][-1] == pytest.approx(crossentropy(model, X[:80], Y[:80]), rel=1e-4)
    assert watch.curves["val_loss"][-1] == pytest.approx(crossentropy(model, *HELD), rel=1e-4)
    assert watch.curves["val_loss"][-1] < history.history["val_loss"][-1]
    assert watch.curves["accuracy"] == history.history["accuracy"]
    assert not watch.notes


def test_a_validation_split_is_found():
    """Rows that fit splits off are measured as validation rows, and not as training rows."""
    watch = wf.Watch()
    model = network()
    model.fit(X, Y, validation_split=0.25, epochs=2, verbose=0, callbacks=[watch])
    assert watch.curves["loss"][-1] == pytest.approx(crossentropy(model, X[:90], Y[:90]), rel=1e-4)
    assert watch.curves["val_loss"][-1] == pytest.approx(crossentropy(model, X[90:], Y[90:]), rel=1e-4)


def test_without_arrays_the_log_is_used_and_that_is_said():
    """Of a stream the logged losses hold, with a note in the diagnosis."""

    class Stream(keras.utils.PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return X[index * 40 : index * 40 + 40], Y[index * 40 : index * 40 + 40]

    watch = wf.Watch()
    model = network()
    history = model.fit(Stream(), validation_data=HELD, epochs=2, verbose=0, callbacks=[watch])
    assert watch.curves["loss"] == history.history["loss"]
    assert watch.curves["val_loss"] == history.history["val_loss"]
    assert "logged" in watch.diagnosis.notes[0]


def test_rows_that_do_not_fit_the_network_do_not_end_the_training():
    """If measuring fails, training goes on with the logged losses."""
    watch = wf.Watch(x=X[:, :2], y=Y)
    _, history = fit([watch])
    assert watch.curves["loss"] == history.history["loss"]
    assert "Measuring failed" in watch.notes[-1]


def test_at_most_1024_rows_are_measured():
    """Many rows are thinned out evenly."""
    watch = wf.Watch(x=np.zeros((5000, 1)), y=np.arange(5000.0))
    rows = watch._given[0]
    assert rows.num_kept == 1024
    assert rows.y[0] == 0.0
    assert rows.y[-1] == 4999.0


def test_measuring_in_batches_is_measuring_at_once():
    """More rows than a batch, and not a multiple of it, give the mean over rows."""
    model = network()
    x, y = np.tile(X, (5, 1))[:517], np.tile(Y, (5, 1))[:517]
    assert data_loss(model, Rows(x=x, y=y)) == pytest.approx(crossentropy(model, x, y), rel=1e-4)


class Scripted(wf.Watch):
    """Sees a given validation loss at each epoch, whatever the network does."""

    def __init__(self, losses, **options):
        super().__init__(**options)
        self._losses = losses

    def _measured(self):
        return {"val_loss": self._losses[len(self.curves.get("val_loss", ()))]}


def test_it_stops_and_puts_the_best_weights_back():
    """On a curve that turns up it stops soon after, with the weights of the best epoch."""
    losses = [*(0.9**epoch for epoch in range(12)), *(0.4 + 0.05 * epoch for epoch in range(60))]
    watch = Scripted(losses, stop=True)
    model, _ = fit([watch], epochs=60)
    same, _ = fit([Scripted(losses)], epochs=12)
    assert watch.best_epoch == 11
    assert 11 + 5 <= watch.stopped_epoch < 35
    for mine, theirs in zip(model.weights, same.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(mine.value), np.asarray(theirs.value))


def test_it_does_not_stop_unasked():
    """Without ``stop=True`` the run goes to its end."""
    watch = Scripted([0.1 + 0.1 * epoch for epoch in range(30)])
    _, history = fit([watch], epochs=30)
    assert len(history.history["loss"]) == 30
    assert watch.stopped_epoch is None


def test_a_watch_can_be_used_twice():
    """A second fit begins anew."""
    watch = wf.Watch()
    fit([watch])
    fit([watch], epochs=3)
    assert len(watch.curves["loss"]) == 3


def test_before_training_there_is_no_diagnosis():
    """Asking too early is refused."""
    with pytest.raises(wf.DataError, match="nothing was seen"):
        _ = wf.Watch().diagnosis


def test_it_is_quiet_where_nobody_looks(capsys):
    """Nothing is printed where standard output is no terminal."""
    fit([wf.Watch()])
    assert capsys.readouterr().out == ""


def test_it_draws_on_a_terminal(monkeypatch):
    """On a terminal there are charts of at most 80 columns, and the verdict at the end."""
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdout", screen)
    watch = wf.Watch()
    fit([watch])
    text = screen.getvalue()
    assert text.count("t training, v validation") == 4
    assert watch.diagnosis.verdict_line in text


@example([1.7976931348623157e308, -9.9792015476736e291], [])
@settings(deadline=None)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=300),
    st.lists(st.floats(-1e6, 1e6), max_size=300),
)
def test_charts_have_80_columns(train, validation):
    """Whatever the curves, a chart is plain text that fits the terminal."""
    text = draw_curves(train, validation)
    assert text.isascii()
    assert max(len(line) for line in text.splitlines()) <= 80


def test_a_chart_shows_both_curves():
    """High is up, early is left, and both curves are there."""
    lines = draw_curves([3.0, 2.0, 1.0], [3.0, 2.5, 2.75]).splitlines()
    assert [line[11:] for line in lines[:3]] == ["|*", "|  v", "| v"]
    assert lines[9][11:] == "|  t"


def test_a_falling_curve_is_not_stopped():
    """While new minima come, nothing stops."""
    values = 0.98 ** np.arange(200)
    assert not any(should_stop(values[:epoch]) for epoch in range(1, 200))


def test_a_diverged_curve_is_stopped():
    """A loss that has become NaN stops, if only after the usual wait."""
    values = np.concatenate([0.9 ** np.arange(10), np.full(40, np.nan)])
    assert should_stop(values)


@settings(deadline=None)
@given(st.integers(0, 1000), st.floats(1e-6, 1e6))
def test_the_chance_does_not_depend_on_the_scale(seed, factor):
    """Losses times any number give the same chances."""
    values = np.exp(np.cumsum(np.random.default_rng(seed).normal(-0.02, 0.1, 60)))
    np.testing.assert_allclose(chance_of_better(values), chance_of_better(values * factor), rtol=1e-5)


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(6, 59))
def test_the_chance_knows_only_the_past(seed, epoch):
    """What comes later changes no chance but by rounding."""
    values = np.exp(np.cumsum(np.random.default_rng(seed).normal(-0.02, 0.1, 60)))
    np.testing.assert_allclose(
        chance_of_better(values)[epoch - 1], chance_of_better(values[:epoch])[-1], rtol=1e-5
    )
