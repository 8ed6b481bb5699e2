"""What a path stands for where nobody names its corpus: a manifest, landmarks, a corpus, or a folder per gloss."""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ishara.clips.corpora import get_corpus, list_corpora, read_corpus
from ishara.clips.corpora.folder import FOLDER
from ishara.clips.corpora.synthetic.corpus import INDEX
from ishara.clips.corpora.synthetic.plan import LANGUAGE
from ishara.clips.corpora.synthetic.videos import SETTINGS
from ishara.clips.corpora.tree import CLIP_SUFFIXES, files_below, listed
from ishara.clips.manifest import REQUIRED, Manifest
from ishara.clips.roots import find_root
from ishara.errors import IsharaError, choices
from ishara.pose.address import PARQUET_SUFFIX
from ishara.pose.parquet import is_clip
from ishara.recipe import Data

_TABLES = (".csv", PARQUET_SUFFIX)
_MANIFESTS = tuple(f"manifest{suffix}" for suffix in _TABLES)
_RUN = "recipe.yaml"
# Files that no other corpus has.
_MARKS = (
    ("WLASL_v*.json", "wlasl"),
    ("MSASL_*.json", "ms_asl"),
    ("train_labels.csv", "autsl"),
    ("splits/train.csv", "asl_citizen"),
    ("train_landmark_files", "google_islr"),
)
_KINDS = "a folder with a folder per gloss, a corpus's folder, a manifest (.csv or .parquet) or a .npz of landmarks"


@dataclass(frozen=True)
class ClipSource:
    """Where clips come from.

    Parameters
    ----------
    data
        As a recipe's `data` section says it: its path is relative where a recipe's may be, so that one path typed in
        two ways is one source.
    what
        How it was understood, in words.
    name
        What a run of it may be called: letters, digits, dots, hyphens and underscores.
    """

    data: Data
    what: str
    name: str


def find_source(path: str | Path, corpus: str | None = None) -> ClipSource:
    """What a path stands for.

    Parameters
    ----------
    path
        A relative one is looked up from here, then in ``$ISHARA_DATA``.
    corpus
        The corpus, where that is known.

    Raises
    ------
    IsharaError
        If there is nothing, or it could mean several things; the message lists them, each with what to type.
    """
    path = Path(path)
    try:
        place = find_root(path)
    except IsharaError:
        raise IsharaError(f"{path}: there is no such file or folder. Expected {_KINDS}, or a recipe (.yaml).") from None
    if corpus is not None:
        get_corpus(corpus)
        return _of_corpus(place, corpus, f"the corpus {corpus!r}, as you said")
    return _of_folder(place) if place.is_dir() else _of_file(place)


def run_name(text: str) -> str:
    """A text as the name of a run; ``clips`` where nothing of it can stand in one."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-._") or "clips"


def _of_file(path: Path) -> ClipSource:
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return _of_corpus(path, "landmarks", "an array with the landmarks of many clips")
    if suffix == ".csv" or (suffix == PARQUET_SUFFIX and not is_clip(path)):
        return _of_manifest(path, "a manifest")
    if suffix in (*CLIP_SUFFIXES, ".npy", PARQUET_SUFFIX):
        raise IsharaError(
            f"{path}: is one clip; a recogniser learns from many. Expected {_KINDS}. `ishara predict RUN "
            f"{_typed(path)}` recognises it."
        )
    raise IsharaError(f"{path}: is neither clips nor a recipe. Expected {_KINDS}, or a recipe (.yaml).")


def _of_folder(folder: Path) -> ClipSource:
    if (folder / _RUN).is_file() and (folder / _MANIFESTS[0]).is_file():
        raise IsharaError(
            f"{folder}: is a run of Ishara. `ishara train {_typed(folder / _RUN)}` goes on with it; to learn from its "
            f"clips anew, give its manifest."
        )
    table = next((folder / name for name in _MANIFESTS if _is_manifest(folder / name)), None)
    marked = list(_marked(folder))
    if len(marked) > 1:
        raise _ambiguous(folder, f"has files of {len(marked)} corpora", (f"--corpus {name}" for name, _ in marked))
    if table is not None:
        _refuse_others_beside(folder, table)
        return _of_manifest(table, f"the clips that {table.name} lists")
    if marked:
        name, mark = marked[0]
        return _of_corpus(folder, name, f"the corpus {name!r}: {mark} is there")
    _check_folders(folder)
    return _of_corpus(folder, FOLDER.name, "a folder per gloss")


def _marked(folder: Path) -> Iterator[tuple[str, str]]:
    """The corpora whose files are in a folder without any doubt, each with the file that says so."""
    for pattern, corpus in _MARKS:
        if found := next(iter(sorted(folder.glob(pattern))), None):
            yield corpus, found.name
    columns = _columns(folder / INDEX)
    if {"path", "gloss", "signed_language"} <= columns:
        yield "fingerspelling", INDEX
    elif {"path", "gloss", "language"} <= columns:
        languages = pl.read_csv(folder / INDEX, glob=False, infer_schema=False)["language"]
        if set(languages) == {LANGUAGE}:
            yield ("synthetic-video", SETTINGS) if (folder / SETTINGS).is_file() else ("synthetic", INDEX)


def _refuse_others_beside(folder: Path, table: Path) -> None:
    """`IsharaError` if folders of glosses beside a manifest hold clips that it does not list."""
    if not any(_clips_in(gloss) for gloss in _folders_in(folder)):
        return
    known = set(Manifest.read(table).table["path"])
    others = [clip for clip in read_corpus(FOLDER.name, folder).table["path"] if clip not in known]
    if others:
        raise _ambiguous(
            folder,
            f"has {table.name}, and {len(others)} clips that it does not list (first: {others[0]})",
            ("--corpus folder",),
            table,
        )


def _ambiguous(folder: Path, found: str, options: Iterable[str], table: Path | None = None) -> IsharaError:
    words = [f"`ishara train {_typed(table)}`"] if table is not None else []
    words += [f"`ishara train {_typed(folder)} {option}`" for option in options]
    return IsharaError(f"{folder}: {found}, so it is not clear which clips are meant. Type {' or '.join(words)}.")


def _check_folders(folder: Path) -> None:
    """Say what to do with a folder that holds no folders of clips."""
    if any(_clips_in(gloss) for gloss in _folders_in(folder)):
        return
    if _clips_in(folder):
        raise IsharaError(
            f"{folder}: its clips lie in no folder of their own, so nothing says what is signed in each. Put the clips "
            "of each gloss into a folder named by the gloss, or list them in a manifest (a .csv file with the columns "
            f"{', '.join(REQUIRED)}). If it is a corpus that Ishara knows, name it: `ishara train {_typed(folder)} "
            f"--corpus NAME`. {choices('', list_corpora())}"
        )
    inside = files_below(folder)
    clips = [file for file in inside if file.suffix.lower() in CLIP_SUFFIXES]
    if clips:
        raise _too_deep(folder, clips)
    if arrays := [file for file in inside if file.suffix.lower() == ".npz" and file.parent == folder]:
        raise IsharaError(
            f"{folder}: holds no clips, but landmarks of many: {listed(arrays, folder)}. Give one of them: "
            f"`ishara train {_typed(arrays[0])}`."
        )
    found = f"found {listed(inside, folder)}" if inside else "it is empty"
    raise IsharaError(f"{folder}: holds no clips ({', '.join(CLIP_SUFFIXES)}): {found}. Expected {_KINDS}.")


def _too_deep(folder: Path, clips: list[Path]) -> IsharaError:
    first = clips[0].relative_to(folder)
    message = (
        f"{folder}: its clips lie {len(first.parts) - 1} folders deep (such as {first}), and a gloss is one folder: "
        f"{folder}/GLOSS/CLIP."
    )
    parents = sorted({clip.parent.parent for clip in clips})
    if len(parents) == 1:
        return IsharaError(f"{message} Type `ishara train {_typed(parents[0])}`.")
    return IsharaError(
        f"{message} If one of its folders holds the glosses, give that: `ishara train {_typed(parents[0])}`. If the "
        "folders between are signers or sides, list the clips in a manifest: a .csv file with the columns "
        f"{', '.join(REQUIRED)} and, where known, signer and split. If it is a corpus that Ishara knows, name it: "
        f"`ishara train {_typed(folder)} --corpus NAME`. {choices('', list_corpora())}"
    )


def _of_corpus(place: Path, corpus: str, what: str) -> ClipSource:
    return ClipSource(Data(corpus=corpus, root=_shortest(place)), what, _name_of(place))


def _of_manifest(place: Path, what: str) -> ClipSource:
    return ClipSource(Data(manifest=_shortest(place)), what, _name_of(place))


def _name_of(place: Path) -> str:
    place = place.resolve()
    # What is always called the same tells nothing; the folder does.
    return run_name(place.parent.name if place.name in _MANIFESTS else place.stem if place.is_file() else place.name)


def _shortest(place: Path) -> Path:
    """A path as recipes have it: from here, or from ``$ISHARA_DATA``, where it is below one of them."""
    place = place.resolve()
    for home in (Path.cwd(), Path(os.environ.get("ISHARA_DATA") or Path.cwd())):
        if place.is_relative_to(home.resolve()):
            below = place.relative_to(home.resolve())
            # Here may be another of that name, which is looked up first.
            if find_root(below).resolve() == place:
                return below
    return place


def _is_manifest(path: Path) -> bool:
    return set(REQUIRED) <= _columns(path)


def _columns(path: Path) -> set[str]:
    """Of a table; none where there is no such table."""
    try:
        if path.suffix == PARQUET_SUFFIX:
            return set(pl.read_parquet_schema(path))
        return set(pl.read_csv(path, glob=False, n_rows=0).columns)
    except (pl.exceptions.PolarsError, UnicodeDecodeError, OSError):
        return set()


def _folders_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _clips_in(folder: Path) -> bool:
    return any(
        path.suffix.lower() in CLIP_SUFFIXES and not path.name.startswith(".") and path.is_file()
        for path in folder.iterdir()
    )


def _typed(path: Path) -> str:
    """A path as it can be typed in a shell here."""
    return shlex.quote(str(path))
