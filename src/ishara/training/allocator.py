"""Keep the memory that a training step frees for the next step, which wants as much again.

glibc gives large blocks back to the system as they are freed and fetches them anew, page by page. On a CPU a step is a
few hundred such blocks. Dask, which starts the processes of folds beside each other, has them given back all the more.
"""

from __future__ import annotations

import ctypes
import sys

# Of glibc's malloc.h: from this size on a block is mapped by itself; so much free memory may stay at the heap's end.
_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -3, -1
_LARGEST = (1 << 31) - 1
_LARGEST_BLOCK = 1 << 30


def keep_freed_memory(largest_block: int = _LARGEST_BLOCK, most: int = _LARGEST) -> None:
    """Do so in this process from now on; nothing happens where the C library is another than glibc.

    Parameters
    ----------
    largest_block
        In bytes; a larger block is given back as it is freed.
    most
        In bytes; how much free memory may stay at the heap's end.
    """
    if not sys.platform.startswith("linux"):
        return
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_TRIM_THRESHOLD, most)
        set_option(_M_MMAP_THRESHOLD, largest_block)
