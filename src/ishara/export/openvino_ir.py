"""OpenVINO's own files, made from an ONNX graph: fp32, with dynamic batch and length."""

from __future__ import annotations

from pathlib import Path

from ishara.errors import IsharaError
from ishara.extras import extra


def write_openvino(graph: Path, target: Path, metadata: dict[str, str]) -> None:
    """Write ``target`` (.xml) and the weights beside it (.bin).

    Raises
    ------
    IsharaError
        If OpenVINO is not installed, or cannot take the graph.
    """
    with extra("openvino", "Exports as openvino", otherwise="export it as onnx"):
        import openvino
    try:
        # Not convert_model, which tells its maker over the network that it was used.
        model = openvino.Core().read_model(graph)
    except RuntimeError as error:
        raise IsharaError(
            f"OpenVINO cannot take this model ({str(error).splitlines()[-1]}). Export it as onnx."
        ) from None
    for name, value in metadata.items():
        model.set_rt_info(value, name.split("."))
    openvino.save_model(model, target, compress_to_fp16=False)
