"""Pictures as numbers and as files, in every dialect that can carry them."""

import base64

import numpy as np
import pytest
from bundle_samples import picture_bundle, png, softmax
from server_samples import client_of

from wellfit.serving.http import Limits
from wellfit.serving.http._pictures import read_encoded
from wellfit.serving.http._refusal import RefusedError

GRAY = np.full((4, 6, 3), 100, np.uint8)
REDDISH = np.broadcast_to(np.array([130, 128, 127], np.uint8), (4, 6, 3))


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Serve a network of pictures of 4 by 6 pixels."""
    folder = picture_bundle(tmp_path_factory.mktemp("served") / "flowers")
    with client_of(folder, limits=Limits(pixels=10_000)) as made:
        yield made


def encoded(data: bytes) -> dict:
    """Return bytes as JSON has them."""
    return {"b64": base64.b64encode(data).decode()}


EXPECTED = softmax(np.array([[130.0, 128.0, 127.0]], np.float32))[0]
NESTED = REDDISH.tolist()
FILE = encoded(png(REDDISH))
SHAPE = "another shape|no array"
LARGE = encoded(png(np.kron(REDDISH, np.ones((5, 5, 1), np.uint8))))


@pytest.mark.parametrize("picture", [NESTED, FILE, LARGE], ids=["numbers", "a file", "a larger file"])
def test_every_way_to_write_a_picture(client, picture):
    """Numbers, a file, and a file of another size give the same."""
    v2 = {"name": "picture", "shape": [1], "datatype": "BYTES", "data": [picture]}
    if picture is NESTED:
        v2 |= {"shape": [1, 4, 6, 3], "datatype": "UINT8"}
    asked = (
        ("/predict", {"picture": picture}, lambda told: list(told.values())[1:]),
        ("/predict", [picture], lambda told: list(told[0].values())[1:]),
        ("/invocations", {"instances": [picture]}, lambda told: list(told["predictions"][0].values())[1:]),
        (
            "/v1/models/flowers:predict",
            {"instances": [{"picture": picture}]},
            lambda told: told["predictions"][0]["probabilities"],
        ),
        (
            "/v1/models/flowers:predict",
            {"inputs": {"picture": [picture]}},
            lambda told: told["outputs"]["probabilities"][0],
        ),
        ("/v2/models/flowers/infer", {"inputs": [v2]}, lambda told: told["outputs"][1]["data"]),
    )
    for path, body, values in asked:
        answer = client.post(path, json=body)
        assert answer.status_code == 200, (path, answer.text)
        np.testing.assert_allclose(values(answer.json()), EXPECTED, rtol=1e-4)


def test_a_file_alone(client):
    """The body may be the picture's file itself."""
    answer = client.post("/predict", content=png(REDDISH), headers={"content-type": "image/png"})
    assert answer.json()["prediction"] == "red"


def test_files_and_numbers_in_one_request(client):
    """Each row may be written its own way; the answers keep their order."""
    dark = [[[0, 0, 9]] * 6] * 4
    answer = client.post("/v1/models/flowers:predict", json={"instances": [FILE, dark, NESTED]})
    assert [row["prediction"] for row in answer.json()["predictions"]] == ["red", "blue", "red"]


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        ({"b64": "%%%"}, "Base64"),
        ({"b64": 5}, "Base64"),
        ({"b64": "é"}, "Base64"),
        (encoded(b"no picture"), "picture"),
        (encoded(png(GRAY)[:40]), "picture"),
        (encoded(png(np.zeros((200, 200, 3), np.uint8))), "pixels"),
        ([[[300, 0, 0]] * 6] * 4, "0 to 255"),
        ([[[-1, 0, 0]] * 6] * 4, "0 to 255"),
        ([[[0.5, 0.2, 0.1]] * 6] * 4, "0 to 255"),
        ([[[None, 0, 0]] * 6] * 4, SHAPE),
        ([[["1", 0, 0]] * 6] * 4, SHAPE),
        ([[[10**30, 0, 0]] * 6] * 4, "another shape|0 to 255"),
        ([[[0, 0]] * 6] * 4, SHAPE),
        ([[[0, 0, 0]] * 6, [[0]]], SHAPE),
        ([], SHAPE),
        (5, SHAPE),
        ("text", SHAPE),
        ({"other": 1}, "lacks"),
    ],
)
def test_what_is_no_picture(client, picture, reason):
    """It is refused with its reason, in each place where a picture can be."""
    for path, body in (
        ("/predict", [picture]),
        ("/v1/models/flowers:predict", {"instances": [NESTED, picture]}),
    ):
        answer = client.post(path, json=body)
        assert answer.status_code == 422, answer.text
        assert any(word in answer.text for word in reason.split("|")), answer.text


def test_pictures_that_take_too_long(client):
    """Reading ends when nobody waits for it any more."""
    model = client.app._store.default
    with pytest.raises(RefusedError, match="pictures") as caught:
        read_encoded(model, model.signature.arrays[0], [FILE], Limits(timeout_s=-1.0))
    assert caught.value.status == 504


def test_nan_is_no_pixel(client):
    """A number that is none is refused where whole numbers are expected."""
    answer = client.post("/predict", content=f"[{[[[float('nan'), 0, 0]] * 6] * 4}]".replace("nan", "NaN"))
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": [1, 4, 6]},
        {"shape": [1, 6, 4, 3]},
        {"shape": [2, 4, 6, 3]},
        {"shape": [72]},
        {"data": ["a"] * 72},
        {"data": [None] * 72},
        {"data": [FILE], "shape": [1]},
        {"name": "other"},
    ],
)
def test_tensors_that_do_not_fit(client, changes):
    """The V2 protocol checks shape, values and names."""
    one = {"name": "picture", "shape": [1, 4, 6, 3], "datatype": "UINT8", "data": GRAY.ravel().tolist()}
    answer = client.post("/v2/models/flowers/infer", json={"inputs": [one | changes]})
    assert 400 <= answer.status_code < 500, answer.text


def test_tables_are_not_pictures(client):
    """CSV cannot hold one; no rows are no error."""
    answer = client.post("/predict", content="a\n1\n", headers={"content-type": "text/csv"})
    assert answer.status_code == 415
    assert client.post("/predict", json=[]).json() == []
    assert client.post("/v1/models/flowers:predict", json={"inputs": []}).json()["outputs"] == {
        "prediction": [],
        "probabilities": [],
    }
