"""``taught.npz``: the clips that a person taught a recogniser, as embeddings with their gloss and who agreed to it.

It lies apart from what was trained, and no hash vouches for it, for it changes; so it is checked whenever it is read.
Writing replaces it whole, with a lock over reading and writing, so that two who teach at once lose nothing.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.recognizer.arrays import read_arrays

TAUGHT = "taught.npz"
LOCK = ".taught.lock"
FORMAT = 1
_COLUMNS = {"embedding": "f", "gloss": "U", "clip": "U", "consent": "U", "when": "U"}
_WAIT = 30.0


@dataclass(frozen=True, eq=False)
class TaughtClips:
    """N clips that a person taught, N ≥ 1 where they come from a file.

    Parameters
    ----------
    embedding
        (N, E) float32, finite: what the model makes of each clip. The clip itself is not kept.
    gloss, clip
        N glosses, and N names of clips.
    consent
        N notes of who agreed to what; empty where nobody wrote one.
    when
        N times of being taught, in UTC (ISO 8601).
    """

    embedding: NDArray[np.float32]
    gloss: NDArray[np.str_]
    clip: NDArray[np.str_]
    consent: NDArray[np.str_]
    when: NDArray[np.str_]

    @classmethod
    def none(cls) -> TaughtClips:
        """No clips."""
        empty = np.zeros(0, "U1")
        return cls(np.zeros((0, 0), np.float32), empty, empty, empty, empty)

    def __len__(self) -> int:
        return len(self.embedding)

    @property
    def glosses(self) -> list[str]:
        """Each gloss once, in the order in which they were taught."""
        return list(dict.fromkeys(self.gloss.tolist()))

    def of(self, gloss: str) -> NDArray[np.float32]:
        """(k, E) the embeddings of a gloss."""
        return self.embedding[self.gloss == gloss]

    def where(self, kept: NDArray[np.bool_]) -> TaughtClips:
        """Some of the clips."""
        return TaughtClips(**{item.name: getattr(self, item.name)[kept] for item in fields(self)})

    def __add__(self, other: TaughtClips) -> TaughtClips:
        if not len(self):
            return other
        names = [item.name for item in fields(self)]
        return TaughtClips(**{name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in names})


def read_taught(path: Path, *, size: int, labels: Collection[str], gallery: str) -> TaughtClips:
    """Read what was taught.

    Parameters
    ----------
    path
        The file.
    size
        E, how many numbers an embedding has.
    labels
        What was trained: none of it can be taught.
    gallery
        The SHA-256 of the recogniser's gallery; what was taught another recogniser means nothing to this one.

    Raises
    ------
    IsharaError
        If the file is damaged, of another format or of another recogniser.
    """
    mend = f"Put back a copy of {path.name}, or delete it and teach the signs again."
    try:
        with np.load(path, allow_pickle=False) as loaded:
            version, of = int(loaded["format"]), str(loaded["gallery"])
    except Exception as error:  # noqa: BLE001 - as in read_arrays
        raise IsharaError(f"{path}: is damaged ({type(error).__name__}). {mend}") from None
    if version != FORMAT:
        raise IsharaError(f"{path}: has format {version}; this version of Ishara reads format {FORMAT}. {mend}")
    if of != gallery:
        raise IsharaError(f"{path}: was taught to another recogniser than the one beside it. {mend}")
    found = read_arrays(path, _COLUMNS, mend=mend)
    if found["embedding"].shape[1] != size:
        raise IsharaError(f"{path}: has embeddings of {found['embedding'].shape[1]} numbers, not {size}. {mend}")
    for gloss in found["gloss"].tolist():
        if gloss in labels or not is_gloss(gloss):
            raise IsharaError(f"{path}: has a gloss that cannot be taught ({gloss[:50]!r}). {mend}")
    return TaughtClips(**{**found, "embedding": found["embedding"].astype(np.float32)})


def write_taught(path: Path, taught: TaughtClips, *, gallery: str) -> None:
    """Replace the file, or take it away where nothing is taught.

    Raises
    ------
    OSError
        If the folder cannot be written to.
    """
    if not len(taught):
        path.unlink(missing_ok=True)
        return
    handle, partial = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            columns = {name: getattr(taught, name) for name in _COLUMNS}
            np.savez_compressed(file, format=np.array(FORMAT), gallery=np.array(gallery), **columns)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).chmod(0o644)
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def is_gloss(text: str) -> bool:
    """Whether a text can name a sign: 1 to 100 printable characters, none of them at its ends a space."""
    return 1 <= len(text) <= 100 and text.isprintable() and text == text.strip()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep others from teaching this recogniser meanwhile.

    Raises
    ------
    IsharaError
        If another process holds it for half a minute.
    OSError
        If the folder cannot be written to.
    """
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / LOCK, timeout=_WAIT):
            yield
    except Timeout:
        raise IsharaError(
            f"{folder / LOCK}: another process has been teaching this recogniser for {_WAIT:g} s."
        ) from None
