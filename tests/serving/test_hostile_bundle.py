"""A bundle from a stranger loads, or says why not: whatever its files hold, with the right checksums."""

import hashlib
import json
from pathlib import Path

import pytest
from bundles import TABLE, write_bundle
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import wellfit as wf

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just({"name": "x"}),
    st.just("../../etc/passwd"),
    st.just(10**30),
)


def places_in(value, path=()):
    """Yield the path of every part of a JSON value."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield from places_in(part, (*path, key))


def replaced(value, path, odd):
    """Return a JSON value with another part at a path."""
    if not path:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], odd)
    return copy


def write(bundle: Path, name: str, text: str) -> None:
    """Put a file into a bundle, with its checksum in the manifest."""
    (bundle / name).write_text(text, "utf-8")
    manifest = json.loads((bundle / "bundle.json").read_text())
    manifest["files"][name] = hashlib.sha256((bundle / name).read_bytes()).hexdigest()
    (bundle / "bundle.json").write_text(json.dumps(manifest))


def load_or_refuse(bundle: Path) -> None:
    """Load a bundle and ask it; only errors with a reason may come."""
    try:
        wf.load(bundle).predict([{"x": 0.5, "c": "u"}])
    except wf.WellfitError:
        return


PLAIN = json.loads(TABLE.to_json())


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """Return a bundle whose files are exchanged again and again."""
    return write_bundle(tmp_path_factory.mktemp("bundle"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(list(places_in(PLAIN))), odd=ODD)
@example(path=("columns", 0, "tensor"), odd="c")
@example(path=("class_names",), odd=["yes"])
@example(path=("kind",), odd="arrays")
def test_odd_signatures_are_refused_or_harmless(bundle, path, odd):
    """One part of it is something else."""
    write(bundle, "signature.json", json.dumps(replaced(PLAIN, path, odd)))
    load_or_refuse(bundle)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_odd_manifests_are_refused_or_harmless(tmp_path_factory, data):
    """Names that lead elsewhere, checksums that are none, other versions."""
    folder = write_bundle(tmp_path_factory.mktemp("bundle"))
    manifest = json.loads((folder / "bundle.json").read_text())
    path = data.draw(st.sampled_from(list(places_in(manifest))))
    (folder / "bundle.json").write_text(json.dumps(replaced(manifest, path, data.draw(ODD))))
    load_or_refuse(folder)


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "sub/file", ".", "", "a\0b", "a" * 400, "\ud800"]
)
def test_files_outside_of_a_bundle_are_not_read(tmp_path, name):
    """A manifest names files of its own folder."""
    (tmp_path / "outside").write_text("secret")
    (tmp_path / "bundle").mkdir()
    folder = write_bundle(tmp_path / "bundle")
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["files"][name] = hashlib.sha256(b"secret").hexdigest()
    (folder / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(wf.FileReadError):
        wf.load(folder)


def test_a_signature_that_is_no_text_is_refused(tmp_path):
    """Bytes of no encoding, with the right checksum."""
    folder = write_bundle(tmp_path)
    damaged = (folder / "signature.json").read_bytes().replace(b'"x"', b'"\xff"')
    (folder / "signature.json").write_bytes(damaged)
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["files"]["signature.json"] = hashlib.sha256(damaged).hexdigest()
    (folder / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(wf.FileReadError, match="not the signature"):
        wf.load(folder)
