"""Training samples per second of `spoter` on wlasl50, against the notebook's loop, on one CPU in one run.

    python benchmarks/bench_training.py --threads 1 --rounds 7

Both train the same model sizes (108 features, 54 landmarks × x and y) on the same clips with batches of 16. A round is
one epoch of each, in an order that turns from round to round; the ratio is taken within a round, so that what slows the
machine slows all of them. Besides the bare loop, Ishara is timed in Lightning's Trainer, as `ishara train` runs it.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import lightning as L
import numpy as np
import torch
import torch.nn.functional as F
import typer
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray
from rich.table import Table
from torch import nn
from torch.optim import AdamW

from ishara.clips.roots import find_root
from ishara.console import console, track
from ishara.errors import IsharaError
from ishara.models import create_model
from ishara.models.registry import notebook_layout
from ishara.pose.files import read_array
from ishara.pose.prepare import model_skeleton
from ishara.pose.store import PoseStore
from ishara.recipe import Recipe
from ishara.training.data import ClipData, ClipDataset
from ishara.training.losses import make_loss
from ishara.training.module import RecognitionModule
from ishara.training.results import provenance, write_json
from notebook.data import NotebookDataset, notebook_features
from notebook.model import NotebookSpoter
from notebook.train import BATCH, SETTINGS, Trainer

WANTED = 2.0
BASELINE = "notebook"
_WARM_UP = 2
# One epoch; gives the seconds that it took.
Contestant = Callable[[], float]


def bench_recipe(corpus: Path, *, augmented: bool) -> Recipe:
    """The notebook's sizes and batch in Ishara's words."""
    return Recipe.from_dict(
        {
            "name": "bench",
            "data": {"corpus": "landmarks", "root": str(corpus)},
            "pose": {"skeleton": "spoter54"},
            "features": {"hand_local": False},
            "augment": "default" if augmented else "none",
            "model": {"name": "spoter"},
            "optimizer": {"lr": SETTINGS["spoter"].lr, "weight_decay": SETTINGS["spoter"].weight_decay},
            "schedule": {"name": "linear", "warmup": SETTINGS["spoter"].warmup_steps},
            "train": {"batch_size": BATCH, "accelerator": "cpu", "max_epochs": SETTINGS["spoter"].epochs},
        }
    )


def notebook_contestant(addresses: Sequence[str], labels: Sequence[int]) -> Contestant:
    """The notebook's loop."""
    clips = NotebookDataset([notebook_features(address) for address in addresses], labels)
    trainer = Trainer(NotebookSpoter(max(labels) + 1), clips, SETTINGS["spoter"])
    return lambda: _seconds(trainer.epoch)


def bare_contestant(clips: ClipDataset) -> Contestant:
    """Ishara's data and model in a bare loop: forward, backward, clip, step."""
    model = create_model("spoter", num_classes=max(clips.labels) + 1, layout=notebook_layout())
    options = clips.recipe.optimizer
    optimizer = AdamW(model.parameters(), lr=options.lr, weight_decay=options.weight_decay)
    loader = ClipData(clips, None, clips.recipe.train).train_dataloader()
    epochs = iter(range(sys.maxsize))

    def epoch() -> None:
        model.train()
        loader.sampler.set_epoch(next(epochs))  # type: ignore[attr-defined]
        for x, mask, label in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x, mask).logits, label)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), clips.recipe.train.clip_norm)
            optimizer.step()

    return lambda: _seconds(epoch)


class _Stopwatch(Callback):
    """Seconds from the first batch of an epoch to the end of its last."""

    seconds = 0.0

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._started = time.perf_counter()

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.seconds = time.perf_counter() - self._started


def lightning_contestant(clips: ClipDataset) -> Contestant:
    """The same in Lightning's Trainer, with metrics and schedule, as `ishara train` runs it."""
    recipe, classes = clips.recipe, max(clips.labels) + 1
    model = create_model("spoter", num_classes=classes, layout=notebook_layout())
    loss = make_loss(recipe.loss, clips.labels, classes)
    module = RecognitionModule(model, recipe, loss, classes)
    watch = _Stopwatch()

    def epoch() -> float:
        trainer = L.Trainer(
            accelerator="cpu",
            max_epochs=1,
            gradient_clip_val=recipe.train.clip_norm,
            callbacks=[watch],
            logger=False,
            use_distributed_sampler=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(module, datamodule=ClipData(clips, None, clips.recipe.train))
        return watch.seconds

    return epoch


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def contestants(corpus: Path, home: Path) -> tuple[dict[str, Contestant], int]:
    """Who is timed, and how many clips an epoch has."""
    glosses = [str(gloss) for gloss in read_array(corpus).columns["gloss"]]
    addresses = [f"{corpus}#{i}" for i in range(len(glosses))]
    classes = {gloss: i for i, gloss in enumerate(sorted(set(glosses)))}
    labels = [classes[gloss] for gloss in glosses]
    plain, augmented = (bench_recipe(corpus, augmented=changed) for changed in (False, True))
    store = PoseStore.build(
        home, list(zip(addresses, addresses, strict=True)), plain.pose, skeleton=model_skeleton(plain.pose)
    )
    if store.failures:
        raise IsharaError(f"{corpus}: {len(store.failures)} clips cannot be read; both must train on the same ones.")
    index = range(len(store))
    with_augmentation = ClipDataset(store, index, labels, augmented, augmented=True)
    without = ClipDataset(store, index, labels, plain, augmented=False)
    timed = {
        BASELINE: notebook_contestant(addresses, labels),
        "ishara": bare_contestant(with_augmentation),
        "ishara, augmentation off": bare_contestant(without),
        "ishara in Lightning": lightning_contestant(with_augmentation),
    }
    return timed, len(labels)


def race(timed: dict[str, Contestant], rounds: int) -> dict[str, list[float]]:
    """Seconds per epoch of each, round by round, after some epochs that are not counted."""
    for epoch in timed.values():
        for _ in range(_WARM_UP):
            epoch()
    names = list(timed)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in track("Rounds", range(rounds)):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            seconds[name].append(timed[name]())
    return seconds


def summarise(seconds: dict[str, list[float]], clips: int) -> dict[str, dict[str, Any]]:
    """Per contestant: clips per second, and its speed over the notebook's, each with median and range over rounds."""
    baseline = np.array(seconds[BASELINE])
    rows = {}
    for name, own in seconds.items():
        rows[name] = {
            "clips_per_second": _spread(clips / np.array(own)),
            "times_notebook": _spread(baseline / np.array(own)),
            "seconds_per_epoch": [round(value, 4) for value in own],
        }
    return rows


def _spread(values: NDArray[np.float64]) -> dict[str, float]:
    return {"median": float(np.median(values)), "low": float(values.min()), "high": float(values.max())}


def _show(rows: dict[str, dict[str, Any]], clips: int, threads: int) -> None:
    title = f"Training, {clips} clips of wlasl50, batch {BATCH}, {threads} thread(s)"
    table = Table("", "clips per second", "times the notebook", "lowest to highest", title=title)
    for name, row in rows.items():
        ratio = row["times_notebook"]
        spread = f"{ratio['low']:.2f} to {ratio['high']:.2f}"
        table.add_row(name, f"{row['clips_per_second']['median']:.0f}", f"{ratio['median']:.2f}", spread)
    console.print(table)


def main(
    threads: Annotated[int, typer.Option(min=1, help="Threads for torch.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Epochs of each that are counted.")] = 7,
    data: Annotated[Path, typer.Option(help="Looked for here and in $ISHARA_DATA.")] = Path("wlasl50-landmarks.npz"),
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Time an epoch of each, interleaved; exits with 1 where Ishara is not twice as fast as the notebook."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    # Lightning's advice about hardware and worker counts.
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"lightning.*")
    with tempfile.TemporaryDirectory() as home:
        timed, clips = contestants(find_root(data), Path(home))
        rows = summarise(race(timed, rounds), clips)
    _show(rows, clips, threads)
    settings = {"clips": clips, "batch_size": BATCH, "threads": threads, "rounds": rounds, "wanted": WANTED}
    written = write_json(results / "bench-training.json", {**settings, "rows": rows, **provenance()})
    console.print(f"Figures: {written}", highlight=False)
    reached = rows["ishara"]["times_notebook"]["median"]
    if reached < WANTED:
        raise IsharaError(f"Ishara trains {reached:.2f} times as fast as the notebook; expected at least {WANTED:g}.")


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
