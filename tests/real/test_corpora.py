"""The real corpora, read whole."""

import numpy as np
import pytest

from ishara.clips.corpora import read_corpus
from ishara.pose.files import read_pose
from ishara.pose.normalise import shoulder_normalise
from ishara.pose.pose import Pose
from ishara.pose.skeleton import get_skeleton

pytestmark = pytest.mark.real

SESSION = "bdslw60-sample/U4W1F.npz"


def test_fingerspelling(data):
    manifest = read_corpus("fingerspelling", data / "fingerspelling")
    assert len(manifest) == 436
    assert len(manifest.glosses) == 26
    assert manifest.table["language"].n_unique() == 17
    assert not manifest.missing_files()
    poses = [read_pose(path) for path in manifest.table["path"].unique()]
    assert {pose.skeleton.name for pose in poses} == {"holistic"}
    assert np.median([len(pose) for pose in poses]) == pytest.approx(26, abs=1)


def test_an_unreduced_file_keeps_its_face_and_loses_its_world_landmarks(data):
    whole = read_pose(data / "fingerspelling/original/ase-A.pose")
    assert {group: len(names) for group, names in whole.skeleton.groups.items()} == {
        "body": 33, "face": 478, "left_hand": 21, "right_hand": 21,
    }  # fmt: skip
    (clip,) = [clip for clip in read_corpus("fingerspelling", data / "fingerspelling") if clip.id == "ase-A"]
    reduced = read_pose(clip.path)
    np.testing.assert_allclose(whole.to(reduced.skeleton).coordinates, reduced.coordinates, atol=1e-3)


def nose_depth(pose: Pose) -> float:
    """How far the nose is before the shoulders, in shoulder widths."""
    pose = shoulder_normalise(pose)
    return float(np.median((pose.landmark("left_shoulder") - pose.landmark("nose"))[:, 2]))


def hand_depth(pose: Pose) -> float:
    """How far a hand's landmarks are before or behind its wrist, in palm lengths."""
    hand = pose.to(get_skeleton("hands").select(["right_hand"]))
    offset = (hand.coordinates - hand.coordinates[:, :1])[hand.seen.all(axis=1)]
    return float(np.median(np.abs(offset[:, 1:, 2])) / np.median(np.linalg.norm(offset[:, 9, :2], axis=1)))


def test_depths_are_in_the_unit_of_x_in_all_corpora(data):
    letters = read_corpus("fingerspelling", data / "fingerspelling").table["path"].gather_every(9)
    words = read_corpus("landmarks", data / "wlasl50-landmarks.npz").table["path"].gather_every(9)
    lexicon, wlasl = ([read_pose(path) for path in paths] for paths in (letters, words))
    unreduced, session = (read_pose(data / name) for name in ("fingerspelling/original/ase-A.pose", SESSION))
    # MediaPipe sees the nose about two shoulder widths before the shoulders.
    for poses in (lexicon, wlasl, [unreduced], [session]):
        assert 1.5 < np.median([nose_depth(pose) for pose in poses]) < 3
    right = [
        [hand_depth(pose) for pose in poses if pose.seen[:, pose.skeleton.index("right_hand.wrist")].any()]
        for poses in (lexicon, wlasl, [unreduced])
    ]
    for depths in right:
        assert 0.1 < np.median(depths) < 1


def test_isl30(data):
    manifest = read_corpus("landmarks", data / "isl30-kinect.npz", {"language": "ins"})
    table = manifest.table
    assert (len(table), table["gloss"].n_unique(), table["signer"].n_unique()) == (2700, 30, 10)
    assert table["id"][7] == "isl30-kinect-0007"
    lengths = [len(read_pose(path)) for path in table["path"]]
    assert (min(lengths), np.median(lengths), max(lengths)) == (18, 71, 189)


def test_isl30_is_upright_and_faces_the_camera(data):
    manifest = read_corpus("landmarks", data / "isl30-kinect.npz")
    frontal = manifest.table.filter(manifest.table["take"] <= 3)["path"]
    for path in frontal.gather_every(100):
        pose = read_pose(path)
        names = ("head", "left_foot", "left_shoulder", "right_shoulder")
        middle = {name: np.median(pose.landmark(name), axis=0) for name in names}
        assert middle["head"][1] < middle["left_foot"][1]
        # The signer's left is at the viewer's right.
        assert middle["left_shoulder"][0] > middle["right_shoulder"][0]
        assert middle["head"][2] > 0


def test_wlasl50(data):
    manifest = read_corpus("landmarks", data / "wlasl50-landmarks.npz")
    assert (len(manifest), len(manifest.glosses)) == (423, 50)
    poses = [read_pose(clip.path) for clip in manifest]
    assert max(map(len, poses)) == 30
    seen = {
        hand: np.concatenate([pose.seen[:, pose.skeleton.index(f"{hand}.wrist")] for pose in poses]).mean()
        for hand in ("left_hand", "right_hand")
    }
    assert seen["left_hand"] == pytest.approx(0.45, abs=0.02)
    assert seen["right_hand"] == pytest.approx(0.96, abs=0.02)
    middle = np.median([np.median(pose.landmark("left_shoulder")[:, 0]) for pose in poses])
    assert middle > np.median([np.median(pose.landmark("right_shoulder")[:, 0]) for pose in poses])


def test_the_bdslw60_session_is_a_body_with_its_left_hand_at_its_left_wrist(data):
    pose = read_pose(data / SESSION)
    assert len(pose) == 622
    names = ("nose", "left_shoulder", "right_shoulder", "left_hip")
    middle = {name: np.median(pose.landmark(name), axis=0) for name in names}
    assert middle["nose"][1] < middle["left_shoulder"][1] < middle["left_hip"][1]
    assert middle["left_shoulder"][0] > middle["right_shoulder"][0]
    seen = pose.seen[:, pose.skeleton.index("left_hand.wrist")]
    assert seen.sum() == 177
    apart = np.linalg.norm((pose.landmark("left_hand.wrist") - pose.landmark("left_wrist"))[seen, :2], axis=1)
    assert np.median(apart) < 0.05


def test_the_bdslw60_sample_has_one_recording_and_one_file_of_random_numbers(data):
    manifest = read_corpus("bdslw60", data / "bdslw60-sample")
    assert [(clip.id, clip.gloss, clip.signer) for clip in manifest] == [("U4W1F", "W1", "U4")]
