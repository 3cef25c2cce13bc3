"""Bundles of strangers, with checksums that are right: through `load`, `predict` and `monitor`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from random import Random

import keras

import wellfit as wf
from _fuzz_bytes import json_bytes, mutated_bytes, mutated_json
from _fuzz_study import ROW, rows, write_study
from _fuzz_target import Case, Reader
from wellfit.records import DataError, ModelError, SettingsError

_MANIFEST = "bundle.json"


class Bundles(Reader):
    """`load` and what it predicts, `predict` and `monitor`.

    Args:
        samples: folder that keeps the study whose bundle is changed.
    """

    refusals = (DataError, ModelError, SettingsError)

    def __init__(self, samples: Path) -> None:
        bundle = write_study(samples / "study") / "bundle"
        self._files = {path.name: path.read_bytes() for path in sorted(bundle.iterdir()) if path.is_file()}
        self._json = [name for name in self._files if name.endswith(".json") and name != _MANIFEST]
        self._rows = rows(30, 1)

    def draw(self, rng: Random) -> Case:
        """Return a bundle with one or two of its files changed."""
        files = dict(self._files)
        manifest = json.loads(files[_MANIFEST])
        changed = [rng.choice(self._json) for _ in range(rng.choice((1, 1, 1, 2)))]
        if rng.random() < 0.25:
            changed = [rng.choice(("model.onnx", "model.onnx", "network.keras", *files))]
        for name in dict.fromkeys(changed):
            is_json = name in self._json and rng.random() < 0.9
            files[name] = (
                json_bytes(rng, mutated_json(rng, json.loads(files[name])))
                if is_json
                else mutated_bytes(rng, files[name], files["model.onnx"])
            )
        manifest["files"] = {name: hashlib.sha256(files[name]).hexdigest() for name in manifest["files"]}
        if rng.random() < 0.15:
            manifest = mutated_json(rng, manifest)
            files[_MANIFEST] = json_bytes(rng, manifest)
        else:
            files[_MANIFEST] = json.dumps(manifest).encode()
        way = (
            "load"
            if "model.onnx" in changed or "signature.json" in changed
            else rng.choice(("load", "predict", "monitor"))
        )
        return Case(files={f"bundle/{name}": data for name, data in files.items()}, call={"way": way})

    def call(self, case: Case, folder: Path) -> None:
        """Ask it."""
        way = case.call["way"]
        if way == "load":
            model = wf.load(folder, num_threads=1)
            repr(model)
            model.predict([ROW])
            model.predict(self._rows)
            return
        if way == "predict":
            wf.predict(folder, self._rows)
        else:
            drift = wf.monitor(folder, self._rows)
            wf.report.monitor_text(drift)
            wf.report.monitor_html(drift)
        keras.backend.clear_session()
