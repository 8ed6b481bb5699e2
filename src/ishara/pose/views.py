"""Further looks at a clip that is to be recognised: test-time augmentation."""

from __future__ import annotations

import numpy as np

from ishara.pose.augment import augment
from ishara.pose.features import extract_features
from ishara.pose.pose import Array, Pose
from ishara.recipe import Augment, Recipe

# What takes something away from a clip, or makes another sign of it, is for training alone.
_LOSSES = ("frame_dropout", "landmark_dropout", "hand_dropout", "noise", "hand_noise", "mirror")


def further_views(pose: Pose, recipe: Recipe) -> tuple[Array, ...]:
    """Features of a clip as it is seen after the first look: `inference.views` less one of them.

    Parameters
    ----------
    pose
        Prepared; see `ishara.pose.prepare.prepare`.
    recipe
        How clips were changed in training. The same changes are drawn for every clip, so that a clip's logits do not
        depend on others.

    Returns
    -------
    For each view (T, F) float32; a time warp gives each its own T.
    """
    changes = Augment(**recipe.augment.model_dump(exclude=set(_LOSSES)))
    return tuple(
        extract_features(augment(pose, changes, np.random.default_rng(number)), recipe.features)
        for number in range(1, recipe.inference.views)
    )
