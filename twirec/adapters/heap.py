"""Keeping freed memory in the process as far as it is used again, and no further."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGE = 256 * 1024
_KEPT = 16 * 1024 * 1024
_ARENAS = 2


def return_large_blocks() -> None:
    """Let glibc give freed blocks of 256 KiB and more back to the system at once, and keep others.

    By default it raises that limit to what was freed last, up to 32 MiB, and each of its arenas,
    eight for each core, keeps such blocks: 32 threads then hold twice what they use. Setting the
    limit keeps it. Smaller blocks, by which recordings stream through, are used again: to get that
    memory from the system each time anew takes as long as to send what is in it
    (mallopt(3), M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_ARENA_MAX). Other C libraries have no such
    habits and are left alone.
    """
    with suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)
        mallopt(_M_ARENA_MAX, _ARENAS)
