"""`write_inspection`: one HTML file with the figures, a contact sheet and an overlay film."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ishara.errors import IsharaError, choices
from ishara.evaluation.contact_sheet import Strip, contact_sheet, strip
from ishara.evaluation.inspection import Inspection
from ishara.evaluation.overlay import VideoStretch, draw_clip, is_there, write_film
from ishara.evaluation.page import NOTHING, template
from ishara.pose.files import read_pose
from ishara.pose.pose import Pose
from ishara.whole import write_whole

PAGE = "inspection.html"
FIGURES = "inspection.json"
SHEET = "contact-sheet.png"
FILM = "overlay.mp4"
_FRAMES = 8
_MOST_ROWS = 50
# The film is drawn from no more of a clip than this, so that the page stays small.
_LONGEST_FILM = 20.0

Row = dict[str, Any]


@dataclass(frozen=True)
class Shown:
    """A clip of the contact sheet, for the list below it."""

    number: int
    clip: Row
    on: str


def write_inspection(
    path: str | Path, inspection: Inspection, *, clips: int = 12, video_of: str | None = None
) -> tuple[Path, list[str]]:
    """Write the page and, beside it, ``inspection.json``, ``contact-sheet.png`` and ``overlay.mp4``.

    Parameters
    ----------
    path
        A folder (the page is ``inspection.html`` in it) or a ``.html`` file.
    inspection
        What was found.
    clips
        How many clips the contact sheet shows: up to half of them suspicious ones, the rest spread over the corpus.
    video_of
        Id of the clip in the overlay film; the most usual one, where possible one whose video is there, by default.

    Returns
    -------
    Path of the page, and what went wrong with single pictures, a sentence each.

    Raises
    ------
    IsharaError
        If there is no such clip, or the extra ``report`` or OpenCV is not installed.
    """
    film_of = _film_clip(inspection, video_of)
    page = Path(path) if str(path).endswith(".html") else Path(path) / PAGE
    html = template("inspection.html.j2", figure=figure)
    warnings: list[str] = []
    strips, shown = _strips(_chosen(inspection, clips), warnings)
    sheet = contact_sheet(strips)
    film_on = _write_film(page.with_name(FILM), film_of, warnings)
    write_whole(page.with_name(SHEET), sheet)
    numbers = json.dumps(inspection.as_json(), indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(page.with_name(FIGURES), numbers + "\n")
    text = html.render(
        i=inspection,
        overall=inspection.overall,
        ranges={name: inspection.range(name) for name in ("frames", "seconds", "fps")},
        signers=inspection.by("signer"),
        glosses=inspection.by("gloss")[:_MOST_ROWS],
        suspicious=inspection.suspicious().head(_MOST_ROWS).to_dicts(),
        most_rows=_MOST_ROWS,
        warnings=warnings,
        shown=shown,
        sheet=_data_uri("image/png", sheet),
        film=_data_uri("video/mp4", page.with_name(FILM).read_bytes()),
        film_of=Shown(0, film_of, film_on),
    )
    return write_whole(page, text), warnings


def figure(value: float | None) -> str:
    """A number with at most two decimals, or a dash."""
    return NOTHING if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def _chosen(inspection: Inspection, number: int) -> list[Row]:
    """Up to half of them the most suspicious clips, the rest spread evenly over the others."""
    every = inspection.clips.to_dicts()
    worst = inspection.suspicious()["id"].to_list()
    others = [row for row in every if row["id"] not in set(worst)]
    fewest = max(number // 2, number - len(others))
    first = worst[:fewest]
    by_id = {row["id"]: row for row in every}
    rest = min(number - len(first), len(others))
    spread = [others[round(i * (len(others) - 1) / max(rest - 1, 1))] for i in range(rest)]
    return [by_id[clip] for clip in first] + spread


def _film_clip(inspection: Inspection, wanted: str | None) -> Row:
    rows = inspection.clips.to_dicts()
    if wanted is not None:
        found = next((row for row in rows if row["id"] == wanted), None)
        if found is None:
            if wanted in inspection.failures:
                raise IsharaError(f"--video-of {wanted}: this clip cannot be read: {inspection.failures[wanted]}")
            known = [row["id"] for row in rows]
            listed = choices(wanted, known) if len(known) <= _MOST_ROWS else f"The first of them is {known[0]}."
            raise IsharaError(f"--video-of {wanted}: there is no such clip in {inspection.source}. {listed}")
        return found
    with_video = [row for row in rows if row["video"] and is_there(row["video"])]
    ranked = sorted(with_video or rows, key=lambda row: ((row["no_hand"] or 0) / row["frames"], row["id"]))
    return ranked[len(ranked) // 2]


def _strips(rows: list[Row], warnings: list[str]) -> tuple[list[Strip], list[Shown]]:
    strips, shown = [], []
    for number, row in enumerate(rows, start=1):
        pose, stretch = _pose(row), _stretch(row)
        label = " · ".join(part for part in (str(number), row["gloss"], row["signer"], row["id"]) if part)
        try:
            strips.append(strip(label, pose, stretch, _FRAMES))
        except IsharaError as error:
            if stretch is None:
                raise
            warnings.append(f"{row['id']}: drawn on a blank canvas, since its video could not be read. {error}")
            stretch = None
            strips.append(strip(label, pose, None, _FRAMES))
        shown.append(Shown(number, row, _on(stretch)))
    return strips, shown


def _write_film(path: Path, row: Row, warnings: list[str]) -> str:
    """Write the film of a clip; gives what its landmarks were drawn on."""
    pose, stretch = _pose(row), _stretch(row)
    pose = pose.stretch(None, _LONGEST_FILM)
    try:
        write_film(path, draw_clip(pose, stretch), pose.fps)
    except IsharaError as error:
        if stretch is None:
            raise
        warnings.append(f"{row['id']}: filmed on a blank canvas, since its video could not be read. {error}")
        stretch = None
        write_film(path, draw_clip(pose, None), pose.fps)
    return _on(stretch)


def _pose(row: Row) -> Pose:
    return read_pose(row["path"], row["start"], row["end"])


def _stretch(row: Row) -> VideoStretch | None:
    if not row["video"] or not is_there(row["video"]):
        return None
    return VideoStretch(row["video"], row["video_start"], row["video_end"], row["video_box"])


def _on(stretch: VideoStretch | None) -> str:
    return "a blank canvas" if stretch is None else "its video"


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
