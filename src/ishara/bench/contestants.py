"""Who is measured side by side: a recogniser in each form that it has, and its weights run by PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ishara.bench.machine import Device
from ishara.errors import IsharaError
from ishara.extras import extra
from ishara.forms import Form
from ishara.recognizer import Recognizer
from ishara.recognizer.folder import CALIBRATION, CONFIG, PROGRAM, Config, find_recognizer, read_config
from ishara.recognizer.inputs import ModelInput

Kind = Literal["runtime", "torch, eager", "torch, fused"]
# Of the safetensors file; its name cannot be taken from `ishara.models.weights`, which needs torch.
_WEIGHTS = "model.safetensors"
# The reduced form that is worth comparing with everywhere.
_SMALLER = "onnx-int8"
# As many as `Recognizer.run` takes at most.
TOGETHER = {"landmarks": 32, "pixels": 16}
# Runs clips and waits for what comes of them.
Run = Callable[[Sequence[ModelInput]], object]


@dataclass(frozen=True)
class Contestant:
    """One way to run a model.

    Parameters
    ----------
    name
        What it is called where its figures stand.
    kind
        ``runtime``: as Ishara runs it; else by PyTorch.
    folder
        The recogniser's folder.
    size
        Bytes of the files that it needs.
    """

    name: str
    kind: Kind
    folder: Path
    size: int

    def open(self, threads: int | None, device: Device) -> Run:
        """Load it; what comes back runs clips.

        Raises
        ------
        IsharaError
            If it cannot run here.
        """
        if self.kind == "runtime":
            return Recognizer.load(self.folder, threads=threads, provider=device).run
        with extra("train", "Measurements of PyTorch"):
            from ishara.bench.torch_model import TorchRunner

        together = TOGETHER[read_config(self.folder / CONFIG).input]
        fused = self.kind == "torch, fused"
        return TorchRunner(self.folder, fused=fused, together=together, threads=threads, device=device)


def find_contestants(model: Path, others: Sequence[Path]) -> tuple[list[Contestant], dict[str, str]]:
    """A recogniser in every way that it can be run, itself first.

    Parameters
    ----------
    model
        A recogniser or run folder.
    others
        More recognisers to measure beside it. The model's own reduced forms that lie beside it are found.

    Returns
    -------
    list[Contestant]
        The model as it is, its other forms, and PyTorch with its weights.
    dict
        What is left out, and why.

    Raises
    ------
    IsharaError
        If there is no recogniser in one of the folders.
    """
    folder = find_recognizer(model)
    found = [_runtime(folder)]
    for other in [*_beside(folder), *(find_recognizer(other) for other in others)]:
        if all(other.resolve() != known.folder.resolve() for known in found):
            found.append(_runtime(other, [known.name for known in found]))
    left_out: dict[str, str] = {}
    if not any(contestant.name.startswith(_SMALLER) for contestant in found):
        left_out[_SMALLER] = f"is not there; `ishara export {folder} --to {_SMALLER}` makes it"
    weights = folder / _WEIGHTS
    if not weights.is_file():
        return found, left_out | {"torch": f"{folder} holds no weights ({_WEIGHTS})"}
    size = weights.stat().st_size
    torch = [Contestant(kind, kind, folder, size) for kind in ("torch, fused", "torch, eager")]
    return [*found, *torch], left_out


def open_all(
    contestants: Sequence[Contestant], threads: int | None, device: Device
) -> tuple[dict[Contestant, Run], dict[str, str]]:
    """Load every contestant; those that cannot run here are left out, with the reason. The first must."""
    opened: dict[Contestant, Run] = {}
    left_out: dict[str, str] = {}
    for contestant in contestants:
        try:
            opened[contestant] = contestant.open(threads, device)
        except IsharaError as error:
            if contestant == contestants[0]:
                raise  # the model itself: budgets are its, and the others are compared with it
            left_out[contestant.name] = str(error)
    return opened, left_out


def _runtime(folder: Path, taken: Sequence[str] = ()) -> Contestant:
    config = read_config(folder / CONFIG)
    form = _run_as(config)
    name = form if form not in taken else f"{form}, {folder}"
    files = [*(file for file in config.graph if file != PROGRAM), CONFIG, CALIBRATION]
    size = sum((folder / file).stat().st_size for file in files if (folder / file).is_file())
    return Contestant(name, "runtime", folder, size)


def _run_as(config: Config) -> Form:
    """The form of what runs: beside a program for PyTorch lies the plain graph."""
    return "onnx" if config.form == "exported-program" else config.form


def _beside(folder: Path) -> list[Path]:
    """Folders beside a recogniser's that hold the same in another form."""
    own = read_config(folder / CONFIG)
    found = []
    for other in sorted(folder.resolve().parent.iterdir()):
        try:
            config = read_config(other / CONFIG) if (other / CONFIG).is_file() else None
        except (IsharaError, OSError):
            continue
        if config is None or _run_as(config) == _run_as(own):
            continue
        if (config.recipe.hash, config.labels, config.parameters) == (own.recipe.hash, own.labels, own.parameters):
            found.append(other)
    return found
