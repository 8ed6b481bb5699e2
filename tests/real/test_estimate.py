"""MediaPipe on real WLASL clips: what it gives, that clips do not touch each other, and several people."""

import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ishara.pose.estimate import EstimatorOptions, PoseEstimator, make_estimator
from ishara.pose.estimate.body import body_size, jumps
from ishara.pose.estimate.second_look import SecondLook
from ishara.pose.estimate.video import estimate_video
from ishara.pose.files import read_pose, write_pose
from ishara.pose.pose import Pose
from ishara.pose.skeleton import HANDS, MEDIAPIPE_BODY, hand_landmarks
from ishara.video import Box, read_video

pytestmark = pytest.mark.real

Clip = NDArray[np.uint8]
# Both hands are up in the one, one hand in the other; both are 320 × 240.
TWO_HANDED, OTHER = "00624", "00335"


@pytest.fixture(scope="module")
def videos(data: Path) -> Path:
    return data / "wlasl" / "videos"


@pytest.fixture(scope="module")
def clip(videos: Path) -> Callable[[str], Clip]:
    """Eight frames from the middle of a clip."""
    return lambda name: read_video(videos / f"{name}.mp4", range(32, 40)).rgb


@pytest.fixture(scope="module")
def two_handed(clip: Callable[[str], Clip]) -> Clip:
    return clip(TWO_HANDED)


@pytest.fixture(scope="module")
def other(clip: Callable[[str], Clip]) -> Clip:
    return clip(OTHER)


@pytest.fixture(scope="module")
def estimator() -> Iterator[PoseEstimator]:
    made = make_estimator()
    yield made
    made.close()


@pytest.fixture(scope="module")
def estimated(estimator: PoseEstimator, two_handed: Clip) -> Pose:
    return estimator.estimate(two_handed, 30)


def same(one: Pose, other: Pose) -> None:
    np.testing.assert_array_equal(one.coordinates, other.coordinates)
    np.testing.assert_array_equal(one.confidence, other.confidence)


def test_landmarks_are_those_of_pose_formats_loader(estimated: Pose, two_handed: Clip) -> None:
    from pose_format.utils.holistic import load_holistic

    height, width = two_handed.shape[1:3]
    theirs = load_holistic(list(two_handed), fps=30, width=width, height=height, depth=width)
    names = [component.name for component in theirs.header.components]
    assert names == ["POSE_LANDMARKS", "FACE_LANDMARKS", "LEFT_HAND_LANDMARKS", "RIGHT_HAND_LANDMARKS", *names[4:]]
    columns = [*range(33), *range(33 + 468, 33 + 468 + 42)]
    seen = estimated.seen
    coordinates = np.asarray(theirs.body.data.data)[:, 0, columns]
    np.testing.assert_allclose(estimated.coordinates[seen][:, :2], coordinates[seen][:, :2], atol=1e-3)
    # They leave depth as a fraction of the width.
    np.testing.assert_allclose(estimated.coordinates[seen][:, 2], coordinates[seen][:, 2] * width, atol=1e-3)
    np.testing.assert_allclose(estimated.confidence, theirs.body.confidence[:, 0, columns], atol=2e-3)
    assert seen[:, 33:].mean() > 0.5


def test_a_clip_does_not_depend_on_the_one_before(
    estimator: PoseEstimator, estimated: Pose, two_handed: Clip, other: Clip
) -> None:
    estimator.estimate(other, 30)
    same(estimator.estimate(two_handed, 30), estimated)


def test_neither_does_it_after_a_clip_that_broke_off(
    estimator: PoseEstimator, estimated: Pose, two_handed: Clip, other: Clip
) -> None:
    def broken() -> Iterator[Clip]:
        yield other[0]
        raise OSError("the file ends here")

    with pytest.raises(OSError, match="ends here"):
        estimator.estimate(broken(), 30)
    same(estimator.estimate(two_handed, 30), estimated)


def test_what_is_written_is_read_back(estimated: Pose, tmp_path: Path) -> None:
    back = read_pose(write_pose(estimated, tmp_path / "clip.pose"))
    assert back.skeleton == estimated.skeleton
    np.testing.assert_array_equal(back.coordinates[..., :2], estimated.coordinates[..., :2])
    np.testing.assert_allclose(back.coordinates, estimated.coordinates, rtol=1e-5)
    np.testing.assert_array_equal(back.confidence, estimated.confidence)


def test_units_are_pixels(estimated: Pose, two_handed: Clip) -> None:
    height, width = two_handed.shape[1:3]
    nose = estimated.landmark("nose")
    assert np.all((nose[:, 0] > 0.2 * width) & (nose[:, 0] < 0.8 * width))
    assert np.all((nose[:, 1] > 0) & (nose[:, 1] < 0.5 * height))
    # A hand is about as deep as it is wide, when both are in pixels.
    hand = estimated.coordinates[:, [estimated.skeleton.index(name) for name in hand_landmarks("right_hand")]]
    wide, deep = np.ptp(hand[..., :2], axis=1).max(axis=1), np.ptp(hand[..., 2], axis=1)
    assert 0.1 < np.median(deep / wide) < 2


def test_the_face_is_added_and_changes_nothing_else(estimated: Pose, two_handed: Clip) -> None:
    made = make_estimator(EstimatorOptions(face=True))
    pose = made.estimate(two_handed, 30)
    made.close()
    assert len(pose.skeleton.groups["face"]) == 468
    same(pose.to(estimated.skeleton), estimated)
    size = body_size(pose.coordinates[:, : len(MEDIAPIPE_BODY)])
    # The mesh's point 1 is the tip of the nose.
    away = np.linalg.norm((pose.landmark("face.1") - pose.landmark("nose"))[:, :2], axis=1)
    assert np.median(away / size) < 0.1


def test_a_model_is_taken_from_the_folder_given(estimated: Pose, two_handed: Clip, tmp_path: Path) -> None:
    [package] = find_spec("mediapipe").submodule_search_locations
    full = Path(package) / "modules" / "pose_landmark" / "pose_landmark_full.tflite"
    # The wheel has no heavy model: the full one under its name must give what the full one gives.
    shutil.copy(full, tmp_path / "pose_landmark_heavy.tflite")
    made = make_estimator(EstimatorOptions(complexity=2, models=tmp_path))
    pose = made.estimate(two_handed[:3], 30)
    made.close()
    same(pose, estimated.frames(slice(3)))


def test_a_stride_looks_at_those_frames_alone(estimator: PoseEstimator, two_handed: Clip) -> None:
    made = make_estimator(EstimatorOptions(stride=3))
    pose = made.estimate(two_handed, 30)
    made.close()
    assert len(pose) == len(two_handed)
    looked = [0, 3, 6, 7]
    same(pose.frames(looked), estimator.estimate(two_handed[looked], 30))
    np.testing.assert_allclose(
        pose.landmark("nose")[1], pose.landmark("nose")[0] * 2 / 3 + pose.landmark("nose")[3] / 3, rtol=1e-5
    )


def test_a_second_look_puts_a_hand_where_holistic_has_it(estimated: Pose, two_handed: Clip) -> None:
    look = SecondLook()
    errors = []
    columns = {hand: [estimated.skeleton.index(name) for name in hand_landmarks(hand)] for hand in HANDS}
    for t in range(0, len(two_handed), 2):
        body, sure = estimated.coordinates[t, : len(MEDIAPIPE_BODY)], estimated.confidence[t, : len(MEDIAPIPE_BODY)]
        for hand, points in look.find(two_handed[t], body, sure, {}).items():
            if estimated.seen[t, columns[hand][0]]:
                away = (points - estimated.coordinates[t, columns[hand]])[:, :2]
                errors.append(np.linalg.norm(away, axis=1).mean() / body_size(body))
    look.close()
    assert len(errors) >= 6
    assert np.median(errors) < 0.05


def test_refinement_adds_hands_and_changes_none(videos: Path) -> None:
    frames = read_video(videos / "39203.mp4", range(40, 50)).rgb
    poses = []
    for refine in (False, True):
        made = make_estimator(EstimatorOptions(refine=refine))
        poses.append(made.estimate(frames, 30))
        made.close()
    without, refined = poses
    same(refined.replace(refined.coordinates * without.seen[..., None], without.confidence), without)
    assert (refined.seen & ~without.seen).any()


def test_of_two_people_one_is_followed_and_a_box_chooses(
    estimator: PoseEstimator, estimated: Pose, two_handed: Clip, other: Clip
) -> None:
    both = np.concatenate([two_handed, other], axis=2)
    pose = estimator.estimate(both, 30)
    assert jumps(pose) == []
    sides = pose.landmark("nose")[:, 0] < two_handed.shape[2]
    assert sides.all() or not sides.any()
    same(estimator.estimate(both[:, :, : two_handed.shape[2]], 30), estimated)


def test_another_person_is_a_jump(estimator: PoseEstimator, two_handed: Clip, other: Clip) -> None:
    nobody = np.zeros_like(two_handed)
    first, second = np.concatenate([two_handed, nobody], axis=2), np.concatenate([nobody, other], axis=2)
    # With not one empty frame between them MediaPipe would for a while see a body where nobody is.
    pose = estimator.estimate([*first[:4], np.zeros_like(first[0]), *second[:4]], 30)
    assert jumps(pose) == [5]


def test_a_video_is_estimated_within_its_box_and_stretch(estimator: PoseEstimator, videos: Path) -> None:
    path = videos / f"{TWO_HANDED}.mp4"
    fps = read_video(path, [0]).info.fps
    pose = estimate_video(path, estimator, start=24 / fps, end=28 / fps, box=Box(40, 0, 300, 240))
    frames = read_video(path, range(24, 28), box=Box(40, 0, 300, 240)).rgb
    same(pose, estimator.estimate(frames, fps))


@pytest.mark.parametrize("size", [(32, 24), (31, 33)])
def test_tiny_pictures_of_people_are_no_trouble(
    estimator: PoseEstimator, two_handed: Clip, size: tuple[int, int]
) -> None:
    rows, columns = (np.linspace(0, n - 1, m).astype(int) for n, m in zip(two_handed.shape[1:3], size, strict=True))
    pose = estimator.estimate(two_handed[:2, rows][:, :, columns], 30)
    assert len(pose) == 2
