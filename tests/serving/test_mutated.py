"""Good requests with something in them exchanged: what found faults that hand-made cases did not."""

import base64
import copy
import json
import random

import numpy as np
import pytest
from bundle_samples import ROWS, picture_bundle, png, table_bundle
from server_samples import client_of, columns_of, tensors_of

PICTURE = np.full((4, 6, 3), 7).tolist()
TINY = {"b64": base64.b64encode(png(np.zeros((1, 1, 3), np.uint8))).decode()}
BASE = (
    ("/predict", ROWS),
    ("/predict?model=number", ROWS[:1]),
    ("/v1/models/table:predict", {"signature_name": "serving_default", "instances": ROWS}),
    ("/v1/models/table:predict", {"inputs": columns_of(ROWS)}),
    ("/v1/models/table:classify", {"examples": ROWS, "context": {}}),
    ("/v1/models/number:regress", {"examples": ROWS}),
    ("/v2/models/table/infer", {"id": "a", "inputs": tensors_of(ROWS), "outputs": [{"name": "prediction"}]}),
    ("/invocations", {"dataframe_split": {"columns": list(ROWS[0]), "data": [list(ROWS[0].values())]}}),
    ("/invocations", {"dataframe_records": ROWS, "params": {}}),
    ("/predict?model=pictures", [PICTURE, TINY]),
    ("/v1/models/pictures:predict", {"instances": [{"picture": TINY}, {"picture": PICTURE}]}),
    (
        "/v2/models/pictures/infer",
        {"inputs": [{"name": "picture", "shape": [1, 4, 6, 3], "datatype": "UINT8", "data": [PICTURE]}]},
    ),
)
VALUES = (
    None, True, 0, -1, 2**63, 2**64, 10**40, float("nan"), float("inf"), 0.5, 256, "", "a", "NaN", "\0",
    "é" * 50, "1e400", "\u0661", "(5)", "$", [], [[]], {}, {"a": 1}, TINY, {"b64": "AAAA"}, [1, [2]],
    "0000-00-00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:00", "24:00", "2026-W01-1",
)  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Serve a table with classes, one with a number, and pictures."""
    folder = tmp_path_factory.mktemp("served")
    table_bundle(folder / "table")
    table_bundle(folder / "number", regression=True)
    picture_bundle(folder / "pictures")
    with client_of(folder / "table", folder / "number", folder / "pictures") as made:
        yield made


def places(value, path=()):
    """Yield the way to every value inside."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


def mutated(body, draw):
    """Return a request with a value exchanged, left out, doubled or renamed."""
    path = draw.choice(list(places(body)))
    value = copy.deepcopy(draw.choice(VALUES))
    if not path:
        return value
    holder = body
    for key in path[:-1]:
        holder = holder[key]
    way = draw.random()
    if way < 0.15:
        del holder[path[-1]]
    elif way < 0.25 and isinstance(holder, list):
        holder.insert(path[-1], copy.deepcopy(holder[path[-1]]))
    elif way < 0.3 and isinstance(holder, dict):
        holder[str(value)] = holder.pop(path[-1])
    else:
        holder[path[-1]] = value
    return body


@pytest.mark.parametrize("seed", range(3))
def test_no_request_is_a_fault(client, seed):
    """Each is answered or refused, in JSON that every client reads; some of both."""
    draw = random.Random(seed)
    statuses = set()
    for _ in range(150):
        path, body = copy.deepcopy(draw.choice(BASE))
        for _ in range(draw.randint(1, 3)):
            body = mutated(body, draw)
        answer = client.post(path, content=json.dumps(body))
        assert answer.status_code < 500, (path, body, answer.text)
        json.loads(answer.text, parse_constant=pytest.fail)
        statuses.add(answer.status_code)
    assert {200, 400, 422} <= statuses
