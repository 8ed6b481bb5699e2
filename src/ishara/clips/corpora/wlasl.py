"""WLASL: 2,000 American Sign Language glosses from the web, in either of its official label formats.

Fields, layout and the names of videos are those of the authors' repository, https://github.com/dxli94/WLASL: README.md,
start_kit/preprocess.py and code/I3D. Two things there decide how frame ranges are read:

- preprocess.py has already cut each video that is named by a ``video_id``; a range applies only to a whole source
  video, which is named by its YouTube id.
- README.md says that ranges count frames at 25 per second; preprocess.py counts the frames of the file. The nslt files,
  which do count at 25, show that asl5200, the source with most ranges, was counted at about 30. So a range of the v0.3
  form is counted in frames of the video itself, as preprocess.py does.
"""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ishara.clips.clip import Clip
from ishara.clips.corpora.base import Corpus, Options
from ishara.clips.corpora.footage import MISSING, MISSING_HELP, Probe, report_missing, videos_by_stem, youtube_id
from ishara.clips.corpora.labels import choose_glosses, label_files, option_of
from ishara.clips.corpora.wlasl_labels import Sign, read_labels
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError

if TYPE_CHECKING:
    from ishara.video import VideoInfo

_LABELS = ("WLASL_v*.json", "asl[0-9]*.json", "nslt_[0-9]*.json")  # in the order in which they are preferred
_MOST_MISFITS = 0.1
_MOST_LISTED = 5
_log = logging.getLogger(__name__)


def _read(root: Path, options: Options) -> Manifest:
    """One clip per label whose video is there."""
    if not root.is_dir():
        raise IsharaError(f"{root}: is a file; expected the folder with WLASL's label files and videos.")
    ranges = option_of(options, "ranges", ("auto", "use", "ignore"))
    boxes = option_of(options, "boxes", ("ignore", "use"))
    labels = _label_file(root, options)
    vocabulary, signs = read_labels(labels)
    chosen = set(choose_glosses(vocabulary, options, labels))
    found, missing = _find([sign for sign in signs if sign.gloss in chosen], root)
    report_missing(root, missing, len(found), options)
    probe = Probe()
    clips, unplaced = [], []
    for sign, path, whole in found:
        ranged = ranges == "use" or (ranges == "auto" and whole)
        clip = _clip(sign, path, probe if ranged else None)
        if clip is None:
            unplaced.append(sign.id)
        else:
            clips.append((sign, clip))
    placed = _boxes(root, clips, probe) if boxes == "use" else {}
    probe.report(root)
    if unplaced:
        _tell(root, unplaced, "clips were left out, since the frame rate of their video is not known")
    if not clips:
        raise IsharaError(f"{root}: none of the {len(found)} videos that are here can be read.")
    further = {key: [sign.further[key] for sign, _ in clips] for key in clips[0][0].further}
    return Manifest.from_clips([replace(clip, box=placed.get(clip.id)) for _, clip in clips], **further)


def _find(signs: list[Sign], root: Path) -> tuple[list[tuple[Sign, Path, bool]], list[dict[str, str | None]]]:
    """Each clip's video, and whether that is the whole source video; and what is known of those without one."""
    videos = videos_by_stem(root)
    found, missing = [], []
    for sign in signs:
        whole = videos.get(youtube_id(sign.url) or "")
        path = videos.get(sign.id, whole)
        if path is None:
            missing.append({"file": f"{sign.id}.mp4", "gloss": sign.gloss, "split": sign.split, "url": sign.url})
        else:
            found.append((sign, path, sign.id not in videos))
    return found, missing


def _clip(sign: Sign, path: Path, probe: Probe | None) -> Clip | None:
    """A clip, with its range in seconds where a probe is given; None where the video would have to say and cannot."""
    start = end = None
    first, last = sign.frames
    if probe is not None and (first > 1 or last > 0):
        info = None if sign.rate else probe(path)
        rate = sign.rate or (info.fps if info else None)
        if rate is None:
            return None
        start = (first - 1) / rate if first > 1 else None
        end = last / rate if last > 0 else None
    return Clip(sign.id, str(path), sign.gloss, sign.signer, sign.split, start, end, language="ase")


def _boxes(root: Path, clips: list[tuple[Sign, Clip]], probe: Probe) -> dict[str, str]:
    """The box of each clip whose video has room for it; many that have not mean that the videos were resized."""
    boxed = [(sign, probe(Path(clip.path))) for sign, clip in clips if sign.box is not None]
    known = [(sign, info) for sign, info in boxed if info is not None]
    misfits = [f"{sign.id} ({info.width}x{info.height})" for sign, info in known if not _fits(sign, info)]
    if len(misfits) > _MOST_MISFITS * len(known):
        raise IsharaError(
            f"{root}: the boxes of {len(misfits)} of {len(known)} videos exceed the picture, first {misfits[0]}; these "
            "videos were resized since they were labelled. Leave out boxes=use."
        )
    if misfits:
        _tell(root, misfits, "boxes exceed the picture and were left out")
    return {sign.id: " ".join(map(str, sign.box or ())) for sign, info in known if _fits(sign, info)}


def _tell(root: Path, which: list[str], problem: str) -> None:
    first = ", ".join(which[:_MOST_LISTED]) + (", …" if len(which) > _MOST_LISTED else "")
    _log.warning("%s: %d %s: %s", root, len(which), problem, first)


def _fits(sign: Sign, info: VideoInfo) -> bool:
    left, top, right, bottom = sign.box or (0, 0, 0, 0)
    return 0 <= left < right <= info.width and 0 <= top < bottom <= info.height


def _label_file(root: Path, options: Options) -> Path:
    if "labels" in options:
        for path in (root / options["labels"], *label_files(root, Path(options["labels"]).name)):
            if path.is_file():
                return path
        named = ", ".join(path.name for path in label_files(root, *_LABELS)) or "none"
        raise IsharaError(f"{root}: there is no label file {options['labels']}. Label files here: {named}.")
    files = label_files(root, *_LABELS)
    if not files:
        raise IsharaError(f"{root}: there is no label file ({', '.join(_LABELS)}). Give one with labels=FILE.")
    ranked = sorted(files, key=_preference)
    if len(ranked) > 1 and not ranked[0].match(_LABELS[0]):
        others = ", ".join(path.name for path in ranked[1:])
        _log.warning("%s: labels are read from %s; labels=FILE takes another: %s", root, ranked[0].name, others)
    return ranked[0]


def _preference(path: Path) -> tuple[int, float, str]:
    """The full v0.3 file, else the largest subset in that form, which knows signers, else the largest nslt file."""
    form = next(i for i, pattern in enumerate(_LABELS) if path.match(pattern))
    number = re.search(r"\d+(?:\.\d+)?", path.stem)
    return form, -float(number[0]) if number else 0.0, path.name


WLASL = Corpus(
    name="wlasl",
    title="WLASL: 2,000 American signs from the web, 21,083 clips, 119 signers (as published)",
    language="ase",
    licence="C-UDA 1.0: academic and computational use only, no commercial use",
    source="https://github.com/dxli94/WLASL",
    citation="Li et al., Word-level Deep Sign Language Recognition from Video, WACV 2020, arXiv 1910.11006",
    layout="WLASL_v0.3.json (or asl100.json, …), or nslt_2000.json (or nslt_100.json, …) with wlasl_class_list.txt; "
    "videos named by their video_id (00335.mp4) in any folder below, or whole source videos named by their YouTube id.",
    read=_read,
    options={
        "labels": "The label file, such as asl100.json or nslt_300.json (default: WLASL_v0.3.json, else the largest).",
        "top": "Only the first N glosses, which have the most clips: 100, 300, 1000 or 2000 are the published subsets.",
        "glosses": "Only these glosses, such as glosses=book,drink.",
        "ranges": "Frame ranges: auto (the default: of whole source videos), use (of all videos) or ignore.",
        "boxes": "The signer's place in the picture: ignore (the default) or use (for videos of their original size).",
        MISSING: MISSING_HELP,
    },
    kaggle="sttaseen/wlasl2000-resized",
)
