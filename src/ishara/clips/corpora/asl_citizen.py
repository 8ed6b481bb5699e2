"""ASL Citizen: 2,731 American Sign Language glosses, recorded by Deaf and hard-of-hearing people at home.

The layout is that of Microsoft's archive (ASL_Citizen/ with splits/ and videos/) as the authors' own code reads it:
https://github.com/microsoft/ASL-citizen-code, I3D/aslcitizen_dataset.py. Glosses come from the tables; file names hold
them only loosely.
"""

from __future__ import annotations

from pathlib import Path

from ishara.clips.clip import Clip
from ishara.clips.corpora.base import Corpus, Options
from ishara.clips.corpora.footage import MISSING, MISSING_HELP, report_missing, videos_by_stem
from ishara.clips.corpora.labels import SPLITS, choose_glosses, label_files, read_table
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError

_COLUMNS = ("Participant ID", "Video file", "Gloss", "ASL-LEX Code")


def _read(root: Path, options: Options) -> Manifest:
    """One clip per row of the tables whose video is there."""
    if not root.is_dir():
        raise IsharaError(f"{root}: is a file; expected the folder with splits/ and videos/.")
    rows = _rows(root)
    chosen = set(choose_glosses(sorted({gloss for _, _, _, gloss, _ in rows}), options, root))
    videos = videos_by_stem(root)
    clips, missing = [], []
    codes: list[object] = []
    for split, signer, file, gloss, code in rows:
        if gloss not in chosen:
            continue
        stem = Path(file).stem
        if stem in videos:
            clips.append(Clip(stem, str(videos[stem]), gloss, signer or None, split, language="ase"))
            codes.append(code)
        else:
            missing.append({"file": file, "gloss": gloss, "split": split})
    report_missing(root, missing, len(clips), options)
    return Manifest.from_clips(clips, asl_lex_code=codes)


def _rows(root: Path) -> list[tuple[str, str, str, str, str]]:
    """Split, signer, file, gloss and ASL-LEX code of every clip in the tables that are there."""
    found: list[tuple[str, str, str, str, str]] = []
    for name, split in SPLITS.items():
        for path in label_files(root, f"splits/{name}.csv", f"{name}.csv")[:1]:
            for row, (signer, file, gloss, code) in enumerate(read_table(path, _COLUMNS).iter_rows(), start=2):
                if not file or not gloss:
                    raise IsharaError(f"{path}: row {row} has no {'gloss' if file else 'video file'}.")
                found.append((split, signer, file, gloss, code))
    if not found:
        raise IsharaError(f"{root}: there are no labelled clips; expected splits/train.csv, val.csv and test.csv.")
    return found


ASL_CITIZEN = Corpus(
    name="asl_citizen",
    title="ASL Citizen: 2,731 American signs, 83,399 clips, 52 Deaf or hard-of-hearing signers (as published)",
    language="ase",
    licence="Microsoft's, see https://www.microsoft.com/en-us/research/project/asl-citizen/dataset-license/",
    source="https://www.microsoft.com/en-us/research/project/asl-citizen/",
    citation="Desai et al., ASL Citizen: A Community-Sourced Dataset for Advancing Isolated Sign Language Recognition, "
    "NeurIPS 2023 Datasets and Benchmarks",
    layout=f"splits/train.csv, val.csv and test.csv with the columns {', '.join(_COLUMNS)}; the videos that they name "
    "in videos/ or any folder below.",
    read=_read,
    options={"glosses": "Only these glosses, such as glosses=APPLE,BEER.", MISSING: MISSING_HELP},
)
