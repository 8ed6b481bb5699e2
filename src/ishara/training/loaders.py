"""What each process of a `DataLoader` does first."""

from __future__ import annotations

import os

import torch

from ishara.training.allocator import keep_freed_memory

# Loaders ask for this much less of the processor; the system's scale ends there.
_NICE = 19
# A clip's pictures are given back. Among what is kept for ever, such as videos' indices, their place would be taken by
# something small before the next clip came, and a loader would grow with each clip that it has not read before.
_LARGEST_KEPT, _MOST_KEPT = 4 * 2**20, 64 * 2**20


def begin_loader(_: int) -> None:
    """Keep what small freed memory there is, and give way to the step where that is done by the same processor.

    A step on a CPU is done by several threads that wait for each other: where a loader has the core of one of them,
    the cores of the others wait too. Loaders that fill the gaps instead make an epoch on two cores an eighth shorter.

    Parameters
    ----------
    _
        The loader's number, which a `DataLoader` gives.
    """
    keep_freed_memory(_LARGEST_KEPT, _MOST_KEPT)
    if not torch.cuda.is_available() and hasattr(os, "nice"):
        os.nice(_NICE)
