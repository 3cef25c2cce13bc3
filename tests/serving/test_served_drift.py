"""A server holds the rows of late against those of the study, beside answering."""

import numpy as np
import pytest
from bundles import add_file, write_bundle, write_watched_bundle
from server_samples import client_of

from wellfit.report import monitor_html
from wellfit.serving import Column
from wellfit.serving.http import Watching
from wellfit.serving.http._drift import _values
from wellfit.serving.http._shared_windows import SharedWindows, forget_worker


@pytest.fixture
def folder(tmp_path):
    """Return a bundle that knows its training rows."""
    return write_watched_bundle(tmp_path / "study")


def rows(low: float, count: int = 600) -> list[dict]:
    """Return rows whose x lies between `low` and 1; the same every time: one draw of twenty is an alarm."""
    rng = np.random.default_rng(6)
    return [
        {"x": float(x), "c": str(c)}
        for x, c in zip(rng.uniform(low, 1, count), rng.choice(["u", "v"], count, p=[0.9, 0.1]), strict=True)
    ]


def ask(client, asked: list[dict]) -> dict:
    """Ask for rows one by one in bundles of 50, and return what the server says of drift afterwards."""
    for start in range(0, len(asked), 50):
        assert client.post("/predict", json=asked[start : start + 50]).status_code == 200
    (found,) = client.get("/drift").json()
    return found


def test_rows_like_those_in_training_are_fine(folder):
    """And nothing is said before anybody asked."""
    with client_of(folder, watching=Watching(), drift_page=monitor_html) as client:
        assert client.get("/drift").json() == []
        assert client.get("/drift.html").status_code == 404
        found = ask(client, rows(0))
        assert (found["advice"], found["num_rows"], found["version"]) == ("fine", 600, "1")
        assert 'wellfit_drift_advice{model="study",version="1"} 0.0' in client.get("/metrics").text


def test_moved_rows_are_told_as_json_as_gauges_and_as_a_page(folder):
    """The column that moved is named everywhere."""
    with client_of(folder, watching=Watching(), drift_page=monitor_html) as client:
        found = ask(client, rows(0.6))
        assert found["advice"] != "fine"
        assert next(one for one in found["columns"] if one["name"] == "x")["is_drift"]
        text = client.get("/metrics").text
        assert 'wellfit_drift_rows{model="study",version="1"} 600.0' in text
        assert 'wellfit_drift_moved_share{column="x",model="study",version="1"}' in text
        page = client.get("/drift.html")
        assert "style-src 'unsafe-inline'" in page.headers["content-security-policy"]
        assert "x is higher than in training" in page.text


def test_what_was_long_ago_is_forgotten(folder):
    """A window of 500 rows holds the last 500, up to a tenth more."""
    with client_of(folder, watching=Watching(500)) as client:
        ask(client, rows(0.6, 1000))
        found = ask(client, rows(0, 1000))
        assert 500 <= found["num_rows"] <= 600
        assert found["advice"] == "fine"
        assert client.get("/drift.html").status_code == 404


def published(folder, shared):
    """Let a first worker count 400 rows and publish them; return the folder that it shares."""
    shared.mkdir()
    other = Watching(500, SharedWindows(shared, worker=1))
    with client_of(folder, watching=other) as client:
        ask(client, rows(0.6, 400))
        other.publish()
    return shared


def test_workers_tell_of_the_rows_of_all(folder, tmp_path):
    """What another worker published is added; a worker that has ended is forgotten."""
    shared = published(folder, tmp_path / "shared")
    own = Watching(500, SharedWindows(shared, worker=2))
    with client_of(folder, watching=own) as client:
        found = ask(client, rows(0.6, 200))
        assert (found["num_rows"], found["advice"]) == (600, "retrain")
        assert 'wellfit_drift_rows{model="study",version="1"} 600.0' in client.get("/metrics").text
        forget_worker(shared, 1)
        assert client.get("/drift").json()[0]["num_rows"] == 200


def test_windows_of_an_earlier_bundle_are_not_added(folder, tmp_path):
    """A bundle that was exchanged is another one, though its name and version are the same."""
    shared = published(folder, tmp_path / "shared")
    add_file(folder, "note.txt", "new")
    with client_of(folder, watching=Watching(500, SharedWindows(shared, worker=2))) as client:
        assert ask(client, rows(0.6, 200))["num_rows"] == 200


def test_a_bundle_without_a_reference_is_served_unwatched(tmp_path):
    """As those of earlier studies are."""
    with client_of(write_bundle(tmp_path), watching=Watching()) as client:
        assert client.post("/predict", json=[{"x": 0.5, "c": "u"}]).status_code == 200
        assert client.get("/drift").json() == []


def test_rows_that_cannot_be_counted_are_predicted_all_the_same(folder, monkeypatch, capsys):
    """The reason stands in the log, once, and the network is watched no more."""

    def fail(*_, **__):
        raise RuntimeError("no count")

    monkeypatch.setattr("wellfit.serving.http._drift.count", fail)
    with client_of(folder, watching=Watching()) as client:
        for _ in range(2):
            assert client.post("/predict", json=rows(0, 200)).status_code == 200
        assert client.get("/drift").json() == []
    assert capsys.readouterr().err.count("RuntimeError: no count") == 1


def test_cells_are_counted_as_a_study_counts_them():
    """Sentinels and empty cells are missing, times are days since 1970."""
    number = Column(name="n", tensor="n", kind="number", sentinels=(-999.0,))
    assert np.isnan(_values(number, [1.0, -999.0, float("nan")])).tolist() == [False, True, True]
    time = Column(name="t", tensor="t", kind="time")
    days = _values(time, ["1970-01-02T12:00:00", "", "1969-12-31T00:00:00"])
    np.testing.assert_equal(days, [1.5, np.nan, -1.0])
    assert _values(Column(name="c", tensor="c", kind="label"), ["u", ""]) == ["u", None]
