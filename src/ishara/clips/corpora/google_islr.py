"""Google's Isolated Sign Language Recognition: 250 American signs by 21 Deaf signers, as landmarks in Parquet files."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from ishara.clips.clip import Clip
from ishara.clips.corpora.base import Corpus, Options
from ishara.clips.corpora.labels import read_table
from ishara.clips.corpora.tree import report
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.pose.address import Address, parse_aspect

_INDEX = "train.csv"
_COLUMNS = ("path", "participant_id", "sequence_id", "sign")
_LAYOUT = (
    f"{_INDEX} with the columns {', '.join(_COLUMNS)}, and the files that it names, "
    "train_landmark_files/PARTICIPANT/SEQUENCE.parquet."
)


def _read(root: Path, options: Options) -> Manifest:
    """One clip per row of the index whose file is there.

    The option aspect goes into each clip's address: x is a fraction of the video's width, y of its height, and the
    files do not say how wide and high that was. 1 is assumed where none is given.
    """
    aspect = parse_aspect(options.get("aspect", "1"), str(root))
    table = _index(root)
    there = pl.Series([(root / path).is_file() for path in table["path"]], dtype=pl.Boolean)
    if not there.any():
        raise IsharaError(
            f"{root}: none of the {len(table)} files that {_INDEX} names is there (first: {table['path'][0]}). "
            f"Expected: {_LAYOUT}"
        )
    report(root, table.filter(~there)["path"].to_list(), f"of {_INDEX} are not there and were left out")
    try:
        return Manifest.from_clips(
            Clip(
                id=f"{row['participant_id']}-{row['sequence_id']}",
                path=str(Address(str(root / row["path"]), aspect=aspect)),
                gloss=row["sign"],
                signer=row["participant_id"],
                language="ase",
            )
            for row in table.filter(there).iter_rows(named=True)
        )
    except IsharaError as error:
        raise IsharaError(f"{root / _INDEX}: {error}") from None


def _index(root: Path) -> pl.DataFrame:
    """The rows of the index that say everything; the others are reported and left out."""
    path = root / _INDEX
    if not path.is_file():
        raise IsharaError(f"{root}: there is no {_INDEX}. Expected: {_LAYOUT}")
    table = read_table(path, _COLUMNS)
    whole = table.drop_nulls(_COLUMNS)
    if not len(whole):
        raise IsharaError(f"{path}: has no row that gives {', '.join(_COLUMNS)}.")
    rows = table.with_row_index("row", offset=2).filter(pl.any_horizontal(pl.col(*_COLUMNS).is_null()))["row"]
    report(root, [str(row) for row in rows], f"of {_INDEX} have an empty field and were left out", noun="rows")
    return whole


GOOGLE_ISLR = Corpus(
    name="google_islr",
    title="Google ISLR (asl-signs): 250 American signs, 21 Deaf signers, MediaPipe Holistic landmarks",
    language="ase",
    licence="CC BY; not to be used to identify people",
    source="https://www.kaggle.com/competitions/asl-signs",
    citation="Chow et al., Google - Isolated Sign Language Recognition, Kaggle 2023",
    layout=_LAYOUT,
    read=_read,
    options={"aspect": "Width over height of the videos; the files do not say it (default 1)."},
)
