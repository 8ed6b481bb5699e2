"""Running one trial in a process of its own: what it prints is the finding, and so are a crash and a silence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import get_args

from ishara.doctor.finding import Status

_SECONDS = 120.0


def try_out(name: str, *, module: str = "ishara.doctor.probes", seconds: float = _SECONDS) -> tuple[Status, str]:
    """Run a trial.

    Parameters
    ----------
    name
        One of `ishara.doctor.probes.PROBES`.
    module
        What is run with ``python -m``; its last line of output is JSON with ``status`` and ``found``.
    seconds
        How long it may take.

    Returns
    -------
    Its status, and what was found in one line.
    """
    # -P: a file torch.py in the current folder is not taken for the library.
    command = [sys.executable, "-P", "-m", module, name]
    quiet = os.environ | {"GLOG_minloglevel": "2", "TF_CPP_MIN_LOG_LEVEL": "2"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=seconds, check=False, env=quiet
        )
    except subprocess.TimeoutExpired:
        return "fails", f"gave no answer within {seconds:g} s"
    if done.returncode < 0:
        return "fails", f"crashed ({_signal(-done.returncode)})"
    try:
        result = json.loads(done.stdout.splitlines()[-1])
        status, found = result["status"], str(result["found"])
    except (IndexError, ValueError, KeyError, TypeError):
        complaint = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return "fails", f"ended with code {done.returncode}: {complaint}"
    return (status if status in get_args(Status) else "fails"), found


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
