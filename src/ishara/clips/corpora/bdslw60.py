"""BdSLW60: 60 Bangla signs by 18 signers; its videos, MediaPipe sessions, or landmarks of the "Phase 2" notebook."""

from __future__ import annotations

import logging
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl

from ishara.clips.clip import Clip
from ishara.clips.corpora.base import Corpus, Options
from ishara.clips.corpora.unpack import unpack
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError, choices
from ishara.pose.address import ARRAY_SUFFIXES, Address, parse_aspect
from ishara.pose.files import read_pose
from ishara.pose.pose import Pose
from ishara.pose.skeleton import MEDIAPIPE_BODY

# U4W1F (a session: several trials in a row), U4W1F_trial_3_R, U4W1F_2_trial_3_R (another session), U4W1FL_trial_3_R.
_NAME = re.compile(
    r"U(?P<signer>\d+)W(?P<word>\d+)(?P<view>[A-Z]{0,2})(?:_?(?P<session>\d+))?"
    r"(?:_trial_(?P<trial>\d+))?(?:_(?P<hand>[LR]))?",
    re.IGNORECASE,
)
_HANDS = {"L": "left", "R": "right"}
_VIDEOS = (".mp4", ".mov", ".avi", ".mkv", ".webm")
_SUFFIXES = (*_VIDEOS, ".pose", *ARRAY_SUFFIXES)
_PHASE2 = ("landmarks", "normalized")
_PHASE2_SIGNS = (*_PHASE2, "training_format", "test_results")
_WORDS = "words.csv"
_MOST_LISTED = 8
_FEWEST_FRAMES = 8
_LARGEST_JUMP = 0.1  # of the stretch that the body covers: recordings are below 0.01, random numbers at 0.3
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Name:
    """What the name of a BdSLW60 file says."""

    signer: str
    word: str
    session: int
    trial: int | None
    handedness: str | None

    @classmethod
    def parse(cls, stem: str) -> Name | None:
        """The parts of a file name without its suffix; ``None`` where it is no such name."""
        match = _NAME.fullmatch(stem)
        if match is None:
            return None
        hand, trial = match["hand"], match["trial"]
        return cls(
            signer=f"U{int(match['signer'])}",
            word=f"W{int(match['word'])}",
            session=int(match["session"] or 1),
            trial=None if trial is None else int(trial),
            handedness=None if hand is None else _HANDS[hand.upper()],
        )


def _read(root: Path, options: Options) -> Manifest:
    """One clip per file; the gloss is the word's id unless a ``words.csv`` beside gives its name.

    The options layout and aspect go into the address of each array, whose x is a fraction of the video's width and y of
    its height. The arrays do not say how wide and high that was; an aspect of 1 is assumed where none is given.
    """
    reading = Address("", layout=options.get("layout"), aspect=parse_aspect(options.get("aspect", "1"), str(root)))
    chosen = options.get("landmarks", _PHASE2[0])
    if chosen not in _PHASE2:
        raise IsharaError(f"The option landmarks is {chosen!r}. {choices(chosen, _PHASE2)}")
    if root.is_file():
        if root.suffix.lower() != ".zip":
            raise IsharaError(
                f"{root}: is a file; expected a folder, or the zip file of the notebook's processed_data."
            )
        root = unpack(root)
    phase2 = _phase2_folder(root)
    files = _usable(_clip_files(root), root, reading) if phase2 is None else _phase2_files(phase2, chosen, reading)
    words = _words(phase2 or root)
    names = {path: Name.parse(path.stem) for path in files}
    named = [(path, name) for path, name in names.items() if name is not None]
    strange = [path for path, name in names.items() if name is None]
    if not named:
        raise IsharaError(
            f"{root}: no file has a BdSLW60 name (such as U4W1F_trial_0_R.mp4). Found: {_listed(strange, root)}."
        )
    if strange:
        _log.warning("%s: %d files are not named as in BdSLW60: %s", root, len(strange), _listed(strange, root))
    return _manifest(named, words, reading)


def _manifest(named: list[tuple[Path, Name]], words: dict[str, str], reading: Address) -> Manifest:
    twice = Counter(path.stem for path, _ in named)
    clips = [
        Clip(
            id=path.stem if twice[path.stem] == 1 else f"{path.parent.name}/{path.name}",
            path=_address(path, reading),
            gloss=words.get(name.word, name.word),
            signer=name.signer,
        )
        for path, name in named
    ]
    return Manifest.from_clips(
        clips,
        session=[name.session for _, name in named],
        trial=[name.trial for _, name in named],
        handedness=[name.handedness for _, name in named],
    )


def _address(path: Path, reading: Address) -> str:
    """Of an array with the options that it is to be read with; else the path alone."""
    return str(replace(reading, file=str(path))) if path.suffix.lower() in ARRAY_SUFFIXES else str(path)


def _clip_files(root: Path) -> list[Path]:
    files = sorted(path for path in root.rglob("*") if path.suffix.lower() in _SUFFIXES and not _hidden(path, root))
    if not files:
        raise IsharaError(
            f"{root}: there are no clips here. Expected: {_LAYOUT} Found: {_listed(_inside(root), root)}."
        )
    return files


def _phase2_folder(root: Path) -> Path | None:
    """The notebook's ``processed_data``: the folder itself, or one or two below."""
    for place in (root, root / "processed_data", *sorted(path for path in root.iterdir() if path.is_dir())):
        if any((place / name).is_dir() for name in _PHASE2_SIGNS):
            return place
    return None


def _phase2_files(folder: Path, chosen: str, reading: Address) -> list[Path]:
    """The landmark arrays, every one of which can be read; those that cannot are named."""
    home = folder / chosen
    found = _inside(home) if home.is_dir() else []
    arrays = [path for path in found if path.suffix.lower() in (*ARRAY_SUFFIXES, ".pose")]
    if not arrays:
        raise IsharaError(
            f"{folder}: {chosen}/ has no landmark arrays ({', '.join(ARRAY_SUFFIXES)}) named by their video, such as "
            f"U4W1F_trial_0_R.npy. Found: {_listed(_inside(folder), folder)}."
        )
    return _usable(arrays, folder, reading)


def _usable(files: list[Path], root: Path, reading: Address) -> list[Path]:
    """The files without the arrays that cannot be interpreted, which are named."""
    problems: dict[Path, str] = {}
    for path in files:
        if path.suffix.lower() in ARRAY_SUFFIXES:
            try:
                _refuse_noise(path, read_pose(_address(path, reading)))
            except IsharaError as error:
                problems[path] = str(error)
    if len(problems) == len(files):
        raise IsharaError(
            f"{root}: none of the {len(files)} arrays can be interpreted ({next(iter(problems.values()))}) "
            f"Found: {_listed(_inside(root), root)}."
        )
    if problems:
        _log.warning("%s: %d arrays were left out: %s", root, len(problems), "; ".join(list(problems.values())[:3]))
    return [path for path in files if path not in problems]


def _refuse_noise(path: Path, pose: Pose) -> None:
    """Sessions of random numbers are in circulation beside recordings: a body does not jump in every frame."""
    points = np.where(pose.seen[..., None], pose.coordinates, np.nan)[..., :2]
    body = points[:, [k for k, name in enumerate(pose.skeleton.landmarks) if name in MEDIAPIPE_BODY]]
    if len(pose) < _FEWEST_FRAMES or not body.size or np.isnan(body).all():
        return
    size = np.nanmax(body, axis=(0, 1)) - np.nanmin(body, axis=(0, 1))
    jump = np.abs(np.diff(body, axis=0))
    if np.nanmedian(jump / np.where(size > 0, size, 1)) > _LARGEST_JUMP:
        raise IsharaError(
            f"{path}: its landmarks jump across the image in every frame; it holds random numbers, not a recording."
        )


def _inside(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not _hidden(path, folder))


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in path.relative_to(root).parts)


def _listed(files: list[Path], root: Path) -> str:
    shown = [str(PurePosixPath(path.relative_to(root))) for path in files[:_MOST_LISTED]]
    more = f", … ({len(files)} files)" if len(files) > _MOST_LISTED else ""
    return (", ".join(shown) or "nothing") + more


def _words(folder: Path) -> dict[str, str]:
    """The glosses of word ids such as W1, where a ``words.csv`` names them."""
    path = next((place for place in (folder / _WORDS, folder.parent / _WORDS) if place.is_file()), None)
    if path is None:
        return {}
    try:
        table = pl.read_csv(path, glob=False, infer_schema=False)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise IsharaError(f"{path}: cannot be read as CSV ({error}).") from None
    if (
        not {"word", "gloss"} <= set(table.columns)
        or table["word"].is_duplicated().any()
        or table["gloss"].null_count()
    ):
        raise IsharaError(f"{path}: expected the columns word (each once) and gloss; found {', '.join(table.columns)}.")
    return dict(zip(table["word"], table["gloss"], strict=True))


_LAYOUT = (
    "videos, .pose files or MediaPipe sessions (.npz) named U<signer>W<word>F_trial_<n>_<L|R>, in any folders below; "
    "or the notebook's processed_data folder or zip with landmarks/ or normalized/; a words.csv (word, gloss) names "
    "the words."
)

BDSLW60 = Corpus(
    name="bdslw60",
    title="BdSLW60: 60 Bangla signs, 9,307 clips, 18 signers; test signers U4 and U8",
    language="Bangla Sign Language (no ISO 639-3 code)",
    licence="ask its authors",
    source="https://arxiv.org/abs/2402.08635",
    citation="Rubaiyeat et al., BdSLW60: A Word-Level Bangla Sign Language Dataset, arXiv 2402.08635",
    layout=_LAYOUT,
    read=_read,
    options={
        "landmarks": "Of the notebook's folders: landmarks (as estimated, the default) or normalized.",
        "layout": "What the arrays' columns are, where their width does not say: such as spoter54-xy.",
        "aspect": "Width over height of the videos, for arrays with x as a fraction of the width and y of the height "
        "(default 1).",
    },
)
