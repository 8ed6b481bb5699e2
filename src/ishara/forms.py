"""The forms that a recogniser's graph can have; apart, so that the command line can list them at once."""

from __future__ import annotations

from typing import Literal, get_args

Form = Literal["onnx", "onnx-int8", "onnx-fp16", "openvino", "exported-program"]
FORMS: tuple[Form, ...] = get_args(Form)
