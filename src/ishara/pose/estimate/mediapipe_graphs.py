"""MediaPipe's graphs: its import kept light, the model files found, and the parts left out that nobody asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.hush import hushed
from ishara.pose.estimate.options import EstimatorOptions

# What MediaPipe imports to draw and to record sound. pyplot takes longer than all the rest and may first build a cache
# of fonts; sounddevice starts PortAudio.
_DEFERRED = ("matplotlib", "matplotlib.pyplot", "sounddevice")
_HOLISTIC = "modules/holistic_landmark/holistic_landmark_cpu.binarypb"
_BODY_MODELS = {0: "pose_landmark_lite.tflite", 1: "pose_landmark_full.tflite", 2: "pose_landmark_heavy.tflite"}
_BODY_MODEL_FOLDER = "modules/pose_landmark"
_SOURCE = "https://storage.googleapis.com/mediapipe-assets"
_FACE_NODES = ("FaceLandmarksFromPoseCpu", "SplitNormalizedLandmarkListCalculator")
_FACE_STREAMS = ("FACE_LANDMARKS", "REFINE_FACE_LANDMARKS")


class Graph:
    """One of MediaPipe's graphs at work, one picture at a time.

    Raises
    ------
    IsharaError
        If MediaPipe cannot start it, for instance because a model file is damaged.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        with _reported():
            self._solution = make()
            # The models are loaded by other threads, which would go on chattering.
            self._solution._graph.wait_until_idle()
        self._fresh = True

    def process(self, picture: NDArray[np.uint8]) -> Any:
        """What the graph makes of an RGB picture (H, W, 3): its outputs by name, None for what is not there."""
        from mediapipe.python.solution_base import SolutionBase

        self._fresh = False
        with _reported():
            return SolutionBase.process(self._solution, {"image": picture})

    def reset(self) -> None:
        """Forget what was tracked."""
        if self._fresh:
            return
        try:
            self._restart()
        except IsharaError:
            # A graph that failed says so once more when it ends; only then does it begin again.
            self._restart()
        self._fresh = True

    def _restart(self) -> None:
        with _reported():
            self._solution.reset()
            self._solution._graph.wait_until_idle()

    def close(self) -> None:
        """Free the models; twice does no harm."""
        if self._solution is not None:
            self._solution.close()
            self._solution = None


def holistic_graph(options: EstimatorOptions) -> Graph:
    """MediaPipe Holistic in tracking mode, as its Python API sets it up; without the face unless it is asked for.

    Its outputs are ``pose_landmarks``, ``left_hand_landmarks``, ``right_hand_landmarks`` and, with the face,
    ``face_landmarks``.

    Raises
    ------
    IsharaError
        If MediaPipe is not installed, or a model file is missing or is none.
    """
    _load("holistic")
    from mediapipe.python.solution_base import SolutionBase

    sides: dict[str, Any] = {
        "model_complexity": options.complexity,
        "smooth_landmarks": True,
        "enable_segmentation": False,
        "smooth_segmentation": False,
        "use_prev_landmarks": True,
    }
    outputs = ["pose_landmarks", "left_hand_landmarks", "right_hand_landmarks"]
    if options.face:
        sides["refine_face_landmarks"] = False
        outputs.append("face_landmarks")
    config = _holistic_config(options)
    try:
        return Graph(lambda: SolutionBase(graph_config=config, side_inputs=sides, outputs=outputs))
    except IsharaError as error:
        if options.models is None:
            raise
        name = _BODY_MODELS[options.complexity]
        raise IsharaError(f"{options.models / name}: is perhaps damaged; expected {_SOURCE}/{name}. {error}") from error


def hands_graph() -> Graph:
    """MediaPipe Hands for single pictures, at most two hands in each, in ``multi_hand_landmarks``.

    Raises
    ------
    IsharaError
        If MediaPipe is not installed.
    """
    hands = _load("hands")
    return Graph(lambda: hands.Hands(static_image_mode=True, max_num_hands=2))


@contextmanager
def _reported() -> Iterator[None]:
    """Chatter is dropped; what MediaPipe raises becomes an error that people see."""
    try:
        with hushed():
            yield
    except (RuntimeError, ValueError, FileNotFoundError) as error:
        reason = " ".join(str(error).split())
        raise IsharaError(f"MediaPipe failed: {reason}") from error


def _load(solution: str) -> Any:
    """A module of ``mediapipe.python.solutions``."""
    try:
        with hushed(), _deferred_imports():
            return importlib.import_module(f"mediapipe.python.solutions.{solution}")
    except ModuleNotFoundError as error:
        # A later release is there, but without what this one needs: then the name is mediapipe.python.
        raise IsharaError(
            f"Landmarks from video need mediapipe 0.10.21, but {error.name} is not installed. Type: "
            "pip install 'ishara[mediapipe]'"
        ) from None
    except ImportError as error:
        raise IsharaError(
            f"Landmarks from video need mediapipe, which is installed but cannot be loaded: {error}. Install "
            "the library that it names with the system's packages (on Debian and Ubuntu libGL.so.1 is in libgl1)."
        ) from None


@contextmanager
def _deferred_imports() -> Iterator[None]:
    """Inside the block, an import of what MediaPipe does not need here gives a module that loads itself when used."""
    deferred = {name: _deferred(name) for name in _DEFERRED if name not in sys.modules}
    if "matplotlib" in deferred:
        deferred["matplotlib"].pyplot = deferred["matplotlib.pyplot"]  # type: ignore[attr-defined]
    sys.modules.update(deferred)
    try:
        yield
    finally:
        for name in deferred:
            del sys.modules[name]


def _deferred(name: str) -> ModuleType:
    module = ModuleType(name)
    module.__path__ = []
    module.__getattr__ = lambda attribute: getattr(importlib.import_module(name), attribute)  # type: ignore[method-assign]
    return module


def _holistic_config(options: EstimatorOptions) -> Any:
    """Holistic's graph with its parts expanded, so that the body model's path stands in it."""
    import mediapipe
    from mediapipe.calculators.core.constant_side_packet_calculator_pb2 import ConstantSidePacketCalculatorOptions
    from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig
    from mediapipe.python._framework_bindings import resource_util
    from mediapipe.python._framework_bindings.validated_graph_config import ValidatedGraphConfig

    package = Path(mediapipe.__path__[0])
    config = CalculatorGraphConfig.FromString((package / _HOLISTIC).read_bytes())
    if not options.face:
        _keep(config.node, lambda node: node.calculator not in _FACE_NODES)
        for streams in (config.output_stream, config.input_side_packet):
            _keep(streams, lambda stream: stream.partition(":")[0] not in _FACE_STREAMS)
    # Under its own name the whole graph would be taken from the package again.
    config.ClearField("type")
    with hushed():
        resource_util.set_resource_dir(str(package.parent))
        expanded = ValidatedGraphConfig()
        expanded.initialize(graph_config=config)
    config = CalculatorGraphConfig.FromString(expanded.binary_config)
    name = _BODY_MODELS[options.complexity]
    model = _body_model(name, options.models, package / _BODY_MODEL_FOLDER)
    for node in config.node:
        if node.calculator == "ConstantSidePacketCalculator":
            for packet in node.options.Extensions[ConstantSidePacketCalculatorOptions.ext].packet:
                if packet.string_value.endswith(f"/{name}"):
                    packet.string_value = str(model.resolve())
    return config


def _body_model(name: str, folder: Path | None, package: Path) -> Path:
    """The file of a body model: in the folder given, else in the package."""
    places = [package] if folder is None else [folder, package]
    found = next((place / name for place in places if (place / name).is_file()), None)
    if found is None:
        looked = f"it is not in {folder}" if folder else "no folder with it was given"
        raise IsharaError(
            f"The body model {name} is not part of the mediapipe package, and {looked}. Put {_SOURCE}/{name} into a "
            "folder and name that (--models, or estimator.models in a recipe), or use complexity 1."
        )
    with found.open("rb") as file:
        if file.read(8)[4:] != b"TFL3":
            raise IsharaError(f"{found}: is not a TensorFlow Lite model; expected {_SOURCE}/{name}.")
    return found


def _keep(repeated: Any, wanted: Callable[[Any], bool]) -> None:
    """Remove from a repeated field all that is not wanted."""
    kept = [item for item in repeated if wanted(item)]
    del repeated[:]
    repeated.extend(kept)
