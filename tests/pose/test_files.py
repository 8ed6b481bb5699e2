"""Reading and writing landmarks: round trips, names and axes, missing landmarks, and every kind of damage."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.errors import IsharaError
from ishara.pose.address import Address, file_of
from ishara.pose.files import read_array, read_pose, write_pose
from ishara.pose.pose import Pose
from ishara.pose.skeleton import KINECT_BODY, Skeleton, get_skeleton

# Kinect's own names: its hand is the middle of the palm.
KINECT_NAMES = [name.replace("palm", "hand") for name in KINECT_BODY]


def random_pose(seed: int, *, frames: int = 5, dimensions: int = 3, skeleton: str = "holistic") -> Pose:
    rng = np.random.default_rng(seed)
    layout = get_skeleton(skeleton)
    confidence = rng.uniform(0.1, 1, (frames, len(layout))) * (rng.random((frames, len(layout))) > 0.2)
    confidence[0, 0] = 1
    return Pose(100 * rng.normal(size=(frames, len(layout), dimensions)), confidence, 29.97, layout)


@pytest.fixture
def arrays(tmp_path: Path):
    """Writes a landmark array and gives its path."""

    def write(**members: object) -> str:
        path = tmp_path / "set.npz"
        np.savez(path, **members)
        return str(path)

    return write


@given(
    seed=st.integers(0, 2**32 - 1),
    dimensions=st.sampled_from([2, 3]),
    skeleton=st.sampled_from(["holistic", "spoter54", "upper-body-hands", "hands", "kinect20", "holistic-face"]),
)
def test_what_is_written_is_read_back(tmp_path_factory, seed, dimensions, skeleton):
    pose = random_pose(seed, frames=2, dimensions=dimensions, skeleton=skeleton)
    back = read_pose(write_pose(pose, tmp_path_factory.mktemp("pose") / "clip.pose"))
    assert back.fps == pytest.approx(pose.fps)
    assert set(back.skeleton.landmarks) == set(pose.skeleton.landmarks)
    assert {name: back.skeleton.groups[name] for name in pose.skeleton.groups} == pose.skeleton.groups
    again = back.to(pose.skeleton)
    np.testing.assert_array_equal(again.coordinates[..., :2], pose.coordinates[..., :2])
    np.testing.assert_allclose(again.coordinates, pose.coordinates, rtol=1e-6)
    np.testing.assert_array_equal(again.confidence, pose.confidence)


@pytest.mark.parametrize("deepest", [0.4, 30.0, 2000.0])
def test_depths_come_back_however_far_the_clip_is_from_the_camera(tmp_path, deepest):
    pose = random_pose(0)
    pose = pose.replace(pose.coordinates * np.float32([0.01, 0.01, 0]) + np.float32([0, 0, deepest]))
    back = read_pose(write_pose(pose, tmp_path / "a.pose"))
    np.testing.assert_allclose(back.coordinates, pose.coordinates, rtol=1e-6)


def test_depth_is_in_the_file_as_a_fraction_of_the_width_as_pose_format_has_it(tmp_path):
    from pose_format import Pose as FormatPose

    pose = random_pose(0)
    file = FormatPose.read(write_pose(pose, tmp_path / "a.pose").read_bytes())
    width = file.header.dimensions.width
    stored = np.asarray(file.body.data.data)[:, 0]
    np.testing.assert_allclose(stored[..., 2] * width, pose.coordinates[..., 2], rtol=1e-6)
    np.testing.assert_array_equal(stored[..., :2], pose.coordinates[..., :2])
    assert width >= pose.coordinates[..., 0].max()


def test_a_clip_that_was_resized_and_moved_into_a_square_has_the_depths_of_the_original(tmp_path):
    original = written(tmp_path / "original.pose", [("POSE_LANDMARKS", ["NOSE", "LEFT_WRIST"])])
    moved = written(tmp_path / "moved.pose", [("POSE_LANDMARKS", ["NOSE", "LEFT_WRIST"])], moved=250, width=500)
    depths = [read_pose(path).coordinates[..., 2] / width for path, width in ((original, 9), (moved, 500))]
    np.testing.assert_allclose(depths[1], depths[0], atol=1e-4)


def test_a_preset_is_known_again_by_its_landmarks(tmp_path):
    assert read_pose(write_pose(random_pose(0), tmp_path / "a.pose")).skeleton.name == "holistic"


def test_pose_format_finds_its_own_names_in_what_is_written(tmp_path):
    from pose_format import Pose as FormatPose

    path = write_pose(random_pose(0), tmp_path / "a.pose")
    header = FormatPose.read(path.read_bytes()).header
    assert [c.name for c in header.components] == ["POSE_LANDMARKS", "LEFT_HAND_LANDMARKS", "RIGHT_HAND_LANDMARKS"]
    assert header.components[0].points[15] == "LEFT_WRIST"
    assert header.components[1].points[:6] == [
        "WRIST", "THUMB_CMC", "THUMB_MCP", "THUMB_IP", "THUMB_TIP", "INDEX_FINGER_MCP",
    ]  # fmt: skip
    assert header.components[1].points[-1] == "PINKY_TIP"


def test_a_failed_write_leaves_the_old_file_and_no_part(tmp_path, monkeypatch):
    path = write_pose(random_pose(0), tmp_path / "a.pose")
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pose_format.numpy.NumPyPoseBody.write", full)
    with pytest.raises(IsharaError, match=r"a\.pose: cannot be written \(No space left"):
        write_pose(random_pose(1), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.pose"]


def test_a_landmark_that_no_file_has_a_place_for_is_refused(tmp_path):
    strange = Pose(np.zeros((1, 1, 2)), np.ones((1, 1)), 25, Skeleton("x", ("tail",)))
    with pytest.raises(IsharaError, match="no place for the landmark 'tail'"):
        write_pose(strange, tmp_path / "a.pose")


def written(
    path: Path,
    components: list[tuple[str, list[str]]],
    people: int = 1,
    frames: int = 2,
    *,
    moved: float = 0,
    width: int = 9,
) -> Path:
    """A file made with pose-format alone, as other tools make them."""
    from pose_format import Pose as FormatPose
    from pose_format import PoseHeader
    from pose_format.numpy import NumPyPoseBody
    from pose_format.pose_header import PoseHeaderComponent, PoseHeaderDimensions

    points = sum(len(names) for _, names in components)
    rng = np.random.default_rng(0)
    data = (rng.normal(size=(frames, people, points, 3)) + moved).astype(np.float32)
    confidence = np.linspace(-0.01, 1.2, frames * people * points).reshape(frames, people, points).astype(np.float32)
    parts = [PoseHeaderComponent(name, names, [], [], "XYZC") for name, names in components]
    with path.open("wb") as buffer:
        FormatPose(PoseHeader(0.2, PoseHeaderDimensions(width, 9), parts), NumPyPoseBody(25, data, confidence)).write(
            buffer
        )
    return path


def test_world_landmarks_are_left_out_and_the_rest_keeps_its_columns(tmp_path):
    parts = [("POSE_WORLD_LANDMARKS", ["NOSE"]), ("LEFT_HAND_LANDMARKS", ["WRIST", "RING_FINGER_DIP"])]
    pose = read_pose(written(tmp_path / "a.pose", parts))
    assert pose.skeleton.landmarks == ("left_hand.wrist", "left_hand.ring_dip")
    whole = np.random.default_rng(0).normal(size=(2, 1, 3, 3)).astype(np.float32)
    np.testing.assert_array_equal(pose.coordinates, whole[:, 0, 1:] * np.float32([1, 1, 9]))


def test_confidence_beyond_its_range_is_clipped(tmp_path):
    pose = read_pose(written(tmp_path / "a.pose", [("POSE_LANDMARKS", ["NOSE", "LEFT_WRIST"])]))
    assert pose.confidence.min() == 0
    assert pose.confidence.max() == 1


def test_the_first_of_several_people_is_read(tmp_path):
    pose = read_pose(written(tmp_path / "a.pose", [("POSE_LANDMARKS", ["NOSE"])], people=2))
    whole = np.random.default_rng(0).normal(size=(2, 2, 1, 3)).astype(np.float32)
    np.testing.assert_array_equal(pose.coordinates[1, :, :2], whole[1, 0, :, :2])


@pytest.mark.parametrize(
    ("components", "people", "frames", "says"),
    [
        ([("BODY_25", ["Nose"])], 1, 2, "unknown component 'BODY_25'; expected components of MediaPipe Holistic"),
        ([("LEFT_HAND_LANDMARKS", ["SIXTH_FINGER_TIP"])], 1, 2, "unknown point 'SIXTH_FINGER_TIP'"),
        ([("POSE_WORLD_LANDMARKS", ["NOSE"])], 1, 2, "POSE_WORLD_LANDMARKS only"),
        ([("POSE_LANDMARKS", ["NOSE"])], 0, 2, "holds no person"),
        ([("POSE_LANDMARKS", ["NOSE"])], 1, 0, "no frames"),
        ([("POSE_LANDMARKS", ["NOSE", "NOSE"])], 1, 2, "twice: nose"),
    ],
)
def test_a_file_without_a_usable_clip_says_what_was_found(tmp_path, components, people, frames, says):
    path = written(tmp_path / "odd.pose", components, people, frames)
    with pytest.raises(IsharaError, match=f"odd.pose: .*{says}"):
        read_pose(path)


def test_a_clip_in_which_nobody_was_seen_is_refused(tmp_path):
    unseen = Pose(np.zeros((2, 1, 2)), np.zeros((2, 1)), 25, Skeleton("x", ("nose",)))
    path = write_pose(unseen, tmp_path / "empty.pose")
    with pytest.raises(IsharaError, match=r"empty\.pose: nobody was seen"):
        read_pose(path)


def test_damage_anywhere_in_a_pose_file_is_one_error_that_names_it(tmp_path):
    data = write_pose(random_pose(3, frames=3), tmp_path / "whole.pose").read_bytes()
    path = tmp_path / "damaged.pose"
    for cut in {*range(64), *np.linspace(0, len(data) - 1, 60, dtype=int).tolist(), len(data) - 1}:
        path.write_bytes(data[:cut])
        with pytest.raises(IsharaError, match=r"damaged\.pose: "):
            read_pose(path)
    path.write_bytes(data + b"more")
    with pytest.raises(IsharaError, match="left over"):
        read_pose(path)


@given(
    places=st.lists(st.tuples(st.integers(0, 2500), st.integers(0, 255)), min_size=1, max_size=4),
    noise=st.binary(max_size=99),
)
def test_flipped_bytes_and_noise_give_a_clip_or_one_error(tmp_path_factory, places, noise):
    folder = tmp_path_factory.mktemp("fuzz")
    data = bytearray(write_pose(random_pose(3, frames=2, skeleton="hands"), folder / "whole.pose").read_bytes())
    for at, value in places:
        data[at % len(data)] = value
    for content in (bytes(data), noise):
        path = folder / "damaged.pose"
        path.write_bytes(content)
        try:
            pose = read_pose(path)
        except IsharaError as error:
            assert str(error).startswith(str(path))  # noqa: PT017 - a clip is as good an outcome
        else:
            assert np.isfinite(pose.coordinates).all()


def test_coordinates_that_are_seen_but_not_numbers_are_refused(tmp_path):
    path = write_pose(random_pose(0, frames=2), tmp_path / "nan.pose")
    data = bytearray(path.read_bytes())
    confidence = 2 * 75 * 4
    first = len(data) - confidence - 2 * 75 * 3 * 4
    data[first : first + 4] = np.float32("nan").tobytes()
    path.write_bytes(data)
    with pytest.raises(IsharaError, match=r"nan\.pose: 1 landmarks that were seen .* \(first: nose in frame 0\)"):
        read_pose(path)


def test_a_missing_file_and_a_folder_say_so(tmp_path):
    with pytest.raises(IsharaError, match=r"gone\.pose: there is no such file"):
        read_pose(tmp_path / "gone.pose")
    with pytest.raises(IsharaError, match="is a folder"):
        read_pose(tmp_path)


def test_reading_drags_in_neither_torch_nor_opencv():
    heavy = "{'torch', 'tensorflow', 'cv2', 'scipy'}"
    code = f"import sys, ishara.pose.files, pose_format; print(sorted({heavy} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_a_clip_of_an_array_by_number(arrays):
    frames = np.arange(5 * 2 * 2, dtype=np.float32).reshape(5, 2, 2) + 1
    path = arrays(frames=frames, offsets=[0, 2, 5], landmarks=["nose", "left_wrist"], fps=12.5)
    pose = read_pose(f"{path}#1")
    np.testing.assert_array_equal(pose.coordinates, frames[2:])
    assert pose.fps == 12.5
    assert pose.skeleton.landmarks == ("nose", "left_wrist")
    assert len(read_array(path)) == 2


def test_confidence_of_an_array_is_used(arrays):
    path = arrays(
        frames=np.ones((2, 2, 2), np.float32),
        offsets=[0, 2],
        landmarks=["nose", "left_wrist"],
        confidence=np.array([[1, 0], [0.5, 1]], np.float32),
    )
    np.testing.assert_array_equal(read_pose(path).confidence, [[1, 0], [0.5, 1]])


def test_a_changed_array_is_read_anew(arrays):
    names = ["nose", "left_wrist"]
    assert len(read_pose(arrays(frames=np.ones((2, 2, 2)), offsets=[0, 2], landmarks=names))) == 2
    assert len(read_pose(arrays(frames=np.ones((3, 2, 2)), offsets=[0, 3], landmarks=names))) == 3


def test_kinect_is_turned_to_the_viewers_right_and_down_and_its_hands_are_palms(arrays):
    frames = np.tile(np.float32([-0.2, 0.4, 2.5]), (3, 20, 1))
    pose = read_pose(arrays(frames=frames.astype(np.float16), offsets=[0, 3], landmarks=KINECT_NAMES))
    assert pose.skeleton.landmarks == KINECT_BODY
    assert pose.skeleton.name == "kinect20"
    assert pose.fps == 30
    np.testing.assert_allclose(pose.landmark("left_palm")[0], [0.2, -0.4, 2.5], atol=1e-3)


def test_the_wlasl50_layout_has_visibility_as_confidence_and_zero_hands_as_missing(arrays):
    frames = np.random.default_rng(0).uniform(0.1, 1, (4, 170)).astype(np.float32)
    frames[0, 44:107] = 0  # the left hand
    frames[:, 3] = 1.7  # the nose's visibility
    frames[:, 27] = 0.25  # the right wrist's
    pose = read_pose(arrays(frames=frames, offsets=[0, 4]))
    assert pose.fps == 25
    assert (pose.confidence[:, pose.skeleton.index("nose")] == 1).all()
    assert (pose.confidence[:, pose.skeleton.index("right_wrist")] == 0.25).all()
    left = [pose.skeleton.index(name) for name in pose.skeleton.groups["left_hand"]]
    assert not pose.seen[0, left].any()
    assert pose.seen[1:, left].all()
    np.testing.assert_array_equal(pose.landmark("right_wrist")[1], frames[1, 24:27])
    np.testing.assert_array_equal(pose.landmark("right_hand.pinky_tip")[2], frames[2, -3:])


def session_frames(order: tuple[str, ...]) -> np.ndarray:
    """Three frames of a session: a body from y = 0.2 to 2, a small face, hands; the left hand missing in the second."""
    heights = {"body": np.linspace(0.2, 2, 33), "face": np.linspace(0.2, 0.4, 468), "hands": np.linspace(0.8, 1, 42)}
    parts = {name: np.stack([np.full_like(y, 0.5), y, np.zeros_like(y)], axis=-1) for name, y in heights.items()}
    frames = np.tile(np.concatenate([parts[name] for name in order]).reshape(-1), (3, 1)).astype(np.float32)
    frames[1, 3 * 501 : 3 * 522] = np.nan
    return frames


@pytest.mark.parametrize("order", [("face", "body", "hands"), ("body", "face", "hands")], ids=lambda order: order[0])
def test_a_session_is_read_in_either_order_and_nan_is_what_was_not_seen(arrays, order):
    pose = read_pose(arrays(landmarks=session_frames(order), source="U4W1F.mp4"))
    assert set(pose.skeleton.landmarks) == set(get_skeleton("holistic-face").landmarks)
    assert pose.landmark("right_foot_index")[0, 1] == pytest.approx(2)
    assert pose.landmark("face.467")[0, 1] == pytest.approx(0.4)
    left = [pose.skeleton.index(name) for name in pose.skeleton.groups["left_hand"]]
    assert pose.seen[:, left].all(axis=1).tolist() == [True, False, True]


def test_a_coordinate_that_is_nan_alone_is_damage(arrays):
    frames = np.ones((2, 2, 2), np.float32)
    frames[0, 0, 1] = np.nan
    path = arrays(frames=frames, offsets=[0, 2], landmarks=["nose", "left_wrist"])
    with pytest.raises(IsharaError, match=r"set\.npz: 1 landmarks that were seen"):
        read_pose(path)


GOOD = {"frames": np.ones((4, 2, 2), np.float32), "offsets": [0, 2, 4], "landmarks": ["nose", "left_wrist"]}


@pytest.mark.parametrize(
    ("change", "address", "says"),
    [
        ({}, "#2", r"set\.npz#2: there is no clip #2; the file has 2, #0 to #1"),
        ({}, "", r"holds 2 clips; say which, such as set\.npz#0"),
        ({}, "#x", "'x' is not the number of a clip"),
        ({}, "#-1", "'-1' is not the number of a clip"),
        ({"offsets": [0, 3]}, "#0", r"`offsets` that do not part its 4 frames"),
        ({"offsets": [0, 3, 2, 4]}, "#0", r"`offsets` that do not part"),
        ({"offsets": [0.0, 4.0]}, "#0", r"`offsets` that do not part"),
        ({"offsets": [0, 0, 4]}, "#0", "no frames"),
        ({"landmarks": ["nose", "tail"]}, "#0", "unknown landmarks tail"),
        ({"landmarks": ["nose"]}, "#0", "1 landmark names for frames of shape"),
        ({"frames": np.ones((4, 2, 2), int)}, "#0", "is not a landmark array: found frames"),
        ({"frames": np.zeros((4, 2, 2), np.float32) * np.nan}, "#0", "nobody was seen"),
        ({"fps": 0.0}, "#0", "frame rate is 0"),
        ({"fps": [25.0, 30.0]}, "#0", "expected one number"),
        ({"confidence": np.ones((4, 3))}, "#0", r"confidence of shape \(4, 3\)"),
        ({"confidence": np.full((4, 2), np.nan)}, "#0", "not a number"),
    ],
)
def test_a_wrong_array_says_what_is_wrong(arrays, change, address, says):
    path = arrays(**{**GOOD, **change})
    with pytest.raises(IsharaError, match=says):
        read_pose(path + address)


def test_an_unknown_width_lists_the_known_ones(arrays):
    with pytest.raises(IsharaError, match=r"shape \(7,\) and no `landmarks` names; widths .* 170 \(wlasl50\)"):
        read_pose(arrays(frames=np.ones((2, 7), np.float32), offsets=[0, 2]))


def test_offsets_are_needed_for_many_clips(arrays):
    with pytest.raises(IsharaError, match="has no `offsets`"):
        read_pose(arrays(frames=np.ones((2, 170), np.float32)))


def test_pickles_are_not_opened(tmp_path):
    path = tmp_path / "evil.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(IsharaError, match=r"evil\.npy: is damaged or not a NumPy array file"):
        read_pose(path)


@given(cut=st.floats(0, 0.999), at=st.floats(0, 0.999), value=st.integers(0, 255))
def test_damage_anywhere_in_an_array_gives_a_clip_or_one_error(tmp_path_factory, cut, at, value):
    folder = tmp_path_factory.mktemp("npz")
    np.savez_compressed(folder / "whole.npz", **GOOD)
    data = (folder / "whole.npz").read_bytes()
    flipped = bytearray(data)
    flipped[int(at * len(data))] = value
    path = folder / "damaged.npz"
    path.write_bytes(data[: int(cut * len(data))])
    with pytest.raises(IsharaError, match=r"damaged\.npz"):
        read_pose(f"{path}#0")
    path.write_bytes(bytes(flipped))
    try:
        read_pose(f"{path}#0")
    except IsharaError as error:
        assert str(error).startswith(f"{path}#0: ")  # noqa: PT017 - a clip is as good an outcome


def test_a_number_sign_elsewhere_belongs_to_the_name(tmp_path):
    for name in ("a/take#2.pose", "C#/clip.pose", "C#/take?.mp4", "C#/b.npz", "a.npz#folder/clip.pose"):
        assert Address.parse(name) == Address(name)
        assert file_of(name) == name
    assert Address.parse("a/b.npz#12") == Address("a/b.npz", 12)
    assert Address.parse("C#/b#3.npz#12") == Address("C#/b#3.npz", 12)
    assert file_of("a/b.npz?aspect=wide#x") == "a/b.npz"
    path = write_pose(random_pose(0), tmp_path / "take#2.pose")
    assert len(read_pose(path)) == 5


@given(
    index=st.none() | st.integers(0, 10**6),
    layout=st.none() | st.sampled_from(["spoter54-xy", "wlasl50"]),
    aspect=st.floats(0.1, 10),
)
def test_an_address_is_read_as_it_is_written(index, layout, aspect):
    address = Address("C#/set.npz", index, layout, aspect)
    assert Address.parse(str(address)) == address


def test_a_named_layout_tells_what_columns_of_an_unknown_width_are(arrays):
    frames = np.arange(3 * 108, dtype=np.float32).reshape(3, 108) + 1
    path = arrays(frames=frames, offsets=[0, 1, 3])
    pose = read_pose(f"{path}?layout=spoter54-xy#1")
    assert pose.skeleton == get_skeleton("spoter54")
    np.testing.assert_array_equal(pose.landmark("neck"), frames[1:, 2:4])
    assert len(read_array(path, "spoter54-xy")) == 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("layout=spoter54-xyz", r"frames of shape \(108,\); the layout spoter54-xyz has 162 columns, 54 landmarks"),
        ("layout=spoter45-xy", "the layout 'spoter45-xy'.*Did you mean 'spoter54-xy'"),
        ("layuot=spoter54-xy", "no option 'layuot'.*Did you mean 'layout'"),
        ("layout=spoter54-xy&aspect=0", "the aspect is '0'; expected width over height"),
        ("aspect=wide", "the aspect is 'wide'"),
        ("aspect=nan", "the aspect is 'nan'"),
    ],
)
def test_wrong_options_of_an_address_say_what_is_wrong(arrays, options, says):
    path = arrays(frames=np.ones((2, 108), np.float32), offsets=[0, 2])
    with pytest.raises(IsharaError, match=rf"set\.npz\?.*{says}"):
        read_pose(f"{path}?{options}#0")


def test_a_layout_for_a_file_that_names_its_landmarks_is_refused(arrays):
    with pytest.raises(IsharaError, match=r"names its own `landmarks`; leave out the layout"):
        read_pose(arrays(**GOOD) + "?layout=spoter54-xy#0")


def test_the_aspect_gives_x_and_depth_the_unit_of_y(arrays):
    path = arrays(frames=np.ones((1, 2, 3), np.float32), offsets=[0, 1], landmarks=["nose", "left_wrist"])
    assert read_pose(f"{path}?aspect=1.5#0").coordinates[0, 0].tolist() == [1.5, 1, 1.5]
    assert read_pose(f"{path}#0").coordinates[0, 0].tolist() == [1, 1, 1]


def test_a_stretch_of_a_file_is_read_and_an_empty_one_names_it(tmp_path):
    path = write_pose(random_pose(0, frames=10), tmp_path / "a.pose")
    whole = read_pose(path)
    part = read_pose(path, 3 / whole.fps, 7 / whole.fps)
    np.testing.assert_array_equal(part.coordinates, whole.coordinates[3:7])
    with pytest.raises(IsharaError, match=r"a\.pose: The stretch from 9 s to the end is empty; the clip is 0\.33"):
        read_pose(path, 9)


def test_a_video_is_told_from_landmarks_and_how_to_get_them(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0 ftypisom")
    with pytest.raises(IsharaError, match=r"clip\.mp4: is no file of landmarks .* `ishara extract MANIFEST"):
        read_pose(tmp_path / "clip.mp4")
