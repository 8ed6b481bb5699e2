"""MS-ASL: 1,000 American Sign Language glosses in stretches of YouTube videos.

The fields of MSASL_train.json and its siblings are those of Microsoft's download, as many public programs read them.
The order of a box, [y0, x0, y1, x1] as fractions of the picture, is stated nowhere that we found; it is the order in
which the boxes of published examples hold a person. The videos are for the user to fetch from YouTube.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ishara.clips.clip import Clip
from ishara.clips.corpora.base import Corpus, Options
from ishara.clips.corpora.footage import MISSING, MISSING_HELP, Probe, report_missing, videos_by_stem, youtube_id
from ishara.clips.corpora.labels import SPLITS, choose_glosses, label_files, option_of, read_json
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.schema import explain

if TYPE_CHECKING:
    from ishara.video import VideoInfo

_CLASSES = "MSASL_classes.json"
_log = logging.getLogger(__name__)


class _Entry(BaseModel):
    """A clip in a label file; `box` is y0, x0, y1, x1 as fractions of the picture."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    url: str
    start_time: float
    end_time: float
    label: int = Field(ge=0)
    clean_text: str | None = None
    signer_id: int | None = None
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class _Sign:
    """A clip: its place in the label files is its id."""

    id: str
    split: str
    gloss: str
    entry: _Entry


def _read(root: Path, options: Options) -> Manifest:
    """One clip per entry whose video is there."""
    if not root.is_dir():
        raise IsharaError(f"{root}: is a file; expected the folder with MSASL_train.json and the videos.")
    boxes = option_of(options, "boxes", ("ignore", "use"))
    names = _class_names(root)
    signs = _read_labels(root, names)
    chosen = set(choose_glosses(names, options, root))
    videos = videos_by_stem(root)
    found: list[tuple[_Sign, Path]] = []
    missing = []
    for sign in (sign for sign in signs if sign.gloss in chosen):
        video = youtube_id(sign.entry.url)
        if video in videos:
            found.append((sign, videos[video]))
        else:
            row = {"file": f"{video}.mp4", "gloss": sign.gloss, "split": sign.split, "url": sign.entry.url}
            missing.append(row)
    report_missing(root, missing, len(found), options)
    clips = [_clip(sign, path) for sign, path in found]
    if boxes == "use":
        probe = Probe()
        clips = [
            replace(clip, box=_box(sign.entry, probe(path))) for clip, (sign, path) in zip(clips, found, strict=True)
        ]
        probe.report(root)
    return Manifest.from_clips(
        clips,
        text=[sign.entry.clean_text for sign, _ in found],
        url=[sign.entry.url for sign, _ in found],
    )


def _class_names(root: Path) -> list[str]:
    """The glosses, by number."""
    files = label_files(root, _CLASSES)
    if not files:
        raise IsharaError(f"{root}: there is no {_CLASSES}, which names the glosses; it comes with MSASL_train.json.")
    names = read_json(files[0])
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise IsharaError(f'{files[0]}: expected a list of glosses such as ["hello", "nice"].')
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise IsharaError(f"{files[0]}: {', '.join(sorted(twice))} is there more than once.")
    return names


def _read_labels(root: Path, names: list[str]) -> list[_Sign]:
    """The clips of the splits whose label file is there, without those that last no time, which are told of."""
    signs: list[_Sign] = []
    for name, split in SPLITS.items():
        for path in label_files(root, f"MSASL_{name}.json")[:1]:
            content = read_json(path)
            if not isinstance(content, list):
                raise IsharaError(f"{path}: expected a list of clips; found {type(content).__name__}.")
            signs += [_sign(path, split, number, item, names) for number, item in enumerate(content)]
    if not signs:
        expected = ", ".join(f"MSASL_{name}.json" for name in SPLITS)
        raise IsharaError(f"{root}: there are no labelled clips; expected {expected}.")
    empty = [sign.id for sign in signs if not 0 <= sign.entry.start_time < sign.entry.end_time]
    if empty:
        _log.warning("%s: %d clips end before they start and were left out: %s", root, len(empty), ", ".join(empty[:5]))
    left_out = set(empty)
    return [sign for sign in signs if sign.id not in left_out]


def _sign(path: Path, split: str, number: int, item: Any, names: list[str]) -> _Sign:
    try:
        entry = _Entry.model_validate(item)
    except ValidationError as error:
        raise IsharaError(f"{path}: clip {number + 1}: {explain(_Entry, error)}.") from None
    if entry.label >= len(names):
        raise IsharaError(
            f"{path}: clip {number + 1} has the label {entry.label}; {_CLASSES} has {len(names)} glosses."
        )
    return _Sign(f"{split}-{number:05d}", split, names[entry.label], entry)


def _clip(sign: _Sign, path: Path) -> Clip:
    entry = sign.entry
    # Below 0 nobody is meant: unknown signers must not become one signer.
    signer = None if entry.signer_id is None or entry.signer_id < 0 else str(entry.signer_id)
    return Clip(sign.id, str(path), sign.gloss, signer, sign.split, entry.start_time, entry.end_time, language="ase")


def _box(entry: _Entry, info: VideoInfo | None) -> str | None:
    """In pixels of the video that is there, however large that is."""
    if entry.box is None or info is None:
        return None
    top, left, bottom, right = (min(max(value, 0.0), 1.0) for value in entry.box)
    edges = round(left * info.width), round(top * info.height), round(right * info.width), round(bottom * info.height)
    return " ".join(map(str, edges)) if edges[0] < edges[2] and edges[1] < edges[3] else None


MS_ASL = Corpus(
    name="ms_asl",
    title="MS-ASL: 1,000 American signs in YouTube videos, over 25,000 clips, over 200 signers (as published)",
    language="ase",
    licence="C-UDA (Computational Use of Data Agreement), in the download; the videos belong to who published them",
    source="https://www.microsoft.com/en-us/download/details.aspx?id=100121",
    citation="Vaezi Joze and Koller, MS-ASL: A Large-Scale Data Set and Benchmark for Understanding American Sign "
    "Language, BMVC 2019",
    layout="MSASL_train.json, MSASL_val.json, MSASL_test.json and MSASL_classes.json; whole videos named by their "
    "YouTube id (C37R_Ix8-qs.mp4) in any folder below.",
    read=_read,
    options={
        "top": "Only the first N glosses: 100, 200, 500 or 1000 are the published subsets.",
        "glosses": "Only these glosses, such as glosses=nice,teacher.",
        "boxes": "The signer's place in the picture: ignore (the default) or use (looks into every video).",
        MISSING: MISSING_HELP,
    },
)
