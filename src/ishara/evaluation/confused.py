"""The glosses confused most often, with frames side by side: a clip taken for the other gloss, and one of that."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.evaluation.metrics import Summary
from ishara.evaluation.predictions import PREFIX, Predictions
from ishara.extras import extra
from ishara.pose.files import is_landmark_file, read_pose
from ishara.pose.prepare import model_skeleton
from ishara.recipe import Recipe
from ishara.video.box import Box

if TYPE_CHECKING:
    from ishara.evaluation.tiles import Tiles

MOST_PAIRS = 6
_FRAMES, _COLUMNS = 6, 3
_WIDTH, _GAP, _DPI = 4.6, 0.04, 110
# Of a video: what a tile of the page can show.
_SIDE = 160


@dataclass(frozen=True)
class Example:
    """A clip: whose it is, and frames of it as a data URI with a description."""

    clip: str
    signer: str | None
    picture: str
    alt: str


@dataclass(frozen=True)
class ConfusedPair:
    """How often a gloss was taken for another, a clip of the first for which it was, and one of the other, if any.

    `of` counts the first one's clips, `back` how often the other was taken for the first.
    """

    gloss: str
    predicted: str
    count: int
    of: int
    back: int
    wrong: Example
    other: Example | None


def confused_pairs(
    predictions: Predictions,
    summary: Summary,
    recipe: Recipe,
    tested: Manifest,
    training: Manifest | None = None,
    *,
    most: int = MOST_PAIRS,
) -> tuple[list[ConfusedPair], list[str]]:
    """The pairs confused most often, with pictures.

    Parameters
    ----------
    predictions, summary
        What the recogniser said of clips of `tested`, and the figures.
    recipe
        Its skeleton is drawn.
    training
        Where a clip of the other gloss is looked for, where no tested one was right.
    most
        How many pairs.

    Returns
    -------
    The pairs whose first clip could be drawn, and a sentence for each clip that could not.

    Raises
    ------
    IsharaError
        If the extra ``report`` is not installed.
    """
    support = {row.gloss: row.support for row in summary.by_gloss}
    count = {(row.gloss, row.predicted): row.count for row in summary.confusion}
    pairs: list[ConfusedPair] = []
    problems: list[str] = []
    for pair in summary.most_confused(most):
        table = predictions.table.filter(pl.col("gloss") == pair.gloss, pl.col("predicted") == pair.predicted)
        wrong = _drawn(_surest(table, tested, pair.predicted), recipe, problems)
        if wrong is None:
            continue
        right = predictions.table.filter(pl.col("gloss") == pair.predicted, pl.col("predicted") == pair.predicted)
        other = _drawn(_surest(right, tested, pair.predicted) or _any(training, pair.predicted), recipe, problems)
        back = count.get((pair.predicted, pair.gloss), 0)
        pairs.append(ConfusedPair(pair.gloss, pair.predicted, pair.count, support[pair.gloss], back, wrong, other))
    return pairs, problems


def _surest(table: pl.DataFrame, manifest: Manifest, gloss: str) -> Clip | None:
    """The clip of these rows in which the recogniser is surest of a gloss."""
    if not len(table):
        return None
    name = table.sort([PREFIX + gloss, "clip"], descending=[True, False])["clip"][0]
    return next(iter(manifest.where(pl.col("id") == name)), None)


def _any(manifest: Manifest | None, gloss: str) -> Clip | None:
    table = None if manifest is None else manifest.table.filter(pl.col("gloss") == gloss)
    return None if table is None or not len(table) else next(iter(Manifest(table.head(1))))


def _drawn(clip: Clip | None, recipe: Recipe, problems: list[str]) -> Example | None:
    if clip is None:
        return None
    try:
        tiles, number = _tiles(clip, recipe)
    except IsharaError as error:
        problems.append(f"{clip.id} is not drawn: {error}")
        return None
    by = f" by {clip.signer}" if clip.signer else ""
    alt = f"{number} frames of a clip of {clip.gloss}{by}, from its beginning to its end."
    return Example(clip.id, clip.signer, _png(tiles, number), alt)


def _tiles(clip: Clip, recipe: Recipe) -> tuple[Tiles, int]:
    """What is drawn of a clip, and how many frames: the model's landmarks, or pictures where it is a video."""
    from ishara.evaluation.tiles import PictureTiles, SkeletonTiles

    if is_landmark_file(clip.path):
        pose = read_pose(clip.path, clip.start, clip.end)
        some = np.unique(np.linspace(0, len(pose) - 1, min(_FRAMES, len(pose))).round().astype(int))
        return SkeletonTiles(pose.frames(some).to(model_skeleton(recipe.pose))), len(some)
    from ishara.video import read_video

    box = Box.parse(clip.box) if clip.box else None
    rgb = read_video(clip.path, _FRAMES, start=clip.start, end=clip.end, box=box, short_side=_SIDE).rgb
    return PictureTiles(rgb.transpose(0, 3, 1, 2)), len(rgb)


def _png(tiles: Tiles, number: int) -> str:
    """The frames in rows of three, as a data URI."""
    from ishara.evaluation.tiles import Cell

    with extra("report", "Pictures of frames"):
        from matplotlib.figure import Figure
    rows = -(-number // _COLUMNS)
    width = (_WIDTH - (_COLUMNS - 1) * _GAP) / _COLUMNS
    tall = width * tiles.aspect
    height = rows * tall + (rows - 1) * _GAP
    figure = Figure(figsize=(_WIDTH, height), dpi=_DPI)
    page = figure.add_axes((0, 0, 1, 1), xlim=(0, _WIDTH), ylim=(height, 0))
    page.set_axis_off()
    page.set_autoscale_on(False)
    for frame in range(number):
        row, column = divmod(frame, _COLUMNS)
        tiles.draw(page, frame, Cell(column * (width + _GAP), row * (tall + _GAP), width, tall))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI, transparent=True, metadata={"Software": None})
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
