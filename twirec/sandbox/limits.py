"""What the stand-in does not do, said in its own words and never in Twilio's."""

from __future__ import annotations

import threading

STATUS = 501
"""The status of an answer over REST, and the code in a call's log."""


class Unsupported(Exception):
    """Twilio may do it; the sandbox does not. The text says what."""


def cannot(what: str) -> Unsupported:
    """Return the error for something that the sandbox does not do."""
    return Unsupported(f"the sandbox does not do {what}")


class Limits:
    """What was asked of the sandbox that it does not do. Safe to use from several threads.

    Args:
        strict: whether a test that asks for it is to fail.
    """

    def __init__(self, strict: bool = False) -> None:
        self._strict = strict
        self._lock = threading.Lock()
        self._texts: list[str] = []
        self._seen = 0

    @property
    def texts(self) -> list[str]:
        """What was asked so far, in the sandbox's words."""
        with self._lock:
            return list(self._texts)

    def note(self, text: str) -> None:
        """Write down what was asked."""
        with self._lock:
            self._texts.append(text)

    def check(self) -> None:
        """Raise what was asked since this was last called, where that is to fail a test.

        Raises:
            Unsupported: there was something.
        """
        with self._lock:
            new, self._seen = self._texts[self._seen :], len(self._texts)
        if new and self._strict:
            raise Unsupported("; ".join(dict.fromkeys(new)))
