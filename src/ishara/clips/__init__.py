"""What is labelled: clips, manifests, splits, leak checks and the corpora that they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ishara.clips.roots import find_root
from ishara.recipe import Data

if TYPE_CHECKING:
    from ishara.clips.manifest import Manifest

__all__ = ["load_clips"]


def load_clips(data: Data) -> Manifest:
    """The clips that a recipe's `data` section names.

    Raises
    ------
    IsharaError
        If the manifest or the corpus's files are not there or not as expected.
    """
    # Here and not above: all corpora and Polars take half a second, and `ishara predict` needs neither.
    from ishara.clips.corpora import read_corpus
    from ishara.clips.manifest import Manifest

    if data.manifest is not None:
        return Manifest.read(find_root(data.manifest))
    assert data.corpus is not None
    assert data.root is not None
    return read_corpus(data.corpus, find_root(data.root), data.options)
