"""What works on this machine: each part is really tried, in a process of its own, so that a crash is a finding."""

from ishara.doctor.checks import examine
from ishara.doctor.finding import Finding, Status

__all__ = ["Finding", "Status", "examine"]
