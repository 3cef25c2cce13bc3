"""Every dialect gives the numbers of the network, for the same rows."""

import json

import numpy as np
import pytest
from bundle_samples import CLASSES, ROWS, scores, softmax, table_bundle
from server_samples import DIALECTS, NAME, client_of, columns_of, tensors_of

V1, V2 = f"/v1/models/{NAME}", f"/v2/models/{NAME}"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Serve a table with three classes."""
    folder = table_bundle(tmp_path_factory.mktemp("served") / NAME)
    with client_of(folder) as made:
        yield made


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    """Serve a table whose target is a number."""
    folder = table_bundle(tmp_path_factory.mktemp("numbers") / NAME, regression=True)
    with client_of(folder) as made:
        yield made


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
def test_every_dialect_answers_the_same(client, dialect, count):
    """Probabilities, and labels where the dialect has them, are those that NumPy computes."""
    rows = ROWS[:count]
    answer = dialect.ask(client, rows)
    assert answer.status_code == 200, answer.text
    expected = softmax(scores(rows))
    found = np.array(dialect.values(answer.text), np.float64)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-9)
    if dialect.labels is not None:
        assert dialect.labels(answer.text) == [CLASSES[code] for code in expected.argmax(axis=1)]


# The sample of that dialect is made of one row.
@pytest.mark.parametrize(
    "dialect", [one for one in DIALECTS if one.name != "v1 classify"], ids=lambda one: one.name
)
def test_no_rows_are_no_error(client, dialect):
    """A request without rows has an answer without rows."""
    answer = dialect.ask(client, [])
    assert answer.status_code == 200, answer.text
    assert len(dialect.values(answer.text)) == 0


def test_numbers_are_predicted_in_every_dialect(numbers):
    """A network that predicts a number has no probabilities."""
    expected = scores(ROWS)[:, :1]
    plain = numbers.post("/predict", json=ROWS).json()
    rows = numbers.post(f"{V1}:predict", json={"instances": ROWS}).json()["predictions"]
    columns = numbers.post(f"{V1}:predict", json={"inputs": columns_of(ROWS)}).json()["outputs"]
    regressed = numbers.post(f"{V1}:regress", json={"examples": ROWS}).json()["results"]
    output = numbers.post(f"{V2}/infer", json={"inputs": tensors_of(ROWS)}).json()["outputs"][0]
    frame = numbers.post("/invocations", json={"dataframe_records": ROWS}).json()["predictions"]
    assert output["shape"] == [3, 1]
    for found in ([row["prediction"] for row in plain], rows, columns, regressed, output["data"], frame):
        flat = [one["prediction"] if isinstance(one, dict) else one for one in found]
        np.testing.assert_allclose(np.array(flat, np.float64).reshape(3, 1), expected, rtol=1e-5)


def test_one_row_has_one_answer(client):
    """An object is answered by an object."""
    answer = client.post("/predict", json=ROWS[0]).json()
    assert list(answer) == ["prediction", *(f"probability_{name}" for name in CLASSES)]


def test_columns_may_be_more_and_in_any_order(client):
    """Columns that the network does not see are ignored."""
    turned = [{"extra": [1, {"a": 2}], **dict(reversed(row.items()))} for row in ROWS]
    assert client.post("/predict", json=turned).json() == client.post("/predict", json=ROWS).json()


def test_v1_describes_itself(client):
    """Status and metadata have the form of TensorFlow Serving."""
    for path in (V1, f"{V1}/versions/1"):
        state = client.get(path).json()["model_version_status"][0]
        assert state == {
            "version": "1",
            "state": "AVAILABLE",
            "status": {"error_code": "OK", "error_message": ""},
        }
    described = client.get(f"{V1}/metadata").json()
    assert described["model_spec"] == {"name": NAME, "signature_name": "", "version": "1"}
    default = described["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert default["inputs"]["age"]["dtype"] == "DT_DOUBLE"
    assert default["inputs"]["is member"]["name"] == "is_member"
    assert default["outputs"]["probabilities"]["tensor_shape"]["dim"][1]["size"] == "3"


def test_v2_describes_itself(client):
    """Health and metadata have the form of the protocol."""
    assert client.get("/v2").json() == {
        "name": "wellfit",
        "version": "0.1.0",
        "extensions": ["binary_tensor_data"],
    }
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").status_code == 200
    assert client.get(f"{V2}/ready").json() == {"name": NAME, "ready": True}
    described = client.get(f"{V2}/versions/1").json()
    assert described["inputs"][0] == {"name": "age", "datatype": "FP64", "shape": [-1, 1]}
    assert described["outputs"][1] == {"name": "probabilities", "datatype": "FP32", "shape": [-1, 3]}


def test_v2_gives_back_what_was_asked(client):
    """The id comes back, and outputs are those that were named, in their order."""
    body = {"id": "a-1", "inputs": tensors_of(ROWS), "outputs": [{"name": "prediction"}]}
    answer = client.post(f"{V2}/infer", json=body).json()
    assert answer["id"] == "a-1"
    assert (answer["model_name"], answer["model_version"]) == (NAME, "1")
    assert [one["name"] for one in answer["outputs"]] == ["prediction"]
    assert answer["outputs"][0]["datatype"] == "BYTES"


@pytest.mark.parametrize(
    ("datatype", "data"),
    [("FP32", [41.0]), ("FP64", [[41.0]]), ("INT64", [41]), ("BYTES", ["41"]), ("UINT8", [41])],
)
def test_v2_takes_a_number_in_any_datatype(client, datatype, data):
    """What stands for 41 is 41."""
    tensors = tensors_of(ROWS[:1])
    tensors[0] |= {"datatype": datatype, "data": data}
    tensors[1] |= {"datatype": "BOOL", "data": [True], "shape": [1]}
    answer = client.post(f"{V2}/infer", json={"inputs": tensors}).json()
    np.testing.assert_allclose(answer["outputs"][1]["data"], softmax(scores(ROWS[:1]))[0], rtol=1e-5)


def mixed(tensors: list[dict]) -> tuple[bytes, dict[str, str]]:
    """Return a request of the V2 protocol whose inputs are bytes, and its headers."""
    tail = b""
    for one in tensors:
        if one["datatype"] == "BYTES":
            texts = [("" if cell is None else cell).encode() for cell in one.pop("data")]
            data = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
        else:
            data = np.array(one.pop("data"), "<f8").tobytes()
        one["parameters"] = {"binary_data_size": len(data)}
        tail += data
    head = json.dumps({"inputs": tensors, "parameters": {"binary_data_output": True}}).encode()
    return head + tail, {"inference-header-content-length": str(len(head))}


def test_v2_takes_binary_tensors(client):
    """Bytes behind the JSON are what Triton's client sends; NaN and empty text are missing."""
    body, headers = mixed(tensors_of(ROWS))
    answer = client.post(f"{V2}/infer", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    found = np.reshape(answer.json()["outputs"][1]["data"], (3, 3))
    np.testing.assert_allclose(found, softmax(scores(ROWS)), rtol=1e-5, atol=1e-9)


def test_binary_tensors_that_do_not_fit(client):
    """Sizes that are wrong are refused."""
    body, headers = mixed(tensors_of(ROWS))
    size = int(headers["inference-header-content-length"])
    name = "inference-header-content-length"
    asked = [(body, {name: value}) for value in ("x", "-1", "9" * 30, str(len(body) + 1), str(size - 1), "²")]
    asked += [(body[:-1], headers), (body + b"x", headers), (body[:size], headers)]
    head = body[:size]
    for old, new in (
        (b"FP64", b"INT8"),
        (b"FP64", b"FP6 "),
        (b'_size": 24', b'_size": -4'),
        (b"BYTES", b"BOOL "),
    ):
        asked.append((head.replace(old, new) + body[size:], headers))
    asked.append((head + body[size:].replace(b"gold", b"\xff\xff\xff\xff"), headers))
    for content, sent in asked:
        answer = client.post(
            f"{V2}/infer", content=content, headers={key: value.encode() for key, value in sent.items()}
        )
        assert 400 <= answer.status_code < 500, answer.text


def test_mlflow_pings(client):
    """Ping is empty but for a line's end."""
    assert client.get("/ping").text == "\n"


def test_the_description_has_the_columns(client):
    """OpenAPI and the page name the columns of this network, with examples that can be sent as they are."""
    described = client.get("/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    row = described["components"]["schemas"]["Row"]
    assert row["required"] == ["age", "is member", "plan", "since"]
    assert row["properties"]["plan"]["examples"] == ["basic", "gold"]
    for path, methods in described["paths"].items():
        for content in methods.get("post", {}).get("requestBody", {}).get("content", {}).values():
            if "example" in content:
                answer = client.post(path, json=content["example"])
                assert answer.status_code == 200, (path, answer.text)
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "is member" in page.text
    assert "http://testserver/predict" in page.text
    odd = client.get("/docs", headers={"host": '"><script>'})
    assert "<script>" not in odd.text
    assert "HOST:PORT" in odd.text
    assert json.dumps(CLASSES[2])[1:-1] in page.text


def test_metrics_count(client):
    """Requests are counted by dialect and status, rows by network."""
    client.post("/predict", json=ROWS)
    text = client.get("/metrics").text
    assert 'wellfit_requests_total{dialect="plain",status="200"}' in text
    assert f'wellfit_rows_total{{model="{NAME}",version="1"}}' in text
    assert f'wellfit_waiting_requests{{model="{NAME}",version="1"}} 0.0' in text
