"""Ishara (ইশারা, "sign") turns a video of a signed word into its gloss.

>>> import ishara
>>> ishara.load("runs/demo/run").predict("clip.pose")  # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ishara.recognizer import Recognizer

__all__ = ["__version__", "load"]
__version__ = "0.1.0"


def load(path: str | Path) -> Recognizer:
    """The trained recogniser in a folder, ready to predict; it needs neither torch nor a GPU.

    Parameters
    ----------
    path
        A run folder, as `ishara train` writes it, or the recogniser folder in it.

    Raises
    ------
    IsharaError
        If the folder is not there, is not a recogniser, or one of its files is missing or damaged.
    """
    # Here and not above, so that `import ishara` does not load NumPy, Polars and ONNX Runtime.
    from ishara.recognizer import Recognizer

    return Recognizer.load(path)
