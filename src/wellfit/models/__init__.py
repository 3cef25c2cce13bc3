"""Keras networks: loading, reading their structure, changing it, saving. The only importer of keras."""

from wellfit.models._average import averaged
from wellfit.models._before_head import before_head
from wellfit.models._branches import depth_shares, num_branches, with_stochastic_depth
from wellfit.models._bytes import (
    backend_name,
    custom_modules,
    model_from_bytes,
    model_to_bytes,
    setup_from_plain,
    setup_to_plain,
)
from wellfit.models._chosen import Model, chosen_model, predict_plain
from wellfit.models._class_maps import ClassMaps, class_maps
from wellfit.models._code import (
    LayerCall,
    NetworkCode,
    argument_code,
    call_code,
    decayed_paths,
    layer_calls,
    logits_name,
    loss_code,
    metric_code,
    network_code,
    optimizer_code,
)
from wellfit.models._compile import TrainingSetup, output_activation, training_setup
from wellfit.models._convolutional import small_cnn
from wellfit.models._convolutions import Geometry
from wellfit.models._cost import products_per_row
from wellfit.models._ending import output_bias
from wellfit.models._exporters import export_network
from wellfit.models._feature_network import feature_network
from wellfit.models._fit import check_fit
from wellfit.models._freeze import Stage, freeze, num_frozen, stages, trained_products, unfreeze
from wellfit.models._frozen_front import FrozenFront, frozen_front
from wellfit.models._function import (
    NetworkFunction,
    VariableInfo,
    alpha_dropped,
    network_function,
    packed_inputs,
)
from wellfit.models._gradients import gradients
from wellfit.models._kernels import (
    held_kernels,
    held_to_norm,
    hidden_kernels,
    orthogonality,
    rate_factors,
    reached,
)
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
from wellfit.models._learned import learned_weights
from wellfit.models._learning_rates import learning_rates, num_kernel_layers, shorten_steps
from wellfit.models._load import BUILT_IN, ModelSpec, NetworkShape, load_model, needs_shape
from wellfit.models._moved import RowMover
from wellfit.models._new_head import with_new_head
from wellfit.models._optimizer import OptimizerFunction, optimizer_function
from wellfit.models._penalties import penalty, with_penalties
from wellfit.models._penalty_table import WeightPenalty, penalties
from wellfit.models._points import (
    DropoutPoint,
    dropout_points,
    hidden_ends,
    input_places,
    points_at,
    scales_inputs,
)
from wellfit.models._preprocessing import (
    PictureRange,
    Preprocessing,
    picture_range,
    preprocessing,
    with_preprocessing,
)
from wellfit.models._probe import weight_values
from wellfit.models._reading import NetworkFacts, read_network, trainable_paths
from wellfit.models._rebuild import set_weights
from wellfit.models._reference import dense_stack, reference_width, residual_mlp
from wellfit.models._regularize import regularize
from wellfit.models._repair import (
    activations,
    normalized,
    recalibrated,
    unfrozen,
    with_output,
    with_weights,
    without_decay,
)
from wellfit.models._resize import (
    group_units,
    last_blocks,
    narrow,
    narrowing_indices,
    resize,
    slice_weights,
)
from wellfit.models._restructure import restructured, with_input_width
from wellfit.models._save import save_plain, summary_lines
from wellfit.models._schedules import LONG_SCHEDULES, long_schedule
from wellfit.models._seize import Seizure
from wellfit.models._seized_fit import SeizedFit, data_of, model_before, read_pipelines
from wellfit.models._structures import StructureFacts, has_periodic, structure_facts
from wellfit.models._surgery import scaled_rate, with_activity_penalty, with_dropout, with_input_noise
from wellfit.models._tabular import tabular_mlp
from wellfit.models._temperature import can_temper, cool, with_temperature
from wellfit.models._test_views import VIEWS, View, can_view, seen_in, with_test_views, without_test_views
from wellfit.models._transfer import Transfer, transfer_weights
from wellfit.models._variant import Variant, build_variant, row_losses, weights_of_variant
from wellfit.models._watch import WatchCallback, data_loss
from wellfit.models._way_in import WayIn, way_in

__all__ = [
    "BUILT_IN",
    "LONG_SCHEDULES",
    "VIEWS",
    "Axis",
    "ClassMaps",
    "DepthBlock",
    "DropoutPoint",
    "FrozenFront",
    "Geometry",
    "LayerCall",
    "Layout",
    "Model",
    "ModelSpec",
    "NetworkCode",
    "NetworkFacts",
    "NetworkFunction",
    "NetworkShape",
    "OptimizerFunction",
    "OutputLayout",
    "PictureRange",
    "Preprocessing",
    "RowMover",
    "Segment",
    "SeizedFit",
    "Seizure",
    "Stage",
    "StructureFacts",
    "TrainingSetup",
    "Transfer",
    "VariableInfo",
    "VariableLayout",
    "Variant",
    "View",
    "WatchCallback",
    "WayIn",
    "WeightPenalty",
    "WidthGroup",
    "activations",
    "alpha_dropped",
    "argument_code",
    "averaged",
    "backend_name",
    "before_head",
    "build_variant",
    "call_code",
    "can_temper",
    "can_view",
    "check_fit",
    "chosen_model",
    "class_maps",
    "cool",
    "custom_modules",
    "data_loss",
    "data_of",
    "decayed_paths",
    "dense_stack",
    "depth_shares",
    "dropout_points",
    "export_network",
    "feature_network",
    "find_layout",
    "freeze",
    "frozen_front",
    "gradients",
    "group_units",
    "has_periodic",
    "held_kernels",
    "held_to_norm",
    "hidden_ends",
    "hidden_kernels",
    "input_places",
    "last_blocks",
    "layer_calls",
    "learned_weights",
    "learning_rates",
    "load_model",
    "logits_name",
    "long_schedule",
    "loss_code",
    "metric_code",
    "model_before",
    "model_from_bytes",
    "model_to_bytes",
    "narrow",
    "narrowing_indices",
    "needs_shape",
    "network_code",
    "network_function",
    "normalized",
    "num_branches",
    "num_frozen",
    "num_kernel_layers",
    "optimizer_code",
    "optimizer_function",
    "orthogonality",
    "output_activation",
    "output_bias",
    "packed_inputs",
    "penalties",
    "penalty",
    "picture_range",
    "points_at",
    "predict_plain",
    "preprocessing",
    "products_per_row",
    "rate_factors",
    "reached",
    "read_network",
    "read_pipelines",
    "recalibrated",
    "reference_width",
    "regularize",
    "residual_mlp",
    "resize",
    "restructured",
    "row_losses",
    "save_plain",
    "scaled_rate",
    "scales_inputs",
    "seen_in",
    "set_weights",
    "setup_from_plain",
    "setup_to_plain",
    "shorten_steps",
    "slice_weights",
    "small_cnn",
    "stages",
    "structure_facts",
    "summary_lines",
    "tabular_mlp",
    "trainable_paths",
    "trained_products",
    "training_setup",
    "transfer_weights",
    "unfreeze",
    "unfrozen",
    "way_in",
    "weight_values",
    "weights_of_variant",
    "with_activity_penalty",
    "with_dropout",
    "with_input_noise",
    "with_input_width",
    "with_new_head",
    "with_output",
    "with_penalties",
    "with_preprocessing",
    "with_stochastic_depth",
    "with_temperature",
    "with_test_views",
    "with_weights",
    "without_decay",
    "without_test_views",
]
