"""ONNX in half precision, by ONNX Runtime's own converter.

Positions in time are still computed in single precision: a half has 11 bits, too few for the angle of frame 100. The
converter can leave operators as they are, but rounds what goes from one to the next, so these are taken out before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx
from onnxruntime.quantization.onnx_model import ONNXModel
from onnxruntime.transformers.float16 import convert_float_to_float16

_ANGLES = ("Sin", "Cos")


def halve(source: Path, target: Path) -> None:
    """Write a graph that computes in half precision; what goes in and comes out keeps its type."""
    model = onnx.load(source)
    angles = [node for node in model.graph.node if node.op_type in _ANGLES]
    ends = [name for node in angles for name in node.output]
    positions = _made_from_lengths(model.graph, angles)
    _take_out(model.graph, positions, ends)
    halved = convert_float_to_float16(model, keep_io_types=True)
    for entry in [entry for entry in halved.graph.input if entry.name in ends]:
        halved.graph.input.remove(entry)
    halved.graph.node.extend(positions)
    sorted_model = ONNXModel(halved)
    sorted_model.topological_sort()
    onnx.save(sorted_model.model, target)


def _made_from_lengths(graph: onnx.GraphProto, last: Sequence[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """Copies of some nodes and of all that they are computed from, back to the shapes; with names of their own."""
    makers = {name: node for node in graph.node for name in node.output}
    found: dict[str, onnx.NodeProto] = {}
    waiting = list(last)
    while waiting:
        node = waiting.pop()
        if node.op_type != "Shape" and node.output[0] not in found:
            found[node.output[0]] = node
            waiting += [makers[name] for name in node.input if name in makers]
    ends = {name for node in last for name in node.output}
    inside = {name: f"positions/{name}" for node in found.values() for name in node.output if name not in ends}
    copies = []
    for node in found.values():
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.name = f"positions/{node.name}"
        for names in (copy.input, copy.output):
            names[:] = [inside.get(name, name) for name in names]
        copies.append(copy)
    return copies


def _take_out(graph: onnx.GraphProto, copied: Sequence[onnx.NodeProto], ends: Sequence[str]) -> None:
    """Make the ends inputs of the graph, and remove the nodes that are of no use then."""
    names = {copy.name.removeprefix("positions/") for copy in copied}
    results = {output.name for output in graph.output}
    for node in [node for node in graph.node if set(node.output) & set(ends)]:
        graph.node.remove(node)
    while unused := [
        node
        for used in [results | {name for node in graph.node for name in node.input}]
        for node in graph.node
        if node.name in names and not used & set(node.output)
    ]:
        for node in unused:
            graph.node.remove(node)
    graph.input.extend(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in ends)
