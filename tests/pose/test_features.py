"""Features: each is of the landmark that its name says, in the space that the recipe says."""

import numpy as np
import pytest

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.pose.features import extract_features, feature_layout
from ishara.pose.normalise import shoulder_normalise
from ishara.pose.pose import Pose
from ishara.pose.prepare import prepare
from ishara.pose.skeleton import Skeleton, get_skeleton, list_skeletons
from ishara.recipe import Features, PoseOptions

ALL = Features(bones=True, angles=True, distances=True, reaches=True, velocities=True, presence=True)
CLIP = prepare(synthetic_clip("SYN-02"), PoseOptions(skeleton="upper-body-hands", dimensions=3, max_gap=0))


def columns(pose: Pose, options: Features) -> dict[str, np.ndarray]:
    layout = feature_layout(pose.skeleton, options, pose.coordinates.shape[2])
    values = extract_features(pose, options)
    assert values.shape == (len(pose), len(layout))
    return dict(zip(layout.names, values.T, strict=True))


@pytest.mark.parametrize("skeleton", list_skeletons())
@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_layout_fits_the_features_of_every_skeleton(skeleton: str, dimensions: int) -> None:
    options = PoseOptions(skeleton=skeleton, dimensions=dimensions)
    pose = prepare(synthetic_clip("SYN-01"), options)
    layout = feature_layout(pose.skeleton, ALL, dimensions)
    values = extract_features(pose, ALL)
    assert values.shape == (len(pose), len(layout))
    assert values.dtype == np.float32
    assert np.isfinite(values).all()
    assert len(set(layout.names)) == len(layout.names)
    for name, owner in zip(layout.names, layout.landmark_of, strict=True):
        assert name.startswith(layout.landmarks[owner] + ".") if owner >= 0 else name.endswith(".presence")


def test_spoters_108_features_are_x_and_y_of_each_landmark_in_turn() -> None:
    layout = feature_layout(get_skeleton("spoter54"), Features(hand_local=False), 2)
    assert len(layout) == 108
    assert layout.names[:4] == ("nose.x", "nose.y", "neck.x", "neck.y")


def test_a_feature_changes_with_its_own_landmark_alone() -> None:
    before = columns(CLIP, Features(hand_local=False))
    coordinates = CLIP.coordinates.copy()
    coordinates[:, CLIP.skeleton.index("left_elbow")] += 1
    after = columns(CLIP.replace(coordinates), Features(hand_local=False))
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {"left_elbow.x", "left_elbow.y", "left_elbow.z"}


def test_the_order_of_landmarks_is_of_no_meaning() -> None:
    order = np.random.default_rng(0).permutation(len(CLIP.skeleton))
    shuffled = Pose(
        CLIP.coordinates[:, order],
        CLIP.confidence[:, order],
        CLIP.fps,
        Skeleton("shuffled", tuple(CLIP.skeleton.landmarks[i] for i in order)),
    )
    ours, theirs = columns(CLIP, ALL), columns(shuffled, ALL)
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], atol=1e-6, err_msg=name)


def test_a_hands_own_frame_knows_neither_its_place_nor_its_size() -> None:
    hand = [CLIP.skeleton.index(name) for name in CLIP.skeleton.groups["right_hand"]]
    coordinates = CLIP.coordinates.copy()
    coordinates[:, hand] = coordinates[:, hand] * 1.7 + [0.3, -0.4, 0.0]
    before, after = columns(CLIP, Features()), columns(CLIP.replace(coordinates), Features())
    for name in before:
        if name.startswith("right_hand.") and ".local." in name:
            np.testing.assert_allclose(after[name], before[name], atol=1e-4, err_msg=name)
    assert (before["right_hand.wrist.local.x"] == 0).all()


def local(pose: Pose, hand: str = "right_hand") -> dict[str, np.ndarray]:
    return {name: x for name, x in columns(pose, Features()).items() if name.startswith(hand) and ".local." in name}


def test_a_hands_size_is_known_though_one_of_its_landmarks_never_was() -> None:
    confidence = CLIP.confidence.copy()
    confidence[:, CLIP.skeleton.index("right_hand.pinky_tip")] = 0
    whole, part = local(CLIP), local(CLIP.replace(CLIP.coordinates, confidence))
    for name in whole:
        if "pinky_tip" not in name:
            np.testing.assert_array_equal(part[name], whole[name], err_msg=name)


def test_a_hand_without_its_middle_knuckle_is_measured_by_its_reach() -> None:
    confidence = CLIP.confidence.copy()
    confidence[:, CLIP.skeleton.index("right_hand.middle_mcp")] = 0
    part = CLIP.replace(CLIP.coordinates, confidence)
    values = local(part)
    assert 0.5 < max(np.abs(x).max() for x in values.values()) < 4
    for name, x in local(part.replace(part.coordinates * 3, confidence)).items():
        np.testing.assert_allclose(x, values[name], atol=1e-4, err_msg=name)


def test_what_was_not_seen_is_0_and_presence_says_so() -> None:
    confidence = CLIP.confidence.copy()
    hand = [CLIP.skeleton.index(name) for name in CLIP.skeleton.groups["left_hand"]]
    confidence[4, hand] = 0
    confidence[4, CLIP.skeleton.index("nose")] = 0
    values = columns(CLIP.replace(CLIP.coordinates, confidence), Features(presence=True, space="signing-space"))
    gone = [name for name in values if name.startswith(("left_hand.", "nose.")) and not name.endswith("presence")]
    assert gone
    assert all(values[name][4] == 0 for name in gone)
    assert values["left_hand.presence"][4] == 0
    assert values["body.presence"][4] == pytest.approx(6 / 7)


def test_velocities_are_per_25th_of_a_second_and_0_where_a_landmark_came_or_went() -> None:
    skeleton = Skeleton("two", ("nose", "neck"))
    x = np.array([0.0, 1.0, 3.0, 3.0])
    coordinates = np.zeros((4, 2, 2))
    coordinates[:, 0, 0] = x
    confidence = np.ones((4, 2))
    pose = Pose(coordinates, confidence, 50, skeleton)
    assert columns(pose, ALL)["nose.velocity.x"].tolist() == [0, 2, 4, 0]
    confidence[1, 0] = 0
    assert columns(pose.replace(coordinates, confidence), ALL)["nose.velocity.x"].tolist() == [0, 0, 0, 0]


def test_spoters_box_is_six_shoulder_widths_from_above_the_eyes() -> None:
    skeleton = Skeleton("face", ("left_eye", "right_eye", "nose", "neck"))
    points = np.array([[0.2, -0.8], [-0.2, -0.8], [0.0, -0.7], [0.0, 0.0]])
    pose = Pose(points[None], np.ones((1, 4)), 25, skeleton)
    box = columns(pose, Features(hand_local=False, space="signing-space"))
    assert box["neck.x"][0] == pytest.approx(0.5)
    assert box["left_eye.y"][0] == pytest.approx(0.5 / 6)
    assert box["left_eye.x"][0] == pytest.approx(0.5 + 0.2 / 6)
    bengali = columns(pose, Features(hand_local=False, space="bengali"))
    assert bengali["left_eye.x"][0] - 0.5 == pytest.approx(0.85 * 0.2 / 6)
    assert bengali["left_eye.y"][0] == pytest.approx(box["left_eye.y"][0])


@pytest.mark.parametrize("keep", [("nose", "neck"), ("neck",)])
def test_the_box_stands_about_where_it_should_without_eyes(keep: tuple[str, ...]) -> None:
    whole = shoulder_normalise(synthetic_clip("SYN-01")).to(get_skeleton("spoter54"))
    options = Features(hand_local=False, space="signing-space")
    with_eyes = columns(whole, options)["neck.y"]
    without = columns(whole.to(Skeleton("part", keep)), options)["neck.y"]
    np.testing.assert_allclose(without, with_eyes, atol=0.06)


def test_extracting_changes_no_pose() -> None:
    before = CLIP.coordinates.copy()
    for space in ("shoulders", "signing-space", "bengali"):
        extract_features(CLIP, Features(space=space, velocities=True))
    np.testing.assert_array_equal(CLIP.coordinates, before)
