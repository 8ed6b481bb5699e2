"""AUTSL: 226 Turkish Sign Language glosses by 43 signers.

The layout is that of the ChaLearn "Signer Independent Isolated SLR" challenge of 2021, as public programs read it:
sign-language-processing/datasets (datasets/autsl/autsl.py) for the names of videos and the label tables without a
header, others for SignList_ClassId_TR_EN.csv. The archives are encrypted; their keys come from the authors.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from pathlib import Path

from ishara.clips.clip import Clip
from ishara.clips.corpora.base import Corpus, Options
from ishara.clips.corpora.footage import MISSING, MISSING_HELP, report_missing, videos_by_stem
from ishara.clips.corpora.labels import choose_glosses, label_files, option_of, read_table
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError

_TABLES = {
    "train": ("train_labels.csv",),
    "validation": ("validation_labels.csv", "val_labels.csv"),
    "test": ("test_labels.csv",),
}
_SIGNS = "SignList_ClassId_TR_EN.csv"
_SAMPLE = re.compile(r"(signer(\d+)_sample\d+)(?:_color)?(?:\.mp4)?")
_log = logging.getLogger(__name__)


def _read(root: Path, options: Options) -> Manifest:
    """One clip per row of the tables whose colour video is there; depth videos are left out."""
    if not root.is_dir():
        raise IsharaError(f"{root}: is a file; expected the folder with the label tables and the videos.")
    names = _names(root, options)
    rows = _rows(root)
    unnamed = sorted({number for _, _, _, number in rows} - names.keys()) if names else []
    if unnamed:
        raise IsharaError(f"{root}: {_SIGNS} does not name the class {unnamed[0]}, which the label tables have.")
    glosses = {number: names.get(number, str(number)) for number in sorted({number for _, _, _, number in rows})}
    chosen = set(choose_glosses(list(glosses.values()), options, root))
    videos = videos_by_stem(root)
    clips, missing = [], []
    for split, sample, signer, number in rows:
        gloss = glosses[number]
        path = videos.get(f"{sample}_color") or videos.get(sample)
        if gloss not in chosen:
            continue
        if path is None:
            missing.append({"file": f"{sample}_color.mp4", "gloss": gloss, "split": split})
        else:
            clips.append(Clip(sample, str(path), gloss, signer, split, language="tsm"))
    report_missing(root, missing, len(clips), options)
    return Manifest.from_clips(clips)


def _rows(root: Path) -> list[tuple[str, str, str, int]]:
    """Split, sample, signer and class of every clip in the tables that are there."""
    found: list[tuple[str, str, str, int]] = []
    for split, patterns in _TABLES.items():
        for path in label_files(root, *patterns)[:1]:
            table = read_table(path, ("sample", "class"), header=False)
            for row, (sample, number) in enumerate(table.iter_rows(), start=1):
                name = _SAMPLE.fullmatch(sample or "")
                if name is None or not (number or "").isdecimal():
                    if row == 1:
                        continue  # some copies have a header
                    raise IsharaError(
                        f"{path}: row {row} is {sample},{number}; expected a sample and its class, such as "
                        "signer0_sample1,41."
                    )
                found.append((split, name[1], name[2], int(number)))
    if not found:
        expected = ", ".join(names[0] for names in _TABLES.values())
        raise IsharaError(f"{root}: there are no labelled clips; expected {expected}.")
    return found


def _names(root: Path, options: Options) -> dict[int, str]:
    """The gloss of each class; empty where their numbers stand for them."""
    chosen = option_of(options, "names", ("tr", "en", "id"))
    if chosen == "id":
        return {}
    files = label_files(root, _SIGNS)
    if not files:
        if "names" in options:
            raise IsharaError(f"{root}: there is no {_SIGNS}, which names the signs; names=id does without.")
        _log.warning("%s: there is no %s; glosses are the numbers of the signs", root, _SIGNS)
        return {}
    table = read_table(files[0], ("ClassId", chosen.upper()))
    names: dict[int, str] = {}
    for row, (number, name) in enumerate(table.iter_rows(), start=2):
        if not (number or "").isdecimal() or not name:
            raise IsharaError(f"{files[0]}: row {row} is {number},{name}; expected the number of a sign and its name.")
        names[int(number)] = name
    # Two signs may have one translation; they must not become one gloss.
    times = Counter(names.values())
    return {number: name if times[name] == 1 else f"{name} ({number})" for number, name in names.items()}


AUTSL = Corpus(
    name="autsl",
    title="AUTSL: 226 Turkish signs, 36,302 clips, 43 signers, signer-independent splits (as published)",
    language="tsm",
    licence="for research; ask its authors",
    source="http://chalearnlap.cvc.uab.es/dataset/40/description/",
    citation="Sincan and Keles, AUTSL: A Large Scale Multi-Modal Turkish Sign Language Dataset and Baseline Methods, "
    "IEEE Access 8, 2020, arXiv 2008.00932",
    layout="train_labels.csv, validation_labels.csv and test_labels.csv (signer0_sample1,41) and, for names, "
    f"{_SIGNS}; videos signer0_sample1_color.mp4 in any folder below.",
    read=_read,
    options={
        "names": "What glosses are: tr (Turkish, the default), en (English) or id (the sign's number).",
        "glosses": "Only these glosses, such as glosses=anne,baba.",
        MISSING: MISSING_HELP,
    },
)
