"""`Corpus`: what Ishara knows of one public data set, and how its own files become a manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ishara.clips.manifest import Manifest

Options = Mapping[str, str]
# Given things in a row, gives them back one by one, such as with a bar.
Progress = Callable[[Sequence[Any]], Iterable[Any]]
# Corpora whose clips nobody signed: what is measured on them says so.
SYNTHETIC = ("synthetic", "synthetic-video")


@dataclass(frozen=True)
class Corpus:
    """One data set.

    Parameters
    ----------
    name
        What it is called on the command line and in recipes.
    title
        What it is, in a line.
    language
        The signed language or languages.
    licence
        Its terms, as stated at the source.
    source
        Where to get it, or whom to ask.
    citation
        The paper to cite.
    layout
        The files that are expected, as plain text.
    read
        From its root (a folder or a file) and options, all given as text, to a manifest.
    options
        Each option's name, and what it says.
    kaggle
        The Kaggle data set that `ishara corpora get` downloads, where the terms allow that; ``None`` where the owner is
        to be asked.
    files
        Of a corpus that reads the files of several data sets: by a file's name without its ending, what is known of
        that data set: ``title``, ``language``, ``licence``, ``source`` or ``citation``.
    make
        For a corpus that is generated: writes it into a folder, or goes on with what is there, with progress.
    """

    name: str
    title: str
    language: str
    licence: str
    source: str
    citation: str
    layout: str
    read: Callable[[Path, Options], Manifest]
    options: Mapping[str, str] = field(default_factory=dict)
    kaggle: str | None = None
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    make: Callable[[Path, Progress], object] | None = None

    def about(self, root: Path | None) -> Corpus:
        """What is said of the data set in a file, where that one is known; else of the corpus."""
        return replace(self, **self.files.get(root.stem, {})) if root is not None else self
