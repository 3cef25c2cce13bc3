"""One file a format, and one line here."""

from wellfit.formats._known._keras import KERAS
from wellfit.formats._known._litert import LITERT
from wellfit.formats._known._onnx import ONNX
from wellfit.formats._known._openvino import OPENVINO
from wellfit.formats._known._saved_model import SAVED_MODEL
from wellfit.formats._known._torch import TORCH

FORMATS = {format.name: format for format in (ONNX, KERAS, SAVED_MODEL, TORCH, LITERT, OPENVINO)}
