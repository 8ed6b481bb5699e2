"""BdSLW401: 401 Bangla signs, seen from the front and from the side."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ishara.clips.clip import Clip
from ishara.clips.corpora.base import Corpus, Options
from ishara.clips.corpora.labels import option_of
from ishara.clips.corpora.tree import named_clips, refuse_twins
from ishara.clips.corpora.words import read_words
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError

_NAME = re.compile(r"W(?P<word>\d+)S(?P<signer>\d+)(?P<view>[FL]?)_(?P<trial>\d+)", re.IGNORECASE)
_VIEWS = {"F": "front", "L": "lateral"}
_ALL = "all"
_SPLITS = {"train": "train", "val": "validation", "valid": "validation", "validation": "validation", "test": "test"}
_LAYOUT = (
    "videos or .pose files named W<word>S<signer><F|L>_<trial>, such as Front/train/W001S01F_01.mp4, at any depth; a "
    "folder train, val or test says the split; a words.csv (word, gloss) names the words."
)


@dataclass(frozen=True)
class Name:
    """What the path of a BdSLW401 file says."""

    word: str
    signer: str
    view: str | None
    trial: int
    split: str | None

    @classmethod
    def parse(cls, path: Path) -> Name | None:
        """The parts of a path below the corpus's folder; ``None`` where the file has no such name."""
        match = _NAME.fullmatch(path.stem)
        if match is None:
            return None
        sides = [_SPLITS[part.lower()] for part in path.parent.parts if part.lower() in _SPLITS]
        return cls(
            word=f"W{int(match['word']):03d}",
            signer=f"S{int(match['signer']):02d}",
            view=_VIEWS.get(match["view"].upper()),
            trial=int(match["trial"]),
            split=sides[-1] if sides else None,
        )


def _read(root: Path, options: Options) -> Manifest:
    """One clip per file; the gloss is the word's id unless a ``words.csv`` beside gives its name."""
    view = option_of(options, "view", (_ALL, *_VIEWS.values()))
    named = named_clips(root, Name.parse, corpus="BdSLW401", layout=_LAYOUT)
    chosen = [(path, name) for path, name in named if view in (_ALL, name.view)]
    if not chosen:
        raise IsharaError(f"{root}: none of the {len(named)} clips is a {view} view; leave out the option view.")
    refuse_twins(root, (path.stem for path, _ in chosen))
    words = read_words(root)
    clips = [
        Clip(id=path.stem, path=str(path), gloss=words.get(name.word, name.word), signer=name.signer, split=name.split)
        for path, name in chosen
    ]
    return Manifest.from_clips(clips, take=[name.trial for _, name in chosen], view=[name.view for _, name in chosen])


BDSLW401 = Corpus(
    name="bdslw401",
    title="BdSLW401: 401 Bangla signs, 102,176 clips, 18 signers, from the front and the side",
    language="Bangla Sign Language (no ISO 639-3 code)",
    licence="as its Kaggle page states; ask its authors",
    source="https://www.kaggle.com/datasets/hasanssl/bdslw401",
    citation="Rubaiyeat et al., BdSLW401: Transformer-Based Word-Level Bangla Sign Language Recognition Using Relative "
    "Quantization Encoding, arXiv 2503.02360",
    layout=_LAYOUT,
    read=_read,
    options={"view": "Only the clips seen from there: front or lateral (default all)."},
)
