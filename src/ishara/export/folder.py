"""A trained model as a recogniser folder, and a recogniser in another form as one."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from ishara import __version__
from ishara.errors import IsharaError
from ishara.export.metadata import graph_metadata, stamp
from ishara.export.onnx import export_onnx
from ishara.models.contract import SignModel
from ishara.models.options import sees_pixels
from ishara.models.weights import WEIGHTS, save_weights
from ishara.pose.estimate.options import MODEL_FILES
from ishara.pose.prepare import model_layout
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer
from ishara.recognizer.folder import CALIBRATION, CARD, CONFIG, FORMAT, GRAPH, Config, card_of_form, digests
from ishara.recognizer.gallery import GALLERY
from ishara.recognizer.open_set import OPEN_SET
from ishara.recognizer.taught import TAUGHT


def write_recognizer(
    folder: Path,
    model: SignModel,
    recipe: Recipe,
    labels: Sequence[str],
    *,
    temperature: Callable[[Recognizer], float],
    card: Callable[[Recognizer], str],
    remember: Callable[[Recognizer, Path], Sequence[str]] = lambda *_: (),
    clip_seconds: float | None = None,
) -> Recognizer:
    """Write a recogniser folder, whole or not at all, and load it.

    Parameters
    ----------
    folder
        What it replaces, if anything, is kept until the new one is complete.
    model, recipe, labels
        What was trained, how, and the vocabulary in the order of the classes.
    temperature
        Fits the calibration temperature with the exported (uncalibrated) recogniser.
    card
        Writes the model card of the finished recogniser, in Markdown.
    remember
        Writes into the folder what the calibrated recogniser keeps of its clips, and gives the names of these files.
    clip_seconds
        How long the middle one of its training clips lasts.
    """
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    pixels = sees_pixels(recipe)
    layout = model_layout(recipe)
    config = Config(
        format=FORMAT,
        recipe=recipe,
        labels=list(labels),
        input="pixels" if pixels else "landmarks",
        landmarks=[] if pixels else list(layout.landmarks),
        features=[] if pixels else list(layout.names),
        parameters=sum(p.numel() for p in model.parameters()),
        clip_seconds=clip_seconds,
        origin=list(model.origin),
        versions={"ishara": __version__} | {name: version(name) for name in ("torch", "onnx", "onnxruntime", "numpy")},
        files={},
    )
    export_onnx(model, partial / GRAPH)
    stamp(partial / GRAPH, graph_metadata(config))
    save_weights(model, partial / WEIGHTS)
    vouched = (*config.graph, WEIGHTS, CALIBRATION, *_keep_models(partial, recipe))
    _seal(partial, config, vouched, temperature=1.0)
    fitted = temperature(Recognizer.load(partial))
    _seal(partial, config, vouched, temperature=fitted)
    _seal(partial, config, (*vouched, *remember(Recognizer.load(partial), partial)), temperature=fitted)
    (partial / CARD).write_text(card(Recognizer.load(partial)), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    partial.replace(folder)
    return Recognizer.load(folder)


def write_form(
    folder: Path,
    source: Recognizer,
    config: Config,
    *,
    graph: Callable[[Path], None],
    proof: Callable[[Recognizer], object],
) -> Recognizer:
    """Write a recogniser in another form, whole or not at all, and load it.

    Parameters
    ----------
    folder
        It is not there yet, or empty.
    source
        What is exported; its calibration, its card, what it remembers and what it was taught go with it.
    config
        The new form's, without hashes.
    graph
        Writes the files that the configuration names into a folder.
    proof
        Raises an `IsharaError` where the finished recogniser is not what it should be.
    """
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        graph(partial)
        kept = [name for name in (GALLERY, OPEN_SET) if name in source.config.files]
        for name in (*kept, *([TAUGHT] if len(source.taught) else [])):
            shutil.copyfile(source.folder / name, partial / name)
        kept += _keep_models(partial, config.recipe)
        _seal(partial, config, (*config.graph, CALIBRATION, *kept), temperature=source.temperature)
        if (source.folder / CARD).is_file():
            card = (source.folder / CARD).read_text(encoding="utf-8")
            (partial / CARD).write_text(card + card_of_form(config), encoding="utf-8")
        proof(Recognizer.load(partial))
        partial.replace(folder)
    except OSError as error:
        raise IsharaError(f"{folder}: cannot be written ({error.strerror}).") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Recognizer.load(folder)


def _keep_models(folder: Path, recipe: Recipe) -> list[str]:
    """Put the model files that a recipe's estimator is given into a recogniser's folder; their names."""
    place = recipe.estimator.models
    files = sorted(place.glob(MODEL_FILES)) if place is not None else []
    for file in files:
        shutil.copyfile(file, folder / file.name)
    return [file.name for file in files]


def _seal(folder: Path, config: Config, names: Sequence[str], *, temperature: float) -> None:
    """Write the calibration, and the configuration with the hash of every file that it vouches for."""
    (folder / CALIBRATION).write_text(json.dumps({"temperature": temperature}), encoding="utf-8")
    sealed = config.model_copy(update={"files": digests(folder, names)})
    (folder / CONFIG).write_text(sealed.model_dump_json(indent=1), encoding="utf-8")
