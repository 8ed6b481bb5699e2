"""Proof that one form of a model computes what another does, or at least what the contract of every model asks for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.models.contract import SignModel
from ishara.recognizer.runtime import OUTPUTS

# How far an output may be from torch's: absolutely, or relative to the largest of that output where this is above 10.
# There the last bits of float32, summed in another order, reach past 1e-4.
TOLERANCE, RELATIVE = 1e-4, 1e-5
# Lengths of clips on which parity is proven: short and long, alone and padded …
_PROBES = ((1,), (5, 2), (12,), (33, 24, 16), (130,))
# … the first two always, the others as long as they hold at most so many numbers; pictures are large.
_ALWAYS, _LARGEST = 2, 2_000_000
# How far from 1 a reduced form's attention over a clip may sum up.
_ATTENTION = 0.02

# ``x`` and ``mask`` as arrays.
Batch = dict[str, NDArray[Any]]
Run = Callable[[Batch], Sequence[NDArray[Any]]]


def probes(model: SignModel) -> Iterator[Batch]:
    """Clips of noise for a model, of several lengths, with and without padding."""
    for seed, lengths in enumerate(_PROBES):
        if seed < _ALWAYS or len(lengths) * max(lengths) * math.prod(model.input_shape) <= _LARGEST:
            x, mask = model.random_clips(lengths, seed)
            yield {"x": x.numpy(), "mask": mask.numpy()}


def run_torch(model: SignModel) -> Run:
    """What torch gives for a batch."""

    def run(batch: Batch) -> list[NDArray[Any]]:
        with torch.no_grad():
            outputs = model(torch.from_numpy(batch["x"]), torch.from_numpy(batch["mask"]))
        return [output.numpy() for output in outputs]

    return run


def compare(expected: Run, found: Run, batches: Iterable[Batch], *, what: str, source: str) -> float:
    """The largest difference between the outputs of two forms.

    Parameters
    ----------
    what, source
        What `found` and `expected` are, for the message.

    Raises
    ------
    IsharaError
        If it is above 1e-4, and above 1e-5 of the output's largest value, for any output, or not a number; the message
        names the output and the shape.
    """
    worst = 0.0
    for batch in batches:
        for name, ours, theirs in zip(OUTPUTS, expected(batch), found(batch), strict=True):
            same = ours.shape == theirs.shape
            difference = float(np.abs(ours - theirs).max()) if same else math.inf
            accepted = max(TOLERANCE, RELATIVE * float(np.abs(ours).max()))
            if not difference <= accepted < math.inf:
                by = f"by {difference:.2g}" if same else f"in shape, {theirs.shape} for {ours.shape},"
                raise IsharaError(
                    f"{what} differs from {source} in {name!r} {by} for {_described(batch)}; at most {accepted:.2g} is "
                    "accepted."
                )
            worst = max(worst, difference)
    return worst


def check_outputs(expected: Run, found: Run, batches: Iterable[Batch], *, what: str) -> None:
    """Make sure that a reduced form keeps the contract: shapes, finite numbers, attention that sums to 1.

    Raises
    ------
    IsharaError
        If it does not; the message names the output.
    """
    for batch in batches:
        outputs = dict(zip(OUTPUTS, found(batch), strict=True))
        for name, ours in zip(OUTPUTS, expected(batch), strict=True):
            if outputs[name].shape != ours.shape:
                raise IsharaError(
                    f"{what} gives {name!r} of the shape {outputs[name].shape} for {_described(batch)}; expected "
                    f"{ours.shape}."
                )
            if not np.isfinite(outputs[name]).all():
                raise IsharaError(f"{what} gives {name!r} that is not finite for {_described(batch)}.")
        attention = outputs["attention"]
        if np.abs(attention.sum(axis=1) - 1).max() > _ATTENTION or np.abs(attention[~batch["mask"]]).any():
            raise IsharaError(f"{what} gives 'attention' that does not sum to 1 over the frames of a clip.")


def _described(batch: Batch) -> str:
    clips, frames = batch["mask"].shape
    return f"{clips} clips of up to {frames} frames"
