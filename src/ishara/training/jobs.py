"""The jobs of a cross-validation, a fold with a seed each, and how one is done."""

from __future__ import annotations

import hashlib
import json
import re
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
from filelock import FileLock, Timeout

from ishara.clips.manifest import Manifest
from ishara.clips.splits import Fold
from ishara.errors import IsharaError
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.run import PREDICTIONS, predict_clips
from ishara.recipe import Recipe
from ishara.training.run import RECIPE, claim_run, fit, verify_run
from ishara.training.sides import STORES, add_failures

SECONDS = "seconds.json"
# What a job leaves in its folder beside the run: what went wrong in code that is not the user's, and who is at it.
ERROR = "error.txt"
LOCK = ".lock"
_NO_NAME = re.compile(r'[\\/:*?"<>|\x00-\x1f]')
_LONGEST_NAME = 100  # bytes
# How one job is done: recipe, clips with their split, run folder → predictions of the test side.
Learner = Callable[[Recipe, Manifest, Path], Predictions]


def folder_name(fold: str) -> str:
    """A fold's name as that of a folder: itself where every system can have it, else a like one.

    A fold is named after its signers, who may be called anything, and joins the names of those who share clips.
    """
    plain = _NO_NAME.sub("_", fold).encode()[:_LONGEST_NAME].decode(errors="ignore").rstrip(". ")
    return plain if plain == fold else f"{plain}-{hashlib.sha256(fold.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Job:
    """One fold with one seed.

    Parameters
    ----------
    name
        Of its folder, below that of the cross-validation.
    recipe
        Its `train.seed` is the job's.
    fold
        Whom it learns from and tests.
    """

    name: str
    recipe: Recipe
    fold: Fold

    @property
    def cost(self) -> float:
        """How long it takes beside others of its recipe, in a unit of its own: clips trained on, all epochs counted."""
        clips = (self.fold.manifest.table["split"] == "train").sum()
        return float(clips * self.recipe.train.max_epochs * (2 if self.recipe.train.refit else 1))

    def is_done(self, home: Path) -> bool:
        """Whether its predictions are there."""
        return (home / self.name / PREDICTIONS).is_file()

    def verified(self, home: Path) -> Job:
        """The job, once its folder is known to be new or its own.

        A protocol says which other jobs there are, which makes no difference to this one: a run that was begun under
        another goes on under that.

        Raises
        ------
        IsharaError
            If the folder holds a run of other settings or clips.
        """
        folder = home / self.name
        recipe = self.recipe
        if (folder / RECIPE).is_file():
            # One that cannot be read is said to be another run next.
            with suppress(IsharaError):
                recipe = recipe.model_copy(update={"protocol": Recipe.read(folder / RECIPE).protocol})
        verify_run(recipe, self.fold.manifest, folder)
        return replace(self, recipe=recipe)


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Parameters
    ----------
    name
        The job's.
    seconds
        That it took; ``None`` where it was gone on with, or failed.
    failure
        Why there are no predictions; ``None`` where there are.
    said
        What it had to say, where it could not say it itself.
    """

    name: str
    seconds: float | None = None
    failure: str | None = None
    said: str = ""


def learn(recipe: Recipe, manifest: Manifest, folder: Path, *, stores: Path | None = None) -> Predictions:
    """Train on a fold's training side, export, and predict its test side with what was exported.

    `stores` is the folder of prepared clips; it lies beside the run by default.
    """
    recognizer = fit(recipe, manifest, folder, stores=stores or folder.parent / STORES, title=folder.name)
    test = manifest.where(pl.col("split") == "test")
    predictions, failures = predict_clips(recognizer, test, group=recipe.split.group)
    add_failures(folder, failures)
    return predictions


def work_on(job: Job, home: Path, learner: Learner) -> Outcome:
    """Do a job, or what is left of it; what goes wrong is in the outcome."""
    folder = home / job.name
    train = job.recipe.train
    if train.devices * train.num_nodes > 1:
        # Its processes stand and fall together, and each of them comes by here.
        return Outcome(job.name, _finish(job, folder, learner))
    try:
        with _hold(folder):
            return Outcome(job.name, _finish(job, folder, learner))
    except IsharaError as error:
        return Outcome(job.name, failure=str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other folds are not lost for it
        words = " ".join(f"{type(error).__name__}: {error}".split())
        # The disk may be full, and that the very reason.
        with suppress(OSError):
            (folder / ERROR).write_text(traceback.format_exc(), encoding="utf-8")
        return Outcome(job.name, failure=f"{words} (more in {folder / ERROR}).")


def _finish(job: Job, folder: Path, learner: Learner) -> float | None:
    """Learn and predict, unless that is done; the seconds it took."""
    if (folder / PREDICTIONS).is_file():
        return read_seconds(folder)
    resumed = (folder / RECIPE).is_file()
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    predictions = learner(job.recipe, job.fold.manifest, folder)
    claim_run(job.recipe, job.fold.manifest, folder)
    seconds = None if resumed else round(time.monotonic() - started, 1)
    (folder / SECONDS).write_text(json.dumps(seconds), encoding="utf-8")
    (folder / ERROR).unlink(missing_ok=True)
    columns = {"fold": job.fold.name, "repeat": job.fold.repeat, "seed": job.recipe.train.seed}
    if job.recipe.protocol.name == "leave-one-group-out":
        # Groups that share near-identical clips are one: the fold's name joins theirs.
        columns["group"] = job.fold.name
    table = predictions.table.with_columns(**{name: pl.lit(value) for name, value in columns.items()})
    Predictions(table).write(folder / PREDICTIONS)
    return seconds


def read_seconds(folder: Path) -> float | None:
    """How long the job of a folder took; ``None`` where that is not known."""
    try:
        found = json.loads((folder / SECONDS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, int | float) else None


@contextmanager
def _hold(folder: Path) -> Iterator[None]:
    """Keep a folder to this process."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / LOCK, timeout=0):
            yield
    except Timeout:
        raise IsharaError("another process is at this fold; wait for that, or end it.") from None
