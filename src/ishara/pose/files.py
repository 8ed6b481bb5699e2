"""Reading and writing the landmarks of one clip: ``.pose`` files, clips of landmark arrays, and landmark tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.pose.address import ARRAY_SUFFIXES, PARQUET_SUFFIX, Address
from ishara.pose.arrays import LandmarkArray, load_array
from ishara.pose.pose import Pose
from ishara.pose.remote import local_copy
from ishara.pose.skeleton import FINGERS, HANDS, is_landmark, skeleton_of
from ishara.whole import whole

# pose-format's component of each landmark group, as its MediaPipe Holistic files name them.
_COMPONENTS = {
    "body": "POSE_LANDMARKS",
    "face": "FACE_LANDMARKS",
    "left_hand": "LEFT_HAND_LANDMARKS",
    "right_hand": "RIGHT_HAND_LANDMARKS",
}
_GROUPS = {component: group for group, component in _COMPONENTS.items()}
_WORLD = "POSE_WORLD_LANDMARKS"
_FORMATS = ("XYC", "XYZC")
_LARGEST_SIDE = 0xFFFF
# MediaPipe's depths are within an image width or two of the hips; a file whose middle depth is beyond this was moved.
_DEEPEST = 10.0


def is_landmark_file(address: str | Path) -> bool:
    """Whether an address is of a kind that `read_pose` reads, going by its suffix; else it may be a video."""
    return _suffix(Address.parse(address).file) in (".pose", *ARRAY_SUFFIXES, PARQUET_SUFFIX)


def read_pose(address: str | Path, start: float | None = None, end: float | None = None) -> Pose:
    """Read one clip.

    Depth in ``.pose`` files: pose-format's MediaPipe writer stores x and y in pixels, but z as MediaPipe gives it, as a
    fraction of the image's width. Here z is multiplied by the header's width, so that all three have one unit. Where
    the whole clip was resized and moved into a square, z with it (spoken-to-signed-translation's lexicons: the middle
    depth is half the width, such as 250), that half is taken off before. The width of the video that such a clip came
    from is not in the file, so its depths are right up to a factor, of about 1 for those lexicons.

    Parameters
    ----------
    address
        A ``.pose`` file (pose-format; its first person), a ``.npy`` or ``.npz`` file with one clip, or ``file.npz#7``
        for the eighth clip of a landmark array (see `ishara.pose.arrays`), perhaps with options:
        ``file.npz?layout=spoter54-xy&aspect=1.5#7`` (see `ishara.pose.address.Address`); or a ``.parquet`` file with a
        row per landmark (see `ishara.pose.parquet`), perhaps with an aspect.
    start, end
        Seconds from the beginning of the file; ``None`` for its beginning and end.

    Returns
    -------
    Pose
        In the file's own unit of x and y, on the landmarks that the file has. World landmarks are left out.

    Raises
    ------
    IsharaError
        If the file is not there, is damaged or of another kind, holds no clip that can be used, or has nothing between
        start and end; it names the file.
    """
    parts = Address.parse(address)
    try:
        path = local_copy(parts.file)
        if not path.exists():
            raise IsharaError("there is no such file.")
        if not path.is_file():
            raise IsharaError("is a folder; expected a file of landmarks.")
        if not is_landmark_file(address):
            raise IsharaError(
                "is no file of landmarks (.pose, .npz, .npy or .parquet). `ishara extract MANIFEST -o FOLDER` makes "
                "them of videos."
            )
        pose = _reader(parts.file)(path, parts).stretch(start, end)
    except IsharaError as error:
        raise IsharaError(f"{address}: {error}") from None
    if not pose.seen.any():
        raise IsharaError(f"{address}: nobody was seen in it: no landmark has a confidence above 0 in any frame.")
    return pose


def read_array(file: str | Path, layout: str | None = None) -> LandmarkArray:
    """All clips of a landmark array, with its columns such as ``gloss``.

    Parameters
    ----------
    file
        The ``.npz`` or ``.npy`` file.
    layout
        What its columns are; see `ishara.pose.layouts.named_layout`. ``None`` for what the file says or its width.

    Raises
    ------
    IsharaError
        If the file is not there, is damaged, or is not a landmark array of a known layout; it names the file.
    """
    path = Path(file)
    if not path.is_file():
        raise IsharaError(f"{path}: there is no such file.")
    try:
        return load_array(path, layout)
    except (IsharaError, OSError) as error:
        raise IsharaError(f"{path}: {error}") from None


def _suffix(file: str) -> str:
    """Of a file's name, in small letters; of a URL without its query, such as the signature of an address on loan."""
    return Path(file.partition("?")[0] if "://" in file else file).suffix.lower()


def _reader(file: str) -> Callable[[Path, Address], Pose]:
    suffix = _suffix(file)
    return _read_array if suffix in ARRAY_SUFFIXES else _read_table if suffix == PARQUET_SUFFIX else _read_pose_file


def _read_array(path: Path, address: Address) -> Pose:
    try:
        array = load_array(path, address.layout)
    except OSError as error:
        raise IsharaError(f"cannot be read ({error.strerror}).") from None
    if address.index is None and len(array) != 1:
        raise IsharaError(f"holds {len(array)} clips; say which, such as {Path(address.file).name}#0.")
    return _stretched(array.pose(address.index or 0), address.aspect)


def _read_table(path: Path, address: Address) -> Pose:
    from ishara.pose.parquet import read_rows  # Polars takes a while to load, and few clips are tables.

    if address.index is not None or address.layout is not None:
        raise IsharaError("is a table of one clip that says itself what its rows are; leave out the number and layout.")
    return _stretched(read_rows(path), address.aspect)


def _stretched(pose: Pose, aspect: float) -> Pose:
    """The clip in one unit, the image's height."""
    if aspect == 1:
        return pose
    # MediaPipe scales z as x: both are fractions of the image's width.
    stretch = np.array([aspect, 1, aspect], np.float32)[: pose.coordinates.shape[2]]
    return pose.replace(pose.coordinates * stretch)


def _read_pose_file(path: Path, _: Address) -> Pose:
    header, body = _parse(path)
    if body.data.shape[1] == 0:
        raise IsharaError("holds no person.")
    names: list[str] = []
    columns: list[int] = []
    start = 0
    for component in header.components:
        if component.name != _WORLD:
            names += [_landmark(component.name, point) for point in component.points]
            columns += range(start, start + len(component.points))
        start += len(component.points)
    if not names:
        raise IsharaError(f"has no landmarks that are known; found {_WORLD} only.")
    person = np.asarray(body.data.data)[:, 0]
    # Estimators overshoot: pose-format files in the field hold confidences slightly below 0 and above 1.
    confidence = np.clip(np.asarray(body.confidence)[:, 0, columns], 0, 1)
    coordinates = np.array(person[:, columns], np.float32)
    if coordinates.shape[2] == 3:
        _scale_depth(coordinates, confidence > 0, header.dimensions.width)
    return Pose(coordinates, confidence, float(body.fps), skeleton_of(names, otherwise="file"))


def _scale_depth(coordinates: NDArray[np.float32], seen: NDArray[np.bool_], width: int) -> None:
    """Turn depths from fractions of the image's width into pixels, in place."""
    depth = coordinates[..., 2]
    # A damaged file may hold any number; `Pose` refuses what is not finite.
    with np.errstate(over="ignore", invalid="ignore"):
        if seen.any() and np.median(depth[seen]) > _DEEPEST:
            depth -= np.float32(width / 2)
        depth *= np.float32(max(width, 1))


def _parse(path: Path) -> tuple[Any, Any]:
    """Header and body as pose-format reads them."""
    from pose_format.numpy import NumPyPoseBody
    from pose_format.pose_header import PoseHeader
    from pose_format.utils.reader import BufferReader

    try:
        reader = BufferReader(path.read_bytes())
    except OSError as error:
        raise IsharaError(f"cannot be read ({error.strerror}).") from None
    if not reader.bytes_left():
        raise IsharaError("is empty (0 bytes); expected a .pose file.")
    try:
        header = PoseHeader.read(reader)
        formats = {component.format for component in header.components}
        if not formats or not formats.issubset(_FORMATS):
            raise ValueError(f"it has points of the format {', '.join(sorted(formats)) or 'none'}")
        body = NumPyPoseBody.read(header, reader)
        if reader.bytes_left():
            raise ValueError(f"{reader.bytes_left()} bytes are left over after the last frame")
    except Exception as error:  # noqa: BLE001 - pose-format meets damage with struct.error, TypeError, ValueError, …
        reason = " ".join(str(error).split()) or type(error).__name__
        raise IsharaError(f"is truncated, damaged or not a .pose file ({reason}).") from None
    return header, body


def _landmark(component: str, point: str) -> str:
    """The skeleton's name of a component's point, such as ``left_hand.index_mcp`` of ``INDEX_FINGER_MCP``."""
    group = _GROUPS.get(component)
    if group is None:
        raise IsharaError(
            f"has the unknown component {component!r}; expected components of MediaPipe Holistic: {', '.join(_GROUPS)}."
        )
    point = point.lower()
    name = point if group == "body" else f"{group}.{point.replace('_finger_', '_') if group in HANDS else point}"
    if not is_landmark(name):
        raise IsharaError(
            f"has the unknown point {point.upper()!r} in {component}; expected MediaPipe Holistic's names."
        )
    return name


def _point(landmark: str) -> str:
    """pose-format's name of a landmark: the inverse of `_landmark` within its component."""
    scope, _, point = landmark.rpartition(".")
    finger, _, joint = point.partition("_")
    if scope in HANDS and finger in FINGERS[1:4]:
        return f"{finger}_finger_{joint}".upper()
    return point.upper()


def write_pose(pose: Pose, path: str | Path) -> Path:
    """Write a ``.pose`` file (pose-format 0.2), whole or not at all.

    Landmarks are kept in one component per group, in the order of the skeleton. Coordinates, confidence, names and the
    frame rate (as float32) come back as they were, depth to float32's rounding: it is stored as pose-format's MediaPipe
    files have it, as a fraction of the header's width.

    Raises
    ------
    IsharaError
        If the skeleton has a landmark that `read_pose` would not know, or the file cannot be written.
    """
    from pose_format.numpy import NumPyPoseBody
    from pose_format.pose import Pose as FormatPose
    from pose_format.pose_header import PoseHeader, PoseHeaderDimensions

    path = Path(path)
    strange = [name for name in pose.skeleton.landmarks if not is_landmark(name)]
    if strange:
        raise IsharaError(f"{path}: cannot be written: a .pose file has no place for the landmark {strange[0]!r}.")
    components = [_component(pose, group) for group in pose.skeleton.groups]
    order = [pose.skeleton.index(name) for names in pose.skeleton.groups.values() for name in names]
    width, height = _extent(pose.coordinates[pose.seen])
    header = PoseHeader(0.2, PoseHeaderDimensions(width, height), components)
    coordinates = pose.coordinates[:, None, order]
    coordinates[..., 2:] /= width
    body = NumPyPoseBody(pose.fps, coordinates, pose.confidence[:, None, order])
    with whole(path) as partial, partial.open("wb") as buffer:
        FormatPose(header, body).write(buffer)
    return path


def _extent(points: NDArray[np.float32]) -> tuple[int, int]:
    """Width and height that hold all points (N, D), as the format wants them: whole numbers from 1 to 65535.

    The width is no less than any depth, so that depths are told from those of a clip that was moved.
    """
    if not len(points):
        return 1, 1
    deepest = np.abs(points[:, 2:]).max(initial=0)
    sides = np.array([max(points[:, 0].max(), deepest), points[:, 1].max()])
    width, height = np.clip(np.ceil(sides), 1, _LARGEST_SIDE).astype(int).tolist()
    return width, height


def _component(pose: Pose, group: str) -> Any:
    """pose-format's component of one landmark group, with its bones for viewers."""
    from pose_format.pose_header import PoseHeaderComponent

    names = pose.skeleton.groups[group]
    place = {name: i for i, name in enumerate(names)}
    limbs = [(place[a], place[b]) for a, b in pose.skeleton.edges if a in place and b in place]
    colours = [(255, 0, 0)] * len(limbs)
    kind = _FORMATS[pose.coordinates.shape[2] - 2]
    return PoseHeaderComponent(_COMPONENTS[group], [_point(name) for name in names], limbs, colours, kind)
