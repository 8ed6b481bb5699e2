"""Landmark arrays: one ``.npz`` file with the landmarks of many clips, their glosses and what else it says of them."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from ishara.clips.corpora.base import Corpus, Options
from ishara.clips.manifest import COLUMNS, Manifest
from ishara.errors import IsharaError
from ishara.pose.address import Address, parse_aspect
from ishara.pose.files import read_array

_OWN = ("gloss", "signer", "split", "language")


def _read(root: Path, options: Options) -> Manifest:
    """One clip per entry; arrays with a value per clip become columns.

    The options layout and aspect go into each clip's address, so that reading it needs nothing else. The aspect of
    wlasl50's videos is not known (WLASL's differ from source to source, and the file does not say); 1 is assumed, so
    its x is too small beside its y where a video was wider than high.
    """
    if root.is_dir():
        found = ", ".join(sorted(path.name for path in root.glob("*.npz"))) or "none"
        raise IsharaError(f"{root}: is a folder; expected one .npz file. Those in it: {found}.")
    language = options.get("language", _KNOWN.get(root.stem, {}).get("language"))
    layout, aspect = options.get("layout"), parse_aspect(options.get("aspect", "1"), str(root))
    array = read_array(root, layout)
    if "gloss" not in array.columns:
        found = ", ".join(array.columns) or "none"
        raise IsharaError(f"{root}: has no `gloss` with one value for each of its {len(array)} clips; found {found}.")
    digits = max(4, len(str(len(array) - 1)))
    columns = {
        "id": [f"{root.stem}-{i:0{digits}d}" for i in range(len(array))],
        "path": [str(Address(str(root), i, layout, aspect)) for i in range(len(array))],
        "language": [language] * len(array),
    }
    for name, values in array.columns.items():
        if name in _OWN:
            columns[name] = [str(value) for value in values.tolist()]
        elif name not in COLUMNS and values.dtype.kind in "biufU":
            columns[name] = values.tolist()
    try:
        return Manifest(pl.DataFrame(columns))
    except IsharaError as error:
        raise IsharaError(f"{root}: {error}") from None


# Files that a recipe of ours names: who made what is in them, and what may be done with it.
_KNOWN = {
    "isl30-kinect": {
        "title": "30 words of Indian Sign Language by 10 signers, joints from a Kinect",
        "language": "ins",
        "licence": "MIT, as stated at the source",
        "source": "the repository of Roy et al.",
        "citation": "Roy et al., arXiv 2010.12669",
    },
    "wlasl50-landmarks": {
        "title": "50 words of American Sign Language, landmarks of WLASL's videos",
        "language": "ase",
        "licence": "C-UDA 1.0, WLASL's: academic and computational use only; the source of the landmarks states none",
        "source": "made from WLASL, https://dxli94.github.io/WLASL/",
        "citation": "Li et al., Word-level Deep Sign Language Recognition from Video, WACV 2020",
    },
}

LANDMARKS = Corpus(
    name="landmarks",
    title="one .npz file of landmarks: isl30-kinect, wlasl50-landmarks, or your own",
    language="any; give it as language=CODE",
    licence="those of the file",
    source="yours, or that of isl30-kinect or wlasl50-landmarks: docs/corpora/landmarks.md",
    citation="as the file's makers ask",
    layout="a .npz file: `frames` (N, F) or (N, K, D), `offsets`, `gloss`; where known `signer`, `landmarks`, `fps`.",
    read=_read,
    files=_KNOWN,
    options={
        "language": "ISO 639-3 code of the signed language of all clips, such as ins or ase; known for the two files.",
        "layout": "What the columns are, where the file does not say: such as spoter54-xy or holistic-xyzv.",
        "aspect": "Width over height of the videos, where x is a fraction of the width, y of the height (default 1).",
    },
)
