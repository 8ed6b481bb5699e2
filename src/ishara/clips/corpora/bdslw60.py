"""BdSLW60: 60 Bangla signs by 18 signers; its videos, MediaPipe sessions, or landmarks of the "Phase 2" notebook."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ishara.clips.clip import Clip
from ishara.clips.corpora.base import Corpus, Options
from ishara.clips.corpora.bdslw60_trials import ANNOTATION, Trial, read_trials
from ishara.clips.corpora.labels import option_of
from ishara.clips.corpora.tree import CLIP_SUFFIXES, VIDEO_SUFFIXES, files_below, listed, report
from ishara.clips.corpora.unpack import unpack
from ishara.clips.corpora.words import read_words
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
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
_SUFFIXES = (*CLIP_SUFFIXES, *ARRAY_SUFFIXES)
_PHASE2 = ("landmarks", "normalized")
_PHASE2_SIGNS = (*_PHASE2, "training_format", "test_results")
_NONE, _OFFICIAL = "none", "official"
_TESTED = ("U4", "U8")  # by its authors: testUser in their RUN_THIS_CREATE_NUMPY.ipynb
_FEWEST_FRAMES = 8
_LARGEST_JUMP = 0.1  # of the stretch that the body covers: recordings are below 0.01, random numbers at 0.3


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
    """One clip per file, or per trial of an annotated session; a gloss is the word's id unless ``words.csv`` names it.

    The options layout and aspect go into the address of each array, whose x is a fraction of the video's width and y of
    its height. The arrays do not say how wide and high that was; an aspect of 1 is assumed where none is given.
    """
    reading = Address("", layout=options.get("layout"), aspect=parse_aspect(options.get("aspect", "1"), str(root)))
    chosen = option_of(options, "landmarks", _PHASE2)
    official = option_of(options, "split", (_NONE, _OFFICIAL)) == _OFFICIAL
    if root.is_file():
        if root.suffix.lower() != ".zip":
            raise IsharaError(
                f"{root}: is a file; expected a folder, or the zip file of the notebook's processed_data."
            )
        root = unpack(root)
    phase2 = _phase2_folder(root)
    files = _usable(_clip_files(root), root, reading) if phase2 is None else _phase2_files(phase2, chosen, reading)
    names = {path: Name.parse(path.stem) for path in files}
    named = [(path, name) for path, name in names.items() if name is not None]
    strange = [path for path, name in names.items() if name is None]
    if not named:
        raise IsharaError(
            f"{root}: no file has a BdSLW60 name (such as U4W1F_trial_0_R.mp4). Found: {listed(strange, root)}."
        )
    report(root, strange, "are not named as in BdSLW60")
    return _manifest(_parted(root, named), read_words(phase2 or root), reading, official=official)


def _parted(root: Path, named: list[tuple[Path, Name]]) -> list[tuple[Path, Name, Trial | None]]:
    """The clips, with each annotated session video parted into its trials."""
    trials = read_trials(root)
    clips: list[tuple[Path, Name, Trial | None]] = []
    whole: list[Path] = []
    for path, name in named:
        session = path.suffix.lower() in VIDEO_SUFFIXES and name.trial is None
        annotated = trials.get((path.parent, path.stem), []) if session else []
        clips += [
            (path, replace(name, trial=trial.number, handedness=trial.handedness), trial) for trial in annotated
        ] or [(path, name, None)]
        if session and not annotated:
            whole.append(path)
    report(root, whole, f"are sessions of several trials that no {ANNOTATION} parts; each is one clip")
    return clips


def _manifest(
    parted: list[tuple[Path, Name, Trial | None]], words: dict[str, str], reading: Address, *, official: bool
) -> Manifest:
    twice = Counter(path.stem for path in {path for path, _, _ in parted})
    clips = []
    for path, name, trial in parted:
        own = path.stem if twice[path.stem] == 1 else f"{path.parent.name}/{path.name}"
        clips.append(
            Clip(
                id=own if trial is None else f"{own}_trial_{trial.number}_{trial.handedness[0].upper()}",
                path=_address(path, reading),
                gloss=words.get(name.word, name.word),
                signer=name.signer,
                split=("test" if name.signer in _TESTED else "train") if official else None,
                start=None if trial is None else trial.start,
                end=None if trial is None else trial.end,
            )
        )
    return Manifest.from_clips(
        clips,
        session=[name.session for _, name, _ in parted],
        trial=[name.trial for _, name, _ in parted],
        handedness=[name.handedness for _, name, _ in parted],
    )


def _address(path: Path, reading: Address) -> str:
    """Of an array with the options that it is to be read with; else the path alone."""
    return str(replace(reading, file=str(path))) if path.suffix.lower() in ARRAY_SUFFIXES else str(path)


def _clip_files(root: Path) -> list[Path]:
    files = [path for path in files_below(root) if path.suffix.lower() in _SUFFIXES]
    if not files:
        raise IsharaError(
            f"{root}: there are no clips here. Expected: {_LAYOUT} Found: {listed(files_below(root), root)}."
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
    found = files_below(home) if home.is_dir() else []
    arrays = [path for path in found if path.suffix.lower() in (*ARRAY_SUFFIXES, ".pose")]
    if not arrays:
        raise IsharaError(
            f"{folder}: {chosen}/ has no landmark arrays ({', '.join(ARRAY_SUFFIXES)}) named by their video, such as "
            f"U4W1F_trial_0_R.npy. Found: {listed(files_below(folder), folder)}."
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
            f"Found: {listed(files_below(root), root)}."
        )
    report(root, list(problems.values()), "were left out", noun="arrays")
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


_LAYOUT = (
    "videos, .pose files or MediaPipe sessions (.npz) named U<signer>W<word>F_trial_<n>_<L|R>, in any folders below; "
    f"session videos U<signer>W<word>F.mp4 with the {ANNOTATION} of their folder; or the notebook's processed_data "
    "folder or zip with landmarks/ or normalized/; a words.csv (word, gloss) names the words."
)

BDSLW60 = Corpus(
    name="bdslw60",
    title="BdSLW60: 60 Bangla signs, 9,307 clips, 18 signers; test signers U4 and U8",
    language="Bangla Sign Language (no ISO 639-3 code)",
    licence="as its Kaggle page states; ask its authors",
    source="https://www.kaggle.com/datasets/hasaniut/bdslw60",
    citation="Rubaiyeat et al., BdSLW60: A Word-Level Bangla Sign Language Dataset, arXiv 2402.08635",
    layout=_LAYOUT,
    read=_read,
    options={
        "landmarks": "Of the notebook's folders: landmarks (as estimated, the default) or normalized.",
        "layout": "What the arrays' columns are, where their width does not say: such as spoter54-xy.",
        "aspect": "Width over height of the videos, for arrays with x as a fraction of the width and y of the height "
        "(default 1).",
        "split": f"{_OFFICIAL}: signers {' and '.join(_TESTED)} are tested, the others trained on (default {_NONE}).",
    },
)
