"""The memory that a contestant needs, in a process of its own: ``python -m ishara.bench.memory WORK`` prints it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from ishara.bench.budgets import MIB
from ishara.bench.clips import noise
from ishara.bench.contestants import Contestant, Kind
from ishara.bench.machine import Device
from ishara.errors import IsharaError
from ishara.recognizer.folder import CONFIG, read_config

_STATUS = Path("/proc/self/status")
_BATCH = 16
# Seconds that the driver may take to answer.
_PATIENCE = 20


class Work(BaseModel):
    """What the process does: load a contestant, and run clips of noise of these lengths, alone and 16 together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    folder: Path
    threads: int | None
    device: Device
    frames: list[int]


def peak_memory(
    contestant: Contestant, frames: Sequence[int], threads: int | None, device: Device
) -> dict[str, int | None]:
    """The most memory that a process needs which does nothing but run a contestant.

    Parameters
    ----------
    frames
        Lengths of clips, of which the longest 16 are run.

    Returns
    -------
    dict
        ``peak_bytes`` of the process; on a GPU also ``gpu_allocated_bytes`` and ``gpu_reserved_bytes``, which PyTorch
        alone knows of itself. Of ONNX Runtime ``gpu_process_bytes`` says what NVIDIA's driver counts for the whole
        process, with the libraries that it keeps on the GPU; None where the driver does not tell.

    Raises
    ------
    IsharaError
        If the process fails.
    """
    work = Work(
        kind=contestant.kind, folder=contestant.folder, threads=threads, device=device,
        frames=sorted(frames)[-_BATCH:],
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "ishara.bench.memory", work.model_dump_json()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        raise IsharaError(f"{contestant.name}: its memory could not be measured: {reason}")
    found: dict[str, int | None] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(work: Work) -> dict[str, int | None]:
    """Do the work in this process, and say what it took."""
    run = Contestant(work.kind, work.kind, work.folder, 0).open(work.threads, work.device)
    config, rng = read_config(work.folder / CONFIG), np.random.default_rng(0)
    clips = [noise(config, frames, rng) for frames in work.frames]
    run(clips[-1:])
    run(clips)
    found: dict[str, int | None] = {"peak_bytes": _peak()}
    if work.device != "cuda":
        return found
    if work.kind == "runtime":
        return found | {"gpu_process_bytes": gpu_process_memory()}
    from ishara.bench.torch_model import gpu_memory

    return found | gpu_memory()


def gpu_process_memory() -> int | None:
    """Bytes that NVIDIA's driver counts for this process, on all its GPUs; None where it does not tell.

    ONNX Runtime gives nothing back to the GPU before its session ends, so this is also the most that it had. The driver
    is asked by the program that comes with it; in a container it often knows processes by other numbers, or none.
    """
    words = ["nvidia-smi", "--query-compute-apps=pid,used_gpu_memory", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=_PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    rows = [[cell.strip() for cell in line.split(",")] for line in done.stdout.splitlines()]
    own = [int(row[1]) for row in rows if len(row) == 2 and row[0] == str(os.getpid()) and row[1].isdecimal()]
    return sum(own) * MIB if own else None


def _peak() -> int:
    """Bytes of memory that this process had at most.

    Not from `resource` on Linux, whose figure a process inherits from the one that started it.
    """
    if _STATUS.is_file():
        lines = _STATUS.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


if __name__ == "__main__":
    try:
        print(json.dumps(measure(Work.model_validate_json(sys.argv[1]))))  # noqa: T201 - what the caller reads
    except IsharaError as error:
        sys.exit(str(error))
