"""Reading training curves: every source gives the same history, and odd ones are refused clearly."""

import csv
import json
import math
import struct
import sys

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wellfit.diagnosis._history import read_history
from wellfit.records import DataError, FileReadError

CURVES = {
    "loss": [0.69, 0.5, 0.25],
    "val_loss": [0.7, 0.625, 0.65],
    "accuracy": [0.5, 0.75, 0.875],
    "val_accuracy": [0.5, 0.625, 0.625],
}


class Fitted:
    """Looks like a Keras `History`."""

    history = CURVES


def write_log(path, delimiter=",", curves=CURVES, first=0):
    """Write a file as Keras' `CSVLogger` does."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["epoch", *curves])
        for epoch, row in enumerate(zip(*curves.values(), strict=True), start=first):
            writer.writerow([epoch, *row])
    return path


def assert_same(history, expected=CURVES):
    """Check that a history has exactly the expected curves."""
    assert set(history.curves) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(history.curves[name], values, rtol=1e-6)


@pytest.mark.parametrize("source", [Fitted(), CURVES, {k: np.array(v) for k, v in CURVES.items()}])
def test_objects_are_read(source):
    """A Keras History, its dict, and arrays give the same curves."""
    assert_same(read_history(source))


@pytest.mark.parametrize("content", [CURVES, {"history": CURVES}])
def test_json_is_read(tmp_path, content):
    """The dict as JSON, alone or under ``history``, gives the same curves."""
    path = tmp_path / "history.json"
    path.write_text(json.dumps(content))
    assert_same(read_history(path))
    assert_same(read_history(str(path)))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_logs_are_read(tmp_path, delimiter):
    """A CSVLogger file is read with any of its separators, and its epoch column is no curve."""
    assert_same(read_history(write_log(tmp_path / "log.csv", delimiter)))


def test_a_log_with_a_byte_order_mark_is_read(tmp_path):
    """A log that a spreadsheet saved again is read."""
    path = write_log(tmp_path / "log.csv")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert_same(read_history(path))


def test_what_keras_writes_is_read(tmp_path):
    """Keras' own CSVLogger and History of one training agree."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.linspace(-1, 1, 32, dtype=np.float32).reshape(16, 2)
    log = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    fitted = model.fit(x, x[:, :1], validation_split=0.25, epochs=3, verbose=0, callbacks=[log])
    assert_same(read_history(tmp_path / "log.csv"), read_history(fitted).curves)


def test_the_last_of_several_runs_is_read(tmp_path):
    """A log to which several fits were appended gives the last one, and says so."""
    path = write_log(tmp_path / "log.csv")
    other = write_log(tmp_path / "other.csv", curves={name: [9.0] * 4 for name in CURVES})
    lines = other.read_text().splitlines() + path.read_text().splitlines()[1:]
    path.write_text("\n".join(lines))
    history = read_history(path)
    assert_same(history)
    assert "several runs" in history.notes[0]


def test_a_resumed_run_is_one_run(tmp_path):
    """A log that was appended with epochs that go on counts as one run."""
    path = write_log(tmp_path / "log.csv")
    more = write_log(tmp_path / "more.csv", first=3)
    path.write_text(path.read_text() + "\n".join(more.read_text().splitlines()[1:]))
    history = read_history(path)
    assert history.num_epochs == 6
    assert not history.notes


def test_missing_values_and_old_names():
    """None is an epoch without a value, ``acc`` is accuracy, and what is no curve is left out."""
    history = read_history({"loss": [1, None, "inf"], "acc": [0.5] * 3, "lr": "constant", "note": [[1, 2]]})
    assert math.isnan(history.curves["loss"][1])
    assert math.isinf(history.curves["loss"][2])
    assert set(history.curves) == {"loss", "accuracy"}


def test_null_and_nan_are_kept_apart(tmp_path):
    """Null and an empty cell were not measured; NaN was, and is no number."""
    history = read_history({"loss": [0.7, None, math.nan], "val_loss": [None] * 3})
    assert history.measured("loss").tolist() == pytest.approx([0.7, math.nan], nan_ok=True)
    assert history.curve("val_loss") is None
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss,val_loss\n0,0.7,NA\n1,nan,\n2,0.5,0.6\n")
    logged = read_history(path)
    assert logged.gaps.keys() == {"val_loss"}
    assert len(logged.measured("loss")) == 3
    assert logged.measured("val_loss").tolist() == [0.6]


REFUSED = {
    "no dict": 3,
    "nothing": {},
    "no loss": {"lr": [0.1]},
    "no epochs": {"loss": []},
    "never measured": {"loss": [None] * 5, "val_loss": [None, "NA", "", None, "null"]},
    "lengths": {"loss": [1, 2], "val_loss": [1]},
    "words": {"loss": [1, "two"]},
    "a number": {"loss": 3},
    "text": {"loss": "0.5"},
    "lists": {"loss": [[1, 2], [3, 4]]},
    "flags": {"loss": [True]},
}


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED)
def test_odd_objects_are_refused(source):
    """What cannot be judged is refused with what came, what is expected and how to mend it."""
    with pytest.raises(DataError) as caught:
        read_history(source)
    assert caught.value.expected
    assert caught.value.fix


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"  \n",
        b"\xff\xfe\x00",
        b"a\0b",
        b'{"loss": [1, 2',
        b"[1, 2]",
        b"loss,val_loss\n",
        b"loss\n1,2\n",
        b'"',
    ],
    ids=["empty", "blank", "binary", "nul", "cut off", "a list", "header only", "cells", "no row"],
)
def test_odd_files_are_refused(tmp_path, content):
    """A damaged file is refused by name."""
    path = tmp_path / "history.log"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"history\.log"):
        read_history(path)


def test_a_missing_file_is_refused(tmp_path):
    """A path that does not exist is an OSError as well as a WellfitError."""
    with pytest.raises(FileReadError, match="no file"):
        read_history(tmp_path / "absent.json")


def test_a_misspelled_loss_is_named():
    """An error about a missing loss says which name comes close."""
    with pytest.raises(DataError, match="did you mean 'Loss'"):
        read_history({"Loss": [1.0]})


VALUES = st.floats() | st.sampled_from(["", "NA", "0.5", "[1]", "one"]) | st.none()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["loss", "val_loss", "acc", "x"]), st.lists(VALUES, max_size=4)))
def test_any_dict_is_read_or_refused(source):
    """Whatever comes in, the answer is a history with epochs or a DataError."""
    try:
        history = read_history(source)
    except DataError:
        return
    assert history.num_epochs > 0


def write_events(folder, scalars, as_tensors=True):
    """Write scalars (tag to values) as Keras' TensorBoard callback does, without TensorFlow."""
    event_pb2, summary_pb2, metadata, tensor_util = (
        pytest.importorskip(f"tensorboard.{name}")
        for name in (
            "compat.proto.event_pb2",
            "compat.proto.summary_pb2",
            "plugins.scalar.metadata",
            "util.tensor_util",
        )
    )
    files = pytest.importorskip("tensorboard.summary.writer.event_file_writer")
    writer = files.EventFileWriter(str(folder))
    for tag, values in scalars.items():
        for step, value in enumerate(values):
            summary = summary_pb2.Summary()
            if as_tensors:
                kind = metadata.create_summary_metadata("", "")
                tensor = tensor_util.make_tensor_proto(np.float32(value))
                summary.value.add(tag=tag, tensor=tensor, metadata=kind)
            else:
                summary.value.add(tag=tag, simple_value=value)
            writer.add_event(event_pb2.Event(step=step, wall_time=float(step), summary=summary))
    writer.close()


def write_run(folder, as_tensors=True):
    """Write one run's training and validation events."""
    train = {f"epoch_{name}": values for name, values in CURVES.items() if not name.startswith("val_")}
    validation = {f"epoch_{name[4:]}": values for name, values in CURVES.items() if name.startswith("val_")}
    write_events(folder / "train", train | {"epoch_learning_rate": [0.1] * 3}, as_tensors)
    write_events(folder / "validation", validation | {"evaluation_loss_vs_iterations": [1.0]}, as_tensors)


@pytest.mark.parametrize("as_tensors", [True, False], ids=["tensors", "plain values"])
def test_event_folders_are_read(tmp_path, as_tensors):
    """A TensorBoard folder gives the curves of Keras' History, with all epochs."""
    write_run(tmp_path, as_tensors)
    history = read_history(tmp_path)
    assert_same(history, CURVES | {"learning_rate": [0.1] * 3})


def test_the_only_run_below_a_folder_is_read(tmp_path):
    """A parent of one run is read as the run; of several, they are named in an error."""
    write_run(tmp_path / "first")
    assert read_history(tmp_path).num_epochs == 3
    write_run(tmp_path / "second")
    with pytest.raises(DataError, match="several runs"):
        read_history(tmp_path)


def test_a_long_run_is_read_whole(tmp_path):
    """No epoch of a long run is sampled away."""
    losses = np.linspace(1, 0, 2500).astype(np.float32)
    write_events(tmp_path / "train", {"epoch_loss": losses})
    np.testing.assert_array_equal(read_history(tmp_path).curves["loss"], losses)


def test_a_folder_without_events_is_refused(tmp_path):
    """A folder with something else in it is refused."""
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(FileReadError, match="no event files"):
        read_history(tmp_path)


def test_events_without_epochs_are_refused(tmp_path):
    """Events that hold no scalars of epochs are refused."""
    pytest.importorskip("tensorboard")
    write_events(tmp_path / "validation", {"batch_time": [1.0]})
    with pytest.raises(DataError, match="no curves"):
        read_history(tmp_path)


def test_without_tensorboard_the_error_says_what_to_install(tmp_path, monkeypatch):
    """A missing optional package is named with the command that installs it."""
    (tmp_path / "events.out.tfevents.1").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "tensorboard.backend.event_processing.event_accumulator", None)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(FileReadError, match=r"wellfit\[tensorboard\]"):
        read_history(tmp_path)


def test_damaged_events_are_refused(tmp_path):
    """A record with the right checksum that holds no event."""
    crc = pytest.importorskip("tensorboard.compat.tensorflow_stub.pywrap_tensorflow").masked_crc32c
    record = b"\x0a\xff\xff\xff\xff\x0f damaged"
    size = struct.pack("<Q", len(record))
    checked = [size, struct.pack("<I", crc(size)), record, struct.pack("<I", crc(record))]
    (tmp_path / "events.out.tfevents.1").write_bytes(b"".join(checked))
    with pytest.raises(FileReadError, match="are damaged"):
        read_history(tmp_path)
