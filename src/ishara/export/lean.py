"""ONNX for operations that the tracing exporter writes at length: fewer nodes, the same numbers.

- Attention: a padded key's score is lowered by a finite number. The exporter's own form adds -inf and then looks for
  NaN in every weight of every pair of frames, in case a clip had no frame at all; ours have one.
- Parting and joining the last axes: the sizes are known when the model is traced, so that nothing is computed of them.
- ``squeeze``: without a branch for an axis that is not 1 long, which OpenVINO cannot run.

What a form here could get wrong is found by `ishara.export.onnx.check_parity` before a file is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.onnx import (
    symbolic_helper,
    symbolic_opset9,
    symbolic_opset11,
    symbolic_opset13,
    symbolic_opset14,
)
from torch.onnx.utils import register_custom_op_symbolic, unregister_custom_op_symbolic

# Far below any score, and in half precision still the lowest number that there is.
_NEVER = -1e9


@contextmanager
def lean(opset: int) -> Iterator[None]:
    """Export with these forms inside the block."""
    for name, form in _FORMS.items():
        register_custom_op_symbolic(name, form, opset)
    try:
        yield
    finally:
        for name in _FORMS:
            unregister_custom_op_symbolic(name, opset)


def _attention(g: Any, q: Any, k: Any, v: Any, mask: Any, *others: Any) -> Any:
    """Softmax(q kᵀ / √d + mask) v; our models have no dropout here in use, no causal mask and no scale of their own."""
    size, rank = symbolic_helper._get_tensor_dim_size(q, -1), symbolic_helper._get_tensor_rank(k)
    if size is None or rank is None:
        return symbolic_opset14.scaled_dot_product_attention(g, q, k, v, mask, *others)
    swapped = [*range(rank - 2), rank - 1, rank - 2]
    scaled = g.op("Mul", q, _constant(g, size**-0.5, torch.float32))
    scores = g.op("MatMul", scaled, g.op("Transpose", k, perm_i=swapped))
    if not symbolic_helper._is_none(mask):
        zero, never = (_constant(g, number, torch.float32) for number in (0.0, _NEVER))
        scores = g.op("Add", scores, g.op("Where", mask, zero, never))
    return g.op("MatMul", g.op("Softmax", scores, axis_i=-1), v)


def _chunk(g: Any, x: Any, *, chunks: int, dim: int) -> Any:
    """Equal parts of an axis."""
    size = symbolic_helper._get_tensor_dim_size(x, dim)
    if size is None or size % chunks:
        return symbolic_opset11.prim_constant_chunk(g, x, chunks, dim)
    sizes = _constant(g, [size // chunks] * chunks, torch.int64)
    return g.op("Split", x, sizes, axis_i=dim, outputs=chunks)


def _unflatten(g: Any, x: Any, dim: Any, sizes: Any) -> Any:
    """The last axis parted into known sizes; a 0 in a shape is the size that the axis has."""
    rank, axis = symbolic_helper._get_tensor_rank(x), symbolic_helper._maybe_get_const(dim, "i")
    parts = symbolic_helper._maybe_get_const(sizes, "is")
    if rank is None or axis not in (-1, rank - 1) or not isinstance(parts, list | tuple):
        return symbolic_opset13.unflatten(g, x, dim, sizes)
    # The exporter's own look at shapes wants one size left open wherever others are carried over.
    if -1 not in parts:
        parts = [*parts[:-1], -1]
    return g.op("Reshape", x, _constant(g, [0] * (rank - 1) + list(parts), torch.int64))


def _flatten(g: Any, x: Any, start: Any, end: Any) -> Any:
    """The last axes joined."""
    rank = symbolic_helper._get_tensor_rank(x)
    first, last = (symbolic_helper._get_const(axis, "i", "axis") for axis in (start, end))
    if rank is None or last not in (-1, rank - 1) or first in (0, 1):
        return symbolic_opset9.flatten(g, x, first, last)
    return g.op("Reshape", x, _constant(g, [0] * (first % rank) + [-1], torch.int64))


def _squeeze(g: Any, x: Any, dim: Any = None) -> Any:
    if dim is None:
        return symbolic_helper._squeeze_helper(g, x, None)
    return symbolic_helper._squeeze_helper(g, x, [symbolic_helper._get_const(dim, "i", "dim")])


def _constant(g: Any, value: Any, dtype: torch.dtype) -> Any:
    return g.op("Constant", value_t=torch.tensor(value, dtype=dtype))


_FORMS: dict[str, Callable[..., Any]] = {
    "aten::scaled_dot_product_attention": _attention,
    "prim::ConstantChunk": _chunk,
    "aten::unflatten": _unflatten,
    "aten::flatten": _flatten,
    "aten::squeeze": _squeeze,
}
