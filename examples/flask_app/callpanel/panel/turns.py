"""How many recordings are sent and converted at once.

Each takes a thread of the server while it lasts, and a conversion an ffmpeg beside it. Nobody gets
so many that colleagues wait, and all together not so many that pages do.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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

    @contextmanager
    def turn(self) -> Iterator[Callable[[Response], Response]]:
        """Take a turn for who is signed in, and give it back at the end of the block.

        It gives what hands the turn on to an answer, which gives it back when it was sent, or at
        the latest when it is gone: what fails before it is sent does not close it.

        Raises:
            TooBusy: there was none in time.
        """
        with ExitStack() as turn:
            turn.callback(self._take(user().id))

            def while_sent(response: Response) -> Response:
                response.call_on_close(finalize(response, turn.pop_all().close))
                return response

            yield while_sent

    def _take(self, person: str) -> Callable[[], None]:
        """Take a turn; return what gives it back."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_free(person), PATIENCE):
                raise TooBusy(mine=self._taken[person] >= self._of_one)
            self._taken[person] += 1

        def give_back() -> None:
            with self._changed:
                self._taken[person] -= 1
                self._taken += Counter()  # forget who has none
                self._changed.notify_all()

        return give_back

    def _is_free(self, person: str) -> bool:
        return self._taken[person] < self._of_one and self._taken.total() < self._of_all


playing = Turns(of_all=8, of_one=4)
"""Parts of recordings that players ask for: short ones, one after the other."""


taking = Turns(of_all=4, of_one=2)
"""Downloads, most of them converted, and tables and documents of many lines. With the players half
of a process's threads at least stay."""
