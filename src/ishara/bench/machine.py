"""What figures are of: the machine, the device, and the versions of what computed."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

from ishara import __version__
from ishara.errors import IsharaError
from ishara.extras import extra
from ishara.processor import processor_name

Device = Literal["cpu", "cuda"]
DEVICES: tuple[Device, ...] = ("cpu", "cuda")
_PACKAGES = ("onnxruntime", "numpy", "torch")


def device_name(device: Device) -> str:
    """What a device is called, such as ``AMD EPYC``.

    Raises
    ------
    IsharaError
        If it is a GPU, and PyTorch is not installed or finds none.
    """
    if device == "cpu":
        return processor_name()
    with extra("train", "Measurements on a GPU"):
        from ishara.bench.torch_model import gpu_name

    name = gpu_name()
    if name is None:
        raise IsharaError("--device cuda: PyTorch finds no GPU here; leave the option out to measure the processor.")
    return name


def provenance(device: Device) -> dict[str, Any]:
    """Versions, machine and device, ready for JSON."""
    return {
        "device": {"kind": device, "name": device_name(device)},
        "versions": {"ishara": __version__, "python": platform.python_version(), **_installed()},
        "machine": {"processor": processor_name(), "cores": os.cpu_count(), "system": platform.platform()},
    }


def _installed() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
