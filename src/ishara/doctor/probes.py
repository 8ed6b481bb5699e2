"""The trials, one function each; ``python -m ishara.doctor.probes NAME`` runs one and prints what it found as JSON.

They run in processes of their own (see `ishara.doctor.trial`): libraries of native code crash, hang, and take seconds
and gigabytes to import.
"""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ishara.errors import IsharaError

FRAMES = 12
_SIDE = 64
# y = -x for three numbers, as an ONNX model: written out, since the core has no package that makes one.
NEGATE = bytes.fromhex(
    "080812003a320a0b0a017812017922034e65671201675a0f0a0178120a0a08080112040a020803620f0a0179120a0a08080112040a020803"
    "42040a00100d"
)


def pyav() -> str:
    """Decode a film that is made in memory."""
    from ishara.video.reader import read_video

    return f"{_release('av')}: decoded {_decoded(read_video(_film(), backend='pyav').rgb)}"


def torchcodec() -> str:
    """Decode the same film with TorchCodec; it needs FFmpeg's shared libraries."""
    if importlib.util.find_spec("torchcodec") is None:
        raise ModuleNotFoundError(name="torchcodec")
    from ishara.video.reader import read_video

    return f"{_release('torchcodec')}: decoded {_decoded(read_video(_film(), backend='torchcodec').rgb)}"


def onnxruntime() -> str:
    """Run a model of three numbers."""
    import onnxruntime as ort

    session = ort.InferenceSession(NEGATE, providers=["CPUExecutionProvider"])
    x = np.array([1, 2, 3], np.float32)
    (y,) = session.run(None, {"x": x})
    if not np.array_equal(y, -x):
        raise IsharaError(f"a model that negates gave {y.tolist()} for {x.tolist()}.")
    names = ", ".join(name.removesuffix("ExecutionProvider") for name in ort.get_available_providers())
    return f"{_release('onnxruntime')}: ran a model; it can run on {names}"


def pose_format() -> str:
    """Write a clip's landmarks and read them again."""
    from ishara.pose.files import read_pose, write_pose
    from ishara.pose.pose import Pose
    from ishara.pose.skeleton import get_skeleton

    skeleton = get_skeleton("hands")
    points = np.arange(2 * len(skeleton) * 3, dtype=np.float32).reshape(2, len(skeleton), 3)
    pose = Pose(points, np.ones(points.shape[:2], np.float32), 25, skeleton)
    with tempfile.TemporaryDirectory() as folder:
        again = read_pose(write_pose(pose, Path(folder) / "clip.pose"))
    if not np.allclose(again.coordinates, pose.coordinates, atol=1e-3):
        raise IsharaError("a .pose file did not come back as it was written.")
    return f"{_release('pose-format')}: wrote and read a .pose file"


def mediapipe() -> str:
    """Look for landmarks in one picture."""
    from ishara.pose.estimate import EstimatorOptions, make_estimator

    started = time.perf_counter()
    estimator = make_estimator(EstimatorOptions())
    try:
        estimator.estimate([np.zeros((_SIDE, _SIDE, 3), np.uint8)], 25.0)
    finally:
        estimator.close()
    return f"{_release('mediapipe')}: looked at a picture, {time.perf_counter() - started:.1f} s with its start"


def torch() -> str:
    """Multiply two matrices on the processor and on each accelerator."""
    library: Any = importlib.import_module("torch")
    devices = [("cpu", "")]
    if library.cuda.is_available():
        devices += [(f"cuda:{i}", library.cuda.get_device_name(i)) for i in range(library.cuda.device_count())]
    if library.backends.mps.is_available():
        devices.append(("mps", "Apple GPU"))
    for device, _ in devices:
        x = library.arange(4.0, device=device).reshape(2, 2)
        if (x @ x).cpu().tolist() != [[2.0, 3.0], [6.0, 11.0]]:
            raise IsharaError(f"PyTorch multiplies wrongly on {device}.")
    accelerators = ", ".join(f"{device} ({name})" for device, name in devices[1:])
    return f"{library.__version__}: multiplied on {accelerators or 'the processor; there is no accelerator'}"


PROBES: dict[str, Callable[[], str]] = {
    probe.__name__: probe for probe in (pyav, torchcodec, onnxruntime, pose_format, mediapipe, torch)
}


def _release(package: str) -> str:
    return version(package)


def _decoded(rgb: Any) -> str:
    if rgb.shape != (FRAMES, _SIDE, _SIDE, 3):
        raise IsharaError(f"decoded pictures of the shape {rgb.shape}; expected {(FRAMES, _SIDE, _SIDE, 3)}.")
    brightness = rgb.mean(axis=(1, 2, 3))
    if not (np.diff(brightness) > 0).all():
        raise IsharaError("decoded a film that gets brighter, but its pictures do not.")
    return f"{FRAMES} frames"


def _film() -> io.BytesIO:
    """A film of grey pictures, each brighter than the one before."""
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as film:
        # Not every build of FFmpeg can write H.264.
        stream = film.add_stream("libx264" if "libx264" in av.codecs_available else "mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = _SIDE, _SIDE, "yuv420p"
        for i in range(FRAMES):
            grey = np.full((_SIDE, _SIDE, 3), 20 + 15 * i, np.uint8)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        film.mux(stream.encode())
    buffer.seek(0)
    return buffer


def main(name: str) -> None:
    """Run one trial and print ``{"status": …, "found": …}`` as the last line."""
    try:
        result = {"status": "works", "found": PROBES[name]()}
    except ModuleNotFoundError as error:
        result = {"status": "missing", "found": f"{error.name} is not installed"}
    except IsharaError as error:
        cause = error.__context__
        status = "missing" if isinstance(cause, ModuleNotFoundError) else "fails"
        result = {"status": status, "found": str(error)}
    except Exception as error:  # noqa: BLE001 - whatever a library stumbles over here is the finding
        reason = next(iter(str(error).strip().splitlines()), "")
        result = {"status": "fails", "found": f"{type(error).__name__}: {reason}".removesuffix(": ")}
    sys.stdout.write("\n" + json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
