"""What a training step frees stays with the process, also where Dask has asked for the contrary."""

import os
import platform
import subprocess
import sys

import pytest

_FAULTS = """
import resource, sys
import torch
from ishara.training.allocator import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()
count = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
step = lambda: [torch.ones(1 << 20) for _ in range(4)]
step()
before = count()
for _ in range(10):
    step()
print(count() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that is told")
def test_freed_memory_is_not_fetched_anew_page_by_page() -> None:
    def faults(how: str) -> int:
        child = [sys.executable, "-c", _FAULTS, how]
        dask = os.environ | {"MALLOC_TRIM_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
        return int(subprocess.run(child, check=True, capture_output=True, text=True, env=dask).stdout)

    # 40 tensors of 4 MiB, in pages of 4 KiB or larger.
    assert faults("kept") * 10 < faults("given back")


_LOADER = """
import sys
import numpy as np
import psutil
from ishara.training.allocator import keep_freed_memory
from ishara.training.loaders import begin_loader

begin_loader(0) if sys.argv[1] == "loader" else keep_freed_memory()
kept, clip = [], None
size = lambda: psutil.Process().memory_info().rss >> 20
before = size()
for number in range(60):
    # The clip before is still on its way out while this one is read, and then its index is kept.
    new = np.ones((5 << 20) + (number << 16), np.uint8)
    clip = new
    kept.append(np.ones(30_000))
print(size() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that is told")
def test_a_loader_gives_a_clips_pictures_back() -> None:
    def grown(how: str) -> int:
        found = subprocess.run([sys.executable, "-c", _LOADER, how], check=True, capture_output=True, text=True)
        return int(found.stdout)

    # What is kept takes 14 MiB, and the last clip 9.
    assert grown("loader") < 32 < 36 < grown("kept")
