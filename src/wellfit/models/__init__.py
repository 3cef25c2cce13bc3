"""Keras networks: loading, reading their structure, changing it, saving. The only importer of keras."""

from wellfit.models._compile import TrainingSetup, output_activation, training_setup
from wellfit.models._function import NetworkFunction, VariableInfo, initial_value, network_function
from wellfit.models._layout import (
    Axis,
    DepthBlock,
    Layout,
    OutputLayout,
    Segment,
    VariableLayout,
    WidthGroup,
    find_layout,
)
from wellfit.models._optimizer import OptimizerFunction, optimizer_function
from wellfit.models._points import DropoutPoint, dropout_points
from wellfit.models._reference import dense_stack, reference_width, residual_mlp
from wellfit.models._resize import (
    group_units,
    last_blocks,
    narrow,
    narrowing_indices,
    resize,
    slice_weights,
)
from wellfit.models._surgery import with_dropout

__all__ = [
    "Axis",
    "DepthBlock",
    "DropoutPoint",
    "Layout",
    "NetworkFunction",
    "OptimizerFunction",
    "OutputLayout",
    "Segment",
    "TrainingSetup",
    "VariableInfo",
    "VariableLayout",
    "WidthGroup",
    "dense_stack",
    "dropout_points",
    "find_layout",
    "group_units",
    "initial_value",
    "last_blocks",
    "narrow",
    "narrowing_indices",
    "network_function",
    "optimizer_function",
    "output_activation",
    "reference_width",
    "residual_mlp",
    "resize",
    "slice_weights",
    "training_setup",
    "with_dropout",
]
