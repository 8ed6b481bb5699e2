"""From a video to landmarks, with an estimator that stands in for MediaPipe."""

from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.pose.estimate import EstimatorOptions
from ishara.pose.estimate.stride import filled, looked_at
from ishara.pose.estimate.video import estimate_video
from ishara.pose.pose import Pose
from ishara.pose.skeleton import get_skeleton
from ishara.video import Box

SIZE = 64
LEFT, RIGHT = (get_skeleton("holistic").index(f"{side}_shoulder") for side in ("left", "right"))


class BrightSpot:
    """The person is the white square of a picture; a black picture has nobody in it."""

    skeleton = get_skeleton("holistic")

    def __init__(self, stride: int = 1) -> None:
        self.options = EstimatorOptions(stride=stride)
        self.shapes: set[tuple[int, ...]] = set()

    def estimate(self, frames: Iterable[NDArray[np.uint8]], fps: float) -> Pose:
        looked = [(number, self._look(picture)) for number, picture in looked_at(frames, self.options.stride)]
        coordinates = np.stack([points for _, (points, _) in looked])
        confidence = np.stack([sure for _, (_, sure) in looked])
        return filled(Pose(coordinates, confidence, fps, self.skeleton), [number for number, _ in looked])

    def _look(self, picture: NDArray[np.uint8]) -> tuple[NDArray, NDArray]:
        self.shapes.add(picture.shape)
        bright = np.argwhere(picture[..., 1] > 128)
        points = np.zeros((75, 3))
        if not len(bright):
            return points, np.zeros(75)
        points[:, :2] = bright.mean(axis=0)[::-1]
        points[LEFT, 0], points[RIGHT, 0] = bright[:, 1].max(), bright[:, 1].min()
        return points, np.ones(75)

    def close(self) -> None:
        pass


@pytest.fixture
def video(tmp_path: Path) -> Callable[..., Path]:
    """Writes a video with a white square at these columns, None for none, perhaps shown at these 1/50 s."""

    def write(columns: list[int | None], times: list[int] | None = None) -> Path:
        path = tmp_path / "clip.mkv"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("ffv1", rate=50)
            stream.width = stream.height = SIZE
            stream.pix_fmt = "bgr0"
            for number, column in enumerate(columns):
                picture = np.zeros((SIZE, SIZE, 3), np.uint8)
                if column is not None:
                    picture[20:31, column : column + 11] = 255
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts = times[number] if times else number
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return write


def x_of(pose: Pose) -> list[float]:
    return pose.landmark("nose")[:, 0].round(2).tolist()


def test_every_frame_of_the_stretch_is_in_it_at_the_videos_rate(video) -> None:
    path = video(list(range(20)))
    pose = estimate_video(path, BrightSpot())
    assert pose.fps == pytest.approx(50)
    assert x_of(pose) == [column + 5 for column in range(20)]
    part = estimate_video(str(path), BrightSpot(), start=0.1, end=0.2)
    assert x_of(part) == [column + 5 for column in range(5, 10)]


def test_a_stride_gives_as_many_frames(video) -> None:
    pose = estimate_video(video(list(range(20))), BrightSpot(stride=6))
    assert (len(pose), pose.fps) == (20, pytest.approx(50))
    np.testing.assert_allclose(x_of(pose), np.arange(20) + 5, atol=0.01)


def test_a_box_is_all_that_is_looked_at(video) -> None:
    estimator = BrightSpot()
    pose = estimate_video(video([30, 31]), estimator, box=Box(20, 10, 60, 50))
    assert estimator.shapes == {(40, 40, 3)}
    assert x_of(pose) == [15, 16]


def test_a_video_of_varying_rate_is_brought_to_a_steady_one(video) -> None:
    # A column per 1/50 s, though some frames are left out.
    times = [0, 1, 2, 3, 4, 12, 13, 14, 15, 16, 24, 25]
    pose = estimate_video(video(times, times), BrightSpot())
    seconds = np.arange(len(pose)) / pose.fps
    assert seconds[-1] == pytest.approx(0.5, abs=0.05)
    np.testing.assert_allclose(pose.landmark("nose")[:, 0], seconds * 50 + 5, atol=1.5)


def test_nobody_in_view_is_an_error_that_names_the_video(video) -> None:
    path = video([None] * 3)
    with pytest.raises(IsharaError, match=r"clip\.mkv: nobody was seen: .* in any of 3 frames.*box"):
        estimate_video(path, BrightSpot())


def test_one_frame_is_a_clip(video) -> None:
    assert x_of(estimate_video(video([7]), BrightSpot())) == [12]


def test_an_open_file_is_read(video) -> None:
    pose = estimate_video(BytesIO(video([1, 2]).read_bytes()), BrightSpot())
    assert x_of(pose) == [6, 7]


@pytest.mark.parametrize("stride", [1, 3])
def test_a_jump_from_one_person_to_another_is_warned_of(video, warned: list[str], stride: int) -> None:
    estimate_video(video([2] * 6 + [40] * 6), BrightSpot(stride=stride))
    [message] = warned
    assert "clip.mkv: the person's shoulders are suddenly elsewhere at 0.12 s" in message
    assert "box" in message


def test_a_person_who_moves_is_not_warned_of(video, warned: list[str]) -> None:
    estimate_video(video([2, 8, 14, 20, 14]), BrightSpot())
    assert warned == []
