"""Opening a recogniser whose graph gives only logits, as a foreign ONNX file may, to explain it in part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ishara.recognizer import OUTPUTS, Recognizer
from ishara.recognizer.folder import CALIBRATION, CONFIG, Config, find_recognizer, read_config, read_temperature, verify
from ishara.recognizer.graph import check_graph
from ishara.recognizer.runtime import OnnxRuntime, Provider, check_shapes

if TYPE_CHECKING:
    import onnxruntime as ort

_NEEDED = "logits"


def load(path: Path, *, threads: int | None = None, provider: Provider = "cpu") -> Recognizer:
    """`Recognizer.load`, that also takes a graph without `embedding` or `attention`; `lacks` tells which.

    Raises
    ------
    IsharaError
        As `Recognizer.load`, but for these outputs.
    """
    folder = find_recognizer(path)
    config = read_config(folder / CONFIG)
    if config.form != "openvino" and (folder / config.graph[0]).is_file():
        for name in (*config.graph, CALIBRATION):
            verify(folder, name, config)
        check_graph(folder / config.graph[0])
        runtime = PartialRuntime(folder / config.graph[0], config, threads, provider)
        if runtime.lacks:
            return Recognizer(folder, config, read_temperature(folder / CALIBRATION), runtime)
    return Recognizer.load(path, threads=threads, provider=provider)


def lacks(recognizer: Recognizer) -> tuple[str, ...]:
    """The outputs that a recogniser's graph does not have."""
    runtime = recognizer.runtime
    return runtime.lacks if isinstance(runtime, PartialRuntime) else ()


class PartialRuntime(OnnxRuntime):
    """An ONNX graph that gives logits, and perhaps not the other outputs; even weights stand for attention."""

    def __init__(self, path: Path, config: Config, threads: int | None, provider: Provider) -> None:
        super().__init__(path, config, threads, provider)
        given = {item.name for item in self._session.get_outputs()}
        self.lacks = tuple(name for name in OUTPUTS if name not in given)

    @staticmethod
    def _check(path: Path, config: Config, session: ort.InferenceSession) -> None:
        shapes = {item.name: list(item.shape) for item in (*session.get_inputs(), *session.get_outputs())}
        if _NEEDED in shapes:
            shapes = {name: [] for name in OUTPUTS} | shapes
        check_shapes(path, config, shapes)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
        """See `ishara.recognizer.runtime.Runtime`."""
        given = [name for name in OUTPUTS if name not in self.lacks]
        found = dict(zip(given, self._session.run(given, dict(inputs)), strict=True))
        mask = inputs["mask"].astype(np.float32)
        logits = found[_NEEDED]
        even = mask / np.maximum(mask.sum(axis=1, keepdims=True), 1)
        return [logits, found.get("embedding", logits), found.get("attention", even)]
