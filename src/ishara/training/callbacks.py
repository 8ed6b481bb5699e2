"""What happens beside training: the history file and the progress bar."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from ishara.console import errors
from ishara.whole import whole

HISTORY = "history.csv"
_COLUMNS = ("epoch", "train/loss", "train/top1", "validation/loss", "validation/top1", "lr")
_SHOWN = ("train/loss", "validation/loss", "validation/top1")


class History(Callback):
    """One line per epoch in ``history.csv``: losses, top-1 and learning rate.

    A resumed run keeps the lines of the epochs before its checkpoint and writes the later ones anew; Lightning's CSV
    logger would begin the file again.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / HISTORY
        self._rows: list[dict[str, Any]] = []

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if not trainer.is_global_zero or not self.path.is_file():
            return
        with self.path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self._rows = [row for row in rows if int(row["epoch"]) < trainer.current_epoch]

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if not trainer.is_global_zero:
            return
        logged = {name: float(value) for name, value in trainer.callback_metrics.items()}
        validated = (trainer.current_epoch + 1) % (trainer.check_val_every_n_epoch or 1) == 0
        row: dict[str, Any] = {
            name: logged.get(name) for name in _COLUMNS if validated or not name.startswith("validation/")
        }
        row |= {"epoch": trainer.current_epoch, "lr": trainer.optimizers[0].param_groups[0]["lr"]}
        self._rows.append(row)
        with whole(self.path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, _COLUMNS)
            writer.writeheader()
            writer.writerows(self._rows)


class EpochBar(Callback):
    """One Rich bar over the epochs of a run, with losses and the time left; nothing where there is no terminal."""

    def __init__(self, title: str) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
        )
        self._bar = Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)
        self._title = escape(title)
        self._task: TaskID | None = None

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if trainer.is_global_zero:
            self._bar.start()
            self._task = self._bar.add_task(
                self._title, total=trainer.max_epochs, completed=trainer.current_epoch, figures=""
            )

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if self._task is not None:
            logged = {name: float(value) for name, value in trainer.callback_metrics.items()}
            figures = "  ".join(f"{name} {logged[name]:.3f}" for name in _SHOWN if name in logged)
            self._bar.update(self._task, completed=trainer.current_epoch + 1, figures=figures)

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._bar.stop()

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        self._bar.stop()
