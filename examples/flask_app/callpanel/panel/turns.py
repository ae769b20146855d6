"""How many recordings are sent and converted at once.

Each takes a thread of the server while it lasts, and a conversion an ffmpeg beside it. Nobody gets
so many that colleagues wait, and all together not so many that pages do.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from weakref import finalize

from flask import Response

from callpanel.auth import user

PATIENCE = 2.0
"""Seconds that somebody waits in the queue, before they are told to try again."""

AGAIN_IN = 10
"""Seconds after which to try again."""


class TooBusy(Exception):
    """There is no turn just now.

    Attributes:
        mine: whether it is that who asks has as many as one person gets.
    """

    def __init__(self, *, mine: bool) -> None:
        super().__init__("no turn just now")
        self.mine = mine


class Turns:
    """So many at once of a process, and of a person.

    Args:
        of_all: of a process.
        of_one: of a person in it.
    """

    def __init__(self, *, of_all: int, of_one: int) -> None:
        self._of_all, self._of_one = of_all, of_one
        self._taken: Counter[str] = Counter()
        self._changed = threading.Condition()

    def take(self) -> Callable[[], None]:
        """Take a turn for who is signed in; return what gives it back, once.

        Raises:
            TooBusy: there was none in time.
        """
        person = user().id
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_free(person), PATIENCE):
                raise TooBusy(mine=self._taken[person] >= self._of_one)
            self._taken[person] += 1
        given_back = threading.Lock()

        def give_back() -> None:
            if given_back.acquire(blocking=False):
                with self._changed:
                    self._taken[person] -= 1
                    self._taken += Counter()  # forget who has none
                    self._changed.notify_all()

        return give_back

    def _is_free(self, person: str) -> bool:
        return self._taken[person] < self._of_one and self._taken.total() < self._of_all


playing = Turns(of_all=8, of_one=4)
"""Parts of recordings that players ask for: short ones, one after the other."""


def while_sent(response: Response, give_back: Callable[[], None]) -> Response:
    """Return an answer that gives its turn back when it was sent, or is gone before."""
    response.call_on_close(finalize(response, give_back))
    return response


taking = Turns(of_all=4, of_one=2)
"""Downloads, most of them converted, and tables and documents of many lines. With the players half
of a process's threads at least stay."""
