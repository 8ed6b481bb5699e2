"""Measure the notebook's configuration, as it stands, on exactly the folds of a recipe.

    python benchmarks/notebook_baseline.py recipes/wlasl50-spoter.yaml [protocol.repeats=1 ...] --results results/

Of the recipe it takes the clips, the folds, the seeds and whether the model is ``spoter`` or ``bdsl_spoter``. Features,
model sizes, loss, optimiser, schedule and epochs are the notebook's. Each fold's whole training side is trained on, the
validation clips too, for nothing is chosen by them.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import torch
import typer
from numpy.typing import NDArray

from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.console import errors, figures_table, folds_table, track
from ishara.errors import IsharaError, choices
from ishara.evaluation.metrics import summarise
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.run import PREDICTIONS
from ishara.recipe import Recipe
from ishara.training.progress import shown
from ishara.training.protocol import crossval
from ishara.training.results import result, write_result
from ishara.training.seeds import derive_int
from notebook.data import NotebookDataset, notebook_features
from notebook.model import NotebookBdslSpoter, NotebookSpoter
from notebook.train import SETTINGS, Epoch, Settings, Trainer, evaluate, probabilities

LEARNER = "notebook"
HISTORY = "history.csv"
_MODELS = {"spoter": NotebookSpoter, "bdsl_spoter": NotebookBdslSpoter}


def settings_of(recipe: Recipe) -> Settings:
    """The notebook's settings for a recipe's model; an `IsharaError` if the notebook has no such model."""
    name = recipe.model.name
    if name not in SETTINGS:
        raise IsharaError(f"{recipe.name}: the notebook has no model {name!r}. {choices(name, SETTINGS)}")
    return SETTINGS[name]


def notebook_learner(recipe: Recipe, manifest: Manifest, folder: Path) -> Predictions:
    """Train the notebook's model on a fold and predict its test side with the last epoch's weights.

    Writes ``history.csv`` into the run folder: its ``watched_accuracy`` is what the notebook would choose the epoch by,
    on the clips that it reports.
    """
    settings = settings_of(recipe)
    classes = {gloss: i for i, gloss in enumerate(manifest.glosses)}
    testing = pl.col("split") == "test"
    training, _ = _load(manifest.where(~testing), classes)
    tested, clips = _load(manifest.where(testing), classes)
    torch.manual_seed(derive_int(recipe.train.seed, LEARNER))
    gpu = torch.cuda.is_available() and recipe.train.accelerator != "cpu"
    model = _MODELS[recipe.model.name](len(classes)).to("cuda" if gpu else "cpu")
    trainer = Trainer(model, training, settings)
    _write_history(folder / HISTORY, trainer.run(tested, lambda epochs: track(folder.name, epochs)))
    logits, _ = evaluate(model, tested)
    return Predictions.build(
        clips, probabilities(logits), list(classes), groups=_groups(manifest, clips, recipe.split.group),
        frames=[len(sequence) for sequence in tested.sequences],
    )  # fmt: skip


def _load(manifest: Manifest, classes: dict[str, int]) -> tuple[NotebookDataset, list[Clip]]:
    """The clips that can be read; those that cannot are reported and left out."""
    sequences: list[NDArray[np.float32]] = []
    clips: list[Clip] = []
    for clip in manifest:
        try:
            sequences.append(notebook_features(clip.path))
            clips.append(clip)
        except IsharaError as error:
            errors.print(f"Left out {clip.id}: {error}", highlight=False)
    if not clips:
        raise IsharaError(f"Not one of {len(manifest)} clips of a fold's side could be read.")
    return NotebookDataset(sequences, [classes[clip.gloss] for clip in clips]), clips


def _groups(manifest: Manifest, clips: Sequence[Clip], column: str) -> list[str | None] | None:
    if column not in manifest.table.columns:
        return None
    of = dict(zip(manifest.table["id"], manifest.table[column].cast(pl.String), strict=True))
    return [of[clip.id] for clip in clips]


def _write_history(path: Path, epochs: Iterable[Epoch]) -> None:
    """One line per epoch, written as it ends."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", *(field.name for field in fields(Epoch))])
        for number, epoch in enumerate(epochs, start=1):
            writer.writerow([number, *asdict(epoch).values()])
            file.flush()


def main(
    recipe: Annotated[Path, typer.Argument(help="A recipe (YAML).", metavar="RECIPE")],
    overrides: Annotated[list[str] | None, typer.Argument(help="Changes of it, such as protocol.repeats=1.")] = None,
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Run folder; runs/NAME-notebook by default.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads for torch.")] = 1,
) -> None:
    """Cross-validate the notebook's configuration on a recipe's folds; an interrupted run goes on where it was."""
    torch.set_num_threads(threads)
    chosen = Recipe.read(recipe, overrides or [])
    settings = settings_of(chosen)
    folder = out or Path("runs") / f"{chosen.name}-{LEARNER}"
    with shown(bar=False) as report:
        run = crossval(chosen, folder, learner=notebook_learner, report=report)
    run.predictions.write(folder / PREDICTIONS)
    own: dict[str, Any] = {"model": chosen.model.name, **asdict(settings), "threads": threads}
    measured = result(chosen, run, learner=LEARNER) | {"notebook": own}
    written = write_result(results, measured)
    errors.print(folds_table(measured["folds"]), figures_table(summarise(run.predictions)))
    print(written)


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
