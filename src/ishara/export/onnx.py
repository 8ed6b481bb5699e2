"""ONNX: export with dynamic batch and length, and proof that it computes what torch does."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnxruntime as ort
import torch

from ishara.errors import IsharaError
from ishara.export.lean import lean
from ishara.export.parity import TOLERANCE, compare, probes, run_torch
from ishara.hush import hushed
from ishara.models.contract import SignModel
from ishara.recognizer.graph import OPSET
from ishara.recognizer.runtime import OUTPUTS

__all__ = ["OPSET", "TOLERANCE", "check_parity", "export_onnx"]

_KNOWN = (
    ("Converting a tensor to a Python", Warning),
    ("Using len to get tensor shape", Warning),
    ("You are using the legacy TorchScript-based ONNX export", DeprecationWarning),
    ("The feature will be removed", DeprecationWarning),
    ("Exporting a model to ONNX with a batch_size other than 1, with a variable length with LSTM", UserWarning),
    ("Constant folding - Only steps=1 can be constant folded", UserWarning),
)


def export_onnx(model: SignModel, path: Path) -> None:
    """Write a model as ONNX fp32, or nothing at all where it would differ from torch.

    Parameters
    ----------
    model
        In any mode; it is exported in evaluation mode.
    path
        The file to write.

    Raises
    ------
    IsharaError
        If an output of the file differs from torch's by more than 1e-4 (1e-5 of its largest value where
        that is above 10); the message names it.
    """
    model = model.cpu().eval()
    partial = path.with_name(path.name + ".part")
    x, mask = model.random_clips((7, 4), seed=0)
    frames = {0: "batch", 1: "frames"}
    batch = {0: "batch"}
    # The exporter that traces: it takes packed LSTMs, and is far faster than the one that goes through
    # torch.export. What it could get wrong, a shape frozen into the graph, the parity check would find.
    with torch.no_grad(), _quiet(), hushed(), lean(OPSET):
        torch.onnx.export(
            model,
            (x, mask),
            str(partial),
            dynamo=False,
            opset_version=OPSET,
            input_names=["x", "mask"],
            output_names=list(OUTPUTS),
            dynamic_axes={"x": frames, "mask": frames, "attention": frames, "logits": batch, "embedding": batch},
        )
    try:
        check_parity(model, partial)
    except IsharaError as error:
        partial.unlink()
        raise IsharaError(f"{error} Nothing was written.") from None
    partial.replace(path)


def check_parity(model: SignModel, path: Path) -> float:
    """The largest difference between torch's outputs and an ONNX file's, over lengths, with and without padding.

    Raises
    ------
    IsharaError
        If it is above what :func:`~ishara.export.parity.compare` accepts; the message names the output and the shape.
    """
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return compare(
        run_torch(model),
        lambda batch: session.run(OUTPUTS, batch),
        probes(model),
        what="The ONNX export",
        source="torch",
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop what the tracing exporter is known to say, and nothing else.

    That it is the older one, which is chosen; that a slice is left as it is; that what Python decided while tracing is
    frozen into the graph; and that an LSTM may be tied to the batch size that it was traced with. `check_parity` would
    find the last two, with other batch sizes and lengths than the traced ones, before a file is written.
    """
    with warnings.catch_warnings():
        for message, category in _KNOWN:
            warnings.filterwarnings("ignore", message, category)
        yield
