"""Where in a long recording which sign is: segments, from a whole recording or frame by frame."""

from ishara.spotting.options import SpotOptions
from ishara.spotting.segment import Segment
from ishara.spotting.stream import StreamSpotter
from ishara.spotting.whole import spot

__all__ = ["Segment", "SpotOptions", "StreamSpotter", "spot"]
