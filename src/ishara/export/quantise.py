"""ONNX with 8-bit weights and activations, by ONNX Runtime's own tools.

Weights are kept per output channel, in 7 of the 8 bits: processors without VNNI add up products of full 8-bit numbers
in 16 bits, where they are cut off, and what is measured on one machine shall hold on the others. Only products with
weights are quantised; those of attention, of activations with each other, lose more than they gain.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from ishara.recognizer.inputs import pad

_DYNAMIC = ("MatMul", "Gemm")
_STATIC = ("MatMul", "Gemm", "Conv")


def quantise_dynamic(source: Path, target: Path) -> None:
    """Write a graph whose activations are scaled as they come, over a whole batch; it needs no clips."""
    with _quiet():
        quantize_dynamic(
            source, target, op_types_to_quantize=list(_DYNAMIC), per_channel=True, reduce_range=True,
            weight_type=QuantType.QInt8,
        )  # fmt: skip


def quantise_static(source: Path, target: Path, clips: Iterable[NDArray[Any]]) -> None:
    """Write a graph whose activations are scaled by the ranges that they have for some clips, (T_i, …) each."""
    prepared = target.with_name(target.name + ".prepared")
    with _quiet():
        # Shapes of all that stands between the operators; the tool that finds those that vary is not needed for it.
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            prepared, target, _Clips(clips), quant_format=QuantFormat.QDQ, per_channel=True, reduce_range=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            nodes_to_quantize=_products_with_weights(prepared),
        )  # fmt: skip
    prepared.unlink()
    _keep_own_opset(target)


class _Clips(CalibrationDataReader):
    """Clips, one by one, as the quantiser asks for them."""

    def __init__(self, clips: Iterable[NDArray[Any]]) -> None:
        self._inputs = iter(pad([clip]) for clip in clips)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """The inputs of the next clip; None after the last."""
        return next(self._inputs, None)


def _products_with_weights(graph: Path) -> list[str]:
    model = onnx.load(graph)
    weights = {tensor.name for tensor in model.graph.initializer}
    return [node.name for node in model.graph.node if node.op_type in _STATIC and node.input[1] in weights]


def _keep_own_opset(path: Path) -> None:
    """Take out the names of operator sets that ONNX Runtime writes into every file and no operator is from."""
    model = onnx.load(path)
    used = {node.domain for node in model.graph.node}
    kept = [opset for opset in model.opset_import if opset.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    onnx.save(model, path)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the advice that is logged for every graph: to prepare it first, which `quantise_static` does."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
