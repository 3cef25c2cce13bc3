"""Whatever is sent, the answer says what is wrong with it; it is never a fault of the server."""

import json

import pytest
from bundle_samples import ROWS, table_bundle
from hypothesis import given, settings
from hypothesis import strategies as st
from server_samples import NAME, client_of, tensors_of

V1, V2 = f"/v1/models/{NAME}", f"/v2/models/{NAME}"
POSTS = ("/predict", f"{V1}:predict", f"{V1}:classify", f"{V1}:regress", f"{V2}/infer", "/invocations")
GOOD = ROWS[0]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Serve a table with three classes."""
    with client_of(table_bundle(tmp_path_factory.mktemp("served") / NAME)) as made:
        yield made


def tensor(**changes) -> dict:
    """Return a V2 request whose first input is changed."""
    first, *others = tensors_of([GOOD])
    return {"inputs": [{**first, **changes}, *others]}


UNREADABLE = {
    "empty": b"",
    "blank": b" \n",
    "cut off": b'{"age": 4',
    "not UTF-8": b'{"age": "\xff"}',
    "UTF-16 cut off": '{"a": 1}'.encode("utf-16")[:-1],
    "half a surrogate pair": b'{"age": "\\ud800", "instances": ["\\ud800"]}',
    "half a surrogate pair as a key": b'{"\\udc00": 1}',
    "nested deeply": b"[" * 100_000 + b"]" * 100_000,
    "nested objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "too many digits": b'{"instances": [{"age": ' + b"9" * 10_000 + b"}]}",
    "a key twice": b'{"age": 1, "age": 2}',
    "a key twice inside": b'{"instances": [{"age": 1, "age": 2}]}',
    "a number": b"5",
    "text": b'"age"',
    "null": b"null",
}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_bodies(client, path, body):
    """What is no JSON, or no request, is refused with a reason."""
    answer = client.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]


CASES = {
    "text for a number": ("/predict", {**GOOD, "age": "old"}, 422, "age", 1),
    "a list for a cell": ("/predict", [GOOD, {**GOOD, "age": [1, 2]}], 422, "age", 2),
    "an object for a cell": ("/predict", {**GOOD, "plan": {"a": 1}}, 422, "plan", 1),
    "no time": ("/predict", {**GOOD, "since": "tomorrow"}, 422, "since", 1),
    "a time before the first year": (
        "/invocations",
        {"dataframe_records": [{**GOOD, "since": "0001-01-01T00:00:00+23:00"}]},
        422,
        "since",
        1,
    ),
    "a column too few": ("/predict", {"age": 1, "is member": True, "plan": ""}, 422, "since", None),
    "no column": ("/predict", {}, 422, "age", None),
    "a list of cells too short": ("/predict", [[1, 2]], 422, None, 1),
    "a null row": ("/predict", [None], 422, None, 1),
    "instances that are an object": (f"{V1}:predict", {"instances": GOOD}, 400, None, None),
    "instances and inputs": (f"{V1}:predict", {"instances": [GOOD], "inputs": [GOOD]}, 400, None, None),
    "columns of two lengths": (
        f"{V1}:predict",
        {"inputs": {"age": [1], "is member": [1, 0], "plan": [""], "since": [""]}},
        422,
        None,
        None,
    ),
    "a column that is a number": (f"{V1}:predict", {"inputs": {"age": 1}}, 400, "age", None),
    "another signature": (f"{V1}:predict", {"signature_name": "x", "instances": []}, 400, None, None),
    "a signature that is a list": (f"{V1}:predict", {"signature_name": [], "instances": []}, 400, None, None),
    "examples of numbers": (f"{V1}:classify", {"examples": [1]}, 400, None, None),
    "a feature twice": (f"{V1}:classify", {"examples": [GOOD], "context": {"age": 1}}, 400, None, 1),
    "context that is a list": (f"{V1}:classify", {"examples": [GOOD], "context": []}, 400, None, None),
    "regress of classes": (f"{V1}:regress", {"examples": [GOOD]}, 400, None, None),
    "an unknown datatype": (f"{V2}/infer", tensor(datatype="COMPLEX"), 400, "age", None),
    "nothing of an unknown datatype": (
        f"{V2}/infer",
        tensor(datatype="COMPLEX", data=[None]),
        400,
        "age",
        None,
    ),
    "a size that is true": (f"{V2}/infer", tensor(shape=[True]), 400, "age", None),
    "a size that is a fraction": (f"{V2}/infer", tensor(shape=[1.0, 1]), 400, "age", None),
    "a datatype that is a list": (f"{V2}/infer", tensor(datatype=["FP32"]), 400, "age", None),
    "another shape": (f"{V2}/infer", tensor(shape=[1, 1, 1]), 422, "age", None),
    "a shape that does not fit": (f"{V2}/infer", tensor(shape=[2]), 400, "age", None),
    "a shape below zero": (f"{V2}/infer", tensor(shape=[-1]), 400, "age", None),
    "a shape of true": (f"{V2}/infer", tensor(shape=[True]), 400, "age", None),
    "an enormous shape": (f"{V2}/infer", tensor(shape=[2**62, 2**62]), 400, "age", None),
    "no shape": (f"{V2}/infer", tensor(shape=[]), 400, "age", None),
    "no data": (f"{V2}/infer", tensor(data=None), 400, "age", None),
    "text among numbers": (f"{V2}/infer", tensor(data=["41"]), 422, "age", 1),
    "an input without a name": (f"{V2}/infer", {"inputs": [{}]}, 400, None, None),
    "inputs of numbers": (f"{V2}/infer", {"inputs": [1]}, 400, None, None),
    "an input twice": (f"{V2}/infer", {"inputs": tensors_of([GOOD]) * 2}, 400, "age", None),
    "an id that is a number": (f"{V2}/infer", {"id": 5, **tensor()}, 400, None, None),
    "parameters that are a list": (f"{V2}/infer", {"parameters": [], **tensor()}, 400, None, None),
    "an unknown output": (f"{V2}/infer", {"outputs": [{"name": "x"}], **tensor()}, 400, None, None),
    "an output that is a list": (f"{V2}/infer", {"outputs": [{"name": []}], **tensor()}, 400, None, None),
    "two formats": ("/invocations", {"inputs": [], "instances": []}, 400, None, None),
    "no format": ("/invocations", {"rows": []}, 400, None, None),
    "a frame that is a list": ("/invocations", {"dataframe_split": []}, 400, None, None),
    "a frame of uneven rows": (
        "/invocations",
        {"dataframe_split": {"columns": ["age"], "data": [[1], []]}},
        400,
        None,
        2,
    ),
    "a frame's column twice": (
        "/invocations",
        {"dataframe_split": {"columns": ["age", "age"], "data": []}},
        400,
        None,
        None,
    ),
    "a frame's column that is a list": (
        "/invocations",
        {"dataframe_split": {"columns": [[]], "data": []}},
        400,
        None,
        None,
    ),
    "records that are an object": ("/invocations", {"dataframe_records": {}}, 400, None, None),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_rows_that_do_not_fit(client, case):
    """The answer names column and row where there is one to name."""
    path, body, status, column, row = case
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert told["error"]
    assert (told.get("column"), told.get("row")) == (column, row)


FILES = {
    "not UTF-8": (b"age\n\xff", 400),
    "no lines": (b"", 400),
    "a name twice": (b"age,age\n1,2\n", 400),
    "an uneven row": (b"age,is member,plan,since\n1,2\n", 400),
    "a cell that is no number": (b"age,is member,plan,since\nold,yes,gold,\n", 422),
    "a cell without an end": (b'age,is member,plan,since\n"' + b"x" * 200_000, 400),
    "a column missing": (b"age\n1\n", 422),
    "a zero byte": (b"age,is member,plan,since\n\x00,yes,gold,\n", 422),
}


@pytest.mark.parametrize("path", ["/predict", "/invocations"])
@pytest.mark.parametrize("case", FILES.values(), ids=FILES)
def test_files_that_do_not_fit(client, path, case):
    """CSV is refused as JSON is."""
    body, status = case
    answer = client.post(path, content=body, headers={"content-type": "text/csv"})
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "cell", ["NaN", "Infinity", "-Infinity", "1e400", "9" * 400, "-0.0", '"1e999"', '"\\u0000"']
)
def test_odd_numbers_are_missing_or_refused(client, cell):
    """No number is too odd: what is not finite is missing."""
    body = json.dumps({**GOOD, "age": 0}).replace('"age": 0', f'"age": {cell}')
    answer = client.post("/predict", content=body)
    assert answer.status_code == (422 if "u0000" in cell else 200), answer.text


def test_an_unknown_type_of_content(client):
    """MLflow refuses it with 415; a picture cannot be asked of a table."""
    assert client.post("/invocations", content=b"a", headers={"content-type": "a/b"}).status_code == 415
    assert client.post("/predict", content=b"a", headers={"content-type": "image/png"}).status_code == 415


def test_mlflow_clients_find_their_fields(client):
    """An error has what MLflow's own has."""
    told = client.post("/invocations", json=[]).json()
    assert told["error_code"] == "BAD_REQUEST"
    assert told["message"] == told["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/other",
        "/v1/models/other:predict",
        f"{V1}/versions/2:predict",
        f"{V1}:explain",
        f"{V2}/versions/x/infer",
        "/v2/models/",
        "/nothing",
        "/predict/",
    ],
)
def test_unknown_addresses(client, path):
    """Where nothing is, 404 says what there is."""
    answer = client.post(path, json={})
    assert answer.status_code == 404
    assert answer.json()["error"]


def test_the_wrong_method(client):
    """405 names the one that is understood."""
    for answer, allowed in (
        (client.get("/predict"), "POST"),
        (client.put(f"{V2}/infer"), "POST"),
        (client.post("/v2"), "GET"),
        (client.delete("/metrics"), "GET"),
    ):
        assert answer.status_code == 405
        assert answer.headers["allow"] == allowed
    assert client.head("/v2/health/live").status_code == 200


def test_another_network_can_be_named(client):
    """One that is not there is 404."""
    assert client.post(f"/predict?model={NAME}&version=1", json=GOOD).status_code == 200
    assert client.post("/predict?model=other", json=GOOD).status_code == 404
    assert client.post("/predict?version=9", json=GOOD).status_code == 404


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["age", "is member", "plan", "since", "name", "b64"]), inner),
    ),
    max_leaves=12,
)
KEYS = ("instances", "inputs", "examples", "dataframe_split", "dataframe_records", "outputs", "id", "context")


@settings(max_examples=40, deadline=None)
@given(path=st.sampled_from(POSTS), key=st.sampled_from(KEYS), value=JSON, cell=JSON)
def test_no_json_is_a_fault(client, path, key, value, cell):
    """Anything in any place is an answer or a refusal."""
    bodies = [value, {key: value}, {key: [{**GOOD, "plan": cell}]}, tensor(data=cell), tensor(shape=cell)]
    for body in bodies:
        text = json.dumps(body).encode("utf-8", "surrogatepass")
        assert client.post(path, content=text).status_code < 500
