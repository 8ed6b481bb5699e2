"""The synthetic corpus: plausible bodies, signers that differ, signs that need hands and time, honest files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.clips.corpora.synthetic import generate, read, synthetic_clip
from ishara.clips.corpora.synthetic.hand import HANDSHAPES, hand_points
from ishara.clips.corpora.synthetic.perform import perform
from ishara.clips.corpora.synthetic.sign import direction
from ishara.clips.corpora.synthetic.signer import draw_signer
from ishara.clips.corpora.synthetic.vocabulary import SIGNS
from ishara.errors import IsharaError
from ishara.pose.files import read_pose
from ishara.pose.pose import Pose
from ishara.pose.skeleton import get_skeleton

HOLISTIC = get_skeleton("holistic")
MIRROR = np.array([-1, 1, 1])
NOSE = [230.13, 162.82, -18.82]


def moving_part(pose: Pose) -> np.ndarray:
    """(16, 54, 2): a clip in shoulder widths from the neck, on 16 frames; what was not seen is NaN."""
    pose = pose.to(get_skeleton("spoter54")).resampled(16)
    left, right = pose.landmark("left_shoulder")[:, :2], pose.landmark("right_shoulder")[:, :2]
    points = np.where(pose.seen[..., None], pose.coordinates[..., :2], np.nan)
    width = np.linalg.norm(left - right, axis=-1).mean()
    return (points - ((left + right) / 2)[:, None]) / width


def distance(a: Pose, b: Pose) -> float:
    return float(np.nanmean(np.linalg.norm(moving_part(a) - moving_part(b), axis=-1)))


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: sign.gloss)
def test_a_clip_is_a_holistic_pose_of_a_sensible_length(sign):
    pose = synthetic_clip(sign.gloss, signer=4, take=2)
    assert pose.skeleton == HOLISTIC
    assert pose.fps == 25
    assert 25 <= len(pose) <= 60
    assert pose.coordinates.shape == (len(pose), 75, 3)
    assert np.isfinite(pose.coordinates).all()


@given(st.sampled_from(SIGNS), st.integers(1, 40), st.integers(1, 9), st.integers(0, 5))
def test_body_is_upright_faces_the_camera_and_stays_in_the_picture(sign, signer, take, seed):
    pose = synthetic_clip(sign.gloss, signer, take, seed)
    place = {name: pose.landmark(name) for name in ("nose", "left_shoulder", "right_shoulder", "left_hip")}
    assert (place["left_shoulder"][:, 0] > place["right_shoulder"][:, 0] + 40).all()
    assert (place["nose"][:, 1] < place["left_shoulder"][:, 1]).all()
    assert (place["left_shoulder"][:, 1] < place["left_hip"][:, 1]).all()
    shoulders = np.concatenate([place["left_shoulder"], place["right_shoulder"]])[:, :2]
    assert ((shoulders > 0) & (shoulders < 512)).all()


def test_same_numbers_same_clip_and_any_other_number_another():
    def same(a: Pose, b: Pose) -> bool:
        return np.array_equal(a.coordinates, b.coordinates) and np.array_equal(a.confidence, b.confidence)

    clip = synthetic_clip("SYN-03", 2, 1, seed=7)
    assert same(clip, synthetic_clip("SYN-03", 2, 1, seed=7))
    for other in (("SYN-04", 2, 1, 7), ("SYN-03", 3, 1, 7), ("SYN-03", 2, 2, 7), ("SYN-03", 2, 1, 8)):
        assert not same(clip, synthetic_clip(*other))


def test_numbers_are_the_same_on_every_machine():
    nose = synthetic_clip("SYN-01").landmark("nose")[0]
    np.testing.assert_allclose(nose, NOSE, atol=0.01)


def test_hands_are_found_or_missed_whole_and_missed_ones_have_confidence_zero():
    found = []
    for sign in SIGNS[:12]:
        pose = synthetic_clip(sign.gloss, signer=1)
        for hand in ("left_hand", "right_hand"):
            columns = [HOLISTIC.index(name) for name in HOLISTIC.groups[hand]]
            confidence = pose.confidence[:, columns]
            assert set(np.unique(confidence)) <= {0.0, 1.0}
            assert (confidence == confidence[:, :1]).all()
            assert (pose.coordinates[:, columns][confidence == 0] == 0).all()
            found.append(confidence[:, 0])
    share = np.concatenate(found).mean()
    assert 0.4 < share < 0.97


@given(st.sampled_from(SIGNS), st.integers(1, 30))
def test_a_left_handed_signer_makes_the_mirrored_sign(sign, number):
    signer = draw_signer(number)
    other = replace(signer, left_handed=not signer.left_handed)
    mirrored = perform(sign, other, 1)[:, list(HOLISTIC.mirror)] * MIRROR
    np.testing.assert_allclose(perform(sign, signer, 1), mirrored, atol=1e-12)


def test_some_signers_are_left_handed_and_most_are_not():
    left = [draw_signer(number).left_handed for number in range(1, 11)]
    assert 1 <= sum(left) <= 3


@given(st.sampled_from(SIGNS), st.integers(1, 30), st.integers(1, 5))
def test_arms_keep_their_bone_lengths_and_hands_hang_on_wrists(sign, number, take):
    signer = draw_signer(number)
    points = perform(sign, signer, take)

    def at(name: str) -> np.ndarray:
        return points[:, HOLISTIC.index(name)]

    for side in ("left", "right"):
        upper = np.linalg.norm(at(f"{side}_elbow") - at(f"{side}_shoulder"), axis=-1)
        fore = np.linalg.norm(at(f"{side}_wrist") - at(f"{side}_elbow"), axis=-1)
        np.testing.assert_allclose(upper, signer.body.upper_arm, rtol=1e-6)
        np.testing.assert_allclose(fore, signer.body.forearm, rtol=1e-6)
        np.testing.assert_allclose(at(f"{side}_hand.wrist"), at(f"{side}_wrist"), atol=1e-9)


@given(st.sampled_from(SIGNS), st.integers(1, 30))
def test_movement_is_smooth(sign, number):
    points = perform(sign, draw_signer(number), 1)
    speed = np.linalg.norm(np.diff(points, axis=0), axis=-1) * 25
    assert speed.max() < 12, "metres a second"


@given(st.lists(st.floats(-120, 200), min_size=20, max_size=20))
def test_fingers_never_bend_far_backwards_and_keep_their_lengths(angles):
    fingers = hand_points(np.array([angles]))[0, 5:].reshape(4, 4, 3)
    bones = np.diff(fingers, axis=1)
    straight = np.diff(hand_points(HANDSHAPES["flat"][None])[0, 5:].reshape(4, 4, 3), axis=1)
    np.testing.assert_allclose(np.linalg.norm(bones, axis=-1), np.linalg.norm(straight, axis=-1))
    sine = bones[:, 0, 2] / np.linalg.norm(bones[:, 0], axis=-1)
    assert (sine > -np.sin(np.radians(8.1))).all()


def test_handshapes_differ():
    shapes = hand_points(np.stack(list(HANDSHAPES.values())))
    apart = np.linalg.norm(shapes[:, None] - shapes[None], axis=-1).max(axis=-1)
    assert (apart[~np.eye(len(shapes), dtype=bool)] > 0.2).all()


def test_directions_are_the_signers():
    assert direction("left")[0] > 0
    assert direction("up")[1] < 0
    assert direction("forward")[2] < 0
    assert np.linalg.norm(direction("up left")) == pytest.approx(1)


def test_signs_have_minimal_pairs():
    """In every four, some differ in the handshape alone and some in the movement alone."""
    assert len({sign.gloss for sign in SIGNS}) == len(SIGNS)
    assert len({sign.description for sign in SIGNS}) == len(SIGNS)
    pairs = [(a, b) for i, a in enumerate(SIGNS) for b in SIGNS[i + 1 :]]
    by_shape = [(a, b) for a, b in pairs if replace(a, gloss="", handshape="") == replace(b, gloss="", handshape="")]
    by_movement = [
        (a, b)
        for a, b in pairs
        if replace(a, gloss="", movement=b.movement, second="none") == replace(b, gloss="", second="none")
    ]
    assert len(by_shape) >= 10
    assert len(by_movement) >= 10


def test_a_sign_of_two_signers_is_nearer_than_another_sign():
    glosses = [SIGNS[i].gloss for i in (0, 4, 8, 12, 16, 20)]
    clips = {(gloss, signer): synthetic_clip(gloss, signer) for gloss in glosses for signer in (1, 2, 4, 5)}
    same, different = [], []
    for (gloss, signer), clip in clips.items():
        for (other_gloss, other_signer), other in clips.items():
            if signer < other_signer:
                (same if gloss == other_gloss else different).append(distance(clip, other))
    assert np.mean(same) < 0.8 * np.mean(different)


def test_signers_differ_more_than_takes():
    takes = [synthetic_clip("SYN-05", 2, take) for take in (1, 2, 3)]
    signers = [synthetic_clip("SYN-05", signer) for signer in (1, 2, 5)]
    within = [distance(a, b) for i, a in enumerate(takes) for b in takes[i + 1 :]]
    between = [distance(a, b) for i, a in enumerate(signers) for b in signers[i + 1 :]]
    assert np.mean(within) < np.mean(between)
    assert min(within) > 0.005


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic")
    generate(folder, glosses=3, signers=5, takes=2, seed=3)
    return folder


def test_corpus_is_complete_and_split_by_signer(folder):
    manifest = read(folder)
    assert len(manifest) == 3 * 5 * 2
    assert manifest.glosses == ["SYN-01", "SYN-02", "SYN-03"]
    assert not manifest.missing_files()
    splits = manifest.table.group_by("signer").agg(pl.col("split").n_unique())
    assert splits["split"].to_list() == [1] * 5
    assert set(manifest.table["split"]) == {"train", "validation", "test"}
    assert set(manifest.table["language"]) == {"synthetic"}
    assert set(manifest.table["handedness"]) == {"left", "right"}


def test_files_hold_the_clips(folder):
    clip = next(c for c in read(folder) if c.signer == "signer-03" and c.id.endswith("SYN-02-02"))
    expected, found = synthetic_clip("SYN-02", 3, 2, seed=3), read_pose(clip.path)
    np.testing.assert_allclose(found.coordinates, expected.coordinates, rtol=1e-6)
    np.testing.assert_array_equal(found.confidence, expected.confidence)


def test_same_seed_same_files(folder, tmp_path):
    generate(tmp_path, glosses=3, signers=5, takes=2, seed=3)
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert all((folder / file).read_bytes() == (tmp_path / file).read_bytes() for file in files)


def test_corpus_says_that_it_is_synthetic(folder):
    text = (folder / "README.txt").read_text(encoding="utf-8")
    assert "synthetic" in text
    assert "Nobody signed this" in text
    assert all(sign.gloss in text and sign.description in text for sign in SIGNS[:3])


def test_corpus_can_be_moved(folder, tmp_path):
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for file in folder.rglob("*"):
        if file.is_file():
            target = moved / file.relative_to(folder)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(file.read_bytes())
    assert all(Path(clip.path).is_relative_to(moved) for clip in read(moved))
    assert not read(moved).missing_files()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"glosses": 1}, "glosses is 1; expected at least 2"),
        ({"glosses": len(SIGNS) + 1}, f"has {len(SIGNS)} signs"),
        ({"signers": 2}, "signers is 2; expected at least 3"),
        ({"takes": 0}, "takes is 0; expected at least 1"),
        ({"seed": -1}, "seed is -1; expected at least 0"),
    ],
)
def test_numbers_out_of_range_are_refused_before_anything_is_written(tmp_path, options, message):
    with pytest.raises(IsharaError, match=message):
        generate(tmp_path / "new", **options)
    assert not (tmp_path / "new").exists()


def test_a_file_in_the_way_is_an_error(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(IsharaError, match="taken: the corpus cannot be written here"):
        generate(tmp_path / "taken", glosses=2, signers=3, takes=1)


def test_an_unknown_gloss_names_the_close_one():
    with pytest.raises(IsharaError, match="Did you mean 'SYN-0"):
        synthetic_clip("SYN01")


def test_a_folder_of_another_kind_is_refused(tmp_path):
    with pytest.raises(IsharaError, match=r"there is no index\.csv"):
        read(tmp_path)
    (tmp_path / "index.csv").write_text("id,path,gloss,language\na,a.pose,A,ase\n")
    with pytest.raises(IsharaError, match="has the language ase; expected 'synthetic'"):
        read(tmp_path)
