"""What `ishara predict` is given: files, folders, addresses, a manifest or standard input, as clips with names."""

from __future__ import annotations

import io
import re
import struct
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ishara.clips.clip import Clip
from ishara.errors import IsharaError
from ishara.pose.address import ARRAY_SUFFIXES, PARQUET_SUFFIX, file_of
from ishara.video.box import Box

if TYPE_CHECKING:
    from ishara.pose.pose import Pose
    from ishara.recognizer import Recognizer
    from ishara.recognizer.inputs import ModelInput

STANDARD_INPUT = "-"
_MOST_BYTES = 200
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
        with self._source() as source:
            return recognizer.landmarks(source, self.clip.start, self.clip.end, box=self._box)

    def prepared(self, recognizer: Recognizer) -> ModelInput:
        """What the recogniser's model is given of it; `IsharaError` if it cannot be read."""
        with self._source() as source:
            return recognizer.prepare(source, self.clip.start, self.clip.end, box=self._box)

    @property
    def _box(self) -> Box | None:
        return Box.parse(self.clip.box) if self.clip.box else None

    @contextmanager
    def _source(self) -> Iterator[str | Path | BinaryIO]:
        if self.clip.path != STANDARD_INPUT:
            yield self.clip.path
            return
        with _standard_input() as source:
            yield source


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


def file_places(names: Sequence[str], suffix: str) -> list[Path]:
    """A file for each input, in order: ``NAME`` with another suffix, such as ``.pose``, in the folders that it has.

    Names that would share a file, such as ``a.mov`` and ``a.mp4``, get one each, and so do inputs of one name.
    """
    from ishara.pose.extract.names import file_names

    different = _told_apart(names)
    places = {name: _place(name, suffix) for name in different}
    times = Counter(str(place).casefold() for place in places.values())
    unfit = [name for name, place in places.items() if times[str(place).casefold()] > 1 or _is_long(place)]
    places |= {name: Path(file + suffix) for name, file in file_names(unfit).items()}
    return [places[name] for name in different]


def _told_apart(names: Sequence[str]) -> list[str]:
    """The names, with a number where one comes again, as that of two clips in two manifests may."""
    taken, before = set(names), set[str]()
    result = []
    for name in names:
        other = name
        if name in before:
            other = next(f"{name}-{n}" for n in count(2) if f"{name}-{n}" not in taken)
            taken.add(other)
        before.add(name)
        result.append(other)
    return result


def _place(name: str, suffix: str) -> Path:
    parts = [part for part in Path(name.rsplit("://", 1)[-1]).parts if part not in ("/", "..")] or ["clip"]
    file = file_of(parts[-1])
    stem = Path(file).stem if Path(file).suffix.lower() in _suffixes() else file
    # Of ``file.npz#7`` the number is told, without the signs that have a meaning in addresses.
    chosen = parts[-1].removeprefix(file)
    return Path(*parts[:-1], re.sub(r"[?#&=]", "-", stem + chosen) + suffix)


def _suffixes() -> tuple[str, ...]:
    from ishara.clips.corpora.tree import CLIP_SUFFIXES

    return (*CLIP_SUFFIXES, *ARRAY_SUFFIXES, PARQUET_SUFFIX)


def _is_long(place: Path) -> bool:
    """Whether a part of the name, such as a signed address, is near to what file systems allow: 255 bytes."""
    return any(len(part.encode("utf-8", "surrogatepass")) > _MOST_BYTES for part in place.parts)


def _expand(word: str, *, alone: bool) -> Iterator[Input]:
    path = Path(word)
    if _is_manifest(path):
        # Here and below, and not above: Polars and all corpora take longer to load than one clip to predict.
        from ishara.clips.manifest import Manifest

        yield from (Input(clip.id, clip) for clip in Manifest.read(path))
    elif path.is_dir():
        from ishara.clips.corpora.tree import CLIP_SUFFIXES, files_below

        inside = [file for file in files_below(path) if file.suffix.lower() in CLIP_SUFFIXES]
        if not inside:
            raise IsharaError(f"{word}: holds no clip ({', '.join(CLIP_SUFFIXES)}).")
        for file in inside:
            yield Input(str(file.relative_to(path) if alone else file), _unlabelled(str(file)))
    else:
        yield Input("standard input" if word == STANDARD_INPUT else word, _unlabelled(word))


def _is_manifest(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix != PARQUET_SUFFIX or not path.is_file():
        return suffix == ".csv"
    from ishara.pose.parquet import is_clip

    return not is_clip(path)


def _unlabelled(path: str) -> Clip:
    return Clip(id=path, path=path, gloss="")


@contextmanager
def _standard_input() -> Iterator[Path | BinaryIO]:
    """What was piped in: a file of landmarks, or an open video."""
    content = sys.stdin.buffer.read()
    if not content:
        raise IsharaError("standard input: is empty; expected a video or a .pose file, such as: … < clip.mp4")
    if content[:4] not in _POSE_VERSIONS:
        video = io.BytesIO(content)
        video.name = "standard input"  # what messages call it
        yield video
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "standard-input.pose"
        file.write_bytes(content)
        yield file
