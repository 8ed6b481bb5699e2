"""What the readers of public corpora share: finding and reading label files, and the choice of glosses."""

from __future__ import annotations

import difflib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from ishara.clips.corpora.base import Options
from ishara.errors import IsharaError, choices

SPLITS = {"train": "train", "val": "validation", "test": "test"}
_DEEPEST = 2  # an archive's own folder, and one in it
_MOST_SUGGESTED = 3


def label_files(root: Path, *patterns: str) -> list[Path]:
    """The files of the given names, sorted: of the folder itself, or of the nearest ones below that have any.

    Archives often hold all in one folder (Kaggle's ``wlasl-complete/``), so the two levels below are looked at too.
    """
    level = [root]
    for _ in range(_DEEPEST + 1):
        found = {file for folder in level for pattern in patterns for file in folder.glob(pattern) if file.is_file()}
        if found:
            return sorted(found)
        level = [path for folder in level for path in sorted(folder.iterdir()) if path.is_dir() and _seen(path.name)]
    return []


def read_json(path: Path) -> Any:
    """A JSON file's content.

    Raises
    ------
    IsharaError
        If it cannot be read as JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise IsharaError(f"{path}: cannot be read as JSON ({error}).") from None


def read_table(path: Path, columns: Sequence[str], *, header: bool = True) -> pl.DataFrame:
    """The named columns of a CSV file as text without spaces around it; further columns are left out.

    Raises
    ------
    IsharaError
        If it cannot be read as CSV in UTF-8, or has not these columns.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        table = pl.read_csv(io.StringIO(text), has_header=header, infer_schema=False)
    except UnicodeDecodeError:
        raise IsharaError(f"{path}: is not text in UTF-8; save it so.") from None
    except pl.exceptions.PolarsError as error:
        raise IsharaError(f"{path}: cannot be read as CSV ({next(iter(str(error).splitlines()), 'empty')}).") from None
    if not header and len(table.columns) == len(columns):
        table.columns = list(columns)
    table.columns = [name.strip() for name in table.columns]
    lacking = [name for name in columns if name not in table.columns]
    if lacking:
        expected = ", ".join(columns)
        found = ", ".join(table.columns) if header else f"{len(table.columns)} columns"
        raise IsharaError(f"{path}: expected the columns {expected}; found {found}.")
    return table.select(pl.col(columns).str.strip_chars())


def option_of(options: Options, name: str, allowed: Sequence[str]) -> str:
    """One of the allowed values, the first being the default.

    Raises
    ------
    IsharaError
        If it is none of them.
    """
    value = options.get(name, allowed[0])
    if value not in allowed:
        raise IsharaError(f"The option {name} is {value!r}. {choices(value, allowed)}")
    return value


def choose_glosses(vocabulary: Sequence[str], options: Options, labels: Path) -> list[str]:
    """Of a vocabulary in the corpus's own order, the first `top` glosses or those that `glosses` lists; else all.

    Raises
    ------
    IsharaError
        If there is no such gloss, `top` is no number between 1 and the size of the vocabulary, or both are given.
    """
    top, listed = options.get("top"), options.get("glosses")
    if top is not None and listed is not None:
        raise IsharaError("Give either top or glosses, not both.")
    if listed is not None:
        wanted = [gloss.strip() for gloss in listed.split(",") if gloss.strip()]
        for gloss in wanted:
            if gloss not in vocabulary:
                close = difflib.get_close_matches(gloss, vocabulary, n=_MOST_SUGGESTED)
                hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
                raise IsharaError(f"{labels}: there is no gloss {gloss!r} among its {len(vocabulary)}.{hint}")
        if not wanted:
            raise IsharaError("The option glosses is empty; give such as glosses=book,drink.")
        return wanted
    if top is None:
        return list(vocabulary)
    if not top.isdecimal() or not 1 <= int(top) <= len(vocabulary):
        raise IsharaError(f"The option top is {top!r}; expected a number from 1 to {len(vocabulary)}, as in {labels}.")
    return list(vocabulary[: int(top)])


def _seen(name: str) -> bool:
    return not name.startswith((".", "__MACOSX"))
