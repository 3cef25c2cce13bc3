"""One file a format, and one line here."""

from wellfit.formats._known._onnx import ONNX

FORMATS = {format.name: format for format in (ONNX,)}
