"""WebVTT (``.vtt``): the glosses as subtitles that players and browsers show."""

from __future__ import annotations

from pathlib import Path

from ishara.spotting.formats.found import Found
from ishara.whole import whole

# What has a meaning in a cue.
_MEANT = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def write_vtt(path: Path, found: Found) -> Path:
    """Write the segments as WebVTT cues, one each; `IsharaError` if it cannot be written."""
    cues = ["WEBVTT"]
    for number, segment in enumerate(found.segments, start=1):
        text = "".join(_MEANT.get(letter, letter) for letter in " ".join(segment.label.split()))
        cues.append(f"{number}\n{timestamp(segment.start)} --> {timestamp(segment.end)}\n{text}")
    with whole(path) as partial:
        partial.write_text("\n\n".join(cues) + "\n", encoding="utf-8")
    return path


def timestamp(seconds: float) -> str:
    """A time as WebVTT has it: ``00:01:02.345``."""
    milliseconds = round(1000 * seconds)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
