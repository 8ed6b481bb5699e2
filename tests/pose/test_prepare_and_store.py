"""Preparing clips, and keeping them on disk: what training reads is what prediction sees."""

from collections.abc import Sequence
from pathlib import Path

import fsspec
import numpy as np
import polars as pl
import pytest

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.pose.files import read_pose, write_pose
from ishara.pose.normalise import shoulder_normalise
from ishara.pose.pose import Pose
from ishara.pose.prepare import frame_times, model_skeleton, prepare
from ishara.pose.repair import dominant_hand
from ishara.pose.skeleton import Skeleton, get_skeleton
from ishara.pose.store import PoseStore, Source
from ishara.recipe import PoseOptions

OPTIONS = PoseOptions(skeleton="upper-body-hands", dimensions=3, max_frames=20)


def build(home: Path, clips: Sequence[Source | tuple[str, str]], options: PoseOptions = OPTIONS) -> PoseStore:
    return PoseStore.build(home, clips, options, skeleton=model_skeleton(options))


@pytest.fixture
def clips(corpus: Path) -> list[tuple[str, str]]:
    return [(clip.id, clip.path) for clip in Manifest.read(corpus / "index.csv")]


def test_a_clip_comes_out_on_the_recipes_skeleton_and_no_longer_than_it_says() -> None:
    pose = prepare(synthetic_clip("SYN-01"), OPTIONS)
    assert pose.skeleton == model_skeleton(OPTIONS)
    assert pose.coordinates.shape == (20, 49, 3)
    assert pose.duration == pytest.approx(synthetic_clip("SYN-01").duration)
    assert prepare(synthetic_clip("SYN-01"), PoseOptions(skeleton="hands")).coordinates.shape[2] == 2


def test_a_sub_selection_is_by_name() -> None:
    options = PoseOptions(landmarks=("right_hand", "nose"))
    assert model_skeleton(options).landmarks[-1] == "nose"
    with pytest.raises(IsharaError, match="no landmark 'right_hnad'"):
        model_skeleton(PoseOptions(landmarks=("right_hnad",)))


def test_a_body_keeps_its_depth_where_it_was_measured_and_a_hand_always() -> None:
    clip = synthetic_clip("SYN-01")
    estimated = clip.replace(clip.coordinates + np.float32([0, 0, 1]) * np.arange(len(clip.skeleton))[None, :, None])
    flat = prepare(estimated, OPTIONS)
    hand = [flat.skeleton.index(name) for name in flat.skeleton.groups["right_hand"]]
    body = [
        i for i in range(len(flat.skeleton)) if not flat.skeleton.landmarks[i].startswith(("left_hand.", "right_hand."))
    ]
    assert (flat.coordinates[:, body, 2] == 0).all()
    assert (flat.coordinates[:, hand[1:], 2] != 0).any()
    kept = prepare(estimated, OPTIONS.model_copy(update={"body_depth": "always"}))
    assert (kept.coordinates[:, body, 2] != 0).any()
    kinect = get_skeleton("kinect20")
    points = np.random.default_rng(0).normal(size=(5, 20, 3))
    measured = prepare(Pose(points, np.ones((5, 20)), 30, kinect), PoseOptions(skeleton="kinect20", dimensions=3))
    assert (measured.coordinates[..., 2] != 0).any()


def test_frames_without_hands_are_left_out_where_a_recipe_says_so() -> None:
    clip = synthetic_clip("SYN-01")
    hands = [i for i, name in enumerate(clip.skeleton.landmarks) if "hand." in name]
    confidence = clip.confidence.copy()
    confidence[:4][:, hands] = confidence[10][hands] = 0
    hidden = clip.replace(clip.coordinates, confidence)
    options = PoseOptions(frames="with-hands", max_gap=0)
    kept = [t for t in range(len(clip)) if confidence[t, hands].any()]
    assert not {0, 1, 2, 3, 10} & set(kept)
    everything = prepare(hidden, PoseOptions(max_gap=0))
    found = prepare(hidden, options)
    assert len(found) == len(kept)
    hand = found.skeleton.index("right_hand.wrist")
    np.testing.assert_allclose(found.confidence[:, hand], everything.confidence[kept][:, hand])
    np.testing.assert_allclose(frame_times(hidden, options), (np.array(kept) + 0.5) / clip.fps, rtol=1e-6)
    confidence[:, hands] = 0
    with pytest.raises(IsharaError, match="No hand was found in any of"):
        prepare(clip.replace(clip.coordinates, confidence), options)


@pytest.mark.parametrize("longest", [None, 1, 7, 500])
def test_every_prepared_frame_has_a_time_within_the_clip(longest: int | None) -> None:
    clip = synthetic_clip("SYN-01")
    options = PoseOptions(max_frames=longest)
    times = frame_times(clip, options)
    assert len(times) == len(prepare(clip, options))
    assert (np.diff(times) > 0).all()
    assert 0 < times[0] <= times[-1] < clip.duration


def test_what_cannot_be_prepared_says_why() -> None:
    flat = synthetic_clip("SYN-01")
    flat = Pose(flat.coordinates[..., :2], flat.confidence, flat.fps, flat.skeleton)
    with pytest.raises(IsharaError, match=r"no depth.*pose\.dimensions: 3"):
        prepare(flat, OPTIONS)
    foot = Pose(np.ones((3, 1, 3)), np.ones((3, 1)), 25, Skeleton("foot", ("left_heel",)))
    with pytest.raises(IsharaError, match="None of the 49 landmarks"):
        prepare(foot, OPTIONS)


def test_the_store_gives_back_what_was_prepared(tmp_path: Path, clips: list[tuple[str, str]]) -> None:
    store = build(tmp_path, clips)
    assert list(store.ids) == [clip for clip, _ in clips]
    for i in (0, 17, len(store) - 1):
        expected, found = prepare(read_pose(clips[i][1]), OPTIONS), store[i]
        np.testing.assert_allclose(found.coordinates, expected.coordinates, atol=2e-3)
        np.testing.assert_array_equal(found.seen, expected.seen)
        assert found.fps == pytest.approx(expected.fps)
        assert store.lengths[i] == len(expected)


def test_it_takes_two_bytes_a_number_and_no_more(tmp_path: Path, clips: list[tuple[str, str]]) -> None:
    store = build(tmp_path, clips)
    frames = sum(store.lengths)
    assert store.nbytes == frames * 49 * (3 + 1) * 2
    on_disk = sum(path.stat().st_size for path in store.folder.glob("*.f16"))
    assert on_disk == store.nbytes


def test_the_same_clips_are_prepared_once_and_changed_ones_again(tmp_path: Path, clips: list[tuple[str, str]]) -> None:
    first = build(tmp_path, clips[:4])
    stamp = (first.folder / "store.json").stat().st_mtime_ns
    assert (build(tmp_path, clips[:4]).folder / "store.json").stat().st_mtime_ns == stamp
    assert build(tmp_path, clips[:5]).folder != first.folder
    assert build(tmp_path, clips[:4], PoseOptions(skeleton="upper-body-hands")).folder != first.folder


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    write_pose(synthetic_clip("SYN-01"), tmp_path / "a.pose")
    first = build(tmp_path / "stores", [("a", str(tmp_path / "a.pose"))])
    write_pose(synthetic_clip("SYN-02", take=2), tmp_path / "a.pose")
    assert build(tmp_path / "stores", [("a", str(tmp_path / "a.pose"))]).folder != first.folder


def test_bad_clips_are_left_out_with_the_reason(tmp_path: Path, clips: list[tuple[str, str]]) -> None:
    (tmp_path / "bad.pose").write_bytes(b"\0" * 10)
    store = build(tmp_path, [("bad", str(tmp_path / "bad.pose")), clips[0], ("gone", str(tmp_path / "gone.pose"))])
    assert store.ids == (clips[0][0],)
    assert store.failures.keys() == {"bad", "gone"}
    assert "bad.pose" in store.failures["bad"]


def test_without_one_good_clip_nothing_is_left_behind(tmp_path: Path) -> None:
    with pytest.raises(IsharaError, match=r"Not one of 1 clips could be read.*gone\.pose"):
        build(tmp_path / "stores", [("gone", str(tmp_path / "gone.pose"))])
    assert not any(path.suffix != ".part" for path in (tmp_path / "stores").iterdir())


def test_a_half_made_store_is_made_again(tmp_path: Path, clips: list[tuple[str, str]]) -> None:
    whole = build(tmp_path, clips[:3])
    half = whole.folder.with_name(whole.folder.name + ".part")
    whole.folder.rename(half)
    (half / "coordinates.f16").write_bytes(b"")
    again = build(tmp_path, clips[:3])
    assert len(again) == 3
    assert again[0].seen.any()


@pytest.mark.parametrize("damage", ["coordinates.f16", "confidence.f16", "store.json"])
def test_a_damaged_store_is_made_again(tmp_path: Path, clips: list[tuple[str, str]], damage: str) -> None:
    file = build(tmp_path, clips[:3]).folder / damage
    file.write_bytes(file.read_bytes()[:-7])
    assert len(build(tmp_path, clips[:3])) == 3


def test_manifests_of_clips_and_stores_agree(corpus: Path) -> None:
    manifest = Manifest.read(corpus / "index.csv")
    assert manifest.missing_files() == []
    assert manifest.table.filter(pl.col("split") == "train")["signer"].n_unique() == 2


def left_handed() -> Pose:
    """The normalised synthetic clip with the left hand leading."""
    clip = shoulder_normalise(synthetic_clip("SYN-01"))
    return clip if dominant_hand(clip) == "left" else clip.mirrored()


def test_the_hand_that_leads_is_found_before_the_landmarks_are_selected() -> None:
    signer = left_handed()
    only = PoseOptions(landmarks=("right_hand",), dominant_hand="right", max_gap=0)
    whole = PoseOptions(dominant_hand="right", max_gap=0)
    expected = prepare(signer, whole).to(model_skeleton(only))
    np.testing.assert_allclose(prepare(signer, only).coordinates, expected.coordinates, atol=1e-5)
    left = [signer.skeleton.index(name) for name in signer.skeleton.groups["left_hand"]]
    np.testing.assert_array_equal(prepare(signer, only).seen, signer.seen[:, left])


def test_a_left_hand_alone_becomes_a_right_hand() -> None:
    hand = left_handed().to(get_skeleton("hands").select(["left_hand"]))
    found = prepare(hand, PoseOptions(skeleton="hands", landmarks=("right_hand",), dominant_hand="right", max_gap=0))
    np.testing.assert_array_equal(found.seen, hand.seen)


def test_stretches_of_one_file_are_clips_of_their_own(tmp_path: Path) -> None:
    clip = synthetic_clip("SYN-01")
    path = str(write_pose(clip, tmp_path / "a.pose"))
    half = len(clip) // 2 / clip.fps
    sources = [Source("head", path, end=half), Source("tail", path, start=half), Source("void", path, start=99)]
    options = PoseOptions(skeleton="upper-body-hands", dimensions=3)
    store = build(tmp_path / "stores", sources, options)
    assert store.ids == ("head", "tail")
    assert store.lengths == (len(clip) // 2, len(clip) - len(clip) // 2)
    assert "is empty" in store.failures["void"]
    expected = prepare(read_pose(path, half), options)
    np.testing.assert_allclose(store[1].coordinates, expected.coordinates, atol=2e-3)
    other = [Source("head", path, end=half), Source("tail", path, start=half / 2), Source("void", path, start=99)]
    assert build(tmp_path / "stores", other, options).folder != store.folder


def test_a_changed_file_in_a_folder_with_a_number_sign_is_noticed(tmp_path: Path) -> None:
    clips = [("a", str(tmp_path / "C#" / "a.pose"))]
    write_pose(synthetic_clip("SYN-01"), tmp_path / "C#" / "a.pose")
    first = build(tmp_path / "stores", clips)
    write_pose(synthetic_clip("SYN-02", take=2), tmp_path / "C#" / "a.pose")
    assert build(tmp_path / "stores", clips).folder != first.folder


def test_landmarks_behind_a_url_are_read_again_when_they_change(tmp_path: Path) -> None:
    store = fsspec.filesystem("memory")
    one, other = (write_pose(synthetic_clip(f"SYN-0{i}", take=i), tmp_path / f"{i}.pose").read_bytes() for i in (1, 2))
    clips = [("a", "memory://store/a.pose"), ("b", "memory://store/b.pose")]
    store.pipe("/store/a.pose", one)
    first = build(tmp_path / "stores", clips)
    assert first.failures.keys() == {"b"}
    store.pipe("/store/b.pose", other)
    second = build(tmp_path / "stores", clips)
    assert second.ids == ("a", "b")
    store.pipe("/store/a.pose", other)
    assert build(tmp_path / "stores", clips).folder != second.folder


def test_a_clip_that_the_network_kept_back_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = [("a", "memory://net/a.pose"), ("b", "memory://net/b.pose")]
    for clip, address in clips:
        content = write_pose(synthetic_clip("SYN-01"), tmp_path / f"{clip}.pose").read_bytes()
        fsspec.filesystem("memory").pipe(address.removeprefix("memory:/"), content)

    def without_network(address: str, *stretch: float | None) -> Pose:
        if address.endswith("b.pose"):
            raise IsharaError(f"{address}: cannot be read (timed out).")
        return read_pose(address, *stretch)

    with monkeypatch.context() as patch:
        patch.setattr("ishara.pose.store.read_pose", without_network)
        assert build(tmp_path / "stores", clips).failures.keys() == {"b"}
    assert build(tmp_path / "stores", clips).ids == ("a", "b")
