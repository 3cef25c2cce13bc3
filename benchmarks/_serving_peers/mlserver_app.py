"""MLServer with the network: a runtime that ``model-settings.json`` names."""

from __future__ import annotations

import numpy as np
from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput
from onnx_rows import Network


class Rows(MLModel):
    """Inputs of the V2 protocol, one for each column."""

    async def load(self) -> bool:
        """Load the network."""
        self._network = Network()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Return probabilities."""
        tensors = {
            one.name: np.array(list(one.data), np.float64 if one.datatype == "FP64" else object).reshape(
                one.shape
            )
            for one in payload.inputs
        }
        values = self._network.run(tensors)
        output = ResponseOutput(
            name="probabilities", shape=list(values.shape), datatype="FP32", data=values.ravel().tolist()
        )
        return InferenceResponse(model_name=self.name, outputs=[output])
