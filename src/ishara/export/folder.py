"""A trained model as a recogniser folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from ishara import __version__
from ishara.export.onnx import export_onnx
from ishara.models.contract import SignModel
from ishara.models.options import sees_pixels
from ishara.models.weights import WEIGHTS, save_weights
from ishara.pose.features import feature_layout
from ishara.pose.prepare import model_skeleton
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer
from ishara.recognizer_folder import CALIBRATION, CARD, CONFIG, FORMAT, GRAPH, Config, digests


def write_recognizer(
    folder: Path,
    model: SignModel,
    recipe: Recipe,
    labels: Sequence[str],
    *,
    temperature: Callable[[Recognizer], float],
    card: Callable[[Recognizer], str],
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
    """
    partial = folder.with_name(folder.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    pixels = sees_pixels(recipe)
    skeleton = model_skeleton(recipe.pose)
    layout = feature_layout(skeleton, recipe.features, recipe.pose.dimensions)
    export_onnx(model, partial / GRAPH)
    save_weights(model, partial / WEIGHTS)
    config = Config(
        format=FORMAT,
        recipe=recipe,
        labels=list(labels),
        input="pixels" if pixels else "landmarks",
        landmarks=[] if pixels else list(skeleton.landmarks),
        features=[] if pixels else list(layout.names),
        parameters=sum(p.numel() for p in model.parameters()),
        origin=list(model.origin),
        versions={"ishara": __version__} | {name: version(name) for name in ("torch", "onnx", "onnxruntime", "numpy")},
        files={},
    )
    _seal(partial, config, temperature=1.0)
    _seal(partial, config, temperature=temperature(Recognizer.load(partial)))
    (partial / CARD).write_text(card(Recognizer.load(partial)), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    partial.replace(folder)
    return Recognizer.load(folder)


def _seal(folder: Path, config: Config, *, temperature: float) -> None:
    """Write the calibration, and the configuration with the hash of every file that it vouches for."""
    (folder / CALIBRATION).write_text(json.dumps({"temperature": temperature}), encoding="utf-8")
    files = digests(folder, (GRAPH, WEIGHTS, CALIBRATION))
    sealed = config.model_copy(update={"files": files})
    (folder / CONFIG).write_text(sealed.model_dump_json(indent=1), encoding="utf-8")
