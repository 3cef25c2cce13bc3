"""Keras networks, losses and optimizers as the Python code that makes them."""

from wellfit.models._code._layers import LayerCall, layer_calls
from wellfit.models._code._network import NetworkCode, network_code
from wellfit.models._code._training import (
    decayed_paths,
    logits_name,
    loss_code,
    metric_code,
    optimizer_code,
)
from wellfit.models._code._values import argument_code, call_code

__all__ = [
    "LayerCall",
    "NetworkCode",
    "argument_code",
    "call_code",
    "decayed_paths",
    "layer_calls",
    "logits_name",
    "loss_code",
    "metric_code",
    "network_code",
    "optimizer_code",
]
