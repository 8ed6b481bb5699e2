"""Cross-validation: every fold and seed trained, evaluated and kept; an interrupted run goes on where it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_only
from torch.distributed import is_torchelastic_launched

from ishara.clips.splits import Fold
from ishara.errors import IsharaError
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.run import PREDICTIONS
from ishara.models.options import sees_pixels
from ishara.recipe import PoseOptions, Recipe
from ishara.training.folds import make_folds, make_nested_folds
from ishara.training.jobs import Job, Learner, folder_name, learn, read_seconds
from ishara.training.nested import Choice, candidates, choose_best, inner_jobs
from ishara.training.progress import Report, Tracker, silent, write_plan
from ishara.training.sides import STORES, prepare_clips, read_failures
from ishara.training.workers import Workers, outcomes

_MOST_NAMED = 5
_HERE = Workers()


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
    choices
        What was chosen inside each fold, by its name; empty where the recipe chooses nothing.
    folds
        The folds, each with all clips and their sides.
    """

    predictions: Predictions
    seconds: dict[str, float | None]
    failures: dict[str, str]
    choices: Mapping[str, Choice] = field(default_factory=dict)
    folds: Sequence[Fold] = ()


@dataclass(frozen=True)
class _Plan:
    """The jobs of a protocol: inner ones for each fold, where the recipe chooses, and then the folds themselves."""

    folds: list[Fold]
    inner: dict[str, list[list[Job]]]
    outer: list[Job]

    @classmethod
    def of(cls, recipe: Recipe) -> _Plan:
        """The plan of a recipe; what the outer jobs are before anything is chosen."""
        inner: dict[str, list[list[Job]]] = {}
        if recipe.protocol.choose is None:
            folds = make_folds(recipe)
        else:
            nested = make_nested_folds(recipe)
            folds = [fold for fold, _ in nested]
            tried = candidates(recipe)
            inner = {fold.name: inner_jobs(recipe, tried, fold, parts) for fold, parts in nested}
        return cls(folds, inner, [_outer_job(recipe, fold, seed) for seed in recipe.protocol.seeds for fold in folds])

    @property
    def inner_jobs(self) -> list[Job]:
        """Those of all folds and candidates."""
        return [job for candidates in self.inner.values() for jobs in candidates for job in jobs]


def _outer_job(recipe: Recipe, fold: Fold, seed: int) -> Job:
    return Job(f"{folder_name(fold.name)}-seed{seed}", recipe.with_overrides([f"train.seed={seed}"]), fold)


def crossval(
    recipe: Recipe,
    folder: Path,
    *,
    learner: Learner | None = None,
    workers: Workers = _HERE,
    report: Report = silent,
) -> CrossValidation:
    """Run a recipe's protocol, or what is left of it.

    Parameters
    ----------
    recipe
        Its `protocol` section says which folds and seeds, and what is chosen inside each fold.
    folder
        Holds one run folder per fold and seed. Those that have finished are not run again.
    learner
        How a fold is learnt; `learn` by default. Other learners can be measured on the same folds.
    workers
        By whom. Worker processes import the main script again: call this below ``if __name__ == "__main__":``.
    report
        Is told where things stand: first, and after each job.

    Raises
    ------
    IsharaError
        If the folds cannot be made, the folder holds other runs, torchrun began this for several folds, or a fold
        failed: then the others are done first, and the same call goes on with those that failed.
    """
    plan = _Plan.of(recipe)
    if is_torchelastic_launched() and len(plan.outer) + len(plan.inner_jobs) > 1:
        raise IsharaError(
            "torchrun starts processes for one training, and this protocol has several: they would wait for each other "
            "for ever. Train each fold by itself (protocol.only=[FOLD]), or leave torchrun out: train.devices starts "
            "processes for every fold."
        )
    run = _Run(folder, plan, learner, workers, report)
    run.do(plan.inner_jobs)
    choices = {
        fold.name: choose_best(recipe, fold, plan.inner[fold.name], folder)
        for fold in plan.folds
        if fold.name in plan.inner and all(job.is_done(folder) for jobs in plan.inner[fold.name] for job in jobs)
    }
    jobs = []
    for job in plan.outer:
        if not plan.inner:
            jobs.append(job)
        elif (choice := choices.get(job.fold.name)) is not None:
            chosen = _outer_job(candidates(recipe)[choice.chosen], job.fold, job.recipe.train.seed)
            jobs.append(chosen.verified(folder))
            choice.write(folder / chosen.name)
    run.do(jobs)
    run.refuse_failures()
    return CrossValidation(
        Predictions.concat(Predictions.read(folder / job.name / PREDICTIONS) for job in jobs),
        {job.name: read_seconds(folder / job.name) for job in jobs},
        {clip: why for job in jobs for clip, why in read_failures(folder / job.name).items()},
        choices,
        plan.folds,
    )


class _Run:
    """Does the jobs of a plan; the failure of one does not keep the others back."""

    def __init__(self, folder: Path, plan: _Plan, learner: Learner | None, workers: Workers, report: Report) -> None:
        self._folder = folder
        self._learner = learner
        self._workers = workers
        self._failures: dict[str, str] = {}
        planned = [*plan.inner_jobs, *plan.outer]
        # Of outer jobs whose values are not chosen yet, only that can be known.
        for job in plan.inner_jobs if plan.inner else plan.outer:
            job.verified(folder)
        costs = {job.name: job.cost for job in planned}
        done = {job.name for job in planned if job.is_done(folder)}
        rank_zero_only(write_plan)(folder, costs, workers.count)
        self._total = len(planned)
        self._tracker = Tracker(costs, folder, done, beside=workers.count, report=report)

    def do(self, jobs: Sequence[Job]) -> None:
        """Do those of the jobs that are not done."""
        todo = [job.verified(self._folder) for job in jobs if not job.is_done(self._folder)]
        learner = self._learner
        if learner is None:
            stores = (self._folder / STORES).resolve()
            learner = partial(learn, stores=stores)
            if self._workers.apart:
                _prepare(todo, stores)
        with closing(outcomes(todo, self._folder, learner, self._workers)) as ended:
            for outcome, beside in ended:
                self._tracker.ended(outcome, beside)
                if outcome.failure is not None:
                    self._failures[outcome.name] = outcome.failure

    def refuse_failures(self) -> None:
        """Raise an `IsharaError` that names the jobs that failed, with their reasons, if any did."""
        if not self._failures:
            return
        jobs_of: dict[str, list[str]] = {}
        for name, reason in self._failures.items():
            jobs_of.setdefault(reason, []).append(name)
        told = "; ".join(f"{_listed(names)}: {reason}" for reason, names in jobs_of.items())
        raise IsharaError(
            f"{len(self._failures)} of {self._total} jobs failed. {told} What was finished is kept in {self._folder}; "
            "mend this, and the same command goes on with the rest."
        )


def _prepare(jobs: Sequence[Job], stores: Path) -> None:
    """Prepare clips before several processes want them: once for each way to prepare them."""
    ready: set[PoseOptions] = set()
    for job in jobs:
        if not sees_pixels(job.recipe) and job.recipe.pose not in ready:
            prepare_clips(job.recipe, job.fold.manifest, stores)
            ready.add(job.recipe.pose)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMED]) + (
        f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    )
