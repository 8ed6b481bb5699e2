"""The public data sets that Ishara knows: one small file each, from the corpus's own files to a `Manifest`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ishara.clips.corpora.asl_citizen import ASL_CITIZEN
from ishara.clips.corpora.autsl import AUTSL
from ishara.clips.corpora.base import Corpus
from ishara.clips.corpora.bdslw60 import BDSLW60
from ishara.clips.corpora.bdslw401 import BDSLW401
from ishara.clips.corpora.fingerspelling import FINGERSPELLING
from ishara.clips.corpora.folder import FOLDER
from ishara.clips.corpora.google_islr import GOOGLE_ISLR
from ishara.clips.corpora.include import INCLUDE, INCLUDE50
from ishara.clips.corpora.landmarks import LANDMARKS
from ishara.clips.corpora.lsa64 import LSA64
from ishara.clips.corpora.ms_asl import MS_ASL
from ishara.clips.corpora.synthetic import generate, generate_videos, read_videos
from ishara.clips.corpora.synthetic import read as read_synthetic
from ishara.clips.corpora.wlasl import WLASL
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError, choices

__all__ = ["Corpus", "get_corpus", "list_corpora", "read_corpus"]

_SYNTHETIC = Corpus(
    name="synthetic",
    title="invented signs by generated signers, for demos and tests; never a result",
    language="none",
    licence="MIT, as Ishara",
    source="made by ishara corpora get synthetic, and by ishara demo",
    citation="none",
    layout="a folder that ishara.clips.corpora.synthetic.generate wrote.",
    read=lambda root, _: read_synthetic(root),
    make=lambda folder, _: generate(folder),
)
_SYNTHETIC_VIDEO = Corpus(
    name="synthetic-video",
    title="the same invented signs as drawn video of generated signers, for demos and tests; never a result",
    language="none",
    licence="MIT, as Ishara",
    source="made by ishara corpora get synthetic-video",
    citation="none",
    layout="a folder that ishara.clips.corpora.synthetic.generate_videos wrote.",
    read=lambda root, _: read_videos(root),
    make=lambda folder, track: generate_videos(folder, track=track),
)
_KNOWN = (
    ASL_CITIZEN,
    AUTSL,
    BDSLW60,
    BDSLW401,
    FINGERSPELLING,
    FOLDER,
    GOOGLE_ISLR,
    INCLUDE,
    INCLUDE50,
    LANDMARKS,
    LSA64,
    MS_ASL,
    WLASL,
    _SYNTHETIC,
    _SYNTHETIC_VIDEO,
)
_CORPORA = {corpus.name: corpus for corpus in _KNOWN}


def list_corpora() -> list[str]:
    """Names of the corpora."""
    return sorted(_CORPORA)


def get_corpus(name: str) -> Corpus:
    """What is known of a corpus.

    Raises
    ------
    IsharaError
        If there is no such corpus; the message lists them.
    """
    if name not in _CORPORA:
        raise IsharaError(f"There is no corpus {name!r}. {choices(name, _CORPORA)}")
    return _CORPORA[name]


def read_corpus(name: str, root: str | Path, options: Mapping[str, str | int | float | bool] | None = None) -> Manifest:
    """The clips of a corpus.

    Parameters
    ----------
    name
        One of `list_corpora`.
    root
        Where its files are: a folder, or a file for a corpus that is one.
    options
        Of the corpus; see `Corpus.options`.

    Returns
    -------
    Manifest
        With absolute paths.

    Raises
    ------
    IsharaError
        If there is no such corpus or option, or the files are not there or not as the corpus's layout says.
    """
    corpus = get_corpus(name)
    options = options or {}
    for option in options:
        if option not in corpus.options:
            known = choices(option, corpus.options) if corpus.options else "It has none."
            raise IsharaError(f"The corpus {name!r} has no option {option!r}. {known}")
    root = Path(root)
    if not root.exists():
        raise IsharaError(f"{root}: is not there. The corpus {name!r} expects: {corpus.layout}")
    return corpus.read(root.resolve(), {key: str(value) for key, value in options.items()})
