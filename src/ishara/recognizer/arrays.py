"""Reading arrays of a recogniser's folder from a file that nobody need vouch for."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError

# What is larger is neither a gallery nor taught signs: 100,000 clips of 768 numbers have a tenth of it.
_MOST_BYTES = 2**31
_KINDS = {"f": "numbers", "i": "whole numbers", "b": "yes or no", "U": "text"}


def read_arrays(path: Path, wanted: Mapping[str, str], *, mend: str) -> dict[str, NDArray[Any]]:
    """The arrays of an ``.npz`` file that a recogniser needs, with the first dimension that they share.

    Parameters
    ----------
    path
        The file.
    wanted
        The kind of each array, as NumPy's `dtype.kind`: ``f``, ``i``, ``b`` or ``U``. `embedding` has two dimensions,
        the others have one.
    mend
        What to do about a damaged file, as the end of a sentence.

    Raises
    ------
    IsharaError
        If the file is damaged, holds other arrays, or numbers that are not finite.
    """
    try:
        with zipfile.ZipFile(path) as file:
            size = sum(item.file_size for item in file.infolist())
        if size > _MOST_BYTES:
            raise IsharaError(f"{path}: unpacks to {size:,} bytes; at most {_MOST_BYTES:,} are read. {mend}")
        with np.load(path, allow_pickle=False) as loaded:
            found = {name: np.asarray(loaded[name]) for name in wanted if name in loaded.files}
    except IsharaError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a decoder of foreign bytes stumbles over, the file is what is wrong
        raise IsharaError(f"{path}: is damaged ({type(error).__name__}). {mend}") from None
    _check(path, found, wanted, mend)
    return found


def _check(path: Path, found: Mapping[str, NDArray[Any]], wanted: Mapping[str, str], mend: str) -> None:
    count = len(found["embedding"]) if "embedding" in found and found["embedding"].ndim == 2 else 0
    for name, kind in wanted.items():
        array = found.get(name)
        if array is None:
            raise IsharaError(f"{path}: has no {name!r}. {mend}")
        expected = (count, *array.shape[1:2]) if name == "embedding" else (count,)
        if array.dtype.kind != kind or array.shape != expected or not count:
            raise IsharaError(
                f"{path}: {name!r} is {array.dtype} of shape {array.shape}; expected {_KINDS[kind]} of shape "
                f"{expected or '(clips, numbers)'}. {mend}"
            )
        if kind == "f" and not np.isfinite(array).all():
            raise IsharaError(f"{path}: {name!r} holds numbers that are not finite. {mend}")
