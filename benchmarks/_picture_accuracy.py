"""Plain fine-tuning, each penalty alone, and `improve`, on pictures: jobs in processes of their own.

``python _picture_accuracy.py JOB`` with a job as JSON prints one JSON object. Used by `pictures.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from sklearn.metrics import accuracy_score, f1_score

import wellfit as wf
from wellfit.data import Pictures, holdout_split, read_pictures
from wellfit.models import load_model, with_new_head
from wellfit.records import Dataset, Task

PENALTIES: dict[str, dict[str, float]] = {
    "l1": {"l1": 1e-5},
    "l2": {"l2": 1e-4},
    "elastic_net": {"l1": 1e-5, "l2": 1e-4},
    "l2_sp": {"l2_sp": 1e-3},
}
METHODS = ("scratch", "fine_tuning", *PENALTIES, "improve")
_TEST, _EPOCHS, _BATCH = 0.2, 30, 32


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training.

    Attributes:
        method: one of `METHODS`.
        share: of the training pictures.
        split: number of the split into training and test pictures.
        budget_s: of `improve`.
        pictures: folder with a sub-folder for each class.
        weights: file of the pretrained network.
    """

    method: str
    share: float
    split: int
    budget_s: float
    pictures: str
    weights: str

    @property
    def key(self) -> str:
        """What tells it from the other jobs of a run."""
        return f"{self.method} {self.share:g} {self.split}"


def run(job: Job) -> dict[str, Any]:
    """Run a job in a new process and return its answer."""
    command = [sys.executable, __file__, json.dumps(asdict(job))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{job.key} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _answer(job: Job) -> dict[str, Any]:
    model = load_model(job.weights)
    pictures = read_pictures(job.pictures, size=tuple(model.input_shape[1:3]), channels=3)
    train, test = _rows(pictures, job)
    began = time.perf_counter()
    chosen = ""
    if job.method == "improve":
        study = wf.improve(
            _part(pictures, train), model=model, budget=job.budget_s, holdout=0.0, seed=job.split
        )
        trained = study.model
        assert trained is not None
        baseline, own = asdict(study.report.baseline), study.report.chosen
        changed = {} if own is None else {k: v for k, v in asdict(own).items() if v != baseline[k]}
        chosen = json.dumps(changed, default=str)
    else:
        trained = _fitted(model, pictures, train, job)
    seconds = time.perf_counter() - began
    labels = pictures.labels
    said = np.asarray(trained.predict(np.asarray(pictures.images[test], np.float32), verbose=0))
    own = np.asarray(trained.predict(np.asarray(pictures.images[train], np.float32), verbose=0))
    accuracy = accuracy_score(labels[test], said.argmax(1))
    return {
        "accuracy": accuracy,
        "macro_f1": f1_score(labels[test], said.argmax(1), average="macro"),
        "gap": accuracy_score(labels[train], own.argmax(1)) - accuracy,
        "seconds": seconds,
        "right": (said.argmax(1) == labels[test]).astype(int).tolist(),
        "num_train": len(train),
        "chosen": chosen,
    }


def _rows(pictures: Pictures, job: Job) -> tuple[np.ndarray, np.ndarray]:
    """Return training and test rows; near copies of a picture are on one side."""
    task = Task.MULTICLASS
    dataset = Dataset(
        inputs=(pictures.images,),
        input_names=("picture",),
        feature_names=((),),
        target=pictures.labels,
        task=task,
        class_names=pictures.class_names,
        groups=pictures.copies,
    )
    split = holdout_split(dataset, _TEST, 100 + job.split)
    train = np.asarray(split.train)
    if job.share < 1:
        rng = np.random.default_rng(job.split)
        parts = [train[pictures.labels[train] == code] for code in range(len(pictures.class_names))]
        train = np.sort(
            np.concatenate([rng.permutation(part)[: round(job.share * len(part))] for part in parts])
        )
    return train, np.asarray(split.validation)


def _part(pictures: Pictures, rows: np.ndarray) -> Pictures:
    return replace(
        pictures,
        images=pictures.images[rows],
        labels=pictures.labels[rows],
        copies=pictures.copies[rows],
        paths=tuple(pictures.paths[row] for row in rows),
    )


def _fitted(model: keras.Model, pictures: Pictures, train: np.ndarray, job: Job) -> keras.Model:
    """Return the network as plain Keras trains it: all layers, Adam with its default rate."""
    keras.utils.set_random_seed(job.split)
    network = with_new_head(wf.regularize(model, l1=0, l2=0, verbose=False), Task.MULTICLASS, 5)
    if job.method == "scratch":
        network = keras.models.clone_model(network)
        network.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    elif job.method in PENALTIES:
        network = wf.regularize(network, **PENALTIES[job.method], verbose=False)
    rows = np.asarray(pictures.images[train], np.float32)
    network.fit(rows, pictures.labels[train], epochs=_EPOCHS, batch_size=_BATCH, verbose=0)
    return network


if __name__ == "__main__":
    values = json.loads(sys.argv[1])
    print(json.dumps(_answer(Job(**values))))
