"""What runs a recogniser's graph: ONNX Runtime on a chosen processor, or OpenVINO."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from numpy.typing import NDArray

from ishara.errors import IsharaError, choices
from ishara.extras import extra
from ishara.recognizer.folder import CONFIG, Config
from ishara.recognizer.graph import check_graph, check_numbers

if TYPE_CHECKING:
    import onnxruntime as ort

# Where a graph's metadata keep its labels, as JSON.
LABELS = "ishara.labels"
OUTPUTS = ("logits", "embedding", "attention")
Provider = Literal["cpu", "cuda", "coreml", "directml", "auto"]
PROVIDERS: tuple[Provider, ...] = get_args(Provider)
# ONNX Runtime's name of each, in the order in which "auto" tries them, and what to install where it is missing.
_NAMES = {
    "cuda": "CUDAExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
# Fusions that are slower than what they replace: on the processor, this sum and normalisation in one takes several
# times as long as the two by themselves (ONNX Runtime 1.31; it comes about in 8-bit graphs).
_SLOWER = ["SkipLayerNormFusion"]
_WHEELS = {
    "cuda": "On Linux or Windows with an NVIDIA GPU: pip uninstall onnxruntime, then pip install onnxruntime-gpu",
    "directml": "On Windows: pip uninstall onnxruntime, then pip install onnxruntime-directml",
    "coreml": "It is part of onnxruntime on macOS alone",
}


class Runtime(Protocol):
    """A graph that is ready to run; it may be run from several threads at once."""

    # What computes, by our name.
    provider: str

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
        """``x`` (B, T, …) and ``mask`` (B, T) → the arrays named in `OUTPUTS`."""
        ...


def open_runtime(folder: Path, config: Config, *, threads: int | None = None, provider: Provider = "cpu") -> Runtime:
    """Open the graph of a recogniser folder, whose files were compared with their hashes before.

    Parameters
    ----------
    threads
        Threads that one run may use; by default as many as there are cores.
    provider
        See `PROVIDERS`; an OpenVINO graph runs on the processor alone.

    Raises
    ------
    IsharaError
        If the provider is unknown or not there, or the graph is not sound or does not fit the configuration.
    """
    known_provider(provider)
    if threads is not None and threads < 1:
        raise IsharaError(f"threads is {threads}; expected 1 or more.")
    path = folder / config.graph[0]
    if config.form == "openvino":
        if provider not in ("cpu", "auto"):
            raise IsharaError(f"{path}: an OpenVINO graph runs on the processor, not on {provider}; export it as ONNX.")
        return OpenVinoRuntime(path, config, threads)
    check_graph(path)
    return OnnxRuntime(path, config, threads, provider)


def known_provider(name: str) -> Provider:
    """A provider by its name; an `IsharaError` that lists them if there is no such one."""
    for provider in PROVIDERS:
        if name == provider:
            return provider
    raise IsharaError(f"provider {name}: there is no such one. {choices(name, PROVIDERS)}")


class OnnxRuntime:
    """An ONNX graph on ONNX Runtime."""

    def __init__(self, path: Path, config: Config, threads: int | None, provider: Provider) -> None:
        import onnxruntime as ort

        self.provider = _choose(provider, ort.get_available_providers())
        options = ort.SessionOptions()
        options.log_severity_level = 3
        if threads is not None:
            options.intra_op_num_threads = threads
        # DirectML can do neither of the first two, nor run one session from two threads.
        self._alone: AbstractContextManager[object] = nullcontext()
        if self.provider == "directml":
            options.enable_mem_pattern = False
            options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
            self._alone = threading.Lock()
        names = list(dict.fromkeys((_NAMES[self.provider], _NAMES["cpu"])))
        try:
            self._session = ort.InferenceSession(str(path), options, providers=names, disabled_optimizers=_SLOWER)
        except Exception as error:  # noqa: BLE001  ONNX Runtime's errors share no public base class
            raise IsharaError(f"{path}: ONNX Runtime cannot open it ({str(error).splitlines()[0]}).") from None
        # Where a provider's own libraries are missing, ONNX Runtime goes on without it.
        if names[0] not in self._session.get_providers():
            if provider != "auto":
                raise IsharaError(
                    f"ONNX Runtime has {self.provider} but cannot start it here: its driver or libraries are missing. "
                    "`ishara doctor` says what works; provider cpu always does."
                )
            self.provider = "cpu"
        self._check(path, config, self._session)

    @staticmethod
    def _check(path: Path, config: Config, session: ort.InferenceSession) -> None:
        shapes = {item.name: list(item.shape) for item in (*session.get_inputs(), *session.get_outputs())}
        check_shapes(path, config, shapes)
        _check_labels(path, config, session.get_modelmeta().custom_metadata_map.get(LABELS))

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
        """See `Runtime`."""
        with self._alone:
            found: Sequence[NDArray[Any]] = self._session.run(OUTPUTS, dict(inputs))
        return found


def _check_labels(path: Path, config: Config, stamped: str | None) -> None:
    """Refuse labels in another order, or others, than the graph was exported with: they would name other signs."""
    if stamped is None:
        return
    try:
        inside = json.loads(stamped)
    except (ValueError, RecursionError):
        inside = None
    if not isinstance(inside, list):
        raise IsharaError(f"{path}: its own labels ({LABELS}) are no list in JSON; export it again.")
    for place, (written, exported) in enumerate(zip_longest(config.labels, inside)):
        if written != exported:
            raise IsharaError(
                f"{path}: {CONFIG} calls class {place} {written!r}, but the model was exported with {exported!r} "
                "there. Take both from one recogniser."
            )


class OpenVinoRuntime:
    """An OpenVINO graph on the processor, in fp32."""

    provider = "cpu"

    def __init__(self, path: Path, config: Config, threads: int | None) -> None:
        with extra("openvino", "Recognisers exported as openvino", otherwise="export it as onnx"):
            import openvino
        settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = threads
        try:
            core = openvino.Core()
            model = core.read_model(path)
            _check_operators(path, model.get_ops())
            self._compiled = core.compile_model(model, "CPU", settings)
        except RuntimeError as error:
            raise IsharaError(f"{path}: OpenVINO cannot open it ({_reason(error)}).") from None
        stamp = LABELS.split(".")
        _check_labels(path, config, model.get_rt_info(stamp).astype(str) if model.has_rt_info(stamp) else None)
        ports = (*self._compiled.inputs, *self._compiled.outputs)
        shapes = {
            name: [dim.get_length() if dim.is_static else None for dim in port.partial_shape]
            for port in ports
            for name in port.names
        }
        check_shapes(path, config, shapes)
        # A request holds its inputs and outputs, so each thread has its own.
        self._own = threading.local()

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
        """See `Runtime`."""
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        results = self._own.request.infer(dict(inputs))
        return [results[name].copy() for name in OUTPUTS]


def _check_operators(path: Path, operators: Iterable[Any]) -> None:
    """As `check_graph` does of ONNX: OpenVINO's own operators alone, and weights that are numbers."""
    for operator in operators:
        kind = operator.get_type_info()
        if not kind.version_id.startswith("opset"):
            raise IsharaError(
                f"{path}: has the operator {kind.name!r} of {kind.version_id or 'no set'}, not of OpenVINO's own; "
                "`ishara export` on the folder that was trained writes such a file."
            )
        if kind.name == "Constant" and operator.data.dtype.kind == "f":
            check_numbers(path, operator.get_friendly_name(), operator.data)


def check_shapes(path: Path, config: Config, shapes: Mapping[str, Sequence[Any]]) -> None:
    """Make sure that a graph takes what the configuration says, and gives as many classes as there are labels.

    Raises
    ------
    IsharaError
        If it does not.
    """
    frame, classes = tuple(shapes.get("x", [])[2:]), next(iter(shapes.get("logits", [])[-1:]), None)
    if (frame, classes) != (config.frame, len(config.labels)) or not set(OUTPUTS) <= set(shapes):
        raise IsharaError(
            f"{path}: takes frames of the shape {frame} and gives {classes} classes with outputs {sorted(shapes)}; "
            f"expected {config.frame}, {len(config.labels)} classes and {', '.join(OUTPUTS)}."
        )


def _choose(provider: Provider, available: Sequence[str]) -> str:
    """The provider to use, by our name; an `IsharaError` if this ONNX Runtime lacks it."""
    if provider == "auto":
        return next(ours for ours, name in _NAMES.items() if name in available)
    if _NAMES[provider] in available:
        return provider
    has = ", ".join(ours for ours, name in _NAMES.items() if name in available)
    raise IsharaError(f"The installed ONNX Runtime has no provider {provider!r}, only {has}. {_WHEELS[provider]}.")


def _reason(error: Exception) -> str:
    """What OpenVINO says, without the places in its own source."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in reversed(lines) if not line.startswith("Exception from")), type(error).__name__)
