"""One training run: clips with a split in, a recogniser folder out; an interrupted run goes on where it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from lightning.pytorch.utilities import rank_zero_only
from rich.markup import escape

from ishara.clips.manifest import Manifest
from ishara.console import tell
from ishara.errors import IsharaError
from ishara.evaluation.calibration import fit_temperature
from ishara.evaluation.card import model_card
from ishara.export.folder import write_recognizer
from ishara.models.contract import SignModel
from ishara.models.trained import recipe_model
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer
from ishara.recognizer.folder import INSIDE_RUN
from ishara.training.allocator import keep_freed_memory
from ishara.training.data import ClipData
from ishara.training.frame_features import FrameModel, keep_features
from ishara.training.losses import make_loss
from ishara.training.memory import read_side, remember
from ishara.training.module import RecognitionModule
from ishara.training.preflight import check_names, freezes_backbone, why_features_change
from ishara.training.seeds import derive_int
from ishara.training.sides import STORES, Sides, add_failures, load_sides
from ishara.training.trainer import refuse_what_cannot_run, run_trainer
from ishara.whole import write_whole

RECIPE = "recipe.yaml"
MANIFEST = "manifest.csv"
# Of a run with `train.refit`: the run that did not learn from the validation clips.
CALIBRATION_RUN = "calibration"


def fit(recipe: Recipe, manifest: Manifest, folder: Path, *, stores: Path | None = None, title: str = "") -> Recognizer:
    """Train a recogniser, or go on with its training, and export it.

    Parameters
    ----------
    recipe
        How.
    manifest
        Clips with their `split`; those of `train` are trained on and are the vocabulary, those of `validation` choose
        the checkpoint, the temperature and the threshold of known signs. With `train.refit` a second model, which
        becomes the recogniser, learns from both.
    folder
        The run folder. A finished run is loaded, an unfinished one is resumed from its last checkpoint.
    stores
        Where prepared clips are kept; beside the run folder by default, so that runs share them.
    title
        What the progress bar says; the recipe's name by default.

    Raises
    ------
    IsharaError
        If the folder holds another run, there is nothing to train on, or the recipe cannot be run here.
    """
    check_names(recipe)
    verify_run(recipe, manifest, folder)
    if (folder / INSIDE_RUN).is_dir():
        return Recognizer.load(folder)
    keep_freed_memory()
    homes = stores or folder.parent / STORES
    sides = load_sides(recipe, manifest, homes)
    refuse_what_cannot_run(recipe, validated=sides.validation is not None)
    calibrated = None
    if recipe.train.refit and sides.validation is not None:
        calibrated = _fit_once(recipe, manifest, folder, homes, title)
        sides = load_sides(recipe, manifest, homes, learn_all=True)
    model = _make_model(recipe, len(sides.labels))
    _tell(*model.origin)
    learnt = _with_features(recipe, model, sides, homes)
    loss = make_loss(recipe.loss, learnt.training.labels, len(learnt.labels))
    module = RecognitionModule(model, recipe, loss, len(learnt.labels))
    claim_run(recipe, manifest, folder)
    add_failures(folder, learnt.failures)
    data = ClipData(learnt.training, learnt.validation, recipe.train)
    state = run_trainer(recipe, module, data, folder, title=title or recipe.name)
    model.cpu().load_state_dict(
        {name.removeprefix("model."): value for name, value in state.items() if name.startswith("model.")}
    )
    return write_recognizer(
        folder / INSIDE_RUN,
        model,
        recipe,
        sides.labels,
        temperature=lambda recognizer: calibrated.temperature if calibrated else _fit_temperature(recognizer, sides),
        remember=lambda recognizer, to: remember(
            recognizer, sides, recipe.train.seed, to, known=calibrated.open_set if calibrated else None
        ),
        clip_seconds=sides.clip_seconds,
        card=lambda recognizer: model_card(recognizer, manifest),
    )


def _fit_once(recipe: Recipe, manifest: Manifest, folder: Path, stores: Path, title: str) -> Recognizer:
    """The recogniser that does not learn from the validation clips, of a run whose own one does."""
    claim_run(recipe, manifest, folder)
    once = recipe.with_overrides(["train.refit=false"])
    return fit(once, manifest, folder / CALIBRATION_RUN, stores=stores, title=f"{title or recipe.name}, to calibrate")


def verify_run(recipe: Recipe, manifest: Manifest, folder: Path) -> None:
    """Make sure that a run folder is new, or belongs to this recipe and these clips.

    Raises
    ------
    IsharaError
        If it holds another run.
    """
    if not (folder / RECIPE).is_file():
        return
    same_recipe = _same_recipe(folder / RECIPE, recipe)
    if not same_recipe or not _same_clips(folder / MANIFEST, manifest):
        what = "clips or another split" if same_recipe else "settings"
        raise IsharaError(
            f"{folder}: holds a run with other {what} ({RECIPE}, {MANIFEST}). Choose another folder with --out, or "
            "give --restart to throw that run away."
        )


def claim_run(recipe: Recipe, manifest: Manifest, folder: Path) -> None:
    """Write into a run folder whose it is; it was verified before."""
    if (folder / RECIPE).is_file():
        return
    manifest.write(folder / MANIFEST)
    write_whole(folder / RECIPE, recipe.to_yaml())


def _same_recipe(path: Path, recipe: Recipe) -> bool:
    """Whether the file says the same; keys that it lacks, because an older Ishara wrote it, have their defaults."""
    try:
        return Recipe.read(path).hash == recipe.hash
    except IsharaError:
        return False


def _same_clips(path: Path, manifest: Manifest) -> bool:
    columns = ["id", "gloss", "split"]
    return path.is_file() and Manifest.read(path).table.select(columns).equals(manifest.table.select(columns))


def _make_model(recipe: Recipe, num_classes: int) -> SignModel:
    torch.manual_seed(derive_int(recipe.train.seed, "weights"))
    return recipe_model(recipe, num_classes)


def _with_features(recipe: Recipe, model: SignModel, sides: Sides, stores: Path) -> Sides:
    """The sides, with features of frames in place of pictures where these are the same in every epoch."""
    why_not = why_features_change(recipe)
    if why_not is not None or recipe.train.cache_features == "never":
        if freezes_backbone(recipe) and why_not is not None:
            _tell(f"The ResNet is frozen, but computes its features anew in every epoch: {why_not}.")
        return sides
    assert isinstance(model, FrameModel)
    kept = keep_features(sides, model, recipe.pixels, recipe.train, stores)
    _tell(
        f"The ResNet is frozen and nothing in the pictures is random: its features of {kept.clips} clips are read from "
        f"{kept.store.folder} ({kept.computed} computed now)."
    )
    return kept.sides


@rank_zero_only
def _tell(*sentences: str) -> None:
    for sentence in sentences:
        tell(escape(sentence))


def _fit_temperature(recognizer: Recognizer, sides: Sides) -> float:
    validation = sides.validation
    if validation is None:
        return 1.0
    logits, labels = [], []
    for clips, truth in read_side(validation, range(len(validation)), recognizer.together):
        logits.append(recognizer.run(clips).logits)
        labels.append(truth)
    return fit_temperature(np.concatenate(logits), np.concatenate(labels))
