"""PyTorch: an exported program (`.pt2`), which `torch.export.load` reads, by Keras' own exporter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wellfit.formats._format import Batch
from wellfit.formats._in_worker import worker_format
from wellfit.models import export_network, load_model

Array = Any


def convert(network: Path, target: Path) -> None:
    """Write a network for any number of rows."""
    import torch  # noqa: PLC0415  # pyright: ignore[reportMissingImports]

    rows = torch.export.Dim("rows", min=1)
    model = load_model(network)
    count = len(model.inputs)
    shapes = {0: rows} if count == 1 else [{0: rows}] * count
    export_network(model, target, "torch", dynamic_shapes=[(shapes,)])


def run(path: Path, batches: Sequence[Batch]) -> list[Array]:
    """Return what PyTorch says of each batch."""
    import torch  # noqa: PLC0415  # pyright: ignore[reportMissingImports]

    program = torch.export.load(str(path)).module()
    found: list[Array] = []
    with torch.no_grad():
        for batch in batches:
            tensors = [torch.from_numpy(one) for one in batch.values()]
            found.append(program(tensors[0] if len(tensors) == 1 else tensors).numpy())
    return found


TORCH = worker_format(
    __name__, name="torch", file="model.pt2", backend="torch", packages=("torch",), install="torch"
)
