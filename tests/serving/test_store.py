"""Where bundles lie, and their exchange while they serve."""

import asyncio
import json
import shutil

import numpy as np
import pytest
from bundle_samples import ROWS, scores, softmax, table_bundle
from server_samples import NAME, client_of

from wellfit.records import FileReadError, SettingsError
from wellfit.serving.http import Store
from wellfit.serving.http._batch import Rows
from wellfit.serving.http._places import find_places


def places(*folders, name=""):
    """Return names and versions of what is found."""
    return [(one.name, one.version) for one in find_places(folders, name)]


def manifest(folder):
    """Write what marks a bundle."""
    folder.mkdir(parents=True)
    (folder / "bundle.json").write_text("{}")
    return folder


def test_a_study_and_its_bundle_have_one_name(tmp_path):
    """Whichever is named, the network is called as the study."""
    bundle = manifest(tmp_path / "study" / "bundle")
    assert places(bundle.parent) == places(bundle) == [("study", "1")]
    assert places(bundle, name="churn") == [("churn", "1")]


def test_versions_are_folders(tmp_path):
    """One network with versions, or several; what is no version is left alone."""
    for path in ("churn/9", "churn/10", "price/a/bundle", "price/.part"):
        manifest(tmp_path / path)
    (tmp_path / "churn" / "notes").mkdir()
    assert places(tmp_path / "churn") == [("churn", "10"), ("churn", "9")]
    assert places(tmp_path) == [("churn", "10"), ("churn", "9"), ("price", "a")]


def test_what_cannot_be_served_is_refused(tmp_path):
    """The error says what is expected."""
    with pytest.raises(FileReadError, match="no bundle"):
        places(tmp_path)
    one, other = manifest(tmp_path / "a" / "churn"), manifest(tmp_path / "b" / "churn")
    with pytest.raises(SettingsError, match="two bundles"):
        places(one, other)
    with pytest.raises(SettingsError, match="address"):
        places(manifest(tmp_path / "my churn"))
    with pytest.raises(SettingsError, match="--name"):
        places(one, tmp_path / "my churn", name="both")


def shift_of(client, path="/predict"):
    """Return which network answers, by its numbers."""
    answer = client.post(path, json=ROWS)
    assert answer.status_code == 200, answer.text
    found = [[value for name, value in row.items() if name != "prediction"] for row in answer.json()]
    for shift in (0.0, 1.0, 2.0):
        if np.allclose(found, softmax(scores(ROWS, shift)), rtol=1e-4, atol=1e-7):
            return shift
    raise AssertionError("no network has these numbers")


def look(client):
    """Let the server look at its folders now, as it does every second."""

    async def looked():
        if await client.app._store.look():
            client.app._changed()

    client.portal.call(looked)


def test_a_changed_bundle_is_exchanged(tmp_path):
    """The same address answers by the new network."""
    folder = table_bundle(tmp_path / NAME)
    with client_of(folder) as client:
        assert shift_of(client) == 0.0
        look(client)
        assert shift_of(client) == 0.0
        table_bundle(folder, shift=1.0)
        look(client)
        assert shift_of(client) == 1.0
        assert "wellfit_exchanges_total 1.0" in client.get("/metrics").text


def test_a_damaged_bundle_is_not_exchanged(tmp_path):
    """Half a copy leaves the earlier network in service; it is said once, and mended copies are taken."""
    folder = table_bundle(tmp_path / NAME)
    with client_of(folder) as client:
        said = []
        client.app._store.say = said.append
        graph = (folder / "model.onnx").read_bytes()
        (folder / "model.onnx").write_bytes(graph[:100])
        (folder / "bundle.json").write_text((folder / "bundle.json").read_text() + " ")
        for _ in range(2):
            look(client)
            assert shift_of(client) == 0.0
        assert len(said) == 1
        assert "not exchanged" in said[0]
        table_bundle(folder, shift=2.0)
        look(client)
        assert shift_of(client) == 2.0
        (folder / "bundle.json").unlink()
        look(client)
        assert shift_of(client) == 2.0


def test_the_newest_version_answers(tmp_path):
    """A version that is added answers where none is named; one that is taken away does not."""
    table_bundle(tmp_path / NAME / "9")
    with client_of(tmp_path) as client:
        assert shift_of(client) == 0.0
        table_bundle(tmp_path / NAME / "10", shift=1.0)
        look(client)
        assert shift_of(client) == 1.0
        assert shift_of(client, "/predict?version=9") == 0.0
        path = f"/v1/models/{NAME}/versions/9:predict"
        assert client.post(path, json={"instances": ROWS}).status_code == 200
        assert len(client.get(f"/v1/models/{NAME}").json()["model_version_status"]) == 2
        assert client.get(f"/v2/models/{NAME}").json()["versions"] == ["9", "10"]
        shutil.rmtree(tmp_path / NAME / "9")
        look(client)
        assert client.post(path, json={"instances": ROWS}).status_code == 404
        assert shift_of(client) == 1.0


def test_a_network_that_is_asked_keeps_its_graph(tmp_path):
    """A request that has begun ends with the network that it began with."""
    folder = table_bundle(tmp_path / NAME)
    store = Store([folder], say=lambda line: None)
    store.load()

    async def both():
        model = store.default
        table_bundle(folder, shift=1.0)
        assert await store.look()
        return [
            await one.batcher.predict(Rows(one.reader.read_rows(ROWS), 3)) for one in (model, store.default)
        ]

    old, new = asyncio.run(both())
    store.close()
    np.testing.assert_allclose(old, softmax(scores(ROWS)), rtol=1e-4)
    np.testing.assert_allclose(new, softmax(scores(ROWS, 1.0)), rtol=1e-4)


def test_a_bundle_that_was_not_exported(tmp_path):
    """It says how to export it."""
    folder = tmp_path / NAME
    folder.mkdir()
    (folder / "bundle.json").write_text(json.dumps({"version": 1, "files": {}}))
    with pytest.raises(FileReadError, match="wellfit export"):
        Store([folder]).load()
