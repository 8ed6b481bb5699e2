"""Your own clips: a folder per gloss, of ``.pose`` or video files."""

from __future__ import annotations

import re
from pathlib import Path

from ishara.clips.clip import Clip
from ishara.clips.corpora.base import Corpus, Options
from ishara.clips.corpora.tree import CLIP_SUFFIXES, listed, report
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError


def _read(root: Path, options: Options) -> Manifest:
    """One clip per file; a gloss is its folder's name as it is written, in any script."""
    if not root.is_dir():
        raise IsharaError(f"{root}: is a file; expected a folder that holds a folder per gloss.")
    pattern = _pattern(options.get("signer"))
    glosses = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    found = [path for gloss in glosses for path in sorted(gloss.iterdir())]
    clips = [path for path in found if _is_clip(path)]
    if not clips:
        raise IsharaError(
            f"{root}: no clips were found; expected a folder per gloss with {', '.join(CLIP_SUFFIXES)} files. Found: "
            f"{listed(sorted(root.iterdir()), root)}."
        )
    known = set(clips)
    report(root, [p for p in found if p not in known], "are no clips and were left out", noun="files or folders")
    signers = [_signer(pattern, path) for path in clips]
    if pattern is not None and not any(signers):
        raise IsharaError(f"{root}: signer={pattern.pattern!r} matches no file name (the first is {clips[0].name!r}).")
    return Manifest.from_clips(
        Clip(
            id=f"{path.parent.name}/{path.name}",
            path=str(path),
            gloss=path.parent.name,
            signer=signer,
            language=options.get("language"),
        )
        for path, signer in zip(clips, signers, strict=True)
    )


def _is_clip(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and path.suffix.lower() in CLIP_SUFFIXES


def _pattern(text: str | None) -> re.Pattern[str] | None:
    if text is None:
        return None
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise IsharaError(f"signer={text!r} is not a regular expression ({error}).") from None
    if pattern.groups != 1:
        raise IsharaError(
            f"signer={text!r} has {pattern.groups} groups; expected one in brackets, such as '^(s[0-9]+)_'."
        )
    return pattern


def _signer(pattern: re.Pattern[str] | None, path: Path) -> str | None:
    match = pattern.search(path.name) if pattern is not None else None
    return match.group(1) or None if match is not None else None


FOLDER = Corpus(
    name="folder",
    title="your own clips, a folder per gloss",
    language="any; give it as language=CODE",
    licence="yours",
    source="your own files",
    citation="none",
    layout="GLOSS/CLIP.mp4 (or .mov, .webm, .gif, …) or GLOSS/CLIP.pose: a folder per gloss, named by the gloss.",
    read=_read,
    options={
        "signer": "A regular expression with one group that finds the signer in a file name, such as '^(s[0-9]+)_'.",
        "language": "ISO 639-3 code of the signed language of all clips.",
    },
)
