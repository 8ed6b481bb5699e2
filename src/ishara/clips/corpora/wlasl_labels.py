"""The label files of WLASL: the v0.3 form (WLASL_v0.3.json, asl100.json) and the nslt form (nslt_2000.json)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ishara.clips.corpora.labels import SPLITS, read_json
from ishara.errors import IsharaError
from ishara.schema import explain

_CLASSES = "wlasl_class_list.txt"
_NSLT_FPS = 25.0
_Split = Literal["train", "val", "test"]


class _Instance(BaseModel):
    """A clip in a v0.3 file. Frames count from 1; a last frame below 1 means the end of the video."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    video_id: str = Field(min_length=1)
    split: _Split
    frame_start: int = Field(default=1, ge=1)
    frame_end: int = -1
    bbox: tuple[int, int, int, int] | None = None
    signer_id: int | None = None
    instance_id: int | None = None
    variation_id: int | None = None
    source: str | None = None
    url: str | None = None

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> _Instance:
        if 0 < self.frame_end < self.frame_start:
            raise ValueError(f"the frame_end {self.frame_end} is before the frame_start {self.frame_start}")
        return self


class _Entry(BaseModel):
    """A gloss in a v0.3 file."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    gloss: str = Field(min_length=1)
    instances: list[_Instance]


class _Action(BaseModel):
    """A clip in an nslt file: class, first and last frame."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    subset: _Split
    action: tuple[int, int, int]


@dataclass(frozen=True)
class Sign:
    """What a label file says of one clip, whatever its form; `rate` is None where frames are those of the video."""

    id: str
    gloss: str
    split: str
    frames: tuple[int, int]
    rate: float | None
    signer: str | None = None
    box: tuple[int, int, int, int] | None = None
    url: str | None = None
    further: dict[str, Any] = field(default_factory=dict)


def read_labels(path: Path) -> tuple[list[str], list[Sign]]:
    """The vocabulary in the corpus's own order, which is by number of clips, and the clips."""
    content = read_json(path)
    if isinstance(content, list) and content:
        return _read_v03(path, content)
    if isinstance(content, dict) and content:
        return _read_nslt(path, content)
    raise IsharaError(
        f"{path}: expected a list of glosses with instances (as WLASL_v0.3.json), or a table of actions by video id "
        f"(as nslt_2000.json); found {'nothing' if content in ([], {}) else type(content).__name__}."
    )


def _read_v03(path: Path, content: list[Any]) -> tuple[list[str], list[Sign]]:
    vocabulary, signs = [], []
    for number, item in enumerate(content, start=1):
        try:
            entry = _Entry.model_validate(item)
        except ValidationError as error:
            name = item.get("gloss", "?") if isinstance(item, dict) else "?"
            raise IsharaError(f"{path}: entry {number} ({name!r}): {explain(_Entry, error)}.") from None
        vocabulary.append(entry.gloss)
        signs += [_of_instance(entry.gloss, instance) for instance in entry.instances]
    return vocabulary, signs


def _of_instance(gloss: str, instance: _Instance) -> Sign:
    return Sign(
        id=instance.video_id,
        gloss=gloss,
        split=SPLITS[instance.split],
        frames=(instance.frame_start, instance.frame_end),
        rate=None,
        # Label files that others made in this form have -1 for a signer that is not known: no signer of that name.
        signer=None if instance.signer_id is None or instance.signer_id < 0 else str(instance.signer_id),
        box=instance.bbox,
        url=instance.url,
        further={
            "instance": instance.instance_id,
            "variation": instance.variation_id,
            "source": instance.source,
            "url": instance.url,
        },
    )


def _read_nslt(path: Path, content: dict[str, Any]) -> tuple[list[str], list[Sign]]:
    names = _class_names(path)
    signs, classes = [], set()
    for video, item in content.items():
        try:
            label = _Action.model_validate(item)
        except ValidationError as error:
            raise IsharaError(f"{path}: {video!r}: {explain(_Action, error)}.") from None
        number, first, last = label.action
        if number not in names:
            raise IsharaError(f"{path}: {video!r} is of class {number}, which {_CLASSES} does not name.")
        classes.add(number)
        signs.append(Sign(video, names[number], SPLITS[label.subset], (first, last), _NSLT_FPS))
    return [names[number] for number in sorted(classes)], signs


def _class_names(labels: Path) -> dict[int, str]:
    """What `nslt_*.json` needs: a line per class with its number, a tab and its gloss."""
    path = labels.with_name(_CLASSES)
    if not path.is_file():
        raise IsharaError(
            f"{labels}: names classes by number; expected {_CLASSES} beside it, which names their glosses."
        )
    names: dict[int, str] = {}
    for row, line in enumerate(path.read_text(encoding="utf-8-sig", errors="replace").splitlines(), start=1):
        number, tab, gloss = line.partition("\t")
        if not line.strip():
            continue
        if not tab or not number.strip().isdecimal() or not gloss.strip():
            raise IsharaError(f"{path}: line {row} is {line!r}; expected a class's number, a tab and its gloss.")
        names[int(number)] = gloss.strip()
    return names
