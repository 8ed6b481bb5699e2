"""Near-identical clips in the real corpora: those that are there are found, and nothing else is."""

from dataclasses import replace

import pytest

from ishara.clips.corpora import read_corpus
from ishara.clips.duplicates import distances
from ishara.clips.leaks import check, near_duplicates
from ishara.clips.manifest import Manifest
from ishara.clips.splits import folds
from ishara.pose.files import read_pose
from ishara.pose.pose import Pose
from ishara.recipe import Protocol, Split

pytestmark = pytest.mark.real

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
REPEATED = [frozenset({f"ase-{letter}", f"fsl-{letter}"}) for letter in ALPHABET]


@pytest.fixture(scope="module")
def letters(data) -> Manifest:
    return read_corpus("fingerspelling", data / "fingerspelling")


@pytest.fixture(scope="module")
def repeated(letters) -> list[frozenset[str]]:
    return near_duplicates(letters)


def test_every_fsl_clip_repeats_its_ase_clip_and_nothing_else_is_repeated(repeated):
    assert repeated == REPEATED


def test_the_repetition_is_found_by_content_too(letters):
    moved = Manifest.from_clips(
        replace(clip, path=f"fsl:{clip.path}") if clip.language == "fsl" else clip for clip in letters
    )

    def read(path: str) -> Pose:
        pose = read_pose(path.removeprefix("fsl:"))
        return pose.frames(slice(2, len(pose) - 1)) if path.startswith("fsl:") else pose

    assert near_duplicates(moved, read) == REPEATED


def test_leaving_fsl_apart_from_ase_is_found_to_leak(letters, repeated):
    parted = letters.with_column("split", ["test" if clip.language == "fsl" else "train" for clip in letters])
    assert check(parted, "language").clean
    assert len(check(parted, "language", repeated).clusters) == 26


def test_leaving_one_language_out_keeps_fsl_with_ase(letters):
    made = folds(letters, Split(group="language"), Protocol(), REPEATED)
    assert len(made) == 16
    assert made[0].name == "ase+fsl"
    assert all(check(fold.manifest, "language", REPEATED).clean for fold in made)


def test_wlasl50_has_two_recordings_twice_well_apart_from_all_other_pairs(data):
    manifest = read_corpus("landmarks", data / "wlasl50-landmarks.npz")
    name = {clip.id: f"{clip.gloss}-{take}" for clip, take in zip(manifest, manifest.table["take"], strict=True)}
    found = [({name[a], name[b]}, distance) for a, b, distance in distances(manifest)]
    assert [pair for pair, _ in found[:2]] == [{"go-3", "go-4"}, {"go-1", "go-7"}]
    assert found[1][1] < 0.7
    assert found[2][1] > 2


@pytest.mark.slow
def test_takes_of_one_signer_in_isl30_are_not_joined_save_one_that_is_filed_twice(data):
    manifest = read_corpus("landmarks", data / "isl30-kinect.npz")
    found = distances(manifest)
    assert [{a, b} for a, b, distance in found if distance <= 1] == [{"isl30-kinect-0402", "isl30-kinect-0404"}]
    assert found[1][2] > 1.2
    # The same 81 of 83 frames, to the last bit.
    first, second = (read_pose(f"{data / 'isl30-kinect.npz'}#{i}") for i in (402, 404))
    assert int((first.coordinates == second.coordinates).all(axis=(1, 2)).sum()) == 81
