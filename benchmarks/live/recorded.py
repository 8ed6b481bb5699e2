"""Streams that are played to the server: their messages and times, in one file each."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.live.schema import Input
from ishara.live.signs import LandmarkSigns
from ishara.pose.estimate.stream import StreamEstimator, make_stream_estimator
from ishara.pose.pose import Array, Pose
from ishara.pose.skeleton import Skeleton
from ishara.recipe import EstimatorOptions
from ishara.recognizer import Recognizer
from ishara.video import stream_video

# As the page takes them.
_SHORT_SIDE = 480
_REST_SECONDS = 0.8


@dataclass(frozen=True)
class Recording:
    """Messages of one stream: payloads and their times in seconds."""

    kind: Input
    landmarks: tuple[str, ...]
    payloads: tuple[bytes, ...]
    times: tuple[float, ...]

    def write(self, path: Path) -> Path:
        """Write it for `read`."""
        sizes = np.array([len(payload) for payload in self.payloads])
        content = np.frombuffer(b"".join(self.payloads), np.uint8)
        np.savez(path, kind=self.kind, landmarks=self.landmarks, sizes=sizes, content=content, times=self.times)
        return path

    @classmethod
    def read(cls, path: Path) -> Recording:
        """What `write` wrote."""
        with np.load(path) as file:
            ends = np.cumsum(file["sizes"])
            content = file["content"].tobytes()
            parts = tuple(content[end - size : end] for end, size in zip(ends, file["sizes"], strict=True))
            kind: Input = "jpeg" if str(file["kind"]) == "jpeg" else "landmarks"
            return cls(kind, tuple(file["landmarks"].tolist()), parts, tuple(file["times"].tolist()))


def of_landmarks(pose: Pose) -> Recording:
    """A recording of landmarks."""
    points = np.concatenate([pose.coordinates, pose.confidence[..., None]], axis=2).astype("<f4")
    times = tuple(number / pose.fps for number in range(len(pose)))
    return Recording("landmarks", pose.skeleton.landmarks, tuple(frame.tobytes() for frame in points), times)


def expected_signs(recognizer: Recognizer, pose: Pose) -> list[tuple[str, float]]:
    """What a session finds when nothing is lost: glosses and where they begin."""
    signs = LandmarkSigns(recognizer, pose.skeleton, pose.fps)
    found = []
    for number, (points, sure) in enumerate(zip(pose.coordinates, pose.confidence, strict=True)):
        found += signs.push(points, sure, number / pose.fps)
    return [(segment.gloss, round(segment.start, 3)) for segment in (*found, *signs.rest())]


@dataclass(frozen=True, eq=False)
class Film:
    """A clip as the page would send it, with what MediaPipe finds in it: for a stream without MediaPipe."""

    jpegs: tuple[bytes, ...]
    fps: float
    coordinates: Array
    confidence: Array
    skeleton: Skeleton

    def looped(self, seconds: float) -> Recording:
        """The clip over and over, a still picture between."""
        frames = round(seconds * self.fps)
        payloads = tuple(self.jpegs[number % len(self.jpegs)] for number in range(frames))
        return Recording(
            "jpeg", self.skeleton.landmarks, payloads, tuple(number / self.fps for number in range(frames))
        )


def film(clip: Path) -> Film:
    """Take a clip to pieces; a rest is added to its end."""
    estimator = make_stream_estimator(EstimatorOptions())
    jpegs: list[bytes] = []
    seen: list[tuple[Array, Array]] = []
    with stream_video(clip, short_side=_SHORT_SIDE) as video:
        fps = video.fps
        for _, picture in video:
            jpegs.append(_jpeg(picture))
            seen.append(estimator.look(picture))
    estimator.close()
    rest = round(_REST_SECONDS * fps)
    jpegs += jpegs[-1:] * rest
    seen += seen[-1:] * rest
    coordinates, confidence = (np.stack(parts) for parts in zip(*seen, strict=True))
    return Film(tuple(jpegs), fps, coordinates, confidence, estimator.skeleton)


class Replay:
    """Stands in for MediaPipe: what it found in a film, picture after picture."""

    def __init__(self, of: Film) -> None:
        self.skeleton = of.skeleton
        self._film = of
        self._next = 0

    def look(self, picture: NDArray[np.uint8]) -> tuple[Array, Array]:
        """The next picture's landmarks."""
        place = self._next % len(self._film.jpegs)
        self._next += 1
        return self._film.coordinates[place], self._film.confidence[place]

    def reset(self) -> None:
        """From the beginning."""
        self._next = 0

    def close(self) -> None:
        """Nothing is held."""


def replays(of: Film | None) -> StreamEstimator:
    """What a server is given for an estimator; none where no pictures come."""
    if of is None:
        raise IsharaError("Landmarks alone are played to this server.")
    return Replay(of)


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    import av

    height, width = picture.shape[:2]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mjpeg") as file:
        stream = file.add_stream("mjpeg", rate=25, options={"qscale": "4"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p"
        for packet in (*stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")), *stream.encode(None)):
            file.mux(packet)
    return buffer.getvalue()
