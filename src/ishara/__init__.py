"""Ishara (ইশারা, "sign") turns a video of a signed word into its gloss.

Examples
--------
>>> import ishara
>>> ishara.load("runs/demo/run").predict("clip.pose")  # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ishara.recognizer import Recognizer
    from ishara.recognizer.runtime import Provider

__all__ = ["__version__", "load"]
__version__ = "0.1.0"


def load(path: str | Path, *, threads: int | None = None, provider: Provider = "cpu") -> Recognizer:
    """The trained recogniser in a folder, ready to predict; it needs neither torch nor a GPU.

    Parameters
    ----------
    path
        A run folder, as `ishara train` writes it, the recogniser folder in it, or one that `ishara export` wrote.
    threads
        Threads that one prediction may use; by default as many as there are cores.
    provider
        What computes: ``cpu``, ``cuda``, ``coreml``, ``directml``, or ``auto`` for the first of the others that is
        there, else the processor.

    Raises
    ------
    IsharaError
        If the folder is not there, is not a recogniser, one of its files is missing or damaged, or what is to compute
        is not there.
    """
    # Here and not above, so that `import ishara` does not load NumPy, Polars and ONNX Runtime.
    from ishara.recognizer import Recognizer

    return Recognizer.load(path, threads=threads, provider=provider)
