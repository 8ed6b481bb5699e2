"""The notebook's input: 108 raw features a frame, cut or zero-padded to 100 frames, without a mask (cell 8).

The notebook tiles one frame with noise; here its rules are applied to real clips. Where a clip has hands, the features
are what its model's comment says: x and y of SPOTER's 54 landmarks, alternating, in image coordinates. Where it has
none, they are what its code does: all coordinates one after another, cut or zero-padded to 108.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from ishara.pose.files import read_pose
from ishara.pose.pose import Pose
from ishara.pose.skeleton import HANDS, get_skeleton
from notebook.model import FEATURES

FRAMES = 100
# Estimators place landmarks up to some widths outside the image; beyond this, the unit is pixels.
_IN_IMAGES = 10.0


def notebook_features(address: str) -> NDArray[np.float32]:
    """The features of one clip.

    Parameters
    ----------
    address
        As for `ishara.pose.files.read_pose`.

    Returns
    -------
    (T, 108) float32
        Landmarks with hands: image coordinates, 0 to 1 within the image. Others: the file's own unit. 0 for what was
        not seen and for padding.

    Raises
    ------
    IsharaError
        If the clip cannot be read.
    """
    pose = read_pose(address)
    if any(hand in pose.skeleton.groups for hand in HANDS):
        points = pose.to(get_skeleton("spoter54")).coordinates[..., :2]
        return (points / _unit(address, pose)).reshape(len(pose), FEATURES).astype(np.float32)
    flat = pose.coordinates.reshape(len(pose), -1)[:, :FEATURES]
    return np.pad(flat, ((0, 0), (0, FEATURES - flat.shape[1])))


def _unit(address: str, pose: Pose) -> NDArray[np.float32]:
    """(2,) what x and y are divided by: the image's size for pixels, 1 for image coordinates."""
    seen = pose.coordinates[pose.seen][:, :2]
    if np.abs(seen).max() <= _IN_IMAGES:
        return np.ones(2, np.float32)
    size = _image_size(Path(address)) if address.endswith(".pose") else seen.max(axis=0)
    return np.maximum(size, 1).astype(np.float32)


def _image_size(path: Path) -> NDArray[np.float32]:
    from pose_format.pose_header import PoseHeader
    from pose_format.utils.reader import BufferReader

    dimensions = PoseHeader.read(BufferReader(path.read_bytes())).dimensions
    return np.array([dimensions.width, dimensions.height], np.float32)


class NotebookDataset(Dataset[dict[str, Tensor]]):
    """Clips held in memory, each padded or cut when it is asked for.

    Parameters
    ----------
    sequences
        (T, 108) float32 features of each clip.
    labels
        The class of each.
    """

    def __init__(self, sequences: Sequence[NDArray[np.float32]], labels: Sequence[int]) -> None:
        self.sequences = sequences
        self.labels = labels

    def __len__(self) -> int:
        return len(self.sequences)

    def __getitem__(self, i: int) -> dict[str, Tensor]:
        sequence = self.sequences[i]
        length = min(len(sequence), FRAMES)
        padding = np.zeros((FRAMES - length, FEATURES))
        return {
            "pose_sequence": torch.FloatTensor(np.vstack([sequence[:FRAMES], padding])),
            "label": torch.LongTensor([self.labels[i]]),
            "seq_length": torch.LongTensor([length]),
        }
