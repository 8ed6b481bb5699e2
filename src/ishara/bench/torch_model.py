"""A recogniser's weights run by PyTorch, as it computes by itself and with its fused attention."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from ishara.models.trained import trained_model
from ishara.recognizer.inputs import ModelInput, batches, pad


def gpu_name() -> str | None:
    """The GPU that PyTorch would use; None where it finds none."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else None


def synchronise() -> None:
    """Wait until the GPU has done all that it was given."""
    torch.cuda.synchronize()


def gpu_memory() -> dict[str, int]:
    """Bytes of the GPU's memory that PyTorch used and held at most."""
    return {
        "gpu_allocated_bytes": torch.cuda.max_memory_allocated(),
        "gpu_reserved_bytes": torch.cuda.max_memory_reserved(),
    }


class TorchRunner:
    """Runs clips as `Recognizer.run` does, in the same batches.

    Parameters
    ----------
    folder
        The recogniser's folder.
    fused
        With PyTorch's fused attention and without a record for gradients; else each product, softmax and sum by itself
        and with one, as a model runs that nobody has looked at.
    together
        The most clips of a batch.
    threads
        Of the process; None for as many as there are cores.
    device
        ``cpu`` or ``cuda``.
    """

    def __init__(self, folder: Path, *, fused: bool, together: int, threads: int | None, device: str) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self._model = trained_model(folder).to(device)
        self._fused = fused
        self._together = together
        self._device = device

    def __call__(self, clips: Sequence[ModelInput]) -> None:
        """Run clips, and wait for their logits."""
        unfused = nullcontext() if self._fused else sdpa_kernel(SDPBackend.MATH)
        with torch.inference_mode(self._fused), unfused:
            for members in batches([clip.x for clip in clips], self._together):
                given = pad([clips[i].x for i in members])
                x, mask = (torch.from_numpy(given[name]).to(self._device) for name in ("x", "mask"))
                self._model(x, mask).logits.detach().cpu()
