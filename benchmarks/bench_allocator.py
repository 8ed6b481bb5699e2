"""A training step on a CPU that keeps the memory of the step before, against one that gives it back, in one run.

    python benchmarks/bench_allocator.py --threads 1 --rounds 7

Ishara keeps it (`ishara.training.allocator`). Otherwise glibc gives large blocks back as they are freed, and all the
more so where Dask started the process, as it does for folds beside each other. Each way has a process of its own, since
an allocator cannot be set back; they take turns, and ratios are taken within a turn.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import torch.nn.functional as F
import typer
from rich.table import Table

from inference.race import Work, race, spread, times
from ishara.console import console
from ishara.errors import IsharaError
from ishara.models import create_model
from ishara.recipe import Recipe
from ishara.training.allocator import keep_freed_memory
from ishara.training.results import provenance, write_json

RECIPE = Path("recipes/demo-sign2text.yaml")
KEPT, USUAL, DASK = "kept", "glibc as it is", "glibc as Dask sets it"
RESULT = "bench-allocator.json"
# What Dask gives its workers (distributed.nanny.pre-spawn-environ).
_TRIM = {"MALLOC_TRIM_THRESHOLD_": "65536"}
_CLASSES = 20
_step: Callable[[], None]


def begin(way: str, recipe: Path, threads: int) -> None:
    """Make a model and a batch in this process, with its allocator as asked for."""
    global _step
    if way == KEPT:
        keep_freed_memory()
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    settings = Recipe.read(recipe)
    frames, side, clips = settings.pixels.frames, settings.pixels.size, settings.train.batch_size
    model = create_model(settings.model.name, num_classes=_CLASSES, size=side, **settings.model.options).train()
    optimizer = torch.optim.AdamW(model.parameters())
    x = torch.randint(256, (clips, frames, 3, side, side), dtype=torch.uint8)
    mask, label = torch.ones((clips, frames), dtype=torch.bool), torch.arange(clips) % _CLASSES

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(x, mask).logits
        F.cross_entropy(logits.float(), label).backward()
        optimizer.step()

    _step = step


def steps(count: int) -> None:
    """So many training steps."""
    for _ in range(count):
        _step()


def _process(way: str, recipe: Path, threads: int) -> ProcessPoolExecutor:
    """A new process that is ready; glibc reads the environment when it begins."""
    before = dict(os.environ)
    os.environ.update(_TRIM if way == DASK else {})
    try:
        process = ProcessPoolExecutor(1, get_context("spawn"), begin, (way, recipe, threads))
        process.submit(steps, 1).result()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return process


def main(
    threads: Annotated[int, typer.Option(min=1, help="Threads for torch.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each way.")] = 7,
    count: Annotated[int, typer.Option("--steps", min=1, help="Steps of a turn.")] = 5,
    recipe: Annotated[Path, typer.Option(help="Whose model and batch.")] = RECIPE,
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Measure each way."""
    with ExitStack() as open_:
        processes = {way: open_.enter_context(_process(way, recipe, threads)) for way in (USUAL, DASK, KEPT)}
        works: dict[str, Work] = {way: partial(_wait, process, count) for way, process in processes.items()}
        seconds = race(works, rounds)
    content: dict[str, Any] = {
        "recipe": recipe.stem,
        "threads": threads,
        "rounds": rounds,
        "step_seconds": {way: spread(np.array(own) / count) for way, own in seconds.items()},
        "kept_over": {way: times(seconds, way, KEPT) for way in (USUAL, DASK)},
    }
    table = Table("freed memory", "seconds of a step", "kept is so many times as fast")
    for way, own in content["step_seconds"].items():
        ratio = f"{content['kept_over'][way]['median']:.2f}" if way != KEPT else ""
        table.add_row(way, f"{own['median']:.3f}", ratio)
    console.print(table)
    console.print(f"Figures: {write_json(results / RESULT, content | provenance())}", highlight=False)


def _wait(process: ProcessPoolExecutor, count: int) -> None:
    process.submit(steps, count).result()


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
