"""What is too much is refused, and who may not ask is not answered."""

import asyncio
import io
import json

import pytest
from bundle_samples import ROWS, table_bundle
from server_samples import NAME, client_of
from starlette.testclient import TestClient

from wellfit.records import FileReadError
from wellfit.serving.http import AccessLog, App, Keys, Limits, Store, read_keys


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a bundle."""
    return table_bundle(tmp_path_factory.mktemp("served") / NAME)


def test_long_bodies(folder):
    """A body is refused by what it says of its length, and by its length."""
    with client_of(folder, limits=Limits(body_bytes=200)) as client:
        assert client.post("/predict", json=ROWS[0]).status_code == 200
        answer = client.post("/predict", content=b" " * 201)
        assert answer.status_code == 413
        assert answer.headers["connection"] == "close"
        pieces = client.post("/predict", content=(b" " * 50 for _ in range(5)))
        assert pieces.status_code == 413
        assert client.post("/predict", content=(b"[", b"]")).json() == []


def test_many_rows(folder):
    """Rows are counted in every form."""
    csv = "age,is member,plan,since\n" + "1,yes,gold,\n" * 3
    with client_of(folder, limits=Limits(rows=2)) as client:
        assert client.post("/predict", json=ROWS[:2]).status_code == 200
        columns = {name: [row[name] for row in ROWS] for name in ROWS[0]}
        split = {"columns": list(ROWS[0]), "data": [list(row.values()) for row in ROWS]}
        for path, sent in (
            ("/predict", {"json": ROWS}),
            ("/predict", {"content": csv, "headers": {"content-type": "text/csv"}}),
            (f"/v1/models/{NAME}:predict", {"json": {"inputs": columns}}),
            ("/invocations", {"json": {"dataframe_split": split}}),
        ):
            assert client.post(path, **sent).status_code == 413


def test_many_rows_are_read_beside_the_loop(folder):
    """A long body, read in a thread and computed in parts, has the same answers."""
    with client_of(folder, limits=Limits(batch_rows=64)) as client:
        single = client.post("/predict", json=ROWS).json()
        answer = client.post("/predict", json=ROWS * 400)
        assert len(answer.request.content) > 2**16
        found = answer.json()
    assert len(found) == 1200
    for place, row in enumerate(found):
        for name, value in single[place % 3].items():
            assert row[name] == pytest.approx(value, rel=1e-5) if name != "prediction" else row[name] == value


def test_many_requests(folder):
    """Where as many are under way as may be, the next is refused before its body is read."""
    with client_of(folder, limits=Limits(queue=0)) as client:
        answer = client.post("/predict", json=ROWS[0])
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["connection"] == "close"
        assert client.get("/v2/health/ready").status_code == 200


def test_what_has_ended_is_not_under_way(folder):
    """Answers, refusals and faults make room for the next."""
    with client_of(folder, limits=Limits(queue=1)) as client:
        for _ in range(3):
            assert client.post("/predict", content=b"{").status_code == 400
            assert client.post("/predict", json=ROWS[0]).status_code == 200


def test_it_takes_too_long(folder, monkeypatch):
    """504 ends what takes longer than it may; the server goes on."""
    with client_of(folder, limits=Limits(timeout_s=0.2)) as client:
        model = client.app._store.default
        never = asyncio.Future

        async def stuck(rows):
            await never()

        monkeypatch.setattr(model.batcher, "predict", stuck)
        assert client.post("/predict", json=ROWS[0]).status_code == 504
        monkeypatch.undo()
        assert client.post("/predict", json=ROWS[0]).status_code == 200


def test_a_fault_tells_nothing(folder, monkeypatch, capsys):
    """What goes wrong inside is in the log; strangers learn that something did."""
    with client_of(folder) as client:

        async def broken(rows):
            raise RuntimeError("secret")

        monkeypatch.setattr(client.app._store.default.batcher, "predict", broken)
        answer = client.post("/predict", json=ROWS[0])
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "secret" in capsys.readouterr().err


def test_a_key_is_needed(folder):
    """Without one, only health is told; both headers are understood, and any of the keys opens."""
    with client_of(folder, keys=Keys(["first", "second", ""])) as client:
        for path in ("/v2/health/live", "/v2/health/ready", "/ping"):
            assert client.get(path).status_code == 200
        for headers in ({}, {"x-api-key": "fir"}, {"x-api-key": ""}, {"authorization": "Basic first"}):
            answer = client.post("/predict", json=ROWS[0], headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
        for path in ("/metrics", "/docs", "/openapi.json", "/v2", f"/v1/models/{NAME}", "/nothing"):
            assert client.get(path).status_code == 401
        for headers in ({"x-api-key": "first"}, {"authorization": "bearer second"}):
            assert client.post("/predict", json=ROWS[0], headers=headers).status_code == 200


def test_keys_in_a_file(tmp_path):
    """A key a line; a file without one would let everybody in, and is refused."""
    path = tmp_path / "keys"
    path.write_text("# ours\n first \n\nsecond\n")
    assert read_keys(path) == ["first", "second"]
    path.write_text("# none\n")
    with pytest.raises(FileReadError, match="no key"):
        read_keys(path)
    with pytest.raises(FileReadError, match="cannot be read"):
        read_keys(tmp_path / "other")


def test_the_log_has_a_line_a_request(folder):
    """Lines are JSON and hold neither rows nor keys."""
    stream = io.StringIO()
    with client_of(folder, log=AccessLog(stream)) as client:
        client.post("/predict", json=ROWS[0], headers={"x-request-id": "r-1", "x-api-key": "secret"})
        client.get("/nothing")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["method"], first["path"], first["status"]) == ("POST", "/predict", 200)
    assert first["request_id"] == "r-1"
    assert first["duration_ms"] > 0
    assert second["status"] == 404
    assert "secret" not in stream.getvalue()
    assert "gold" not in stream.getvalue()


def test_it_says_that_it_ends(folder):
    """While it ends it is not ready, but answers."""
    app = App(Store([folder], say=lambda line: None), reload_s=0)
    with TestClient(app) as client:
        app.is_ending = True
        assert client.get("/v2/health/ready").status_code == 503
        assert client.get("/ping").status_code == 503
        assert client.get("/v2/health/live").status_code == 200
        assert client.post("/predict", json=ROWS[0]).status_code == 200
