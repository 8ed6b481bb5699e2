"""Decoding with PyAV: its wheel carries FFmpeg, so it works everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.video.container import open_container
from ishara.video.index import FrameIndex
from ishara.video.picture import View
from ishara.video.sources import Opened

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.filter import Graph
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Frames that must be spared for a seek to be worth while.
_WORTH_SEEKING = 4


def decode(
    source: Opened,
    container: InputContainer,
    stream: VideoStream,
    index: FrameIndex,
    wanted: NDArray[np.int64],
    view: View,
) -> Iterator[NDArray[np.uint8]]:
    """Decode some frames, and convert only those.

    Parameters
    ----------
    source
        Where the video comes from.
    container, stream
        It, opened; read to any place.
    index
        Its index.
    wanted
        Numbers of the frames, rising, none twice.
    view
        The part and size that are wanted of each.

    Yields
    ------
    (H, W, 3) uint8
        RGB of each wanted frame.

    Raises
    ------
    IsharaError
        If a wanted frame cannot be decoded.
    """
    convert = _Converter(index, view)
    done = 0
    if index.timed:
        for frame in _sought(container, stream, index, wanted):
            yield convert(frame)
            done += 1
    if done < len(wanted):
        # Files that cannot be entered in the middle: once through, from the beginning.
        with open_container(source) as (fresh, video):
            for frame in _from_start(source.name, fresh, video, index, wanted[done:]):
                yield convert(frame)


def _sought(
    container: InputContainer, stream: VideoStream, index: FrameIndex, wanted: NDArray[np.int64]
) -> Iterator[VideoFrame]:
    """The wanted frames by their timestamps, as far as seeking finds them; stretches without any are leapt over."""
    import av

    for run in _runs(index, wanted):
        targets = index.stamps[run].tolist()
        key = index.keys[max(int(np.searchsorted(index.keys, targets[0], side="right")) - 1, 0)]
        found = 0
        try:
            container.seek(int(key), stream=stream)
            for frame in _frames(container, stream, frozenset(targets)):
                if frame.pts is None or frame.pts < targets[found]:
                    continue
                if frame.pts > targets[found]:
                    return
                yield frame
                found += 1
                if found == len(targets):
                    break
        except av.FFmpegError:
            return
        if found < len(targets):
            return


def _runs(index: FrameIndex, wanted: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The wanted frames, parted where a seek to the next key frame spares decoding."""
    stamps = index.stamps[wanted]
    keys = index.keys[np.maximum(np.searchsorted(index.keys, stamps, side="right") - 1, 0)]
    enter = np.searchsorted(index.stamps, keys)
    return np.split(wanted, np.flatnonzero(enter[1:] - wanted[:-1] > _WORTH_SEEKING) + 1)


def _frames(container: InputContainer, stream: VideoStream, keep: frozenset[int] | None) -> Iterator[VideoFrame]:
    """Frames as they come, without those that nobody wants and that no other frame refers to."""
    context = stream.codec_context
    for packet in container.demux(stream):
        if keep is not None:
            context.skip_frame = "DEFAULT" if packet.pts in keep or not packet.size else "NONREF"
        yield from packet.decode()


def _from_start(
    name: str, container: InputContainer, stream: VideoStream, index: FrameIndex, wanted: NDArray[np.int64]
) -> Iterator[VideoFrame]:
    """The wanted frames of a container that was just opened, decoding all that come before."""
    import av

    targets = (index.stamps[wanted] if index.timed else wanted).tolist()
    place = 0
    try:
        for number, frame in enumerate(_frames(container, stream, frozenset(targets) if index.timed else None)):
            mark = frame.pts if index.timed else number
            if mark is None or mark < targets[place]:
                continue
            if mark > targets[place]:
                break
            yield frame
            place += 1
            if place == len(targets):
                return
    except av.FFmpegError:
        pass
    raise IsharaError(
        f"{name}: is damaged: frame {wanted[place]} of {index.info.frames} cannot be decoded. Get the file again."
    )


def _rgb(frame: VideoFrame) -> NDArray[np.uint8]:
    return np.asarray(frame.to_ndarray(), np.uint8)


class _Converter:
    """From frames as decoded to RGB of the wanted part, size and orientation, in one pass of FFmpeg's filters."""

    def __init__(self, index: FrameIndex, view: View) -> None:
        self._picture = index.picture
        self._crop = index.picture.stored(view.region)
        turned = index.picture.quarters % 2
        self._size = (view.height, view.width) if turned else (view.width, view.height)
        self._graphs: dict[tuple[int, int, str], Graph | None] = {}

    def __call__(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """(H, W, 3) RGB."""
        kind = (frame.width, frame.height, frame.format.name)
        if kind not in self._graphs:
            self._graphs[kind] = self._graph(frame)
        graph = self._graphs[kind]
        if graph is None:
            return self._picture.upright(_rgb(frame.reformat(format="rgb24")))
        graph.vpush(frame)
        return self._picture.upright(_rgb(graph.vpull()))

    def _graph(self, frame: VideoFrame) -> Graph | None:
        """The filters for frames of one kind; none where only the colours are to be converted."""
        from av.filter import Graph

        stored = (self._picture.width, self._picture.height)
        left, top, right, bottom = self._crop
        steps: list[tuple[str, str]] = []
        if (frame.width, frame.height) != stored:
            # A stream may change its size: each picture is shown at the first one's.
            steps.append(("scale", f"{stored[0]}:{stored[1]}:flags=bilinear"))
        if (left, top, right, bottom) != (0, 0, *stored):
            steps.append(("crop", f"{right - left}:{bottom - top}:{left}:{top}:exact=1"))
        if self._size != (right - left, bottom - top):
            steps.append(("scale", f"{self._size[0]}:{self._size[1]}:flags=bilinear"))
        if not steps:
            return None
        graph = Graph()
        graph.threads = 1
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
        )
        filters = [graph.add(name, settings) for name, settings in [*steps, ("format", "rgb24")]]
        graph.link_nodes(source, *filters, graph.add("buffersink")).configure()
        return graph
