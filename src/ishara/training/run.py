"""One training run: clips with a split in, a recogniser folder out; an interrupted run goes on where it was."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import lightning as L
import numpy as np
import polars as pl
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging, ModelCheckpoint
from lightning.pytorch.loggers import Logger

from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.evaluation.calibration import fit_temperature
from ishara.evaluation.card import model_card
from ishara.export.folder import write_recognizer
from ishara.models import create_model
from ishara.models.contract import SignModel
from ishara.pose.features import feature_layout
from ishara.pose.prepare import model_skeleton
from ishara.pose.store import PoseStore
from ishara.recipe import Recipe
from ishara.recognizer import INSIDE_RUN, Recognizer
from ishara.training.callbacks import EpochBar, History
from ishara.training.data import ClipData, ClipDataset
from ishara.training.losses import make_loss
from ishara.training.module import RecognitionModule
from ishara.training.seeds import derive_int

RECIPE = "recipe.yaml"
MANIFEST = "manifest.csv"
FAILURES = "failures.csv"
CHECKPOINTS = "checkpoints"
BEST, LAST = "best", "last"
STORES = ".store"


@dataclass(frozen=True)
class Sides:
    """The clips of a run on disk, by side."""

    training: ClipDataset
    validation: ClipDataset | None
    labels: list[str]


def fit(recipe: Recipe, manifest: Manifest, folder: Path, *, stores: Path | None = None, title: str = "") -> Recognizer:
    """Train a recogniser, or go on with its training, and export it.

    Parameters
    ----------
    recipe
        How.
    manifest
        Clips with their `split`; those of `train` are trained on, those of `validation` choose the checkpoint and the
        temperature, all glosses together are the vocabulary.
    folder
        The run folder. A finished run is loaded, an unfinished one is resumed from its last checkpoint.
    stores
        Where prepared clips are kept; beside the run folder by default, so that runs share them.
    title
        What the progress bar says; the recipe's name by default.

    Raises
    ------
    IsharaError
        If the folder holds another run, or there is nothing to train on.
    """
    open_run(recipe, manifest, folder)
    if (folder / INSIDE_RUN).is_dir():
        return Recognizer.load(folder)
    sides = _load_sides(recipe, manifest, folder, stores or folder.parent / STORES)
    model = _make_model(recipe, len(sides.labels))
    _run(recipe, model, sides, folder, title or recipe.name)
    return write_recognizer(
        folder / INSIDE_RUN,
        model,
        recipe,
        sides.labels,
        temperature=lambda recognizer: _fit_temperature(recognizer, sides.validation),
        card=lambda recognizer: model_card(recognizer, manifest),
    )


def open_run(recipe: Recipe, manifest: Manifest, folder: Path) -> None:
    """Claim a run folder for a recipe and its clips, or make sure that it is theirs already."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / RECIPE).is_file():
        same_recipe = (folder / RECIPE).read_text(encoding="utf-8") == recipe.to_yaml()
        if not same_recipe or not _same_clips(folder / MANIFEST, manifest):
            what = "clips or another split" if same_recipe else "settings"
            raise IsharaError(
                f"{folder}: holds a run with other {what} ({RECIPE}, {MANIFEST}). Choose another folder with --out, or "
                "give --restart to throw that run away."
            )
        return
    manifest.write(folder / MANIFEST)
    (folder / RECIPE).write_text(recipe.to_yaml(), encoding="utf-8")


def _same_clips(path: Path, manifest: Manifest) -> bool:
    columns = ["id", "gloss", "split"]
    return path.is_file() and Manifest.read(path).table.select(columns).equals(manifest.table.select(columns))


def _load_sides(recipe: Recipe, manifest: Manifest, folder: Path, stores: Path) -> Sides:
    labels = manifest.glosses
    used = manifest.where(pl.col("split").is_in(["train", "validation"]))
    clips = [(clip.id, clip.path) for clip in used]
    store = PoseStore.build(stores, clips, recipe.pose, skeleton=model_skeleton(recipe.pose))
    if store.failures:
        table = pl.DataFrame({"id": list(store.failures), "reason": list(store.failures.values())})
        table.write_csv(folder / FAILURES)
    by_id = {clip.id: clip for clip in used}
    classes = {gloss: i for i, gloss in enumerate(labels)}

    def side(name: str, *, augmented: bool) -> ClipDataset | None:
        index = [i for i, clip in enumerate(store.ids) if by_id[clip].split == name]
        classes_of = [classes[by_id[store.ids[i]].gloss] for i in index]
        return ClipDataset(store, index, classes_of, recipe, augmented=augmented) if index else None

    training = side("train", augmented=True)
    if training is None:
        raise IsharaError("There is no readable clip to train on; see the recipe's split and the manifest.")
    return Sides(training, side("validation", augmented=False), labels)


def _make_model(recipe: Recipe, num_classes: int) -> SignModel:
    layout = feature_layout(model_skeleton(recipe.pose), recipe.features, recipe.pose.dimensions)
    torch.manual_seed(derive_int(recipe.train.seed, "weights"))
    pretrained = Path(recipe.model.pretrained) if recipe.model.pretrained else None
    return create_model(
        recipe.model.name, num_classes=num_classes, layout=layout, pretrained=pretrained, **recipe.model.options
    )


def _run(recipe: Recipe, model: SignModel, sides: Sides, folder: Path, title: str) -> None:
    """Train to the end and leave the chosen checkpoint's weights in the model."""
    if recipe.train.keep == "best" and sides.validation is None:
        raise IsharaError("train.keep: best needs validation clips. Set split.validation above 0, or train.keep=last.")
    if recipe.train.precision == "16-mixed" and not _uses_gpu(recipe):
        raise IsharaError("train.precision: 16-mixed needs a GPU, and none is used here. Choose bf16-mixed or 32.")
    loss = make_loss(recipe.loss, sides.training.labels, len(sides.labels))
    module = RecognitionModule(model, recipe, loss, len(sides.labels), validated=sides.validation is not None)
    checkpoints = folder / CHECKPOINTS
    last = checkpoints / f"{LAST}.ckpt"
    with _quiet():
        trainer = _make_trainer(recipe, folder, title, validated=sides.validation is not None)
        trainer.fit(
            module,
            datamodule=ClipData(sides.training, sides.validation),
            ckpt_path=str(last) if last.is_file() else None,
            weights_only=True,
        )
    if trainer.interrupted:
        raise KeyboardInterrupt
    kept = checkpoints / f"{BEST if recipe.train.keep == 'best' else LAST}.ckpt"
    state = torch.load(kept, map_location="cpu", weights_only=True)["state_dict"]
    model.cpu().load_state_dict(
        {name.removeprefix("model."): value for name, value in state.items() if name.startswith("model.")}
    )


def _uses_gpu(recipe: Recipe) -> bool:
    return recipe.train.accelerator != "cpu" and torch.cuda.is_available()


def _make_trainer(recipe: Recipe, folder: Path, title: str, *, validated: bool) -> L.Trainer:
    train = recipe.train
    mode = "min" if train.monitor.endswith("loss") else "max"
    callbacks: list[Callback] = [History(folder), EpochBar(title)]
    if train.ema:
        callbacks.append(EMAWeightAveraging(decay=train.ema, use_buffers=False))
    if train.patience is not None and validated:
        callbacks.append(EarlyStopping(train.monitor, patience=train.patience, mode=mode))
    if validated:
        callbacks.append(_checkpoint(folder, BEST, monitor=train.monitor, mode=mode))
    callbacks.append(_checkpoint(folder, LAST, save_on_train_epoch_end=True))
    return L.Trainer(
        accelerator=train.accelerator,
        devices=train.devices,
        num_nodes=train.num_nodes,
        precision=train.precision,
        max_epochs=train.max_epochs,
        gradient_clip_val=train.clip_norm or None,
        accumulate_grad_batches=train.accumulate,
        check_val_every_n_epoch=train.validate_every,
        callbacks=callbacks,
        logger=_loggers(recipe, folder),
        default_root_dir=folder,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        deterministic="warn",
    )


def _checkpoint(
    folder: Path,
    name: str,
    *,
    monitor: str | None = None,
    mode: str = "min",
    save_on_train_epoch_end: bool | None = None,
) -> ModelCheckpoint:
    return ModelCheckpoint(
        folder / CHECKPOINTS,
        filename=name,
        monitor=monitor,
        mode=mode,
        save_on_train_epoch_end=save_on_train_epoch_end,
        enable_version_counter=False,
    )


def _loggers(recipe: Recipe, folder: Path) -> list[Logger]:
    """TensorBoard and Weights & Biases where the recipe asks; the latter offline unless WANDB_MODE says otherwise."""
    loggers: list[Logger] = []
    if "tensorboard" in recipe.train.loggers:
        from lightning.pytorch.loggers import TensorBoardLogger

        loggers.append(TensorBoardLogger(folder, name="tensorboard", version=""))
    if "wandb" in recipe.train.loggers:
        from lightning.pytorch.loggers import WandbLogger

        offline = os.environ.get("WANDB_MODE", "offline") != "online"
        loggers.append(
            WandbLogger(recipe.name, save_dir=folder, offline=offline, config=recipe.model_dump(mode="json"))
        )
    return loggers


def _fit_temperature(recognizer: Recognizer, validation: ClipDataset | None) -> float:
    if validation is None:
        return 1.0
    poses = [validation.store[i] for i in validation.index]
    return fit_temperature(recognizer.run(poses).logits, np.array(validation.labels))


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Lightning's notes on hardware and worker counts; errors still come through."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning.*")
            yield
    finally:
        logger.setLevel(level)
