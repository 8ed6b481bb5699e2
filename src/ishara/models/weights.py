"""Weights in safetensors files: saved whole, loaded only where they are what was exported and every tensor fits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ishara.errors import IsharaError
from ishara.models.contract import SignModel
from ishara.pose.features import FeatureLayout
from ishara.recognizer.folder import CONFIG, find_recognizer, read_config, verify

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


def fit_weights(model: SignModel, given: dict[str, torch.Tensor], source: Path) -> None:
    """Put weights into a model; `source` names them in errors.

    Raises
    ------
    IsharaError
        As `check_fit`.
    """
    check_fit(model, given, source)
    model.load_state_dict(given)


def check_fit(model: SignModel, given: dict[str, torch.Tensor], source: Path) -> None:
    """Make sure that weights are a model's, which may be one without numbers; `source` names them in errors.

    Raises
    ------
    IsharaError
        If a tensor is missing, unknown or of another shape; the message names it.
    """
    own = model.state_dict()
    wrong = [name for name in own if name not in given or given[name].shape != own[name].shape]
    unknown = [name for name in given if name not in own]
    if wrong or unknown:
        parts = [_mismatch(name, own, given) for name in wrong[:5]] + [f"{name} is unknown" for name in unknown[:5]]
        raise IsharaError(f"{source}: does not fit this model: {'; '.join(parts)}.")


def load_pretrained(model: SignModel, path: Path, layout: FeatureLayout) -> list[str]:
    """Start a model from a trained recogniser's weights.

    The last layer is left as it is where the number of classes differs.

    Parameters
    ----------
    path
        A recogniser folder, or a run folder that holds one.
    layout
        What the model's input features are.

    Returns
    -------
    list[str]
        A sentence that names the tensors which do not come from there; none where all do.

    Raises
    ------
    IsharaError
        If there is no recogniser, its weights are not those that were exported, it looks at something else, was trained
        on other landmarks or features, or a tensor other than the last layer's does not fit (it is named).
    """
    folder = find_recognizer(path)
    config = read_config(folder / CONFIG)
    verify(folder, WEIGHTS, config)
    kind = "landmarks" if model.input_dtype == torch.float32 else "pixels"
    if config.input != kind:
        raise IsharaError(
            f"{folder}: looks at {config.input}, and this model at {kind}. Choose another model.pretrained."
        )
    own_names = {"landmarks": layout.landmarks, "features": layout.names} if config.input == "landmarks" else {}
    for what, ours in own_names.items():
        theirs = getattr(config, what)
        if tuple(theirs) != ours:
            raise IsharaError(
                f"{folder}: was trained on other {what} than this model is to see: {_difference(theirs, ours)}. Choose "
                "another model.pretrained, or give the recipe the pose and features sections of that one."
            )
    own = model.state_dict()
    given = load_weights(folder / WEIGHTS)
    last = [f"{model.classifier}.{part}" for part in ("weight", "bias")]
    classes = len(own[last[1]]), len(config.labels)
    origin = []
    if classes[0] != classes[1]:
        given |= {name: own[name] for name in last}
        origin = [f"{' and '.join(last)} are new, for {folder} has {classes[1]} classes and this model {classes[0]}."]
    fit_weights(model, given, folder / WEIGHTS)
    return origin


def _difference(theirs: Sequence[str], ours: Sequence[str]) -> str:
    if len(theirs) != len(ours):
        return f"{len(theirs)}, not {len(ours)}"
    first = next(i for i, (a, b) in enumerate(zip(theirs, ours, strict=True)) if a != b)
    return f"number {first + 1} is {theirs[first]!r}, not {ours[first]!r}"


def _mismatch(name: str, own: dict[str, torch.Tensor], given: dict[str, torch.Tensor]) -> str:
    found = f"has shape {tuple(given[name].shape)}" if name in given else "is missing"
    return f"{name} {found}, expected {tuple(own[name].shape)}"
