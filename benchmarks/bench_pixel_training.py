"""Models of pixels trained on the real clips of WLASL, from video to gradient: memory, waiting for data, `kill -9`.

    python benchmarks/bench_pixel_training.py --clips 113 --size 224

- One epoch, as `ishara train` runs it: batch 1, gradients of 5 accumulated, checkpointing, two loader processes;
  Sign2Text at 32 frames with the notebook's sizes, TimeSformer at 8 frames with 5 blocks and 8 heads. Memory is that of
  the whole tree of processes at its highest, pages that they share counted once.
- The same for two epochs, and once more, killed in the middle of its second epoch and gone on with: the weights must be
  the same.
- What part of a training step waits for data, after the first.
- What each loader process has in memory after each of many epochs of loading alone.

Bounds hold for pictures of 224 pixels and are judged there alone.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context, set_start_method
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import polars as pl
import psutil
import typer
from rich.table import Table
from safetensors.torch import load_file

from ishara.clips.corpora import read_corpus
from ishara.clips.manifest import Manifest
from ishara.clips.roots import find_root
from ishara.console import console
from ishara.errors import IsharaError
from ishara.models.weights import WEIGHTS
from ishara.recipe import Recipe
from ishara.recognizer.folder import INSIDE_RUN
from ishara.training.callbacks import HISTORY
from ishara.training.results import provenance, write_json

FRAMES = {"sign2text": 32, "timesformer": 8}
OPTIONS: dict[str, dict[str, Any]] = {"sign2text": {}, "timesformer": {"layers": 5, "heads": 8}}
JUDGED_AT = 224
_MIB = 2**20
# So that a computer with 4 GiB can train either, and keeps a quarter for its system. Training takes 16 bytes a weight
# (itself, its gradient, AdamW's two means: 0.2 and 0.8 GiB), what a step computes, the code of Python, torch and
# Lightning, and in each loader process the frames of a clip as they were decoded.
ALLOWED = 3072 * _MIB
ALLOWED_WAITING = 0.1
# How much more a loader process may have in its last epochs of loading than in its second.
ALLOWED_GROWTH = 1.1
_LOOK_EVERY = 0.1
_CONTEXT = get_context("spawn")


@dataclass(frozen=True)
class Settings:
    """What is trained, and on what."""

    model: str
    manifest: Path
    clips: int
    size: int
    threads: int
    workers: int
    epochs: int = 1

    @property
    def recipe(self) -> Recipe:
        return Recipe.from_dict(
            {
                "name": f"bench-{self.model}",
                "data": {"manifest": str(self.manifest)},
                "pixels": {
                    "frames": FRAMES[self.model], "size": self.size, "sampling": "segments", "augment": "default",
                },
                "model": {"name": self.model, "options": {**OPTIONS[self.model], "checkpointing": True}},
                "optimizer": {"lr": 1e-4, "weight_decay": 1e-4},
                "schedule": {"name": "constant"},
                "train": {
                    "max_epochs": self.epochs, "batch_size": 1, "accumulate": 5, "keep": "last", "accelerator": "cpu",
                    "threads": self.threads, "workers": self.workers,
                },
            }
        )  # fmt: skip

    def read(self) -> Manifest:
        """The first clips of the manifest, all to train on."""
        whole = Manifest.read(self.manifest)
        kept = whole.where(pl.int_range(pl.len()) < self.clips)
        return kept.with_column("split", ["train"] * len(kept))


def _as_from_a_shell() -> None:
    """Loader processes fork, as they do in `ishara train`; a spawned process would spawn its own."""
    set_start_method("fork", force=True)


def train(settings: Settings, run: Path) -> None:
    """One run, or the rest of it."""
    from ishara.training import fit

    _as_from_a_shell()
    fit(settings.recipe, settings.read(), run)


@dataclass(frozen=True)
class Watched:
    """What a run took: seconds from its start, also to the end of each epoch, and the most memory, in bytes."""

    seconds: float
    epochs: list[float]
    peak: int


def watch(settings: Settings, run: Path, *, kill_after: float | None = None) -> Watched:
    """`train` in a process of its own; with `kill_after`, ``kill -9`` ends it so many seconds after its first epoch."""
    process = _CONTEXT.Process(target=train, args=(settings, run))
    process.start()
    tree = psutil.Process(process.pid)
    started, peak = time.perf_counter(), 0
    epochs: list[float] = []
    while process.is_alive():
        peak = max(peak, _tree_bytes(tree))
        now = time.perf_counter() - started
        if epochs_done(run) > len(epochs):
            epochs.append(now)
        if kill_after is not None and epochs and now > epochs[0] + kill_after:
            process.kill()
        process.join(_LOOK_EVERY)
    wanted = 0 if kill_after is None else -signal.SIGKILL
    if process.exitcode != wanted:
        raise IsharaError(f"{settings.model}: training ended with {process.exitcode}; expected {wanted}.")
    return Watched(time.perf_counter() - started, epochs, peak)


def epochs_done(run: Path) -> int:
    """Lines of a run's history."""
    history = run / HISTORY
    return len(history.read_text(encoding="utf-8").splitlines()) - 1 if history.is_file() else 0


def _tree_bytes(process: psutil.Process) -> int:
    """What a process and those below it have in memory; of a page that several share, each counts its part."""
    total = 0
    try:
        for member in (process, *process.children(recursive=True)):
            total += member.memory_full_info().pss
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        # It has ended meanwhile; the next look finds the tree as it is then.
        return 0
    return total


def killed_and_resumed(settings: Settings, home: Path) -> dict[str, Any]:
    """Two epochs at a stretch, and two that were killed in the second; whether their weights are the same."""
    settings = replace(settings, epochs=2)
    whole = watch(settings, home / "whole")
    second = whole.epochs[-1] - whole.epochs[0]
    watch(settings, home / "killed", kill_after=second / 2)
    if (done := epochs_done(home / "killed")) != 1:
        raise IsharaError(f"{settings.model}: was killed after {done} epochs, not in its second; give it more clips.")
    watch(settings, home / "killed")
    left, right = (load_file(home / run / INSIDE_RUN / WEIGHTS) for run in ("whole", "killed"))
    differing = [name for name in left if not left[name].equal(right[name])]
    return {"clips": settings.clips, "epochs": 2, "killed_at": 1.5, "tensors": len(left), "differing": differing}


def waiting(settings: Settings, steps: int) -> dict[str, Any]:
    """Seconds of training steps, and of waiting for their data, of each but the first."""
    import torch
    from torch import nn

    from ishara.models import create_model
    from ishara.models.options import options_of
    from ishara.training.data import ClipData
    from ishara.training.sides import load_sides

    _as_from_a_shell()
    torch.set_num_threads(settings.threads)
    recipe = settings.recipe
    sides = load_sides(recipe, settings.read(), Path("nowhere"))
    model = create_model(settings.model, num_classes=len(sides.labels), **options_of(recipe)).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    waited, worked = [], []
    batches = iter(ClipData(sides.training, None, recipe.train).train_dataloader())
    for number in range(min(steps, settings.clips)):
        started = time.perf_counter()
        batch = next(batches)
        waited.append(time.perf_counter() - started)
        loss = nn.functional.cross_entropy(model(batch.x, batch.mask).logits, batch.label)
        loss.backward()
        if number % recipe.train.accumulate == recipe.train.accumulate - 1:
            nn.utils.clip_grad_norm_(model.parameters(), recipe.train.clip_norm)
            optimizer.step()
            optimizer.zero_grad()
        worked.append(time.perf_counter() - started - waited[-1])
    # The first waits for the loader processes to start.
    share = sum(waited[1:]) / (sum(waited[1:]) + sum(worked[1:]))
    return {"share": share, "first_wait": waited[0], "waited": waited[1:], "worked": worked[1:]}


def loading(settings: Settings, epochs: int) -> list[list[int]]:
    """After each epoch of loading without training, what each loader process has for itself, in bytes."""
    from ishara.training.data import ClipData
    from ishara.training.sides import load_sides

    _as_from_a_shell()
    recipe = settings.recipe
    loader = ClipData(load_sides(recipe, settings.read(), Path("nowhere")).training, None, recipe.train)
    batches = loader.train_dataloader()
    found = []
    for epoch in range(epochs):
        batches.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        for _ in batches:
            pass
        workers = psutil.Process().children(recursive=True)
        found.append([worker.memory_full_info().uss for worker in workers])
    return found


def growth(found: list[list[int]]) -> float:
    """A loader process's memory in the later half of its epochs over that in its second."""
    later = found[len(found) // 2 :]
    return median(sum(epoch) for epoch in later) / sum(found[1])


def _afresh(function: Any, *words: Any) -> Any:
    """What a function gives in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=_CONTEXT) as process:
        return process.submit(function, *words).result()


def measure(settings: Settings, resumed_clips: int, steps: int, loads: int) -> dict[str, Any]:
    """Everything about one model."""
    with tempfile.TemporaryDirectory() as home:
        console.print(f"{settings.model}: one epoch …", highlight=False)
        epoch = watch(settings, Path(home) / "epoch")
        console.print(f"{settings.model}: killed and gone on with …", highlight=False)
        resumed = killed_and_resumed(replace(settings, clips=min(resumed_clips, settings.clips)), Path(home))
    console.print(f"{settings.model}: waiting for data …", highlight=False)
    waits = _afresh(waiting, settings, steps)
    memory = _afresh(loading, settings, loads)
    return {
        "frames": FRAMES[settings.model],
        "options": OPTIONS[settings.model],
        "epoch": {"seconds": epoch.seconds, "peak_bytes": epoch.peak, "allowed_bytes": ALLOWED},
        "killed_and_resumed": resumed,
        "waiting": {**waits, "allowed": ALLOWED_WAITING},
        "loader_processes": {"bytes": memory, "growth": growth(memory), "allowed": ALLOWED_GROWTH},
    }


def failures(measured: dict[str, Any], *, judged: bool) -> list[str]:
    """What is not as it should be; memory and waiting only where they are judged."""
    found = []
    for name, row in measured.items():
        peak, allowed = row["epoch"]["peak_bytes"], row["epoch"]["allowed_bytes"]
        if row["killed_and_resumed"]["differing"]:
            first = row["killed_and_resumed"]["differing"][0]
            found.append(f"{name}: killed and gone on with, it ends with other weights ({first}).")
        if row["loader_processes"]["growth"] > ALLOWED_GROWTH:
            found.append(f"{name}: loader processes grow to {row['loader_processes']['growth']:.2f} times their size.")
        if judged and peak > allowed:
            found.append(f"{name}: takes {peak / _MIB:.0f} MiB; expected at most {allowed / _MIB:.0f}.")
        if judged and row["waiting"]["share"] > ALLOWED_WAITING:
            found.append(
                f"{name}: {row['waiting']['share']:.0%} of a step waits for data; expected {ALLOWED_WAITING:.0%}."
            )
    return found


def _show(measured: dict[str, Any], clips: int) -> None:
    table = Table("", "one epoch", "peak", "waiting for data", "a loader process", "killed, gone on with")
    for name, row in measured.items():
        epoch, loader = row["epoch"], row["loader_processes"]
        process = median(loader["bytes"][-1]) / _MIB
        table.add_row(
            f"{name}, {clips} clips",
            f"{epoch['seconds']:.0f} s",
            f"{epoch['peak_bytes'] / _MIB:.0f} MiB",
            f"{row['waiting']['share']:.1%} of a step",
            f"{process:.0f} MiB, {loader['growth']:.2f} times the second epoch's",
            "other weights" if row["killed_and_resumed"]["differing"] else "the same weights",
        )
    console.print(table)


def main(
    clips: Annotated[int, typer.Option(min=2, help="How many of WLASL's.")] = 113,
    size: Annotated[int, typer.Option(min=32, help="Of a frame, in pixels; bounds are judged at 224.")] = JUDGED_AT,
    threads: Annotated[int, typer.Option(min=1, help="Threads for torch.")] = 2,
    workers: Annotated[int, typer.Option(min=1, help="Loader processes.")] = 2,
    resumed_clips: Annotated[int, typer.Option(min=2, help="Of the runs that are killed and compared.")] = 20,
    steps: Annotated[int, typer.Option(min=2, help="In which waiting is measured.")] = 40,
    loads: Annotated[int, typer.Option(min=3, help="Epochs of loading alone.")] = 6,
    data: Annotated[Path, typer.Option(help="Looked for here and in $ISHARA_DATA.")] = Path("wlasl"),
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
) -> None:
    """Measure both models; exits with 1 where a bound is not held or a resumed run ends differently."""
    whole = read_corpus("wlasl", find_root(data).resolve(), {"labels": "nslt_2000.json"})
    with tempfile.TemporaryDirectory() as home:
        whole.write(Path(home) / "wlasl.csv")
        plain = Settings("", Path(home) / "wlasl.csv", min(clips, len(whole)), size, threads, workers)
        measured = {model: measure(replace(plain, model=model), resumed_clips, steps, loads) for model in FRAMES}
    _show(measured, plain.clips)
    about = {key: value for key, value in asdict(plain).items() if key not in ("model", "manifest", "epochs")}
    content = {**about, "judged": size == JUDGED_AT, "models": measured, **provenance()}
    console.print(f"Figures: {write_json(results / 'bench-pixel-training.json', content)}", highlight=False)
    if found := failures(measured, judged=size == JUDGED_AT):
        raise IsharaError(" ".join(found))


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
