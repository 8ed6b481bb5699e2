"""The room behind a signer: a lit wall, plain in every other session, else with shelves, pictures and curtains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ishara.clips.corpora.synthetic.scene import PICTURE, Scene
from ishara.clips.corpora.synthetic.signer import generator

Picture = NDArray[np.float32]

_MOST_THINGS = 6


def paint_room(scene: Scene) -> Picture:
    """(H, W, 3) the picture without anybody in it, RGB of 0 to 255."""
    r = generator(scene.seed[0], "room", *scene.seed[1:])
    width, height = PICTURE
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    room = np.broadcast_to(scene.wall, (height, width, 3)).copy()
    if r.random() < 0.5:
        for _ in range(int(r.integers(1, _MOST_THINGS + 1))):
            _thing(room, r)
    for _ in range(2):
        room = _blurred(_blurred(room, int(r.integers(0, 3)), 0), int(r.integers(0, 3)), 1)
    # The lamp's side is lighter, the corners are darker.
    slope = scene.light.towards[0] * 0.35 * (across - 0.5) + scene.light.towards[1] * 0.3 * (down - 0.5)
    corners = 1 - r.uniform(0, 0.3) * ((across - 0.5) ** 2 + (down - 0.5) ** 2) * 2
    return np.clip(room * ((1 + slope) * corners)[..., None] * scene.light.tint, 0, 255).astype(np.float32)


def _thing(room: NDArray[np.float64], r: np.random.Generator) -> None:
    """A rectangle of another colour somewhere, at times with a frame or with stripes: a shelf, a window, a curtain."""
    height, width = room.shape[:2]
    size = r.uniform(0.06, 0.5, 2) * [width, height]
    left, top = r.uniform(-0.1, 0.95, 2) * [width, height]
    columns = slice(max(int(left), 0), max(int(left + size[0]), 0))
    rows = slice(max(int(top), 0), max(int(top + size[1]), 0))
    if r.random() < 0.4:
        frame = 2
        room[max(rows.start - frame, 0) : rows.stop + frame, max(columns.start - frame, 0) : columns.stop + frame] = (
            r.uniform(15, 235, 3)
        )
    room[rows, columns] = np.clip(r.uniform(20, 235) * (1 + 0.4 * r.uniform(-1, 1, 3)), 0, 255)
    if r.random() < 0.45:
        _stripe(room, columns, rows, r)


def _stripe(room: NDArray[np.float64], columns: slice, rows: slice, r: np.random.Generator) -> None:
    """Stripe a part of the room: books, folds, boards."""
    part = room[rows, columns]
    upright = r.random() < 0.6
    length = part.shape[1] if upright else part.shape[0]
    bands = np.floor(np.arange(length) / r.uniform(3, 12)).astype(int)
    shade = r.uniform(0.6, 1.3, (bands.max(initial=0) + 1, 1)) * r.uniform(0.85, 1.15, (bands.max(initial=0) + 1, 3))
    band = shade[bands]
    part *= band[None] if upright else band[:, None]


def _blurred(room: NDArray[np.float64], radius: int, axis: int) -> NDArray[np.float64]:
    """A box blur along one axis."""
    if not radius:
        return room
    pad = [(0, 0)] * 3
    pad[axis] = (radius, radius)
    padded = np.pad(room, pad, mode="edge")
    length = room.shape[axis]
    shifted = [np.take(padded, range(i, i + length), axis=axis) for i in range(2 * radius + 1)]
    return np.asarray(np.mean(shifted, axis=0))
