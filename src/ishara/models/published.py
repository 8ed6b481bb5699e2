"""Weights that others published: config.json and one file of tensors, from a folder or the Hugging Face hub.

Nothing here unpickles freely, and nothing is left to chance: what is not there, or does not fit, is an error.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import torch

from ishara.errors import IsharaError
from ishara.models.weights import load_weights
from ishara.recognizer.folder import CONFIG, INSIDE_RUN

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
# For the hub's first answer, in seconds; the hub's own library would try for ten times as long.
_PATIENCE = 3.0
_PATIENCE_SETTING = "HF_HUB_ETAG_TIMEOUT"


@dataclass(frozen=True)
class Published:
    """A published model.

    Parameters
    ----------
    source
        The folder or hub id that it was asked for by.
    config
        What ``config.json`` says.
    weights
        Its tensors, under their published names.
    """

    source: str
    config: Mapping[str, Any]
    weights: Mapping[str, torch.Tensor]

    def expect(self, key: str, ours: object, option: str) -> None:
        """Refuse where ``config.json`` says something else than the model is; what it does not say is not judged.

        Parameters
        ----------
        option
            What says so of our model.

        Raises
        ------
        IsharaError
            If it does; the message names both.
        """
        theirs = self.config.get(key, ours)
        if theirs != ours:
            raise IsharaError(
                f"{self.source}: its {CONFIG} has {key}: {theirs!r}, and this model has {ours!r} ({option}). "
                "Make both the same, or choose other weights."
            )


def fetch(source: str) -> Published:
    """Read a published model.

    Parameters
    ----------
    source
        A folder, or an id on the Hugging Face hub such as ``microsoft/resnet-18``: looked up in the hub's cache, and
        downloaded where it is not there.

    Raises
    ------
    IsharaError
        If a file is missing (the message says which, and where to put it), damaged, or more than tensors.
    """
    config, weights = find(source)
    return Published(source, _read_config(config), _read_weights(weights))


def find(source: str) -> tuple[Path, Path]:
    """Where a published model's ``config.json`` and tensors lie: downloaded if need be, and not yet read.

    Parameters
    ----------
    source
        As for `fetch`.

    Raises
    ------
    IsharaError
        If a file is missing; the message says which, and where to put it.
    """
    return _in_folder(Path(source)) if Path(source).is_dir() else _from_hub(source)


def is_recognizer(path: Path) -> bool:
    """Whether a path is one of our own recognisers, or its run; a published model has ``config.json`` too."""
    for folder in (path, path / INSIDE_RUN):
        if (folder / CONFIG).is_file():
            return "recipe" in _read_config(folder / CONFIG)
    return False


def _in_folder(folder: Path) -> tuple[Path, Path]:
    weights = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    missing = [] if (folder / CONFIG).is_file() else [CONFIG]
    if weights is None:
        missing.append(" or ".join(WEIGHTS))
    if weights is None or missing:
        raise IsharaError(f"{folder}: {' and '.join(missing)} not found there; both come with a published model.")
    return folder / CONFIG, weights


def _from_hub(source: str) -> tuple[Path, Path]:
    from huggingface_hub.errors import HFValidationError

    try:
        return _download(source, CONFIG), _download(source, *WEIGHTS)
    except HFValidationError:
        raise IsharaError(
            f"{source}: is neither a folder nor an id on the Hugging Face hub, such as microsoft/resnet-18."
        ) from None
    # Besides the hub's own errors, whatever its HTTP client raises; all of them are told apart by their text alone.
    except Exception as error:  # noqa: BLE001
        told = " ".join(str(error).split())
        raise IsharaError(
            f"{source}: is no folder here and could not be had from the Hugging Face hub ({told[:200]}). Download "
            f"{CONFIG} and {' or '.join(WEIGHTS)} from https://huggingface.co/{source} into a folder, and give that "
            "folder instead."
        ) from None


def _download(source: str, *names: str) -> Path:
    """The first of some files that there is: in the cache, else on the hub."""
    from huggingface_hub import hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    cached = (try_to_load_from_cache(source, name) for name in names)
    if found := next((path for path in cached if isinstance(path, str)), None):
        return Path(found)
    _reach(source)
    for name in names[:-1]:
        try:
            return Path(hf_hub_download(source, name))
        except LocalEntryNotFoundError:
            raise
        except EntryNotFoundError:
            continue
    return Path(hf_hub_download(source, names[-1]))


def _reach(source: str) -> None:
    """Ask the hub for a model once: without an answer, what it would raise after many tries is raised now."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    patience = float(os.environ.get(_PATIENCE_SETTING) or _PATIENCE)
    outcome: list[Exception | None] = []

    def ask() -> None:
        try:
            get_hf_file_metadata(hf_hub_url(source, CONFIG), timeout=patience)
            outcome.append(None)
        except Exception as error:  # noqa: BLE001  it is raised below
            outcome.append(error)

    # A timeout holds for each of the hub's addresses, and not for finding them; so this is what bounds the whole.
    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(patience)
    if not outcome:
        raise TimeoutError(f"no answer in {patience:g} s; {_PATIENCE_SETTING}=60 in the environment waits longer")
    if outcome[0] is not None:
        raise outcome[0]


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise IsharaError(f"{path}: cannot be read as JSON ({error}).") from None
    if not isinstance(config, dict):
        raise IsharaError(f"{path}: found a {type(config).__name__}; expected the settings of a published model.")
    return config


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    if path.suffix == ".safetensors":
        return load_weights(path)
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise IsharaError(f"{path}: is not a whole file of tensors and nothing else ({told[:200]}).") from None
    if not isinstance(weights, dict) or not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise IsharaError(f"{path}: holds more than tensors; expected a model's state, each tensor under its name.")
    return weights
