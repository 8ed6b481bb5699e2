"""Further looks at a video that is to be recognised: test-time augmentation for models of pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ishara.recipe import Pixels
from ishara.video.box import Box
from ishara.video.frames import read_clip
from ishara.video.sources import VideoSource


def further_looks(
    source: VideoSource,
    options: Pixels,
    views: int,
    *,
    start: float | None = None,
    end: float | None = None,
    box: Box | None = None,
) -> tuple[NDArray[np.uint8], ...]:
    """Frames of a clip as it is seen after the first look: `views` less one of them.

    Other frames and another part of the picture are drawn as in training, and where training mirrors clips some are
    mirrored. Colours stay. The same is drawn for every clip, so that a clip's logits do not depend on others.

    Parameters and errors as `ishara.video.frames.read_clip`'s.

    Returns
    -------
    For each view (T, 3, S, S) uint8.
    """
    looks = []
    for number in range(1, views):
        rng = np.random.default_rng(number)
        mirrored = rng.random() < options.augment.mirror
        rgb = read_clip(source, options, start=start, end=end, box=box, rng=rng).rgb
        looks.append(np.ascontiguousarray(rgb[..., ::-1]) if mirrored else rgb)
    return tuple(looks)
