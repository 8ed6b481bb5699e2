"""The leak check: planted copies are found through trimming, framing and noise, and other takes are no copies."""

from collections.abc import Callable

import numpy as np
import pytest

from ishara.clips.clip import Clip
from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.clips.duplicates import distances
from ishara.clips.leaks import check, near_duplicates
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.pose.pose import Pose
from ishara.pose.skeleton import get_skeleton

Reader = Callable[[str], Pose]


def originals() -> dict[str, Pose]:
    """Three takes of four signs by two signers."""
    return {
        f"{gloss}-{signer}-{take}": synthetic_clip(gloss, signer, take)
        for gloss in ("SYN-01", "SYN-02", "SYN-03", "SYN-04")
        for signer in (1, 2)
        for take in (1, 2, 3)
    }


def manifest_of(poses: dict[str, Pose]) -> tuple[Manifest, Reader]:
    """A manifest of poses in memory, and how its paths are read."""
    return Manifest.from_clips(Clip(name, f"memory://{name}", name[:6]) for name in poses), lambda path: poses[path[9:]]


def trimmed(pose: Pose) -> Pose:
    return pose.frames(slice(3, len(pose) - 2))


def reframed(pose: Pose) -> Pose:
    scale = np.ones(pose.coordinates.shape[2], np.float32)
    scale[:2] = 0.6, 0.45
    return pose.replace(pose.coordinates * scale + 40)


def encoded(pose: Pose) -> Pose:
    """Estimated again from another encoding: other noise."""
    width = np.linalg.norm(pose.landmark("left_shoulder")[0, :2] - pose.landmark("right_shoulder")[0, :2])
    noise = np.random.default_rng(0).normal(scale=0.004 * width, size=pose.coordinates.shape)
    return pose.replace((pose.coordinates + noise).astype(np.float32))


def slower(pose: Pose) -> Pose:
    """At 30 frames a second and not 25."""
    return pose.resampled(round(len(pose) * 1.2))


def without_a_hand(pose: Pose) -> Pose:
    return pose.to(get_skeleton("upper-body-hands"))


@pytest.mark.parametrize(
    "change",
    [
        lambda pose: pose,
        trimmed,
        reframed,
        encoded,
        slower,
        without_a_hand,
        lambda pose: reframed(encoded(trimmed(pose))),
    ],
    ids=["same", "trimmed", "reframed", "encoded", "slower", "other landmarks", "all"],
)
def test_every_planted_copy_is_found_and_no_take_is_taken_for_a_copy(change):
    poses = originals()
    planted = ["SYN-01-1-1", "SYN-02-2-3", "SYN-04-1-2"]
    copies = {f"{name}-copy": change(poses[name]) for name in planted}
    manifest, read = manifest_of({**poses, **copies})
    assert near_duplicates(manifest, read) == [frozenset({name, f"{name}-copy"}) for name in planted]


def test_copies_of_copies_are_one_cluster():
    pose = synthetic_clip("SYN-05")
    manifest, read = manifest_of({"a": pose, "b": trimmed(pose), "c": encoded(pose), "d": synthetic_clip("SYN-06")})
    assert near_duplicates(manifest, read) == [frozenset("abc")]


def test_a_copy_is_at_distance_0_and_pairs_come_nearest_first():
    poses = originals()
    manifest, read = manifest_of({**poses, "copy": poses["SYN-01-1-1"]})
    found = distances(manifest, read)
    assert found[0][:2] == ("SYN-01-1-1", "copy")
    assert found[0][2] == pytest.approx(0, abs=1e-6)
    assert [pair[2] for pair in found] == sorted(pair[2] for pair in found)


def test_the_order_of_clips_changes_nothing():
    poses = originals()
    poses["copy"] = encoded(poses["SYN-03-2-1"])
    forwards = near_duplicates(*manifest_of(poses))
    assert forwards == near_duplicates(*manifest_of(dict(reversed(poses.items()))))


def test_stretches_of_one_file_are_compared_as_stretches():
    first, second = synthetic_clip("SYN-01"), synthetic_clip("SYN-02")
    both = first.replace(
        np.concatenate([first.coordinates, second.coordinates]), np.concatenate([first.confidence, second.confidence])
    )
    poses = {"memory://long": both, "memory://short": first}
    manifest = Manifest.from_clips(
        [
            Clip("one", "memory://long", "A", end=first.duration),
            Clip("two", "memory://long", "B", start=first.duration),
            Clip("again", "memory://short", "A"),
            Clip("same", "memory://long", "C", start=first.duration),
        ]
    )
    assert near_duplicates(manifest, poses.__getitem__) == [frozenset({"again", "one"}), frozenset({"same", "two"})]


def test_a_bad_clip_is_reported_and_left_out(warned):
    poses = originals()
    poses["copy"] = poses["SYN-01-1-1"]
    manifest, read = manifest_of({**poses, "bad": poses["SYN-01-1-1"]})

    def reading(path: str) -> Pose:
        if path.endswith("bad"):
            raise IsharaError(f"{path}: is damaged.")
        return read(path)

    expected = [frozenset({"SYN-01-1-1", "copy"})]
    assert near_duplicates(manifest, reading) == expected
    assert "1 clips could not be compared; the first, bad: memory://bad: is damaged." in warned[0]
    told: dict[str, str] = {}
    assert near_duplicates(manifest, reading, on_unreadable=lambda c, e: told.update({c.id: str(e)})) == expected
    assert told == {"bad": "memory://bad: is damaged."}


def test_bad_clips_of_the_same_file_are_still_one_cluster(tmp_path):
    gone = str(tmp_path / "gone.pose")
    manifest = Manifest.from_clips([Clip("a", gone, "A"), Clip("b", gone, "B")])
    assert near_duplicates(manifest, on_unreadable=lambda *_: None) == [frozenset("ab")]


def test_odd_clips_are_compared_without_a_warning(recwarn):
    still = synthetic_clip("SYN-01")
    hands = still.to(get_skeleton("hands"))
    point = Pose(np.ones((3, 1, 2)), np.ones((3, 1)), 25, get_skeleton("hands").select(["left_hand.wrist"]))
    unseen = still.replace(still.coordinates, np.zeros_like(still.confidence))
    poses = {"one frame": still.frames(slice(20, 21)), "hands": hands, "again": hands, "point": point, "unseen": unseen}
    told: list[str] = []
    manifest, read = manifest_of(poses)
    assert near_duplicates(manifest, read, on_unreadable=lambda clip, _: told.append(clip.id)) == [
        frozenset({"again", "hands"})
    ]
    assert told == ["point", "unseen"]
    assert not recwarn.list


def test_a_clean_split_has_no_leak():
    manifest = Manifest.from_clips([Clip("a", "/a", "A", "s1", "train"), Clip("b", "/b", "A", "s2", "test")])
    report = check(manifest, "signer", [frozenset({"a", "elsewhere"})])
    assert report.clean
    report.refuse()
    assert str(report) == "No leak was found."


def test_a_signer_on_two_sides_is_a_leak():
    manifest = Manifest.from_clips(
        [
            Clip("a", "/a", "A", "s1", "train"),
            Clip("b", "/b", "A", "s1", "validation"),
            Clip("c", "/c", "A", "s2", "test"),
        ]
    )
    report = check(manifest, "signer")
    assert report.groups == {"s1": ("train", "validation")}
    with pytest.raises(IsharaError, match=r"1 values of 'signer' stand on two sides \(s1 in train, validation\)"):
        report.refuse()


def test_near_identical_clips_on_two_sides_are_a_leak():
    manifest = Manifest.from_clips([Clip("a", "/a", "A", split="train"), Clip("b", "/b", "A", split="test")])
    report = check(manifest, None, [frozenset("ab")])
    assert report.clusters == ({"a": "train", "b": "test"},)
    with pytest.raises(IsharaError, match=r"1 clusters of near-identical clips .* \(a in train, b in test\)"):
        report.refuse()


def test_what_is_not_known_is_said_and_what_has_no_side_is_left_aside():
    manifest = Manifest.from_clips(
        [Clip("a", "/a", "A", None, "train"), Clip("b", "/b", "A", "s1", "test"), Clip("c", "/c", "A", "s1")]
    )
    report = check(manifest, "signer", [frozenset("bc")])
    assert report.clean
    assert str(report) == "No leak was found. The signer of 1 clips is not known."


def test_the_leak_check_needs_a_split_and_the_column():
    manifest = Manifest.from_clips([Clip("a", "/a", "A", "s1", "train"), Clip("b", "/b", "A", "s2", "test")])
    with pytest.raises(IsharaError, match=r"no column 'singer'.*Did you mean 'signer'"):
        check(manifest, "singer")
    with pytest.raises(IsharaError, match="needs a split"):
        check(manifest.with_column("split", [None, None]), "signer")
