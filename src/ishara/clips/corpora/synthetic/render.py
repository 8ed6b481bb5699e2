"""Drawing tapered capsules with depth, shade and soft edges into all frames of a clip at once.

A capsule is what a sphere sweeps out on its way between two points while its radius changes: fingers, arms, necks and
heads are made of them. Each is drawn in a window that has one size in all frames and its own place in each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

# How much darker a surface is where it turns away from the viewer: it parts a finger from the next of the same colour.
_RIM = 0.5


@dataclass(frozen=True, eq=False)
class Capsules:
    """Capsules in all frames, in pixels.

    Parameters
    ----------
    ends
        (T, N, 2, 3) the two points: x, y, and depth, larger is farther.
    radii
        (T, N, 2) at the two points.
    colours
        (T, N, 3) RGB, 0 to 255.
    """

    ends: Array
    radii: Array
    colours: Array

    @classmethod
    def joined(cls, parts: list[Capsules]) -> Capsules:
        """All capsules of several."""
        joined = (np.concatenate([getattr(p, name) for p in parts], axis=1) for name in ("ends", "radii", "colours"))
        return cls(*joined)

    def far_first(self) -> Capsules:
        """The same, ordered in each frame by depth, so that soft edges blend with what is behind them."""
        order = np.argsort(-self.ends[..., 2].mean(axis=-1), axis=1, kind="stable")
        return Capsules(
            np.take_along_axis(self.ends, order[..., None, None], axis=1),
            np.take_along_axis(self.radii, order[..., None], axis=1),
            np.take_along_axis(self.colours, order[..., None], axis=1),
        )


class Canvas:
    """Frames being drawn.

    Parameters
    ----------
    background
        (H, W, 3) RGB, 0 to 255.
    frames
        How many.
    towards
        (3,) unit vector to the lamp: right, down, away from the viewer.
    ambient
        Light on a surface turned away from the lamp, 0 to 1.
    tint
        (3,) factors on what is drawn.
    """

    def __init__(
        self, background: Array, frames: int, *, towards: NDArray[np.float64], ambient: float, tint: NDArray[np.float64]
    ) -> None:
        height, width = background.shape[:2]
        self.shape = (frames, height, width)
        self.colour = np.repeat(background[None], frames, axis=0)
        self.depth = np.full(self.shape, np.inf, np.float32)
        self.towards = towards.astype(np.float32)
        self.ambient = np.float32(ambient)
        self.tint = tint.astype(np.float32)

    def draw(self, capsules: Capsules, *, shaded: bool = True) -> None:
        """Draw capsules in their order, where nothing nearer is; unshaded ones are flat and keep their colour."""
        ends, radii = capsules.ends.astype(np.float32), capsules.radii.astype(np.float32)
        colours = (capsules.colours * self.tint).astype(np.float32)
        for n in range(ends.shape[1]):
            self._draw_one(ends[:, n], radii[:, n], colours[:, n], shaded=shaded)

    def darken(self, centre: Array, radius: Array, strength: Array) -> None:
        """Cast a soft round shadow.

        Parameters
        ----------
        centre
            (T, 2) pixels.
        radius, strength
            (T,) pixels, and 0 to 1.
        """
        x, y, _ = self._window(centre - 1.6 * radius[:, None], centre + 1.6 * radius[:, None])
        away = ((x - centre[:, 0, None, None]) ** 2 + (y - centre[:, 1, None, None]) ** 2) / radius[:, None, None] ** 2
        kept = 1 - strength[:, None, None] * np.exp(-1.5 * away)
        tops, lefts = y[:, 0, 0].astype(int), x[:, 0, 0].astype(int)
        for part, top, left, factor in zip(self.colour, tops, lefts, kept[..., None], strict=True):
            part[top : top + y.shape[1], left : left + x.shape[2]] *= factor

    def below(self, top: float, centre: NDArray[np.float64], half: float) -> tuple[Array, Array]:
        """Rows from a height down, and the columns within so much of any of the centres: for `blend`."""
        _, height, width = self.shape
        first = min(max(int(top), 0), height - 1)
        left, right = max(int(centre.min() - half) - 2, 0), min(int(centre.max() + half) + 3, width)
        return np.arange(first, height, dtype=np.float32), np.arange(left, max(right, left + 1), dtype=np.float32)

    def blend(self, rows: Array, columns: Array, colour: Array, cover: Array) -> None:
        """Lay a colour (T, H, W, 3) over those rows and columns, as far as it covers them (T, H, W): 0 to 1."""
        part = self.colour[:, int(rows[0]) : int(rows[-1]) + 1, int(columns[0]) : int(columns[-1]) + 1]
        part += (colour - part) * cover[..., None]

    def lit(self, x: Array, y: Array, z: Array) -> Array:
        """How light a surface is whose normal points right, down and to the viewer by x, y and z."""
        lamp = self.towards
        facing = x * lamp[0] + y * lamp[1] - z * lamp[2]
        return (self.ambient + (1 - self.ambient) * np.maximum(facing, 0)) * (1 - _RIM * (1 - z) ** 2)

    def _window(self, low: Array, high: Array) -> tuple[Array, Array, NDArray[np.intp]]:
        """A window of one size that holds the box from low to high (T, 2) in each frame.

        Returns x (T, 1, W), y (T, H, 1) and flat pixel numbers (T, H, W).
        """
        frames, height, width = self.shape
        limit = np.array([width, height])
        size = np.minimum(np.ceil((high - low).max(axis=0)).astype(int) + 2, limit)
        corner = np.clip(np.floor(low).astype(int), 0, limit - size)
        t = np.arange(frames)[:, None, None]
        x = (corner[:, 0, None] + np.arange(size[0]))[:, None, :]
        y = (corner[:, 1, None] + np.arange(size[1]))[:, :, None]
        return x.astype(np.float32), y.astype(np.float32), (t * height + y) * width + x

    def _draw_one(self, ends: Array, radii: Array, colour: Array, *, shaded: bool) -> None:
        """One capsule: ends (T, 2, 3), radii (T, 2), colour (T, 3)."""
        reach = radii.max(axis=1)[:, None] + 1
        flat_ends = ends[..., :2]
        x, y, flat = self._window(flat_ends.min(axis=1) - reach, flat_ends.max(axis=1) + reach)

        def spread(values: Array) -> Array:
            return values[:, None, None]

        start, along = ends[:, 0], ends[:, 1] - ends[:, 0]
        length = np.maximum(along[:, 0] ** 2 + along[:, 1] ** 2, 1e-6)
        px, py = x - spread(start[:, 0]), y - spread(start[:, 1])
        part = np.clip(px * spread(along[:, 0] / length) + py * spread(along[:, 1] / length), 0, 1)
        radius = spread(radii[:, 0]) + part * spread(radii[:, 1] - radii[:, 0])
        px, py = px - part * spread(along[:, 0]), py - part * spread(along[:, 1])
        cover = radius + np.float32(0.5) - np.sqrt(px * px + py * py)

        inside = np.flatnonzero(cover > 0)
        frame = inside // (cover.shape[1] * cover.shape[2])
        pixel, radius = flat.ravel()[inside], radius.ravel()[inside]
        nx, ny = px.ravel()[inside] / radius, py.ravel()[inside] / radius
        nz = np.sqrt(np.maximum(1 - nx * nx - ny * ny, 0))
        depth = start[frame, 2] + part.ravel()[inside] * along[frame, 2] - (nz * radius if shaded else 0)
        known = self.depth.reshape(-1)
        alpha = np.minimum(cover.ravel()[inside], 1) * (depth <= known[pixel])
        wanted = colour[frame] * self.lit(nx, ny, nz)[:, None] if shaded else colour[frame]
        pixels = self.colour.reshape(-1, 3)
        there = pixels[pixel]
        pixels[pixel] = there + (wanted - there) * alpha[:, None]
        solid = alpha > 0.5
        known[pixel[solid]] = depth[solid]
