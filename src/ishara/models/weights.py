"""Weights in safetensors files: saved whole, loaded only where every tensor fits."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ishara.errors import IsharaError
from ishara.models.contract import SignModel

WEIGHTS = "model.safetensors"


def save_weights(model: SignModel, path: Path) -> None:
    """Write a model's parameters and buffers."""
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}, path)


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    """Read a safetensors file.

    Raises
    ------
    IsharaError
        If the file is not there, or is damaged or of another kind.
    """
    if not path.is_file():
        raise IsharaError(f"{path}: there are no weights; expected a safetensors file, as `ishara train` writes.")
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise IsharaError(f"{path}: is not a whole safetensors file ({error}).") from None


def load_pretrained(model: SignModel, folder: Path) -> None:
    """Start a model from a recogniser folder's weights.

    The last layer is left as it is where the number of classes differs.

    Raises
    ------
    IsharaError
        If any other tensor is missing, unknown or of another shape; the message names them.
    """
    own = model.state_dict()
    given = load_weights(folder / WEIGHTS)
    last = [f"{model.classifier}.{part}" for part in ("weight", "bias")]
    if any(name in given and given[name].shape != own[name].shape for name in last):
        for name in last:
            given[name] = own[name]
    wrong = [name for name in own if name not in given or given[name].shape != own[name].shape]
    unknown = [name for name in given if name not in own]
    if wrong or unknown:
        parts = [_mismatch(name, own, given) for name in wrong[:5]] + [f"{name} is unknown" for name in unknown[:5]]
        raise IsharaError(f"{folder / WEIGHTS}: does not fit this model: {'; '.join(parts)}.")
    model.load_state_dict(given)


def _mismatch(name: str, own: dict[str, torch.Tensor], given: dict[str, torch.Tensor]) -> str:
    found = f"has shape {tuple(given[name].shape)}" if name in given else "is missing"
    return f"{name} {found}, expected {tuple(own[name].shape)}"
