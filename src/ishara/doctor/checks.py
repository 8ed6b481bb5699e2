"""`examine`: every part in turn, and what to do where one does not work."""

from __future__ import annotations

import ctypes.util
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ishara import __version__
from ishara.clips.corpora.unpack import cache_folder
from ishara.doctor.finding import Finding
from ishara.doctor.installed import extras, pins
from ishara.doctor.trial import try_out

_PYTHONS = ((3, 11), (3, 12))
_CORE = "pip install --force-reinstall ishara"
_FFMPEG = (
    "Install FFmpeg 4 to 8 with its shared libraries (Debian, Ubuntu: apt install ffmpeg; macOS: brew install ffmpeg), "
    "or leave it: PyAV carries its own"
)
_LEAST_SPACE = 2.0
_GIGABYTE = 1e9
# At most so many trials at once: each loads a large library.
_AT_ONCE = 3


@dataclass(frozen=True)
class _Trial:
    """A trial and what to say about it."""

    probe: str
    name: str
    use: str
    core: bool = False
    missing: str = _CORE
    fails: str = _CORE


_TRIALS = (
    _Trial("pyav", "PyAV", "decoding video: predict, extract, live", core=True),
    _Trial("pose_format", "pose-format", "reading and writing .pose files", core=True),
    _Trial("onnxruntime", "ONNX Runtime", "running a trained recogniser", core=True),
    _Trial(
        "mediapipe",
        "MediaPipe",
        "landmarks from video",
        missing="pip install 'ishara[mediapipe]'",
        fails="pip install --force-reinstall 'ishara[mediapipe]' (it needs numpy 1 and protobuf 4)",
    ),
    _Trial(
        "torchcodec",
        "TorchCodec",
        "decoding video faster, for training on pixels; without it PyAV decodes",
        missing="pip install 'ishara[train]'",
        fails=f"{_FFMPEG}; TorchCodec 0.13.0 goes with torch 2.13.0",
    ),
    _Trial(
        "torch",
        "PyTorch",
        "training and export",
        missing="pip install 'ishara[train]'",
        fails="pip install --force-reinstall 'torch==2.13.0', in the build for your accelerator (pytorch.org)",
    ),
)


def examine(progress: Callable[[Sequence[str]], Iterable[str]] | None = None) -> list[Finding]:
    """Try every part.

    Parameters
    ----------
    progress
        Wraps the names of the trials, to show how far they are.

    Returns
    -------
    One finding per part, the most needed first.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        running = {trial.name: pool.submit(_tried, trial) for trial in _TRIALS}
        names = list(running)
        tried = {name: running[name].result() for name in (progress(names) if progress else names)}
    return [python(), *tried.values(), ffmpeg(), *extras(), pins(), threads(), cache()]


def python() -> Finding:
    """Which Python this is."""
    known = sys.version_info[:2] in _PYTHONS
    return Finding(
        "Python",
        "works" if known else "fails",
        f"{platform.python_version()} on {platform.system()} {platform.machine()}; Ishara {__version__}",
        "everything",
        core=True,
        mend=None if known else "Install Python 3.11 or 3.12, and Ishara in it",
    )


def ffmpeg() -> Finding:
    """Whether FFmpeg's shared libraries are where programs look for them."""
    library = ctypes.util.find_library("avcodec")
    use = "TorchCodec; nothing else needs them"
    if library is None:
        return Finding("FFmpeg libraries", "missing", "no shared library avcodec", use, mend=_FFMPEG)
    return Finding("FFmpeg libraries", "works", library, use)


def threads() -> Finding:
    """How many processors this process may use."""
    every = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else every
    limits = [f"{name}={os.environ[name]}" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS") if name in os.environ]
    found = f"{usable} of {every} processors may be used" + "".join(f"; {limit}" for limit in limits)
    return Finding("processors", "works", found, "speed: `ishara extract --workers`")


def cache() -> Finding:
    """Whether unpacked corpora have a place to lie."""
    folder = cache_folder()
    place = next(parent for parent in _upwards(folder) if parent.is_dir())
    use = "unpacked corpora ($ISHARA_CACHE)"
    if not os.access(place, os.W_OK):
        mend = "Set ISHARA_CACHE to a folder that can be written"
        return Finding("cache", "fails", f"{folder} cannot be written", use, mend=mend)
    free = shutil.disk_usage(place).free / _GIGABYTE
    if free < _LEAST_SPACE:
        mend = "Make room, or set ISHARA_CACHE to a folder on a larger disk"
        return Finding("cache", "note", f"{folder}: only {free:.1f} GB free", use, mend=mend)
    return Finding("cache", "works", f"{folder}: {free:.0f} GB free", use)


def _upwards(folder: Path) -> Iterator[Path]:
    absolute = folder.absolute()
    yield absolute
    yield from absolute.parents


def _tried(trial: _Trial) -> Finding:
    status, found = try_out(trial.probe)
    mend = {"missing": trial.missing, "fails": trial.fails}.get(status)
    return Finding(trial.name, status, found, trial.use, core=trial.core, mend=mend)
