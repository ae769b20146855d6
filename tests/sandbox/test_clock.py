from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from twirec.sandbox.clock import CallClock, HungUp

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


def clock(speed: float = 1000.0, **options: object) -> CallClock:
    return CallClock(speed, lambda: NOW, **options)  # type: ignore[arg-type]


def test_call_seconds_are_exact_however_long_the_machine_takes() -> None:
    counted = clock()
    counted.wait(2.5)
    time.sleep(0.02)
    counted.wait(0.25)
    assert counted.second == 2.75


def test_waiting_takes_no_less_real_time_than_the_speed_says() -> None:
    counted = clock(speed=20)
    begin = time.monotonic()
    counted.wait(1)
    assert time.monotonic() - begin >= 0.05


def test_somebody_who_hangs_up_in_the_middle_ends_the_waiting_at_that_second() -> None:
    counted = clock(leaves_at=1.5)
    counted.wait(1)
    with pytest.raises(HungUp):
        counted.wait(1)
    assert counted.second == 1.5


def test_cutting_the_call_ends_the_waiting_at_once() -> None:
    counted = clock(speed=1)
    threading.Timer(0.05, counted.cut).start()
    begin = time.monotonic()
    with pytest.raises(HungUp):
        counted.wait(60)
    assert time.monotonic() - begin < 5
    assert 0 < counted.second < 5


def test_stamps_are_the_time_now_or_count_from_when_the_call_is_said_to_be() -> None:
    past = datetime(2020, 1, 1, 23, 59, 59, tzinfo=UTC)
    counted = clock(at=past)
    counted.wait(2)
    assert counted.stamp() == past + timedelta(seconds=2)
    assert clock().stamp() == NOW
