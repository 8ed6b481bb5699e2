"""The training clips that are most like a clip to the model, where the recogniser remembers them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ishara.errors import IsharaError
from ishara.recognizer import Recognizer
from ishara.recognizer.gallery import GALLERY, Floats, read_gallery

_MOST = 5


@dataclass(frozen=True)
class Neighbour:
    """A clip that the recogniser learnt from, or was taught.

    Parameters
    ----------
    clip
        Its id.
    gloss
        Its label.
    likeness
        Cosine of both clips' embeddings in the gallery's whitened space, -1 to 1.
    taught
        Whether a person taught it.
    """

    clip: str
    gloss: str
    likeness: float
    taught: bool


def nearest(recognizer: Recognizer, embedding: Floats, most: int = _MOST) -> tuple[Neighbour, ...]:
    """The nearest training and taught clips, the nearest first.

    Parameters
    ----------
    recognizer
        With a gallery.
    embedding
        (E,) of the clip.

    Raises
    ------
    IsharaError
        If it has no gallery, or a damaged one.
    """
    if GALLERY not in recognizer.config.files:
        raise IsharaError("This recogniser does not remember its training clips: an older Ishara trained it.")
    recognizer.check_gallery()
    gallery = read_gallery(recognizer.folder / GALLERY, len(recognizer.labels))
    trained, taught = ~gallery.validated, recognizer.taught
    known = gallery.embedding[trained]
    names = [*gallery.clip[trained].tolist(), *taught.clip.tolist()]
    glosses = [*(recognizer.labels[place] for place in gallery.gloss[trained]), *taught.gloss.tolist()]
    if len(taught):
        known = np.concatenate([known, taught.embedding])
    likeness = gallery.space(known) @ gallery.space(embedding[None])[0]
    first = np.argsort(-likeness, kind="stable")[:most]
    count = int(trained.sum())
    return tuple(Neighbour(names[i], glosses[i], round(float(likeness[i]), 4), i >= count) for i in map(int, first))
