"""Body normalisation: a clip measured from between the signer's shoulders, in shoulder widths."""

from __future__ import annotations

import numpy as np

from ishara.pose.pose import Array, Pose, columns_of
from ishara.pose.skeleton import HANDS

_SMALLEST = 1e-6


def shoulder_normalise(pose: Pose, *, face_camera: bool = False) -> Pose:
    """Move and scale a clip so that the neck is the origin and the shoulders are one unit apart.

    The neck and the shoulder width are medians over the clip, so that one badly seen frame moves nothing and the body's
    own movement is kept. Depth is measured from the neck for the body, and for each hand from its own wrist in each
    frame, since MediaPipe estimates a hand's depth only relative to its wrist. A clip in which the shoulders were never
    seen together is centred on its landmarks and scaled by their spread instead.

    Parameters
    ----------
    pose
        Any unit. A 3-D pose's depth has the same unit as its x and y.
    face_camera
        Turn a 3-D body about the vertical by the clip's median shoulder line, so that it faces the camera.
    """
    centre, width = _body_frame(pose)
    coordinates = pose.coordinates - centre
    if pose.coordinates.shape[2] == 3:
        _centre_hand_depth(pose, coordinates)
        if face_camera:
            coordinates = coordinates @ _turn_to_camera(pose)
    return pose.replace((coordinates / width).astype(np.float32, copy=False))


def _body_frame(pose: Pose) -> tuple[Array, float]:
    """The neck (D,) and the shoulder width: in x and y alone for image coordinates, whose depth is a guess."""
    skeleton = pose.skeleton
    if "left_shoulder" in skeleton and "right_shoulder" in skeleton:
        both = [skeleton.index("left_shoulder"), skeleton.index("right_shoulder")]
        seen = pose.seen[:, both].all(axis=1)
        if seen.any():
            left, right = np.moveaxis(pose.coordinates[:, both][seen], 1, 0)
            across = (left - right)[:, : _measured_dimensions(pose)]
            width = float(np.median(np.linalg.norm(across, axis=1)))
            if width > _SMALLEST:
                return np.median((left + right) / 2, axis=0), width
    points = pose.coordinates[pose.seen]
    if not len(points):
        return np.zeros(pose.coordinates.shape[2], np.float32), 1.0
    spread = float(np.median(np.linalg.norm((points - np.median(points, axis=0))[:, :2], axis=1)))
    return np.median(points, axis=0), max(2 * spread, _SMALLEST)


def _measured_dimensions(pose: Pose) -> int:
    """3 for skeletons from depth cameras, whose z is measured; 2 for image landmarks."""
    return 3 if has_measured_depth(pose) and pose.coordinates.shape[2] == 3 else 2


def has_measured_depth(pose: Pose) -> bool:
    """Whether a depth camera saw the clip: only Kinect's skeletons have palms."""
    return "left_palm" in pose.skeleton


def flatten_body(pose: Pose) -> Pose:
    """The clip with a depth of 0 for all but its hands.

    MediaPipe puts the wrist of a raised hand several shoulder widths before the shoulders, by another factor for each
    camera, where x and y stay within about one: such a depth drowns the rest.
    """
    hands = [k for hand in HANDS for k in columns_of(pose.skeleton, hand)]
    coordinates = pose.coordinates.copy()
    coordinates[..., 2:] = 0
    coordinates[:, hands, 2:] = pose.coordinates[:, hands, 2:]
    return pose.replace(coordinates)


def _centre_hand_depth(pose: Pose, coordinates: Array) -> None:
    for hand in HANDS:
        wrist = f"{hand}.wrist"
        if wrist in pose.skeleton:
            coordinates[:, columns_of(pose.skeleton, hand), 2] -= coordinates[:, [pose.skeleton.index(wrist)], 2]


def _turn_to_camera(pose: Pose) -> Array:
    """The rotation about y (3, 3), applied from the right, that lays the median shoulder line along x."""
    left, right = pose.landmark("left_shoulder"), pose.landmark("right_shoulder")
    across = np.median(left - right, axis=0)
    angle = np.arctan2(across[2], across[0])
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]], np.float32)
