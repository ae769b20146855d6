"""What it costs to hash and read a recording in other ways than the library does.

    python -m benchmarks.hashing [--quick]

Seconds of CPU for 400 MB in blocks of 128 KiB: hashed where they are read, by a thread beside, and
by a process beside, which gets them through a pipe; and read from a socket into new blocks, or into
one that is used again.
"""

from __future__ import annotations

import hashlib
import resource
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from threading import Thread

from benchmarks.report import Figure, is_quick, publish
from twirec.model.crc32c import Crc32c

BLOCK = 128 * 1024


def cpu() -> float:
    """Return the seconds of CPU of this process, and of those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def hashed(blocks: int) -> None:
    """Hash where it is read."""
    sha256, crc32c, block = hashlib.sha256(), Crc32c(), bytes(BLOCK)
    for _ in range(blocks):
        sha256.update(block)
        crc32c.update(block)


def by_thread(blocks: int) -> None:
    """Hash in a thread beside."""
    sha256, crc32c, block = hashlib.sha256(), Crc32c(), bytes(BLOCK)
    with ThreadPoolExecutor(1) as pool:
        for _ in range(blocks):
            pool.submit(sha256.update, block)
            pool.submit(crc32c.update, block)


def _hash_all(end: Connection) -> None:
    sha256, crc32c = hashlib.sha256(), Crc32c()
    while block := end.recv_bytes():
        sha256.update(block)
        crc32c.update(block)


def by_process(blocks: int) -> None:
    """Hash in a process beside."""
    ours, theirs = Pipe()
    process = get_context("fork").Process(target=_hash_all, args=[theirs])
    process.start()
    block = bytes(BLOCK)
    for _ in range(blocks):
        ours.send_bytes(block)
    ours.send_bytes(b"")
    process.join()


def _fed(blocks: int) -> tuple[socket.socket, Thread]:
    ours, theirs = socket.socketpair()
    block = bytes(BLOCK)

    def feed() -> None:
        with theirs:
            for _ in range(blocks):
                theirs.sendall(block)

    thread = Thread(target=feed)
    thread.start()
    return ours, thread


def read_anew(blocks: int) -> None:
    """Read into a new block each time."""
    ours, thread = _fed(blocks)
    with ours, ours.makefile("rb") as stream:
        while stream.read(BLOCK):
            pass
    thread.join()


def read_again(blocks: int) -> None:
    """Read into the same block."""
    ours, thread = _fed(blocks)
    block = bytearray(BLOCK)
    with ours, ours.makefile("rb") as stream:
        while stream.readinto(block):
            pass
    thread.join()


WAYS: dict[str, Callable[[int], None]] = {
    "hashed where they are read": hashed,
    "hashed by a thread": by_thread,
    "hashed by a process": by_process,
    "read into new blocks": read_anew,
    "read into one block": read_again,
}


def main() -> int:
    """Measure, print, and keep."""
    quick = is_quick(__doc__)
    megabytes = 100 if quick else 400
    figures = []
    for name, way in WAYS.items():
        taken = []
        for _ in range(3):
            begun = cpu()
            way(megabytes * 1_000_000 // BLOCK)
            taken.append(cpu() - begun)
        figures.append(Figure(f"{megabytes} MB, {name}", 1000 * min(taken), "ms"))
    return publish("hashing", figures, quick=quick)


if __name__ == "__main__":
    sys.exit(main())
