"""Pixels: reading the frames of a video that are asked for, at the size that is asked for."""

from ishara.video.box import Box
from ishara.video.info import VideoInfo
from ishara.video.reader import Frames, probe, read_video
from ishara.video.stream import VideoStream, stream_video

__all__ = ["Box", "Frames", "VideoInfo", "VideoStream", "probe", "read_video", "stream_video"]
