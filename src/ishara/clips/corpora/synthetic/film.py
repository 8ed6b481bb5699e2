"""One synthetic clip as film: a performance drawn frame by frame, and written as a small mp4."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ishara.clips.corpora.synthetic.figure import Figure
from ishara.clips.corpora.synthetic.perform import perform
from ishara.clips.corpora.synthetic.render import Canvas
from ishara.clips.corpora.synthetic.room import paint_room
from ishara.clips.corpora.synthetic.scene import Scene, draw_scene, signer_on_film
from ishara.clips.corpora.synthetic.sign import Sign
from ishara.clips.corpora.synthetic.signer import Signer, generator
from ishara.clips.corpora.synthetic.timing import FPS
from ishara.video.write import write_video

Pictures = NDArray[np.uint8]

# The same pictures give the same file: one thread, no clock, and no macroblock tree, with which x264 writes another
# file each time.
_OPTIONS = {"crf": "24", "preset": "veryfast", "threads": "1", "x264-params": "mbtree=0"}


def film(sign: Sign, signer: Signer, take: int, seed: int = 0) -> Pictures:
    """(T, H, W, 3) uint8 RGB, 25 to 60 frames at 25 a second; signer, gloss, take and seed determine it."""
    actor = signer_on_film(signer)
    points = perform(sign, actor, take, seed)
    scene = draw_scene(signer, take, seed)
    light = scene.light
    canvas = Canvas(paint_room(scene), len(points), towards=light.towards, ambient=light.ambient, tint=light.tint)
    Figure(points, actor, scene).paint(canvas)
    return _developed(canvas, scene, generator(seed, "grain", signer.number, sign.gloss, take))


def _developed(canvas: Canvas, scene: Scene, r: np.random.Generator) -> Pictures:
    """What the sensor makes of it: grain, and nothing beyond black and white."""
    frames, height, width = canvas.shape
    # One sheet of noise, looked at elsewhere in every frame: fresh noise for each would take longer than the drawing.
    sheet = r.normal(0, scene.light.grain, (2 * height, 2 * width, 1)).astype(np.float32)
    for t, (row, column) in enumerate(r.integers(0, [height, width], (frames, 2))):
        canvas.colour[t] += sheet[row : row + height, column : column + width]
    return np.clip(canvas.colour, 0, 255, out=canvas.colour).astype(np.uint8)


def write_film(pictures: Pictures, path: str | Path) -> Path:
    """Write frames (T, H, W, 3) as mp4: the same pictures give the same file; see `ishara.video.write.write_video`."""
    return write_video(path, pictures, FPS, options=_OPTIONS)
