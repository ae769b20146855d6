"""Keeping freed memory out of the process."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_MMAP_THRESHOLD = -3
_LARGE = 256 * 1024


def return_large_blocks() -> None:
    """Let glibc give freed blocks of 256 KiB and more back to the system at once.

    By default it raises that limit to what was freed last, up to 32 MiB, and each of its arenas
    keeps such blocks: 32 threads then hold twice what they use (mallopt(3), M_MMAP_THRESHOLD).
    Setting the limit keeps it. Other C libraries have no such habit and are left alone.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)
