"""What `ishara predict` is given: files, folders, addresses, a manifest or standard input, as clips with names."""

from __future__ import annotations

import io
import struct
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ishara.clips.clip import Clip
from ishara.clips.corpora.tree import CLIP_SUFFIXES
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.pose.address import PARQUET_SUFFIX
from ishara.pose.parquet import is_clip
from ishara.pose.pose import Pose
from ishara.recognizer import Recognizer
from ishara.video.box import Box

STANDARD_INPUT = "-"
# The first four bytes of a .pose file are its version.
_POSE_VERSIONS = tuple(struct.pack("<f", version) for version in (0.0, 0.1, 0.2))


@dataclass(frozen=True)
class Input:
    """One clip to predict.

    Parameters
    ----------
    name
        What it is called where its prediction is shown.
    clip
        Where it lies, and which stretch and part of the picture is meant. Its gloss is empty where nobody told.
    """

    name: str
    clip: Clip

    def landmarks(self, recognizer: Recognizer) -> Pose:
        """Its landmarks, estimated where it is a video; `IsharaError` if they cannot be had."""
        clip = self.clip
        if clip.path == STANDARD_INPUT:
            return _from_standard_input(recognizer)
        return recognizer.landmarks(clip.path, clip.start, clip.end, box=Box.parse(clip.box) if clip.box else None)


def expand(given: Sequence[str]) -> list[Input]:
    """The clips behind what was given, in order.

    A folder stands for the clips below it, named by their path from it where it is the only thing given; a manifest
    (``.csv`` or ``.parquet``) for its clips, named by their ids; ``-`` for one clip on standard input.

    Raises
    ------
    IsharaError
        If a folder holds no clip, or a manifest is none.
    """
    return [found for word in given for found in _expand(word, alone=len(given) == 1)]


def _expand(word: str, *, alone: bool) -> Iterator[Input]:
    path = Path(word)
    if _is_manifest(path):
        yield from (Input(clip.id, clip) for clip in Manifest.read(path))
    elif path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in CLIP_SUFFIXES)
        if not inside:
            raise IsharaError(f"{word}: holds no clip ({', '.join(CLIP_SUFFIXES)}).")
        for file in inside:
            yield Input(str(file.relative_to(path) if alone else file), _unlabelled(str(file)))
    else:
        yield Input("standard input" if word == STANDARD_INPUT else word, _unlabelled(word))


def _is_manifest(path: Path) -> bool:
    suffix = path.suffix.lower()
    return suffix == ".csv" or (suffix == PARQUET_SUFFIX and path.is_file() and not is_clip(path))


def _unlabelled(path: str) -> Clip:
    return Clip(id=path, path=path, gloss="")


def _from_standard_input(recognizer: Recognizer) -> Pose:
    content = sys.stdin.buffer.read()
    if not content:
        raise IsharaError("Standard input is empty; expected a video or a .pose file, such as: … < clip.mp4")
    if content[:4] not in _POSE_VERSIONS:
        return recognizer.landmarks(io.BytesIO(content))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "standard-input.pose"
        file.write_bytes(content)
        return recognizer.landmarks(file)
