"""A table beside a corpus that names its numbered words."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from ishara.clips.corpora.labels import read_table
from ishara.errors import IsharaError

WORDS = "words.csv"


def read_words(folder: Path) -> dict[str, str]:
    """The gloss of each word id such as ``W1``, from ``words.csv`` in the folder or the one above; else none.

    Raises
    ------
    IsharaError
        If the table cannot be read, or has not the columns ``word`` (each once) and ``gloss`` (in every row).
    """
    path = next((place for place in (folder / WORDS, folder.parent / WORDS) if place.is_file()), None)
    if path is None:
        return {}
    table = read_table(path, ("word", "gloss"))
    twice = table.filter(pl.col("word").is_duplicated())["word"]
    if len(twice) or table["gloss"].null_count():
        wrong = f"{twice[0]} is there twice" if len(twice) else "a word has no gloss"
        raise IsharaError(f"{path}: expected the columns word (each once) and gloss (for each word); {wrong}.")
    return dict(zip(table["word"], table["gloss"], strict=True))
