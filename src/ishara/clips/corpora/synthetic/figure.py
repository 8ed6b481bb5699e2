"""A signer as a shaded figure: head, neck, trunk and arms, from landmarks in space to the picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ishara.clips.corpora.synthetic.drawn_hand import LEFT, RIGHT, hand_bones, palm_facing
from ishara.clips.corpora.synthetic.observe import project
from ishara.clips.corpora.synthetic.render import Canvas, Capsules
from ishara.clips.corpora.synthetic.scene import Scene
from ishara.clips.corpora.synthetic.signer import Signer
from ishara.pose.skeleton import get_skeleton

Array = NDArray[np.floating]

_SKELETON = get_skeleton("holistic")
_HEAD_UNIT = 0.37  # metres: what the head's lengths in `body` are measured in
_LIPS = np.array([0.84, 0.56, 0.55])
_EYES, _FRAMES = np.array([26.0, 20, 18]), np.array([30.0, 28, 32])
# Palms are lighter than the backs of hands, the more so the darker the skin.
_PALM = np.array([226.0, 184, 160])
_IN_FRONT = np.array([0, 0, -0.1])
# The trunk's half width down from the shoulders (0) to the hips (1), as a share of the shoulders'.
_DOWN, _WIDE = (-0.2, 0.0, 0.25, 0.65, 1.0, 1.8), (0.9, 0.97, 0.95, 0.83, 0.9, 1.0)


class Figure:
    """A signer in a scene, in all frames of a clip.

    Parameters
    ----------
    points
        (T, 75, 3) from `perform`, in metres.
    signer, scene
        Whose body, and where.
    """

    def __init__(self, points: Array, signer: Signer, scene: Scene) -> None:
        self.points, self.body, self.scene = points, signer.body, scene
        self.scale = scene.camera.shoulder_pixels / signer.body.shoulders

    def paint(self, canvas: Canvas) -> None:
        """Draw all of it, from the back to the front."""
        canvas.draw(self._hair_behind())
        self._trunk(canvas)
        canvas.draw(self._head())
        canvas.draw(self._face(), shaded=False)
        canvas.draw(self._arms().far_first())
        for hand in (LEFT, RIGHT):
            self._shadow(canvas, hand)
        canvas.draw(Capsules.joined([self._hand(hand) for hand in (LEFT, RIGHT)]).far_first())

    def _at(self, name: str) -> Array:
        """(T, 3) a landmark, in metres."""
        return self.points[:, _SKELETON.index(name)]

    def _on_picture(self, points: Array) -> tuple[Array, Array]:
        """Points (T, …, 3) as pixels and depth, and how many pixels a metre is there (T, …)."""
        flat = project(points.reshape(len(points), -1, 3), self.scene.camera, self.body.shoulders)
        flat = flat.reshape(points.shape)
        distance = self.scene.camera.distance
        return flat, self.scale * distance / (distance + flat[..., 2] / self.scale)

    def _capsules(self, ends: list[tuple[Array, Array]], radii: list[tuple[float, float]], colours: Array) -> Capsules:
        """Capsules between points (T, 3) with radii in metres; one colour (3,), or one each (N, 3) or (T, N, 3)."""
        flat, scale = self._on_picture(np.stack([np.stack(pair, axis=1) for pair in ends], axis=1))
        shape = (*flat.shape[:2], 3)
        painted = np.broadcast_to(colours, shape)
        return Capsules(*(a.astype(np.float32) for a in (flat, scale * np.array(radii), painted)))

    def _by_head(self, x: float, y: float, z: float) -> Array:
        """(T, 3) a point beside the middle of the ears, in the head's unit."""
        middle = (self._at("left_ear") + self._at("right_ear")) / 2
        return np.asarray(middle + np.array([x, y, z]) * self._unit)

    @property
    def _unit(self) -> float:
        return _HEAD_UNIT * self.body.head

    def _blob(self, x: float, y: float, z: float) -> tuple[Array, Array]:
        where = self._by_head(x, y, z)
        return where, where

    def _hair_behind(self) -> Capsules:
        looks, u = self.scene.looks, self._unit
        skull = self._by_head(0, -0.1, 0.06)
        if looks.cut == "none":
            return self._capsules([(skull, skull)], [(0.2 * u, 0.2 * u)], looks.skin)
        ends, radii = [(skull, self._by_head(0, 0.05, 0.08))], [(0.265 * u, 0.2 * u)]
        if looks.cut == "long":
            ends.append((skull, self._by_head(0, 0.5, 0.34)))
            radii.append((0.27 * u, 0.29 * u))
        if looks.cut == "bun":
            ends.append(self._blob(0, -0.42, 0.06))
            radii.append((0.12 * u, 0.12 * u))
        return self._capsules(ends, radii, 0.8 * looks.hair)

    def _head(self) -> Capsules:
        """Neck, head, ears, nose, and what hair is seen from the front."""
        looks, u = self.scene.looks, self._unit
        parts = [
            (self._by_head(0, 0.15, 0.02), np.broadcast_to([0.0, -0.02, -0.01], (len(self.points), 3))),
            (self._by_head(0, -0.1, -0.06), self._by_head(0, 0.12, -0.09)),
            self._blob(0.225, 0.0, 0.0),
            self._blob(-0.225, 0.0, 0.0),
            (self._by_head(0, -0.05, -0.29), self._by_head(0, 0.06, -0.31)),
        ]
        radii = [(0.135, 0.15), (0.25, 0.165), (0.05, 0.05), (0.05, 0.05), (0.025, 0.045)]
        colours = [0.9 * looks.skin, looks.skin, looks.skin, looks.skin, looks.skin]
        if looks.cut != "none":
            parts.append(self._blob(0, -0.22, -0.04))
            radii.append((0.225, 0.225))
        if looks.cut == "long":
            parts += [(self._by_head(x, -0.2, 0.0), self._by_head(1.2 * x, 0.4, 0.0)) for x in (-0.21, 0.21)]
            radii += 2 * [(0.075, 0.085)]
        if looks.beard:
            parts.append((self._by_head(-0.05, 0.16, -0.1), self._by_head(0.05, 0.16, -0.1)))
            radii.append((0.14, 0.14))
        colours += (len(parts) - len(colours)) * [looks.hair]
        return self._capsules(parts, [(a * u, b * u) for a, b in radii], np.array(colours))

    def _face(self) -> Capsules:
        """Glasses, eyes, brows and mouth, in their order from the face outwards."""
        looks, u = self.scene.looks, self._unit
        forward = _IN_FRONT * u
        eyes = [self._at(f"{side}_eye") + forward for side in ("left", "right")]
        parts, radii, colours = [], [], []
        if looks.glasses:
            parts += [(eyes[0], eyes[1])] + 2 * [(eye, eye) for eye in eyes]
            radii += [(0.015, 0.015), (0.082, 0.082), (0.082, 0.082), (0.064, 0.064), (0.064, 0.064)]
            colours += 3 * [_FRAMES] + 2 * [0.85 * looks.skin]
        for side, eye in zip(("left", "right"), eyes, strict=True):
            parts.append((eye, eye))
            up = np.array([0, -0.08, 0]) * u + forward
            parts.append((self._at(f"{side}_eye_inner") + up, self._at(f"{side}_eye_outer") + up))
            radii += [(0.03, 0.03), (0.016, 0.012)]
            colours += [_EYES, 0.45 * looks.hair + 0.15 * looks.skin]
        parts.append((self._at("mouth_left") + forward, self._at("mouth_right") + forward))
        radii.append((0.022, 0.022))
        colours.append(_LIPS * looks.skin)
        return self._capsules(parts, [(a * u, b * u) for a, b in radii], np.array(colours))

    def _trunk(self, canvas: Canvas) -> None:
        """The trunk: a silhouette down from the shoulders, shaded as a rounded column, with the cloth's pattern."""
        shoulders, _ = self._on_picture(np.stack([self._at("left_shoulder"), self._at("right_shoulder")], axis=1))
        hips, _ = self._on_picture(np.stack([self._at("left_hip"), self._at("right_hip")], axis=1))
        shoulders, hips = shoulders.astype(np.float32), hips.astype(np.float32)
        top, bottom = (pair.mean(axis=1)[:, :2, None, None] for pair in (shoulders, hips))
        half = np.abs(np.diff(shoulders[..., 0], axis=1))[..., None] / 2 + np.float32(0.03 * self.scale)
        slope = (np.diff(shoulders[..., 1], axis=1) / np.diff(shoulders[..., 0], axis=1))[..., None]
        rows, columns = canvas.below(top[:, 1].min() - 0.14 * self.scale, top[:, 0], half.max())
        y, x = rows[:, None], columns[None, :]
        down = (y - top[:, 1]) / (bottom[:, 1] - top[:, 1])
        width = half * np.interp(down, _DOWN, _WIDE).astype(np.float32)
        aside = x - top[:, 0] - down * (bottom[:, 0] - top[:, 0])
        across = np.clip(aside / width, -1, 1)
        collar = np.float32(self.scale) * (np.float32(0.14) * np.abs(across) - np.float32(0.125))
        cover = np.clip(width - np.abs(aside) + 0.5, 0, 1) * np.clip(y - top[:, 1] - slope * aside - collar + 0.5, 0, 1)
        nx = np.float32(0.85) * across
        light = canvas.lit(nx, np.full_like(nx, -0.1), np.sqrt(1 - nx * nx))
        cloth = self._pattern(aside / self.scale, (y - top[:, 1]) / self.scale)
        canvas.blend(rows, columns, cloth * canvas.tint * light[..., None], cover)

    def _pattern(self, aside: Array, down: Array) -> Array:
        """The cloth's colour, (3,) or (T, H, W, 3), at places (T, H, W) and (T, H, 1) in metres from the neck."""
        clothes = self.scene.clothes
        colours = clothes.colours.astype(np.float32)
        if clothes.pattern == "plain":
            return colours[0]
        across, upright = (np.floor(place / clothes.width).astype(np.int8) % 2 for place in (down, aside))
        which = {"across": across + 0 * upright, "upright": upright, "checks": across ^ upright}[clothes.pattern]
        return colours[which]

    def _arms(self) -> Capsules:
        """Both arms, sleeved as far as the sleeves go."""
        clothes, skin = self.scene.clothes, self.scene.looks.skin
        size = self.body.shoulders / _HEAD_UNIT
        ends, radii, colours = [], [], []
        for side in ("left", "right"):
            joints = [self._at(f"{side}_{joint}") for joint in ("shoulder", "elbow", "wrist")]
            for i, (wide, narrow) in enumerate(((0.056, 0.043), (0.043, 0.027))):
                start, end = joints[i], joints[i + 1]
                ends.append((start, end))
                radii.append((wide * size, narrow * size))
                colours.append(skin)
                part = min(max(clothes.sleeve - i, 0), 1)
                if part > 0:
                    ends.append((start, start + part * (end - start)))
                    radii.append(((wide + 0.008) * size, (wide + part * (narrow - wide) + 0.009) * size))
                    colours.append(clothes.colours[0])
        return self._capsules(ends, radii, np.array(colours))

    def _hand(self, hand: NDArray[np.intp]) -> Capsules:
        ends, radii = hand_bones(self.points[:, hand], self.body.palm)
        skin = self.scene.looks.skin
        seen = palm_facing(self.points[:, hand], left=hand is LEFT)[:, None, None]
        colours = skin + 0.4 * seen * np.maximum(_PALM - skin, 0)
        return self._capsules(ends, radii, colours)

    def _shadow(self, canvas: Canvas, hand: NDArray[np.intp]) -> None:
        """The hand's shadow on the trunk and the face: it tells how near the hand is."""
        middle, scale = self._on_picture(self.points[:, hand[9]])
        neck, _ = self._on_picture((self._at("left_shoulder") + self._at("right_shoulder")) / 2)
        gap = np.maximum(-middle[:, 2] - 0.12 * self.scale, 0)
        offset = -0.35 * gap[:, None] * self.scene.light.towards[:2]
        beside = np.abs(middle[:, 0] - neck[:, 0]) / self.scene.camera.shoulder_pixels
        strength = 0.6 * np.clip(1.4 - 2 * beside, 0, 1) / (1 + 2 * gap / self.scene.camera.shoulder_pixels)
        radius = self.body.palm * scale * 0.9
        canvas.darken(*(a.astype(np.float32) for a in (middle[:, :2] + offset, radius, strength)))
