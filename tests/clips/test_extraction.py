"""From a manifest of videos to a folder of landmarks with a manifest of them."""

import uuid
from pathlib import Path

import av
import fsspec
import numpy as np
import polars as pl
import pytest

from ishara.clips.extraction import FAILURES, MANIFEST, extract_clips
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.pose.estimate import EstimatorOptions
from ishara.pose.extract import Work, Workers
from ishara.pose.files import read_pose
from ishara.pose.pose import Pose
from ishara.pose.skeleton import get_skeleton

HERE = Workers(0)
UNLUCKY = 7


class Estimator:
    """Finds a body in every clip but those of `UNLUCKY` frames."""

    options = EstimatorOptions()
    skeleton = get_skeleton("holistic")

    def estimate(self, frames, fps: float) -> Pose:
        count = len(list(frames))
        shape = (count, len(self.skeleton))
        return Pose(np.full((*shape, 3), 9.0), np.full(shape, float(count != UNLUCKY)), fps, self.skeleton)

    def close(self) -> None:
        pass


WORK = Work(Estimator, {"estimator": "fake"})


@pytest.fixture
def write_video(tmp_path):
    def write(name: str, frames: int) -> str:
        path = tmp_path / "videos" / name
        path.parent.mkdir(exist_ok=True)
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg4", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for _ in range(frames):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")))
            container.mux(stream.encode(None))
        return str(path)

    return write


@pytest.fixture
def manifest(write_video) -> Manifest:
    long, nobody = write_video("long.mp4", 10), write_video("nobody.mp4", UNLUCKY)
    return Manifest(
        pl.DataFrame(
            {
                "id": ["b/1", "../a", "nobody", "B/1"],
                "path": [long, long, nobody, long],
                "gloss": ["TEA", "চা", "TEA", "TREE"],
                "signer": ["s1", "s2", "s1", None],
                "split": ["train", "test", "train", "test"],
                "start": [0.08, None, None, None],
                "end": [0.2, None, None, None],
                "box": ["0 0 32 32", None, None, None],
                "take": [1, 2, 3, 4],
            }
        )
    )


def test_a_manifest_of_videos_becomes_one_of_landmarks(manifest, tmp_path):
    out = tmp_path / "poses"
    extracted = extract_clips(manifest, out, WORK, workers=HERE)
    read = Manifest.read(out / MANIFEST)
    assert read.table.equals(extracted.manifest.table)
    kept = [name for name in manifest.table.columns if name not in ("path", "start", "end", "box")]
    assert read.table.select(kept).equals(manifest.table.filter(pl.col("id") != "nobody").select(kept))
    assert [(clip.start, clip.end, clip.box) for clip in read] == [(None, None, None)] * 3
    assert [len(read_pose(clip.path)) for clip in read] == [3, 10, 10]
    assert {Path(clip.path).parent for clip in read} == {out}
    written = pl.read_csv(out / MANIFEST)
    assert not any("/" in path for path in written["path"]), "the folder can be moved"
    good = manifest.table.filter(pl.col("id").is_in(written["id"].to_list()))
    assert written["video"].to_list() == good["path"].to_list()
    assert written.select(start="video_start", end="video_end").equals(good.select("start", "end"))
    failures = pl.read_csv(out / FAILURES)
    assert failures["id"].to_list() == ["nobody"]
    assert failures["path"].to_list() == [manifest.table["path"][2]]
    assert "no body and no hand" in failures["reason"][0]


def test_a_failure_that_was_mended_is_no_longer_listed(manifest, tmp_path, write_video):
    out = tmp_path / "poses"
    extract_clips(manifest, out, WORK, workers=HERE)
    write_video("nobody.mp4", 9)
    extracted = extract_clips(manifest, out, WORK, workers=HERE)
    assert (len(extracted.manifest), extracted.extraction.found) == (4, 3)
    assert not (out / FAILURES).exists()


def test_a_folder_behind_a_url_holds_a_manifest_that_can_be_fetched(manifest, tmp_path):
    url = f"memory://{uuid.uuid4()}/poses"
    extracted = extract_clips(manifest, url, WORK, workers=HERE)
    assert all(clip.path.startswith(f"{url}/") for clip in extracted.manifest)
    memory = fsspec.filesystem("memory")
    memory.get(url, str(tmp_path / "fetched"), recursive=True)
    assert [len(read_pose(clip.path)) for clip in Manifest.read(tmp_path / "fetched" / MANIFEST)] == [3, 10, 10]


def test_where_nothing_could_be_extracted_the_first_reason_is_told(manifest, tmp_path):
    out = tmp_path / "poses"
    with pytest.raises(IsharaError, match=rf"Not one of 1 clips .* nobody: .*nobody\.mp4: .* {out}/{FAILURES}"):
        extract_clips(manifest.where(pl.col("id") == "nobody"), out, WORK, workers=HERE)
    assert pl.read_csv(out / FAILURES)["id"].to_list() == ["nobody"]
    assert not (out / MANIFEST).exists()


def test_landmarks_are_not_extracted_again(manifest, tmp_path):
    out = tmp_path / "poses"
    extract_clips(manifest, out, WORK, workers=HERE)
    before = (out / MANIFEST).read_bytes()
    with pytest.raises(IsharaError, match=r"3 of 3 clips are landmarks already \(the first: b/1\)"):
        extract_clips(Manifest.read(out / MANIFEST), out, WORK, workers=HERE)
    assert (out / MANIFEST).read_bytes() == before
