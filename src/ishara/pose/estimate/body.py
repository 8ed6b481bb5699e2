"""How large a body is in the picture, and where it jumps from one person to another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ishara.pose.pose import Pose
from ishara.pose.skeleton import MEDIAPIPE_BODY

Array = NDArray[np.float32]

# A shoulder below this is a guess of the model's.
_SURE = 0.5
# In sizes of the body, from one frame that was looked at to the next.
_JUMP = 1.0
_BONES = (("left_shoulder", "right_shoulder"), ("left_elbow", "left_wrist"), ("right_elbow", "right_wrist"))


def point(body: Array, name: str) -> Array:
    """One landmark (..., D) of MediaPipe's body (..., 33, D)."""
    return body[..., MEDIAPIPE_BODY.index(name), :]


def body_size(body: Array) -> Array:
    """How large a body (..., 33, D) is, in its own unit: a length for each.

    The width of its shoulders or, of a signer who stands sideways, the longer forearm; of x and y alone.
    """
    lengths = [np.linalg.norm((point(body, start) - point(body, end))[..., :2], axis=-1) for start, end in _BONES]
    return np.max(lengths, axis=0)


def jumps(pose: Pose, stride: int = 1) -> list[int]:
    """The frames at which the body is suddenly elsewhere: another person is followed, or the picture was cut.

    That is where the middle of the shoulders has moved by more than the width of the shoulders since the last frame
    that had them.

    Parameters
    ----------
    pose
        With MediaPipe's body.
    stride
        The estimator's: frames between those that it looked at say nothing of their own.
    """
    columns = [pose.skeleton.index(name) for name in MEDIAPIPE_BODY]
    shoulders = [MEDIAPIPE_BODY.index(f"{side}_shoulder") for side in ("left", "right")]
    looked = np.unique(np.append(np.arange(0, len(pose), stride), len(pose) - 1))
    sure = (pose.confidence[looked][:, columns][:, shoulders] >= _SURE).all(axis=1)
    frames = looked[sure]
    body = pose.coordinates[frames][:, columns]
    moved = np.linalg.norm(np.diff(body[:, shoulders, :2].mean(axis=1), axis=0), axis=1)
    size = body_size(body)
    return frames[1:][moved > _JUMP * np.maximum(size[1:], size[:-1])].tolist()
