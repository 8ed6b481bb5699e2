"""The index of a video: every frame that is shown, when, and where decoding can start; read from its packets."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.video.container import open_container
from ishara.video.info import VideoInfo
from ishara.video.picture import Picture, turns
from ishara.video.sources import Opened

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# A frame that is shown for this much longer or shorter than the middle one means a variable rate.
_UNEVEN = 0.25
# The rate that a header states is believed where it is this close to what was counted: timestamps are rounded.
_CLOSE = 0.005
_FALLBACK_FPS = 25.0
# Pixels that are this much wider than high, or higher than wide, are taken for a damaged header.
_OBLONG = 4.0
# Pixels this close to square are square: programs that cut and resize round, and write 370:369.
_SQUARE = 0.02
# Packets that are tried for a first frame.
_TRIES = 300
# VP8 marks frames that are only referred to in the first byte of a packet (RFC 6386, 9.1).
_VP8_SHOWN = 0x10
# A file that has less than this of what its header says is truncated, and not just rounded; beside so many seconds.
_NEARLY = 0.95
_TAIL = 0.1
_MICROSECONDS = 1e6


@dataclass(frozen=True, eq=False)
class FrameIndex:
    """Every frame that is shown, in the order of display.

    Parameters
    ----------
    stamps
        (T,) int64, rising: presentation timestamps in the unit of the stream. Where the file has none that tell its
        frames apart, the frames' numbers.
    keys
        (K,) int64, rising: timestamps of the frames where decoding can start; some may not be shown.
    times
        (T,) float64: seconds from the first frame.
    timed
        Whether the file has such timestamps. Where not, frames were counted by decoding all of them.
    picture
        How frames are stored and shown.
    info
        What callers see of it.
    """

    stamps: NDArray[np.int64]
    keys: NDArray[np.int64]
    times: NDArray[np.float64]
    timed: bool
    picture: Picture
    info: VideoInfo


@dataclass
class _Packets:
    """What is kept of each packet, in the order of the file."""

    stamps: list[int | None] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    seen: int = 0

    def add(self, packet: Packet) -> None:
        """Keep a packet that a player would decode."""
        if packet.is_keyframe and packet.pts is not None:
            self.keys.append(packet.pts)
        # An edit list may cut frames away that others need: they are decoded, but not shown.
        if not packet.is_discard:
            self.stamps.append(packet.pts)
            self.lengths.append(packet.duration or 0)


def read_index(source: Opened, container: InputContainer, stream: VideoStream) -> FrameIndex:
    """Read all packets of a video, and decode one frame to learn how it is shown.

    Raises
    ------
    IsharaError
        If it is encrypted, ends before its header says so, or has no frame that can be decoded.
    """
    packets, first, tries, started = _Packets(), None, _TRIES, False
    for packet in container.demux(stream):
        if packet.size:
            _check_clear(source.name, packet)
            packets.seen += 1
            if packet.pts is not None:
                packets.ends.append(packet.pts + (packet.duration or 0))
            # What comes before the first frame that stands for itself cannot be shown.
            started = started or packet.is_keyframe
            if not started or _hidden(stream, packet):
                continue
            packets.add(packet)
        if first is None and tries:
            tries -= 1
            first = _first_frame(packet)
    _check_whole(source.name, packets, container, stream)
    if first is None:
        raise IsharaError(
            f"{source.name}: has no frame that can be decoded; it is truncated or damaged. Get the file again."
        )
    return _assemble(source, packets, first, container, stream)


def _check_clear(name: str, packet: Packet) -> None:
    if packet.has_sidedata("encryption_info"):
        raise IsharaError(f"{name}: is encrypted (DRM); Ishara has no key to it. Get a copy that is not protected.")


def _hidden(stream: VideoStream, packet: Packet) -> bool:
    return stream.codec_context.name == "vp8" and not memoryview(packet)[0] & _VP8_SHOWN


def _first_frame(packet: Packet) -> VideoFrame | None:
    """The first frame that the decoder gives, if any."""
    import av

    try:
        frames = packet.decode()
    except av.FFmpegError:
        return None
    return frames[0] if frames else None


def _check_whole(name: str, packets: _Packets, container: InputContainer, stream: VideoStream) -> None:
    """Refuse a file that ends before what its own header lists, where the header does."""
    kind = container.format.name
    shortened = None
    if "mp4" in kind:
        needed = max((entry.pos + entry.size for entry in stream.index_entries), default=0)
        if needed > container.size > 0:
            shortened = f"it has {container.size} bytes, but its index lists frames up to byte {needed}"
    elif "avi" in kind and packets.seen < stream.frames * _NEARLY:
        shortened = f"its header lists {stream.frames} frames, but it has {packets.seen}"
    elif "matroska" in kind and len(container.streams) == 1 and container.duration and packets.ends:
        lasts, stated = max(packets.ends) * float(stream.time_base or 0), container.duration / _MICROSECONDS
        if lasts < stated * _NEARLY - _TAIL:
            shortened = f"its header says {stated:.2f} s, but it has {lasts:.2f} s"
    if shortened:
        raise IsharaError(f"{name}: is truncated: {shortened}. Get the whole file.")


def _assemble(
    source: Opened, packets: _Packets, first: VideoFrame, container: InputContainer, stream: VideoStream
) -> FrameIndex:
    unit = float(stream.time_base or 0) or 1 / _FALLBACK_FPS
    # AVI has no presentation times: where frames are stored in another order than shown, its times are of no use.
    reordered = "avi" in container.format.name and stream.codec_context.has_b_frames
    ordered = None if reordered else _in_order(packets)
    timed = ordered is not None
    if ordered is None:
        unit = 1 / _stated_rate(stream)
        count = _count(source)
        ordered = np.arange(count), np.ones(count, np.int64)
    stamps, lengths = ordered
    times = (stamps - stamps[0]) * unit
    last = float(lengths[-1]) * unit
    fps = _rate(times, last, stream)
    picture = _picture(first, stream)
    info = VideoInfo(
        frames=len(stamps),
        fps=fps,
        duration=float(times[-1]) + (last or 1 / fps),
        width=picture.shown[0],
        height=picture.shown[1],
        rotation=picture.quarters * 90,
        codec=stream.codec_context.codec.canonical_name,
        variable_rate=_uneven(np.diff(times)),
        has_audio=bool(container.streams.audio),
    )
    keys = np.array(sorted(packets.keys) if timed else [], np.int64)
    return FrameIndex(stamps, keys, times, timed, picture, info)


def _in_order(packets: _Packets) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Timestamps and lengths of the frames as they are shown; none where timestamps do not tell frames apart."""
    if not packets.stamps or None in packets.stamps:
        return None
    stamps = np.array(packets.stamps, np.int64)
    order = np.argsort(stamps, kind="stable")
    # Pictures that lean on one before the first key frame are not shown.
    order = order[stamps[order] >= packets.keys[0]]
    stamps = stamps[order]
    if not len(stamps) or (np.diff(stamps) <= 0).any():
        return None
    return stamps, np.array(packets.lengths, np.int64)[order]


def _stated_rate(stream: VideoStream) -> float:
    """Frames per second as the header has it, or 25."""
    rate = stream.guessed_rate or stream.average_rate
    return float(rate) if rate and rate > 0 else _FALLBACK_FPS


def _rate(times: NDArray[np.float64], last: float, stream: VideoStream) -> float:
    """Frames per second: counted; the header's where it says the same."""
    stated = _stated_rate(stream)
    if len(times) == 1:
        return 1 / last if last > 0 else stated
    counted = (len(times) - 1) / float(times[-1])
    return stated if abs(stated / counted - 1) < _CLOSE else counted


def _uneven(gaps: NDArray[np.float64]) -> bool:
    if len(gaps) < 2:
        return False
    middle = float(np.median(gaps))
    return float(np.abs(gaps - middle).max()) > _UNEVEN * middle


def _picture(frame: VideoFrame, stream: VideoStream) -> Picture:
    from av.sidedata.sidedata import Type

    aspect = float(stream.sample_aspect_ratio or 1)
    if not 1 / _OBLONG <= aspect <= _OBLONG or abs(aspect - 1) < _SQUARE:
        aspect = 1.0
    # PyAV's stubs take this mapping for one by name only; iterated, it gives the data themselves.
    data: Any = frame.side_data
    matrix = next((entry for entry in data if entry.type == Type.DISPLAYMATRIX), None)
    quarters, mirrored = turns(struct.unpack("=9i", bytes(matrix)[:36])) if matrix is not None else (0, False)
    return Picture(frame.width, frame.height, aspect, quarters, mirrored)


def _count(source: Opened) -> int:
    """How many frames a video has, by decoding all of them."""
    with open_container(source) as (container, stream):
        count = sum(1 for _ in container.decode(stream))
    if not count:
        raise IsharaError(f"{source.name}: has no frame that can be decoded; it is damaged. Get the file again.")
    return count
