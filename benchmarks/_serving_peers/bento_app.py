"""BentoML with the network: ``bentoml serve bento_app:Rows`` or ``bento_app:Batched``."""

from __future__ import annotations

from typing import Any

import bentoml
from onnx_rows import Network, answer


@bentoml.service(workers=1, metrics={"enabled": True}, logging={"access": {"enabled": False}})
class Rows:
    """A row as JSON."""

    def __init__(self) -> None:
        self.network = Network()

    @bentoml.api(route="/predict")
    async def predict(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return the answer."""
        return answer(self.network.predict([row])[0].tolist())


@bentoml.service(workers=1, metrics={"enabled": True}, logging={"access": {"enabled": False}})
class Batched:
    """Rows of several requests at once."""

    def __init__(self) -> None:
        self.network = Network()

    @bentoml.api(route="/predict", batchable=True, max_batch_size=64, max_latency_ms=10_000)
    async def predict(self, row: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the answers."""
        return [answer(one) for one in self.network.predict(row).tolist()]
