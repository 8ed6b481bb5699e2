"""What an ONNX file is before it is run: for which opset it was written, and whether its weights are numbers.

ONNX Runtime tells neither, and the `onnx` package, which does, is no part of the core install. So the fields that are
asked for are read from the file: it is one protobuf message (``onnx.proto``), whose numbers stand below.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError

# What `ishara.export` writes, and all that is run.
OPSET = 18
_MODEL_GRAPH, _MODEL_OPSET = 7, 8
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_GRAPH_TENSOR = 5
_TENSOR_TYPE, _TENSOR_FLOATS, _TENSOR_NAME, _TENSOR_RAW, _TENSOR_EXTERNAL = 2, 4, 8, 9, 13
_DTYPES: dict[int, np.dtype[Any]] = {1: np.dtype("<f4"), 10: np.dtype("<f2"), 11: np.dtype("<f8")}
# Of a varint, and of fields that have a size of their own by their wire type.
_LONGEST_VARINT = 10
_SIZES = {1: 8, 5: 4}

Value = int | memoryview


def check_graph(path: Path) -> None:
    """Make sure that a file is an ONNX model of our opset, whole in itself, with weights that are numbers.

    Raises
    ------
    IsharaError
        If it is not; the message names what was found.
    """
    if not path.stat().st_size:
        raise IsharaError(f"{path}: is empty; expected an ONNX model.")
    try:
        _check(np.memmap(path, np.uint8, "r").data, path)
    except ValueError as error:
        raise IsharaError(f"{path}: is not an ONNX model ({error}).") from None


def _check(data: memoryview, path: Path) -> None:
    opsets: dict[str, int] = {}
    for number, value in _fields(data):
        if number == _MODEL_OPSET:
            opset = dict(_fields(_message(value)))
            opsets[_text(opset.get(_OPSET_DOMAIN, data[:0]))] = int(opset.get(_OPSET_VERSION, 0))
        elif number == _MODEL_GRAPH:
            for part, tensor in _fields(_message(value)):
                if part == _GRAPH_TENSOR:
                    _check_tensor(_message(tensor), path)
    if opsets != {"": OPSET}:
        found = ", ".join(f"{domain or 'ai.onnx'} {version}" for domain, version in sorted(opsets.items()))
        raise IsharaError(
            f"{path}: was written for opset {found or 'none'}; this version of Ishara runs ai.onnx {OPSET}. "
            "`ishara export` on the folder that was trained writes that."
        )


def _check_tensor(tensor: memoryview, path: Path) -> None:
    fields = dict(_fields(tensor))
    name = _text(fields.get(_TENSOR_NAME, tensor[:0]))
    if _TENSOR_EXTERNAL in fields:
        raise IsharaError(f"{path}: keeps {name!r} in another file; expected all weights inside.")
    dtype = _DTYPES.get(int(fields.get(_TENSOR_TYPE, 0)))
    if dtype is None:
        return
    content = _message(fields.get(_TENSOR_RAW, fields.get(_TENSOR_FLOATS, tensor[:0])))
    check_numbers(path, name, np.frombuffer(content, dtype))


def check_numbers(path: Path, name: str, numbers: NDArray[Any]) -> None:
    """Make sure that the weights of this name are numbers.

    Raises
    ------
    IsharaError
        If they are not finite. A single number may be infinite: what is not to be attended to is filled with it.
    """
    if np.isnan(numbers).any() or (numbers.size > 1 and not np.isfinite(numbers).all()):
        raise IsharaError(f"{path}: the weights {name!r} hold numbers that are not finite; train or export it again.")


def _fields(data: memoryview) -> Iterator[tuple[int, Value]]:
    """The fields of a protobuf message: number, and a whole number or bytes; a `ValueError` if it is none."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield key >> 3, value
            continue
        if kind == 2:
            size, place = _varint(data, place)
        elif kind in _SIZES:
            size = _SIZES[kind]
        else:
            raise ValueError("it holds a field of no known kind")
        if place + size > len(data):
            raise ValueError("it ends too early")
        yield key >> 3, data[place : place + size]
        place += size


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    """A whole number of seven bits a byte, the lowest first, and where it ends."""
    value = 0
    for shift, byte in enumerate(data[place : place + _LONGEST_VARINT]):
        value |= (byte & 127) << (7 * shift)
        if byte < 128:
            return value, place + shift + 1
    raise ValueError("it ends within a number")


def _message(value: Value) -> memoryview:
    if isinstance(value, int):
        raise ValueError("it holds a number in place of a message")
    return value


def _text(value: Value) -> str:
    return bytes(_message(value)).decode("utf-8", "replace")
