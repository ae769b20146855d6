"""Times within a recording read the same wherever they are shown."""

from __future__ import annotations

from twirec.model.clock import clock

ROWS = (
    (0, "0:00"),
    (59.4, "0:59"),
    (59.6, "1:00"),
    (61, "1:01"),
    (3599.4, "59:59"),
    (3599.6, "1:00:00"),
    (3723, "1:02:03"),
)


def test_a_time_is_of_the_nearest_second() -> None:
    for seconds, said in ROWS:
        assert clock(seconds) == said
