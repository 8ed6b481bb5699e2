"""Signs are found once each, where the hands are up, whatever the unit, the frame rate and how the frames come."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ishara.errors import IsharaError
from ishara.pose.pose import Pose
from ishara.spotting import Segment, SpotOptions, StreamSpotter, spot

from .conftest import HIGH, LOW, SKELETON, Fake, course, drawn, signs


def places(found: list[Segment]) -> list[tuple[float, float]]:
    return [(segment.start, segment.end) for segment in found]


def assert_where(found: list[Segment], expected: list[tuple[float, float]], within: float = 0.2) -> None:
    assert len(found) == len(expected), places(found)
    np.testing.assert_allclose(places(found), expected, atol=within)


# What `signs` draws: the hand leaves its rest, and is back, at these seconds.
THREE = [(0.9, 2.1), (3.3, 4.5), (5.7, 6.9)]


def test_each_sign_between_rests_is_found_once(fake: Fake, three_signs: Pose) -> None:
    found = spot(fake, three_signs)
    assert_where(found, THREE)
    assert [segment.gloss for segment in found] == ["high"] * 3
    assert all(a.end <= b.start for a, b in pairwise(found))


def test_signs_without_a_rest_between_them_are_parted_where_the_hand_sinks(fake: Fake) -> None:
    found = spot(fake, drawn(course(*signs(3, low=1.0, rest=0))))
    assert_where(found, [(0.9, 2.1), (2.3, 3.5), (3.7, 4.9)], within=0.25)


def test_hands_that_rest_or_fidget_sign_nothing(fake: Fake) -> None:
    still = np.full(200, LOW)
    assert spot(fake, drawn(still)) == []
    fidget = still + 0.08 * np.sin(np.arange(200) / 2)
    assert spot(fake, drawn(fidget)) == []


def test_nobody_in_view_signs_nothing(fake: Fake, three_signs: Pose) -> None:
    hidden = three_signs.replace(three_signs.coordinates, np.zeros_like(three_signs.confidence))
    assert spot(fake, hidden) == []


@settings(max_examples=12)
@given(scale=st.floats(0.05, 2000), x=st.floats(-5, 5), y=st.floats(-5, 5))
def test_unit_and_place_of_the_body_change_nothing(scale: float, x: float, y: float) -> None:
    pose = drawn(course(*signs(2)))
    moved = pose.replace((pose.coordinates + np.array([x, y, 0], np.float32)) * np.float32(scale))
    np.testing.assert_allclose(places(spot(Fake(), moved)), places(spot(Fake(), pose)), atol=0.09)


@pytest.mark.parametrize("fps", [12.5, 15, 30, 60])
def test_the_frame_rate_changes_little_and_the_recogniser_is_given_its_own(fps: float) -> None:
    fake = Fake()
    assert_where(spot(fake, drawn(course(*signs(3), fps=fps), fps)), THREE, within=0.25)
    # 1.2 s at about 25 frames a second, whatever the recording's rate; what is near to it stays as it is.
    assert 20 <= max(fake.lengths) <= 60 if fps != 30 else max(fake.lengths) <= 75


def test_frames_that_were_dropped_move_nothing(fake: Fake, three_signs: Pose) -> None:
    spotter = StreamSpotter(fake, SKELETON, 25)
    kept = np.flatnonzero(np.random.default_rng(0).random(len(three_signs)) > 0.3)
    found: list[Segment] = []
    for t in kept:
        found += spotter.push(three_signs.coordinates[t], three_signs.confidence[t], t / 25)
    assert_where(found + spotter.finish(), THREE, within=0.25)


def test_frame_by_frame_is_as_the_whole_and_a_sign_is_told_soon_after_its_end(fake: Fake, three_signs: Pose) -> None:
    spotter = StreamSpotter(fake, SKELETON, 25)
    told: list[tuple[float, Segment]] = []
    for t in range(len(three_signs)):
        told += [(t / 25, s) for s in spotter.push(three_signs.coordinates[t], three_signs.confidence[t], t / 25)]
    rest = spotter.finish()
    assert places([s for _, s in told] + rest) == places(spot(Fake(), three_signs))
    assert len(told) == 3
    assert max(time - segment.end for time, segment in told) < 0.7
    assert spotter.finish() == []


def test_what_is_being_signed_is_ranked_and_nothing_at_rest(fake: Fake, three_signs: Pose) -> None:
    spotter = StreamSpotter(fake, SKELETON, 25)
    ranked = []
    for t in range(len(three_signs)):
        spotter.push(three_signs.coordinates[t], three_signs.confidence[t], t / 25)
        ranked.append(spotter.provisional)
    assert ranked[int(1.8 * 25)] is not None
    assert ranked[int(1.8 * 25)].gloss == "high"
    assert ranked[int(2.9 * 25)] is None


def test_an_unknown_sign_is_told_only_where_that_is_asked_for(three_signs: Pose) -> None:
    for fake in (Fake(known=False), Fake(probability=0.05)):
        assert spot(fake, three_signs) == []
        found = spot(fake, three_signs, SpotOptions(unknown=True))
        assert [(segment.label, segment.known) for segment in found] == [("?", False)] * 3
    assert len(spot(Fake(probability=0.05, known=True), three_signs)) == 3


def test_memory_does_not_grow_with_the_recording(fake: Fake) -> None:
    """Hands that never rest and never sink: nothing is ever decided by a rest."""
    spotter = StreamSpotter(fake, SKELETON, 25)
    rng = np.random.default_rng(0)
    moving = drawn(HIGH + 0.3 * np.sin(np.arange(3000) / 3 + rng.normal(0, 0.3, 3000).cumsum() / 5))
    sizes = []
    for t in range(len(moving)):
        spotter.push(moving.coordinates[t], moving.confidence[t], t / 25)
        sizes.append((len(spotter._frames), len(spotter._moments), len(spotter._chain.nodes)))
    frames, moments, nodes = np.max(sizes, axis=0)
    assert max(frames, moments) <= 25 * (SpotOptions().reach + 1) + 1
    # No two boundaries are nearer to each other than the shortest pause.
    assert nodes <= SpotOptions().reach / 0.15 + 2


def test_what_cannot_be_spotted_in_is_refused(fake: Fake, three_signs: Pose) -> None:
    pixels = Fake()
    pixels.config = SimpleNamespace(input="pixels")
    with pytest.raises(IsharaError, match="looks at pictures"):
        StreamSpotter(pixels, SKELETON, 25)
    with pytest.raises(IsharaError, match="frame rate is 0"):
        StreamSpotter(fake, SKELETON, 0)
    spotter = StreamSpotter(fake, SKELETON, 25)
    spotter.push(three_signs.coordinates[0], three_signs.confidence[0], 1.0)
    with pytest.raises(IsharaError, match="expected rising times"):
        spotter.push(three_signs.coordinates[1], three_signs.confidence[1], 1.0)
    with pytest.raises(IsharaError, match="shape"):
        spotter.push(three_signs.coordinates[1, :5], three_signs.confidence[1], 2.0)


def test_a_stretch_in_which_the_recogniser_sees_nothing_is_no_sign(three_signs: Pose) -> None:
    class Blind(Fake):
        def prepare(self, pose: Pose) -> None:  # type: ignore[override]
            raise IsharaError("No hand was found in any of the clip's frames.")

    assert spot(Blind(), three_signs) == []


@pytest.mark.parametrize("seconds", [None, 0.8, 1.0, 1.2])
def test_the_lengths_are_those_measured_where_clips_last_about_a_second(seconds: float | None) -> None:
    assert SpotOptions.for_clips(seconds) == SpotOptions()


def test_of_longer_clips_longer_signs_are_looked_for_unless_lengths_are_given() -> None:
    usual, long = SpotOptions(), SpotOptions.for_clips(2.5, {"typical": 2.0, "unknown": True})
    assert (long.shortest, long.typical, long.longest) == (2.5 * usual.shortest, 2.0, 2.5 * usual.longest)
    assert long.unknown


@pytest.mark.parametrize("wrong", [{"shortest": 3.0}, {"typical": 0.1}, {"longest": 1.0}, {"rate": 0}, {"sign": 1}])
def test_options_out_of_order_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"expected shortest below|greater than 0|Extra inputs"):
        SpotOptions(**wrong)
