"""Audio that leaves the archive, as a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType


class AudioStream:
    """Bytes on their way out: an iterator that is closed when nobody wants them any more.

    Leaving the context, or `close`, ends what makes the bytes.

    Attributes:
        content_type: for HTTP, such as `audio/x-wav`.
        file_name: number and local time, such as `+34600111222_2026-11-23_11-15-00.wav`; only
            letters, digits and `+._-`.
        size: bytes of the whole file; None when it is not known before the end.
        start, end: the part of it that is read, in bytes, `end` exclusive; None for all.

    Args:
        chunks: the bytes.
        ended: called once, when it ends: with how many bytes were given, and with the name of what
            went wrong; empty if nothing did.
    """

    def __init__(
        self,
        chunks: Iterator[bytes],
        *,
        content_type: str,
        file_name: str,
        size: int | None = None,
        start: int = 0,
        end: int | None = None,
        ended: Callable[[int, str], None] | None = None,
    ) -> None:
        self._chunks = chunks
        self._ended = ended
        self._given = 0
        self.content_type = content_type
        self.file_name = file_name
        self.size = size
        self.start = start
        self.end = end

    def __iter__(self) -> Iterator[bytes]:
        """Return itself."""
        return self

    def __next__(self) -> bytes:
        """Return the next bytes."""
        try:
            chunk = next(self._chunks)
        except StopIteration:
            self._end()
            raise
        except Exception as error:
            self._end(type(error).__name__)
            raise
        self._given += len(chunk)
        return chunk

    def __enter__(self) -> AudioStream:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """End what makes the bytes. Nothing is read after it."""
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()
        self._chunks = iter(())
        self._end()

    def _end(self, error: str = "") -> None:
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(self._given, error)
