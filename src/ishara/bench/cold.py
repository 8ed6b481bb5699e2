"""Cold starts: whole processes from nothing to the answer."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ishara.errors import IsharaError


def cold_starts(programs: Mapping[str, Sequence[str]], rounds: int) -> dict[str, Any]:
    """How long whole processes take, one of each in turns.

    Each is started once before that is not counted: files are in memory, and modules are compiled, as they are after
    an installation with pip.

    Parameters
    ----------
    programs
        Words for Python, by name.

    Returns
    -------
    dict
        Of each: ``seconds``, round by round, and their ``median``.

    Raises
    ------
    IsharaError
        If a program fails.
    """
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(rounds + 1):
        for name, words in programs.items():
            took = _seconds(name, words)
            if number:
                seconds[name].append(took)
    return {name: {"median": float(np.median(own)), "seconds": own} for name, own in seconds.items()}


def start_programs(model: Path, example: Path | None) -> dict[str, list[str]]:
    """What is started: ``import ishara``, and ``ishara predict`` of a clip where there is one."""
    programs = {"import ishara": ["-c", "import ishara"]}
    if example is not None:
        programs["ishara predict"] = ["-m", "ishara", "predict", str(model), str(example)]
    return programs


def _seconds(name: str, words: Sequence[str]) -> float:
    # Where a shell forbids compiled modules to be kept, every start would compile again what changed.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, env=environment)
    took = time.perf_counter() - started
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        raise IsharaError(f"{name} failed: {reason}")
    return took
