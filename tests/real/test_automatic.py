"""The recipes that are chosen for the corpora we have: what was found in them is what is known of them."""

from pathlib import Path

import pytest

from ishara.training.automatic import automatic_recipe
from ishara.training.preflight import check_names

pytestmark = pytest.mark.real


@pytest.mark.parametrize(
    ("name", "by", "skeleton", "frames", "longest"),
    [
        ("fingerspelling", ("group", "language"), "upper-body-hands", "with-hands", 40),
        ("isl30-kinect.npz", ("group", "signer"), "kinect20", "all", 32),
        # Frames without a hand were never stored, and at most 30 of the others.
        ("wlasl50-landmarks.npz", ("clip", "signer"), "upper-body-hands", "with-hands", 32),
    ],
)
def test_our_corpora(data: Path, name: str, by: tuple[str, str], skeleton: str, frames: str, longest: int) -> None:
    recipe = automatic_recipe(data / name).recipe
    check_names(recipe)
    assert (recipe.split.by, recipe.split.group) == by
    assert (recipe.pose.skeleton, recipe.pose.dimensions) == (skeleton, 3)
    assert (recipe.pose.frames, recipe.pose.max_frames) == (frames, longest)
    assert recipe.pose.face_camera == (skeleton == "kinect20")
    assert recipe.loss.class_weights == "none"
