"""Contests of inference: ours against the notebook's and `transformers`' models, and 8 bits against 32."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.models.timesformer.configuration_timesformer import TimesformerConfig
from transformers.models.timesformer.modeling_timesformer import TimesformerForVideoClassification

from inference import recognisers
from inference.race import Work, figure, race, rows, times
from ishara.clips.roots import find_root
from ishara.errors import IsharaError
from ishara.export.accuracy import calibration_clips, evaluation_clips
from ishara.export.forms import MOST_LOST, export_form
from ishara.export.parity import run_torch
from ishara.models import create_model
from ishara.models.contract import SignModel
from ishara.models.trained import trained_model
from ishara.models.weights import WEIGHTS
from ishara.pose.files import read_array
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer
from ishara.recognizer.folder import CONFIG, GRAPH, find_recognizer, read_config
from ishara.recognizer.inputs import ModelInput, batches, pad
from notebook.data import FRAMES, notebook_features
from notebook.model import FEATURES
from notebook.timesformer import NotebookTimesformer

ONNX, INT8, TORCH, NOTEBOOK, TRANSFORMERS = "ishara", "ishara, int8", "ishara in torch", "notebook", "transformers"
TITLES = {"bdsl_spoter": "BdSL-SPOTER", "spoter": "SPOTER"}
# The recogniser that comes with Ishara, and where the weights of its graph may lie.
_PACKAGED, _ITS_RUNS = "fingerspelling", "fingerspelling*/recognizer"
# Of logits, in fp32.
TOLERANCE = 1e-4
BATCH = 16
_PIXEL_CLASSES, _BLOCKS, _HEADS, _PIXEL_FRAMES, _SIDE = 10, 5, 8, 8, 224


@dataclass(frozen=True)
class Settings:
    """How everything is timed.

    Parameters
    ----------
    rounds
        In which each has its turn.
    threads
        Of each; of a GPU's none are counted.
    clips
        At most so many of a corpus.
    """

    rounds: int
    threads: int
    clips: int


class Twins:
    """A model that the notebook has too (`spoter`, `bdsl_spoter`) in all the ways that it is run here.

    They have one set of weights.
    """

    def __init__(self, name: str, home: Path, threads: int) -> None:
        self.name = TITLES[name]
        # Of BdSL-SPOTER alone a speed is required.
        self.judged = name == "bdsl_spoter"
        self.theirs = recognisers.notebook_model(name)
        self.torch: SignModel = recognisers.our_model(name, self.theirs)
        folder = home / name / "recognizer"
        recognisers.write(folder, self.torch, recognisers.recipe(name), recognisers.CLASSES)
        self.onnx = Recognizer.load(folder, threads=threads)
        reduced = export_form(folder, "onnx-int8", force=True)
        self.int8 = Recognizer.load(reduced.folder, threads=threads)


def fixed(twins: Twins, batch: int, settings: Settings) -> dict[str, Any]:
    """Clips of 100 frames, as the notebook measured itself: each way gets the numbers as it takes them."""
    x = np.random.default_rng(0).standard_normal((batch, FRAMES, FEATURES), np.float32)
    given, mask = torch.from_numpy(x), torch.ones(batch, FRAMES, dtype=torch.bool)
    theirs = given[..., recognisers.SPLIT_AXES].contiguous()
    clips = _inputs(x)

    def notebook() -> None:
        with torch.no_grad():
            twins.theirs(theirs)

    def ours() -> None:
        with torch.inference_mode():
            twins.torch(given, mask)

    works: dict[str, Work] = {
        NOTEBOOK: notebook, TORCH: ours, ONNX: lambda: twins.onnx.run(clips), INT8: lambda: twins.int8.run(clips),
    }  # fmt: skip
    calls = 3 if batch > 1 else 30
    seconds = race(works, settings.rounds, calls=calls)
    apart = recognisers.difference(twins.theirs, twins.onnx, x)
    name = f"{twins.name}, {batch} × {FRAMES} × {FEATURES}"
    runs = len(batches([clip.x for clip in clips], twins.onnx.together))
    return {
        "name": name,
        "rows": rows(seconds, NOTEBOOK),
        "figures": [
            figure(
                f"{name}, against the notebook's eager model", "times as fast", times(seconds, NOTEBOOK, ONNX),
                at_least=2.5 if twins.judged else None, stretch=4.0 if twins.judged and batch > 1 else None,
                note=f"as Ishara runs {batch} such clips: in {runs} runs of the graph" if runs > 1 else "",
            ),
            figure(
                f"{name}, largest difference of a logit from the notebook's", "", _exactly(apart), at_most=TOLERANCE
            ),
            figure(f"{name}, int8 (dynamic) against fp32", "times as fast", times(seconds, ONNX, INT8)),
        ],
    }  # fmt: skip


def real_lengths(bdsl: Twins, settings: Settings) -> dict[str, Any]:
    """wlasl50's clips as long as they are, against the notebook's way: batches of 16, each padded to 100 frames."""
    corpus = find_root(Path("wlasl50-landmarks.npz"))
    count = min(settings.clips, len(read_array(corpus)))
    clips = [notebook_features(f"{corpus}#{i}") for i in range(count)]
    padded = np.zeros((count, FRAMES, FEATURES), np.float32)
    for row, clip in zip(padded, clips, strict=True):
        row[: min(len(clip), FRAMES)] = clip[:FRAMES]
    sixteens = torch.from_numpy(padded)[..., recognisers.SPLIT_AXES].contiguous().split(BATCH)
    inputs = _inputs(clips)

    def notebook() -> None:
        with torch.no_grad():
            for batch in sixteens:
                bdsl.theirs(batch)

    works: dict[str, Work] = {
        NOTEBOOK: notebook, ONNX: lambda: bdsl.onnx.run(inputs), INT8: lambda: bdsl.int8.run(inputs),
    }  # fmt: skip
    seconds = race(works, settings.rounds)
    frames = [len(clip) for clip in clips]
    name = "BdSL-SPOTER over the real lengths of wlasl50"
    return {
        "name": f"{name}: {count} clips of {min(frames)} to {max(frames)} frames",
        "rows": rows(seconds, NOTEBOOK),
        "figures": [
            figure(
                f"{name}, against the notebook's padding to {FRAMES}", "times as fast",
                times(seconds, NOTEBOOK, ONNX), at_least=6.0,
            )
        ],
    }  # fmt: skip


def trained(run: Path) -> dict[str, Any]:
    """A trained recogniser on its own clips, in PyTorch and on ONNX Runtime: alone, and padded as long as the longest.

    Parameters
    ----------
    run
        With the weights that its graph was exported from.
    """
    recognizer = Recognizer.load(run)
    evaluation = evaluation_clips(recognizer.folder.parent, None)
    if evaluation is None:
        raise IsharaError(f"{run}: has no clips to compare on.")
    in_torch = run_torch(trained_model(recognizer.folder))
    clips = [recognizer.prepare(clip.path, clip.start, clip.end).x for clip in evaluation.clips]
    apart = 0.0
    for given in [*([clip] for clip in clips), *(clips[at : at + BATCH] for at in range(0, len(clips), BATCH))]:
        batch = pad(given)
        apart = max(apart, float(np.abs(in_torch(batch)[0] - recognizer.runtime.run(batch)[0]).max()))
    name = f"{recognizer.recipe.name}, trained, on {len(clips)} clips ({evaluation.name})"
    what = f"{name}: largest difference of a logit from PyTorch's"
    return {"name": name, "figures": [figure(what, "", _exactly(apart), at_most=TOLERANCE)]}


def packaged_run() -> Path:
    """The run here that the recogniser which comes with Ishara was taken from; an `IsharaError` if there is none."""
    own = Recognizer.load(_PACKAGED).config.files[GRAPH]
    for folder in sorted(Path("runs").glob(_ITS_RUNS)):
        if (folder / WEIGHTS).is_file() and read_config(folder / CONFIG).files.get(GRAPH) == own:
            return folder
    raise IsharaError(f"The weights of {_PACKAGED}'s graph are not here; `python benchmarks/ship_model.py` makes some.")


def timesformer(home: Path, settings: Settings) -> dict[str, Any]:
    """One clip of 8 frames, against `transformers`' model of the same size and the notebook's."""
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"frames": _PIXEL_FRAMES, "heads": _HEADS}
    model = create_model("timesformer", num_classes=_PIXEL_CLASSES, layers=_BLOCKS, size=_SIDE, **sizes)
    recognisers.distinct(model)
    recipe = Recipe.from_dict(
        {
            "name": "bench",
            "data": {"corpus": "landmarks", "root": "nowhere"},
            "pixels": {"frames": _PIXEL_FRAMES, "size": _SIDE},
            "model": {"name": "timesformer", "options": {"layers": _BLOCKS, "heads": _HEADS}},
        }
    )
    folder = home / "timesformer" / "recognizer"
    recognisers.write(folder, model, recipe, _PIXEL_CLASSES)
    ours = Recognizer.load(folder, threads=settings.threads)
    config = TimesformerConfig(
        image_size=_SIDE, num_frames=_PIXEL_FRAMES, num_hidden_layers=_BLOCKS, num_attention_heads=_HEADS,
        num_labels=_PIXEL_CLASSES,  # type: ignore[call-arg]
    )  # fmt: skip
    published = recognisers.distinct(TimesformerForVideoClassification(config))
    baseline = recognisers.distinct(NotebookTimesformer(_PIXEL_CLASSES, blocks=_BLOCKS, side=_SIDE, **sizes))
    x = np.random.default_rng(0).integers(0, 256, (_PIXEL_FRAMES, 3, _SIDE, _SIDE), np.uint8)
    floats = (torch.from_numpy(x)[None] / 255 - 0.45) / 0.225
    clip = _inputs([x])

    def run(other: torch.nn.Module) -> Work:
        def work() -> None:
            with torch.no_grad():
                other(floats)

        return work

    works: dict[str, Work] = {
        NOTEBOOK: run(baseline), TRANSFORMERS: run(published), ONNX: lambda: ours.run(clip),
        TORCH: _in_torch(model, torch.from_numpy(x)[None]),
    }  # fmt: skip
    seconds = race(works, settings.rounds)
    name = f"TimeSformer, 1 clip of {_PIXEL_FRAMES} frames of {_SIDE}²"
    return {
        "name": name,
        "rows": rows(seconds, TRANSFORMERS),
        "figures": [
            figure(f"{name}, against transformers'", "times as fast", times(seconds, TRANSFORMERS, ONNX)),
            figure(f"{name}, against the notebook's", "times as fast", times(seconds, NOTEBOOK, ONNX)),
        ],
    }


def reduced(run: Path, home: Path, settings: Settings) -> dict[str, Any]:
    """A trained recogniser in 8 bits, in the way that keeps most clips right, over the clips that it is tested on."""
    place = find_recognizer(run).parent
    evaluation = evaluation_clips(place, None)
    if evaluation is None:
        raise IsharaError(f"{run}: has no clips to measure accuracy on.")
    # Exported anew, so that both forms have the same graph, though an older Ishara exported the run's own.
    renewed = export_form(run, "onnx", home / "fp32")
    whole = Recognizer.load(renewed.folder, threads=settings.threads)
    written = export_form(
        run, "onnx-int8", home / "int8", evaluation=evaluation, calibration=calibration_clips(place), force=True
    )
    small = Recognizer.load(written.folder, threads=settings.threads)
    clips = [whole.prepare(clip.path, clip.start, clip.end) for clip in evaluation.clips[: settings.clips]]
    seconds = race({ONNX: lambda: whole.run(clips), INT8: lambda: small.run(clips)}, settings.rounds)
    accuracy = written.config.accuracy
    assert accuracy is not None
    name = f"int8 ({written.config.reduction}) of {whole.recipe.name} ({whole.recipe.model.name})"
    return {
        "name": f"{name}: {len(clips)} clips",
        "rows": rows(seconds, ONNX),
        "accuracy": str(accuracy),
        "figures": [
            figure(f"{name}, against fp32", "times as fast", times(seconds, ONNX, INT8), at_least=1.3),
            figure(
                f"{name}, top-1 that it loses", "points", _exactly(accuracy.points_lost), at_most=MOST_LOST,
                note=str(accuracy),
            ),
        ],
    }  # fmt: skip


def _in_torch(model: torch.nn.Module, x: torch.Tensor) -> Work:
    mask = torch.ones(x.shape[:2], dtype=torch.bool)

    def work() -> None:
        with torch.inference_mode():
            model(x, mask)

    return work


def _inputs(clips: Sequence[NDArray[Any]] | NDArray[Any]) -> list[ModelInput]:
    return [ModelInput(clip, np.zeros(len(clip), np.float32)) for clip in clips]


def _exactly(value: float) -> dict[str, float]:
    return {"median": value, "low": value, "high": value}
