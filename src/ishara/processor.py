"""The processor of this computer."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

_INFO = Path("/proc/cpuinfo")


def processor_name() -> str:
    """Its name as the system gives it, such as ``AMD EPYC``."""
    return _said("model name") or platform.processor() or platform.machine()


@cache
def is_amd() -> bool:
    """Whether AMD made it."""
    return "AuthenticAMD" in (_said("vendor_id") or platform.processor())


def _said(what: str) -> str:
    """A value of the first processor's in Linux's table; empty where there is none."""
    lines = _INFO.read_text(encoding="utf-8").splitlines() if _INFO.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(what)), "")
