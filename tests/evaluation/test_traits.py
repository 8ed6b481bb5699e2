"""What is known of clips beside their signs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ishara.clips.clip import Clip
from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.clips.manifest import Manifest
from ishara.evaluation.traits import ClipTraits, Traits, of_pose, read_traits
from ishara.pose.files import write_pose
from ishara.pose.pose import columns_of
from ishara.recipe import Recipe


def test_of_a_video_there_is_its_length_and_for_pictures_its_first_frame(film: Path, tiny_recipe: Recipe) -> None:
    whole, part = Clip("whole", str(film), "A"), Clip("part", str(film), "A", start=0.4, end=0.8)
    traits, failures = read_traits(Manifest.from_clips([whole, part]), tiny_recipe, pixels=True)
    assert failures == {}
    assert [one.frames for one in traits.each] == [25, 10]
    first = traits.cue("first")
    assert first is not None
    assert first.shape == (2, 8 * 8 * 3)
    assert first[:, 0] == pytest.approx([40 / 255, 80 / 255], abs=0.03)
    assert traits.each[0].missed is None
    landmarks, _ = read_traits(Manifest.from_clips([whole]), tiny_recipe)
    assert landmarks.cue("first") is None
    assert landmarks.cue("length") is not None


def test_lost_hands_and_the_leading_hand_are_measured(tiny_recipe: Recipe) -> None:
    pose = synthetic_clip("SYN-01", 1, 1)
    hands = np.concatenate([columns_of(pose.skeleton, hand) for hand in ("left_hand", "right_hand")])
    confidence = pose.confidence.copy()
    confidence[: len(pose) // 2, hands] = 0
    lost = of_pose(pose.replace(pose.coordinates, confidence), tiny_recipe)
    # Here and there a hand is missing anyway.
    assert lost.missed == pytest.approx(0.5, abs=0.05)
    assert (of_pose(pose, tiny_recipe).missed or 0) < 0.05
    assert lost.frames == len(pose)
    mirrored = of_pose(pose.mirrored(), tiny_recipe)
    assert {of_pose(pose, tiny_recipe).hand, mirrored.hand} == {"left", "right"}


def test_a_clip_that_cannot_be_read_is_named_and_left_out(tmp_path: Path, tiny_recipe: Recipe) -> None:
    write_pose(synthetic_clip("SYN-01", 1, 1), tmp_path / "a.pose")
    clips = [Clip("a", str(tmp_path / "a.pose"), "A", signer="s1"), Clip("b", str(tmp_path / "b.pose"), "A")]
    traits, failures = read_traits(Manifest.from_clips(clips), tiny_recipe)
    assert [clip.id for clip in traits.clips] == ["a"]
    assert traits.groups == ["s1"]
    assert list(failures) == ["b"]


def test_clips_without_a_cue_have_none() -> None:
    traits = Traits([Clip("a", "a", "A")], [ClipTraits(1, 0.1, None, None, {})], [None])
    assert traits.cue("hands") is None
    assert len(traits.of(["b"])) == 0
