"""Cross-validation: every fold and seed trained, evaluated and kept; an interrupted run goes on where it was."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from rich.markup import escape

from ishara.clips import load_clips
from ishara.clips.leaks import check, near_duplicates
from ishara.clips.manifest import Manifest
from ishara.clips.splits import Fold, assign, folds
from ishara.console import errors
from ishara.errors import IsharaError
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.run import PREDICTIONS, predict_clips
from ishara.recipe import Recipe
from ishara.training.run import claim_run, fit, verify_run
from ishara.training.sides import STORES, add_failures, read_failures

SECONDS = "seconds.json"


@dataclass(frozen=True)
class Job:
    """One fold with one seed."""

    fold: Fold
    seed: int

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"{self.fold.name}-seed{self.seed}"


# How one job is done: recipe, clips with their split, run folder → predictions of the test side.
Learner = Callable[[Recipe, Manifest, Path], Predictions]


def split_clips(recipe: Recipe) -> Manifest:
    """The recipe's clips, each with its side, checked for leaks.

    Raises
    ------
    IsharaError
        If the split cannot be made, or leaks where the recipe says that it must not.
    """
    manifest, clusters = _load(recipe)
    divided = assign(manifest, recipe.split, recipe.train.seed, _kept_together(recipe, clusters))
    _check_leaks(recipe, divided, clusters, grouped=recipe.split.by != "clip")
    return divided


def make_folds(recipe: Recipe) -> list[Fold]:
    """The folds of the recipe's protocol, each checked for leaks; errors as for `split_clips`."""
    manifest, clusters = _load(recipe)
    made = folds(manifest, recipe.split, recipe.protocol, _kept_together(recipe, clusters))
    for fold in made:
        _check_leaks(recipe, fold.manifest, clusters, grouped=_by_group(recipe))
    return made


def _by_group(recipe: Recipe) -> bool:
    """Whether the folds of a recipe's protocol part groups, and not only clips."""
    if recipe.protocol.name == "held-out":
        return recipe.split.by != "clip"
    return recipe.protocol.name != "stratified-k-fold"


def _load(recipe: Recipe) -> tuple[Manifest, list[frozenset[str]]]:
    manifest = load_clips(recipe.data)
    missing = manifest.missing_files()
    if missing:
        what = f"{len(missing)} of {len(manifest)} clips have no file; the first that is not there: {missing[0].path}"
        if len(missing) == len(manifest):
            raise IsharaError(f"{what}. Mend the paths of the manifest, or index the corpus again.")
        errors.print(f"[yellow]Warning[/]: {escape(what)}", highlight=False, soft_wrap=True)
    return manifest, [] if recipe.split.near_duplicates == "ignore" else near_duplicates(manifest)


def _kept_together(recipe: Recipe, clusters: list[frozenset[str]]) -> list[frozenset[str]]:
    return clusters if recipe.split.near_duplicates == "together" else []


def _check_leaks(recipe: Recipe, manifest: Manifest, clusters: list[frozenset[str]], *, grouped: bool) -> None:
    """Refuse a split of our own that leaks; report it where the split is the corpus's, or the recipe wants that."""
    group = recipe.split.group if grouped and recipe.split.group in manifest.table.columns else None
    report = check(manifest, group, clusters)
    if recipe.split.by != "official" and recipe.split.near_duplicates == "together":
        report.refuse()
    elif not report.clean:
        errors.print(f"[yellow]Warning[/]: {escape(str(report))}", highlight=False, soft_wrap=True)


def learn(recipe: Recipe, manifest: Manifest, folder: Path) -> Predictions:
    """Train on a fold's training side, export, and predict its test side with what was exported."""
    recognizer = fit(recipe, manifest, folder, stores=folder.parent / STORES, title=folder.name)
    test = manifest.where(pl.col("split") == "test")
    predictions, failures = predict_clips(recognizer, test, group=recipe.split.group)
    add_failures(folder, failures)
    return predictions


@dataclass(frozen=True)
class CrossValidation:
    """What the folds of a protocol gave.

    Parameters
    ----------
    predictions
        The test sides of all folds and seeds.
    seconds
        How long each job took; null for one that was interrupted and gone on with.
    failures
        The id of each clip that could not be read, and why: it is in no figure.
    """

    predictions: Predictions
    seconds: dict[str, float | None]
    failures: dict[str, str]


def crossval(
    recipe: Recipe,
    folder: Path,
    *,
    learner: Learner = learn,
    progress: Callable[[Sequence[Job]], Iterable[Job]] = iter,
) -> CrossValidation:
    """Run a recipe's protocol, or what is left of it.

    Parameters
    ----------
    recipe
        Its `protocol` section says which folds and seeds.
    folder
        Holds one run folder per fold and seed. Those that have finished are not run again.
    learner
        How a fold is learnt; other learners can be measured on the same folds.
    progress
        Wraps the jobs to show progress.
    """
    made = make_folds(recipe)
    jobs = [Job(fold, seed) for seed in recipe.protocol.seeds for fold in made]
    done: list[Predictions] = []
    seconds: dict[str, float | None] = {}
    failures: dict[str, str] = {}
    for job in progress(jobs):
        run = folder / job.name
        _run(recipe, job, run, learner)
        done.append(Predictions.read(run / PREDICTIONS))
        seconds[job.name] = json.loads((run / SECONDS).read_text(encoding="utf-8"))
        failures |= read_failures(run)
    return CrossValidation(Predictions.concat(done), seconds, failures)


def _run(recipe: Recipe, job: Job, folder: Path, learner: Learner) -> None:
    recipe = recipe.with_overrides([f"train.seed={job.seed}"])
    verify_run(recipe, job.fold.manifest, folder)
    if (folder / PREDICTIONS).is_file():
        return
    resumed = folder.is_dir() and any(folder.iterdir())
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    predictions = learner(recipe, job.fold.manifest, folder)
    claim_run(recipe, job.fold.manifest, folder)
    took = None if resumed else round(time.monotonic() - started, 1)
    (folder / SECONDS).write_text(json.dumps(took), encoding="utf-8")
    columns = {"fold": job.fold.name, "repeat": job.fold.repeat, "seed": job.seed}
    if recipe.protocol.name == "leave-one-group-out":
        # Groups that share near-identical clips are one: the fold's name joins theirs.
        columns["group"] = job.fold.name
    table = predictions.table.with_columns(**{name: pl.lit(value) for name, value in columns.items()})
    Predictions(table).write(folder / PREDICTIONS)
