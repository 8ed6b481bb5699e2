"""Everything that `ishara bench` says of a recogniser, measured in one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ishara.bench.clips import BenchClips
from ishara.bench.cold import cold_starts, start_programs
from ishara.bench.contestants import TOGETHER, Contestant, Run, find_contestants, open_all
from ishara.bench.machine import Device, provenance
from ishara.bench.memory import peak_memory
from ishara.bench.race import BATCH, figures, plan, race, runs_of_batches
from ishara.errors import IsharaError
from ishara.recognizer import Recognizer


@dataclass(frozen=True)
class Settings:
    """How it is measured.

    Parameters
    ----------
    rounds
        In which every contestant has its turn.
    starts
        Cold starts that are counted; 0 for none.
    threads
        Of each contestant; None for as many as there are cores.
    device
        What computes.
    """

    rounds: int = 5
    starts: int = 5
    threads: int | None = None
    device: Device = "cpu"


def measure(
    recognizer: Recognizer,
    clips: BenchClips,
    others: Sequence[Path],
    settings: Settings,
    progress: Callable[[str, Sequence[Any]], Any],
) -> dict[str, Any]:
    """Measure a recogniser in each of its forms.

    Parameters
    ----------
    recognizer
        What is measured; the first of the contestants.
    clips
        On what.
    others
        Recogniser folders to measure beside it.
    progress
        Given a title and steps, wraps them to show progress.

    Returns
    -------
    dict
        Ready for JSON: ``model``, ``clips``, ``contestants`` (the model first; see `ishara.bench.race.figures`),
        ``batch`` (how many clips are handed over at once), ``batch_runs`` (in how many runs they are answered),
        ``left_out``, ``cold_starts``, and where it was measured.

    Raises
    ------
    IsharaError
        If the device is not there, or the model cannot be run.
    """
    where = provenance(settings.device)
    contestants, left_out = find_contestants(recognizer.folder, others)
    runs, cannot = open_all(contestants, settings.threads, settings.device)
    times = race(
        runs, clips.inputs, settings.rounds, finish=_finish(runs, settings.device),
        progress=lambda rounds: progress("Rounds", rounds),
    )  # fmt: skip
    first = times[next(iter(runs))]
    rows = []
    for contestant in progress("Memory", list(runs)):
        memory = peak_memory(contestant, clips.frames, settings.threads, settings.device)
        row = figures(times[contestant], first, len(clips.inputs))
        rows.append({"name": contestant.name, "size_bytes": contestant.size, **memory, **row})
    return {
        "model": _about(recognizer),
        "clips": _about_clips(clips),
        "threads": settings.threads,
        "rounds": settings.rounds,
        "batch": BATCH,
        "batch_runs": runs_of_batches(plan(clips.inputs), TOGETHER[recognizer.config.input]),
        "contestants": rows,
        "left_out": left_out | cannot,
        "cold_starts": _cold(recognizer, clips, settings.starts),
        **where,
    }


def _finish(runs: dict[Contestant, Run], device: Device) -> Callable[[], None]:
    if device == "cpu" or all(contestant.kind == "runtime" for contestant in runs):
        return lambda: None  # ONNX Runtime has its results in memory when it comes back
    from ishara.bench.torch_model import synchronise

    return synchronise


def _about(recognizer: Recognizer) -> dict[str, Any]:
    config = recognizer.config
    return {
        "name": recognizer.recipe.name,
        "folder": str(recognizer.folder),
        "architecture": recognizer.recipe.model.name,
        "input": config.input,
        "glosses": len(config.labels),
        "parameters": config.parameters,
    }


def _about_clips(clips: BenchClips) -> dict[str, Any]:
    low, median, high = np.percentile(clips.frames, (0, 50, 100))
    return {
        "which": clips.which,
        "generated": clips.generated,
        "count": len(clips.inputs),
        "unreadable": clips.unreadable,
        "frames": {"low": int(low), "median": float(median), "high": int(high)},
    }


def _cold(recognizer: Recognizer, clips: BenchClips, starts: int) -> dict[str, Any]:
    if not starts:
        return {}
    try:
        return cold_starts(start_programs(recognizer.folder, clips.example), starts)
    except IsharaError as error:
        # A clip of noise may be one that a recipe refuses: it is no reason to throw the other figures away.
        return {"left_out": str(error)}
