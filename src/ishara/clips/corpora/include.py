"""INCLUDE and INCLUDE-50: 263 words of Indian Sign Language in 15 categories, and the subset of 50 words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from ishara.clips.clip import Clip
from ishara.clips.corpora.base import Corpus, Options
from ishara.clips.corpora.labels import SPLITS
from ishara.clips.corpora.tree import named_clips, refuse_twins, report
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError

_CATEGORIES = frozenset((
    "Adjectives", "Animals", "Clothes", "Colours", "Days_and_Time", "Electronics", "Greetings", "Home", "Jobs",
    "Means_of_Transportation", "People", "Places", "Pronouns", "Seasons", "Society",
))  # fmt: skip
# https://github.com/AI4Bharat/INCLUDE: label_maps/label_map_include50.json, words by their letters alone.
_WORDS50 = frozenset((
    "bank", "biglarge", "bird", "black", "boy", "brother", "car", "cellphone", "court", "cow", "death", "dog", "dry",
    "election", "fall", "fan", "father", "girl", "good", "goodmorning", "happy", "hat", "hello", "hot", "house", "i",
    "it", "long", "loud", "monday", "new", "paint", "pen", "priest", "quiet", "red", "shoes", "short", "smalllittle",
    "storeorshop", "summer", "teacher", "thankyou", "time", "trainticket", "tshirt", "white", "window", "year",
    "youplural",
))  # fmt: skip
_NUMBER = re.compile(r"^\d+\.\s*")
_LISTS = "train_test_paths"
_LAYOUT = (
    "videos or .pose files in CATEGORY/NUMBER. WORD/, such as Adjectives/1. loud/MVI_5177.MOV, at any depth (each zip "
    f"file in its own folder or all in one); for the official split the folder {_LISTS} of "
    "https://github.com/AI4Bharat/INCLUDE beside the categories."
)


@dataclass(frozen=True)
class Name:
    """What the path of an INCLUDE file says."""

    category: str
    gloss: str
    key: str  # the path from the category on, without suffix, as in the official lists

    @classmethod
    def parse(cls, path: Path) -> Name | None:
        """The parts of a path below the corpus's folder; ``None`` where it is not within a word of a category."""
        parts = path.parts
        starts = [i for i, part in enumerate(parts[:-2]) if part in _CATEGORIES]
        if not starts:
            return None
        own = parts[starts[-1] :]
        gloss = _NUMBER.sub("", own[1]).strip()
        return cls(own[0], gloss, str(PurePosixPath(*own).with_suffix(""))) if gloss else None


def _read(root: Path, options: Options, *, subset: str) -> Manifest:
    """One clip per file; the gloss is the word's folder without its number. Who signs is not known."""
    named = named_clips(root, Name.parse, corpus="INCLUDE", layout=_LAYOUT)
    sides = _official(root, options.get("lists"), subset)
    if sides:
        unlisted = [path for path, name in named if name.key not in sides]
        report(root, unlisted, f"are in no official list of {subset} and were left out")
        gone = sorted(sides.keys() - {name.key for _, name in named})
        report(root, gone, f"of the official lists of {subset} are not there")
        named = [(path, name) for path, name in named if name.key in sides]
    elif subset == "include50":
        named = [(path, name) for path, name in named if _letters(name.gloss) in _WORDS50]
    if not named:
        raise IsharaError(f"{root}: none of the clips here belongs to {subset}. Expected: {_LAYOUT}")
    refuse_twins(root, (name.key for _, name in named))
    clips = [
        Clip(id=name.key, path=str(path), gloss=name.gloss, split=sides.get(name.key), language="ins")
        for path, name in named
    ]
    return Manifest.from_clips(clips, category=[name.category for _, name in named])


def _letters(gloss: str) -> str:
    return "".join(letter for letter in gloss.lower() if letter.isalpha())


def _official(root: Path, given: str | None, subset: str) -> dict[str, str]:
    """The side of each clip of the official lists, by path without suffix; none where there are no lists."""
    folder = root / _LISTS if given is None else Path(given).resolve()
    files = {side: folder / f"{subset}_{side}.txt" for side in SPLITS}
    missing = [path.name for path in files.values() if not path.is_file()]
    if given is None and len(missing) == len(files):
        report(root, missing, f"with the official split are not in {_LISTS}, so no clip has a split")
        return {}
    if missing:
        raise IsharaError(
            f"{folder}: there is no {', '.join(missing)}; expected the lists of https://github.com/AI4Bharat/INCLUDE, "
            f"{_LISTS}."
        )
    sides: dict[str, str] = {}
    for side, path in files.items():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.strip():
                sides[str(PurePosixPath(line.strip()).with_suffix(""))] = SPLITS[side]
    if not sides:
        raise IsharaError(f"{folder}: its lists {', '.join(path.name for path in files.values())} are empty.")
    return sides


_OPTIONS = {"lists": f"The folder of the official lists, where it is not {_LISTS} beside the categories."}
_SOURCE = "https://zenodo.org/records/4010759"
_CITATION = "Sridhar et al., INCLUDE: A Large Scale Dataset for Indian Sign Language Recognition, ACM MM 2020"

INCLUDE = Corpus(
    name="include",
    title="INCLUDE: 263 Indian words, 4,292 clips; signers not named",
    language="ins",
    licence="CC BY 4.0",
    source=_SOURCE,
    citation=_CITATION,
    layout=_LAYOUT,
    read=partial(_read, subset="include"),
    options=_OPTIONS,
)
INCLUDE50 = Corpus(
    name="include50",
    title="INCLUDE-50: 50 of INCLUDE's words, 958 clips; signers not named",
    language="ins",
    licence="CC BY 4.0",
    source=_SOURCE,
    citation=_CITATION,
    layout=_LAYOUT,
    read=partial(_read, subset="include50"),
    options=_OPTIONS,
)
