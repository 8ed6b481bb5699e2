"""`VideoInfo`: what a video file holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class VideoInfo:
    """What a video file holds.

    Parameters
    ----------
    frames
        How many frames a player shows: counted in the file, not taken from its header.
    fps
        Frames per second; the mean where the rate varies.
    duration
        Seconds from the first frame to the end of the last one.
    width, height
        Of the picture as displayed, in pixels: rotation and the shape of the pixels applied.
    rotation
        Degrees, clockwise, by which a player turns the stored picture: 0, 90, 180 or 270.
    codec
        FFmpeg's name of it, such as ``h264``.
    variable_rate
        Whether some frame is shown for noticeably longer or shorter than the others.
    has_audio
        Whether the file has sound.
    """

    frames: int
    fps: float
    duration: float
    width: int
    height: int
    rotation: int
    codec: str
    variable_rate: bool
    has_audio: bool
