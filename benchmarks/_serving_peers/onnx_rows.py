"""What each peer does with rows: the same ONNX file, and no more around it than it needs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime


class Network:
    """Predicts raw rows by the file that ``MODEL`` names."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(os.environ["MODEL"], options)
        self._inputs = [(one.name, one.type == "tensor(string)") for one in self._session.get_inputs()]

    def predict(self, rows: Sequence[Mapping[str, object]]) -> np.ndarray:
        """Return ``[row, class]`` probabilities of rows as objects."""
        tensors = {}
        for name, is_text in self._inputs:
            cells = [row[name] for row in rows]
            if is_text:
                values = np.array(["" if cell is None else cell for cell in cells], object)
            else:
                values = np.array(cells, np.float64)  # None becomes NaN
            tensors[name] = values.reshape(-1, 1)
        return self.run(tensors)

    def run(self, tensors: dict[str, np.ndarray]) -> np.ndarray:
        """Return ``[row, class]`` probabilities of arrays by input."""
        return self._session.run(["probabilities"], tensors)[0]


def answer(probabilities: Sequence[float]) -> dict[str, object]:
    """Return what is sent back for a row."""
    best = max(range(len(probabilities)), key=probabilities.__getitem__)
    names = ("no", "yes")
    return {
        "prediction": names[best],
        **{f"probability_{n}": p for n, p in zip(names, probabilities, strict=True)},
    }
