"""Landmarks behind URLs are read like files, and a URL that cannot be read says so."""

from pathlib import Path

import fsspec
import numpy as np
import pytest

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.errors import IsharaError
from ishara.pose.files import is_landmark_file, read_pose, write_pose


def test_a_url_is_read_as_the_file_behind_it(tmp_path: Path) -> None:
    here = write_pose(synthetic_clip("SYN-01"), tmp_path / "clip.pose")
    fsspec.filesystem("memory").pipe("/poses/clip.pose", here.read_bytes())
    np.testing.assert_array_equal(read_pose("memory://poses/clip.pose").coordinates, read_pose(here).coordinates)


def test_one_clip_of_an_array_behind_a_url(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).normal(size=(7, 20, 3)).astype(np.float32)
    np.savez(tmp_path / "set.npz", frames=frames.reshape(7, 60), offsets=[0, 3, 7])
    fsspec.filesystem("memory").pipe("/set.npz", (tmp_path / "set.npz").read_bytes())
    assert len(read_pose("memory://set.npz?layout=kinect20-xyz#1")) == 4


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("memory://gone/clip.pose", "memory://gone/clip.pose: there is no such file"),
        ("nothing://at/clip.pose", "nothing://at/clip.pose: cannot be read"),
    ],
)
def test_a_url_that_cannot_be_read_is_named(url: str, says: str) -> None:
    with pytest.raises(IsharaError, match=says):
        read_pose(url)


def test_signs_that_mean_more_in_other_addresses_are_names_here(tmp_path: Path) -> None:
    here = write_pose(synthetic_clip("SYN-01"), tmp_path / "clip.pose").read_bytes()
    for name in ("take[1].pose", "take*.pose"):
        fsspec.filesystem("memory").pipe(f"/signs/{name}", here)
        assert len(read_pose(f"memory://signs/{name}")) == len(synthetic_clip("SYN-01"))


def test_the_query_of_an_address_on_loan_does_not_hide_what_it_holds(tmp_path: Path) -> None:
    here = write_pose(synthetic_clip("SYN-01"), tmp_path / "clip.pose").read_bytes()
    fsspec.filesystem("memory").pipe("/loan/clip.pose?signature=a.b", here)
    assert is_landmark_file("memory://loan/clip.pose?signature=a.b")
    assert len(read_pose("memory://loan/clip.pose?signature=a.b")) == len(synthetic_clip("SYN-01"))
    assert not is_landmark_file("https://host/clip.mp4?name=x.pose")
