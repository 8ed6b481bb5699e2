"""PyTorch's own exported form: a program of plain tensor operations with its weights in one ``.pt2`` file.

It is for whoever goes on in PyTorch (compiles it ahead of time, puts it into a larger program) and wants none of our
code for it. Ishara never opens one again: PyTorch unpickles parts of such a file, which is safe with one's own alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram
from torch.nn import functional as F

from ishara.errors import IsharaError
from ishara.export.parity import Batch, Run, compare, run_torch
from ishara.hush import hushed
from ishara.models.contract import SignModel
from ishara.recognizer.runtime import OUTPUTS

# Clips that it is traced with; nothing of it may depend on how many they are, and how long.
_LENGTHS = (23, 14, 9)
# PyTorch takes no size for 1 while it traces, and runs what it traced for 1 as well.
_FEWEST = 2
_MOST_SHOWN = 160


class _ByName(nn.Module):
    """A model whose outputs are a dictionary, which PyTorch can store without a class of ours.

    Parameters
    ----------
    spare
        Frames of padding that are put behind every clip.
    """

    def __init__(self, model: SignModel, spare: int) -> None:
        super().__init__()
        self.model = model
        self.spare = spare

    def forward(self, x: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """See `SignModel.forward`."""
        frames = mask.shape[1]
        if self.spare:
            x = F.pad(x, (0, 0) * (x.ndim - 2) + (0, self.spare))
            mask = F.pad(mask, (0, self.spare))
        outputs = dict(zip(OUTPUTS, self.model(x, mask), strict=True))
        return outputs | {"attention": outputs["attention"][:, :frames]}


def export_program(model: SignModel, path: Path, batches: Iterable[Batch], facts: Mapping[str, str]) -> None:
    """Write a model as an exported program, or nothing at all where it would differ from torch.

    Parameters
    ----------
    model
        In evaluation mode, on the processor.
    path
        The file to write (.pt2).
    batches
        On which what was written is read again and compared.
    facts
        Texts by name that are kept inside.

    Raises
    ------
    IsharaError
        If PyTorch cannot export the model, or an output of the file differs from the model's by more than
        :func:`~ishara.export.parity.compare` accepts.
    """
    partial = path.with_name(f"{path.stem}.part{path.suffix}")
    try:
        with hushed():
            torch.export.save(_exported(model), partial, extra_files=dict(facts))
        compare(run_torch(model), run_program(partial), batches, what="The exported program", source="torch")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def run_program(path: Path) -> Run:
    """What an exported program of our own gives for a batch."""
    # The guards hold what tracing happened to see of memory layouts too, and refuse lengths that come out right.
    program = torch.export.load(path).module(check_guards=False)

    def run(batch: Batch) -> Sequence[NDArray[Any]]:
        with torch.no_grad():
            outputs = program(torch.from_numpy(batch["x"]), torch.from_numpy(batch["mask"]))
        return [outputs[name].numpy() for name in OUTPUTS]

    return run


def _exported(model: SignModel) -> ExportedProgram:
    program = _traced(model, 0)
    shortest = max(int(bounds.lower) for bounds in program.range_constraints.values())
    # A model that halves time cannot be traced for clips of which one frame is left; padding changes nothing.
    return program if shortest <= _FEWEST else _traced(model, shortest - 1)


def _traced(model: SignModel, spare: int) -> ExportedProgram:
    shapes = {0: Dim.DYNAMIC, 1: Dim.DYNAMIC}
    example = model.random_clips(_LENGTHS, seed=0)
    try:
        with torch.no_grad(), redirect_stderr(StringIO()):
            return torch.export.export(_ByName(model, spare), example, dynamic_shapes={"x": shapes, "mask": shapes})
    except Exception as error:  # noqa: BLE001  PyTorch's errors of tracing share no public base class
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise IsharaError(
            f"torch.export cannot take {type(model).__name__} ({reason[:_MOST_SHOWN]}). Export it as onnx."
        ) from None
