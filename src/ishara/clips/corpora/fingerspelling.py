"""Fingerspelling: the letters A to Z in many signed languages, as ``.pose`` files with an ``index.csv``."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from ishara.clips.corpora.base import Corpus, Options
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError

_INDEX = "index.csv"
_COLUMNS = ("path", "gloss", "signed_language")


def _read(root: Path, _: Options) -> Manifest:
    """One clip per row of the index; who signs is not known, the signed language is the group."""
    index = root / _INDEX
    if not index.is_file():
        raise IsharaError(f"{root}: there is no {_INDEX}; expected the folder that holds it.")
    try:
        table = pl.read_csv(index, glob=False, infer_schema=False)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise IsharaError(f"{index}: cannot be read as CSV ({error}).") from None
    missing = [name for name in _COLUMNS if name not in table.columns]
    if missing:
        raise IsharaError(f"{index}: has no column {', '.join(missing)}; found {', '.join(table.columns)}.")
    language, gloss = pl.col("signed_language"), pl.col("gloss")
    return Manifest(
        table.select(
            id=language + "-" + gloss,
            path=pl.lit(f"{root}/") + pl.col("path"),
            gloss=gloss,
            language=language,
        )
    )


FINGERSPELLING = Corpus(
    name="fingerspelling",
    title="the letters A to Z in 17 signed languages, MediaPipe Holistic landmarks",
    language="ase, asq, bzs, cse, csq, eso, fsl, gsg, ise, lls, mfs, psr, sgg, ssp, svk, swl, tsm",
    licence="MIT",
    source="https://github.com/ZurichNLP/spoken-to-signed-translation",
    citation="Moryossef et al., An Open-Source Gloss-Based Baseline for Spoken to Signed Language Translation, 2023",
    layout=f"{_INDEX} with the columns {', '.join(_COLUMNS)}, and the .pose files that it names.",
    read=_read,
)
