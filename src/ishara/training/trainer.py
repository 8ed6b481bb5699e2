"""Lightning's Trainer as a recipe wants it: callbacks, checkpoints, loggers, and going on where a run was."""

from __future__ import annotations

import logging
import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import (
    Callback,
    EarlyStopping,
    EMAWeightAveraging,
    LearningRateMonitor,
    ModelCheckpoint,
)
from lightning.pytorch.loggers import Logger

from ishara.errors import IsharaError
from ishara.recipe import Recipe
from ishara.training.callbacks import EpochBar, History
from ishara.training.data import ClipData

CHECKPOINTS = "checkpoints"
BEST, LAST = "best", "last"
# What Lightning sets where it starts further processes.
_OF_PROCESSES = ("LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def run_trainer(
    recipe: Recipe, module: L.LightningModule, data: ClipData, folder: Path, *, title: str
) -> dict[str, torch.Tensor]:
    """Train to the end, from the last checkpoint where there is one.

    Returns
    -------
    dict
        The state of the checkpoint that the recipe keeps.

    Raises
    ------
    KeyboardInterrupt
        If the person stopped it; the same call goes on from the last finished epoch.
    """
    validated = data.validation is not None
    if recipe.train.threads is not None:
        torch.set_num_threads(recipe.train.threads)
    checkpoints = folder / CHECKPOINTS
    last = checkpoints / f"{LAST}.ckpt"
    earlier = _load(last) if last.is_file() else None
    data.first_epoch = earlier["epoch"] + 1 if earlier else 0
    if not (earlier and _stopped_early(earlier)):
        # Nothing here reads memory that nobody wrote; to fill it first is one pass more over every tensor.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        trainer = _make_trainer(recipe, folder, title, validated=validated)
        with _quiet(), _interruptible(trainer), _processes_of_this_run():
            trainer.fit(module, datamodule=data, ckpt_path=str(last) if earlier else None, weights_only=True)
        if not trainer.is_global_zero:
            # One of several processes: the first one exports, evaluates and tells; the others are done.
            raise SystemExit(0)
    return _load(checkpoints / f"{BEST if recipe.train.keep == 'best' else LAST}.ckpt")["state_dict"]


def refuse_what_cannot_run(recipe: Recipe, *, validated: bool) -> None:
    """Raise an `IsharaError` if the recipe wants a checkpoint, a schedule or a precision that cannot be had here."""
    train = recipe.train
    if train.accelerator == "gpu" and not torch.cuda.is_available():
        raise IsharaError("train.accelerator: gpu was asked for, and there is none here. Choose auto or cpu.")
    if train.num_nodes > 1 and not {"MASTER_ADDR", "SLURM_NTASKS"} & os.environ.keys():
        raise IsharaError(
            f"train.num_nodes: {train.num_nodes} machines need a launcher such as torchrun or SLURM on each of them; "
            "here there is none. Set it to 1 to train on this machine."
        )
    if train.keep == "best" and not validated:
        raise IsharaError("train.keep: best needs validation clips. Set split.validation above 0, or train.keep=last.")
    if recipe.schedule.name == "plateau" and not validated:
        raise IsharaError("schedule.name: plateau needs validation clips. Set split.validation above 0.")
    if recipe.schedule.name == "plateau" and train.refit:
        raise IsharaError(
            "schedule.name: plateau needs validation clips, and train.refit learns from them too. Choose cosine."
        )
    if train.precision == "16-mixed" and (train.accelerator == "cpu" or not torch.cuda.is_available()):
        raise IsharaError("train.precision: 16-mixed needs a GPU, and none is used here. Choose bf16-mixed or 32.")


def _load(checkpoint: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001  what torch raises for a damaged file depends on where the damage is
        raise IsharaError(
            f"{checkpoint}: is damaged and cannot be gone on from ({type(error).__name__}). Delete it to train this "
            "run from its beginning, or give --restart."
        ) from None
    return state


def _stopped_early(checkpoint: dict[str, Any]) -> bool:
    """Whether early stopping had ended the run whose last checkpoint this is; Lightning would train on."""
    states = checkpoint["callbacks"].items()
    return any(state.get("stopped_epoch", 0) > 0 for name, state in states if name.startswith("EarlyStopping"))


def _make_trainer(recipe: Recipe, folder: Path, title: str, *, validated: bool) -> L.Trainer:
    train = recipe.train
    mode = "min" if train.monitor.endswith("loss") else "max"
    loggers = _loggers(recipe, folder)
    callbacks: list[Callback] = [History(folder), EpochBar(title)]
    if loggers:
        callbacks.append(LearningRateMonitor("epoch"))
    if train.ema:
        callbacks.append(EMAWeightAveraging(decay=train.ema, use_buffers=False))
    if train.patience is not None and validated:
        callbacks.append(EarlyStopping(train.monitor, patience=train.patience, mode=mode))
    if validated:
        callbacks.append(_checkpoint(folder, BEST, monitor=train.monitor, mode=mode))
    callbacks.append(_checkpoint(folder, LAST, at_epoch_end=True))
    with _quiet():
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
            logger=loggers,
            default_root_dir=folder,
            use_distributed_sampler=False,
            num_sanity_val_steps=0,
            log_every_n_steps=1,
            enable_progress_bar=False,
            enable_model_summary=False,
            deterministic="warn",
        )


def _checkpoint(
    folder: Path, name: str, *, monitor: str | None = None, mode: str = "min", at_epoch_end: bool | None = None
) -> ModelCheckpoint:
    return ModelCheckpoint(
        folder / CHECKPOINTS,
        filename=name,
        monitor=monitor,
        mode=mode,
        save_on_train_epoch_end=at_epoch_end,
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
        settings = recipe.model_dump(mode="json")
        loggers.append(WandbLogger(recipe.name, save_dir=folder, offline=offline, config=settings))
    return loggers


@contextmanager
def _interruptible(trainer: L.Trainer) -> Iterator[None]:
    """Give Ctrl-C back to the caller: Lightning turns it into an exit, and leaves it switched off.

    Who was told to end (SIGTERM, of `kill` and of schedulers) ends with the status of that, and begins no other fold.
    """
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except (Exception, SystemExit) as error:
        if trainer.received_sigterm:
            # Lightning would end with status 0, or with whatever came of its own processes having been ended too.
            raise SystemExit(128 + signal.SIGTERM) from None
        if isinstance(error, SystemExit) and trainer.interrupted:
            signal.signal(signal.SIGINT, handler)
            raise KeyboardInterrupt from None
        raise


@contextmanager
def _processes_of_this_run() -> Iterator[None]:
    """Forget the run's other processes at its end: the next run here, of another fold, starts its own."""
    before = {name: os.environ.get(name) for name in _OF_PROCESSES}
    yield
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


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
