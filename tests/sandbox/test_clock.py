from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.sandbox.listening import eventually
from twirec.sandbox.clock import CallClock, HungUp, Interrupted, SideClock, SideOver, Turned

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
    assert time.monotonic() - begin < 50
    assert 0 < counted.second < 50


def test_stamps_are_the_time_now_or_count_from_when_the_call_is_said_to_be() -> None:
    past = datetime(2020, 1, 1, 23, 59, 59, tzinfo=UTC)
    counted = clock(at=past)
    counted.wait(2)
    assert counted.stamp() == past + timedelta(seconds=2)
    assert clock().stamp() == NOW


def test_a_second_is_known_in_the_middle_of_a_wait() -> None:
    counted = clock(speed=10)

    def wait() -> None:
        with pytest.raises(HungUp):
            counted.wait(6000)

    thread = threading.Thread(target=wait)
    thread.start()
    eventually(lambda: 0 < counted.second < 6000)
    counted.cut()
    thread.join()


def test_a_call_that_is_given_another_document_stops_waiting_once() -> None:
    counted = clock()
    counted.turn()
    with pytest.raises(Turned):
        counted.wait(1)
    counted.wait(1)
    assert counted.second == pytest.approx(1, abs=0.5)


def test_a_wait_ends_early_when_what_it_looks_out_for_happens() -> None:
    counted, happened = clock(speed=1), threading.Event()

    def happen() -> None:
        happened.set()
        counted.wake()

    threading.Timer(0.02, happen).start()
    with pytest.raises(Interrupted):
        counted.wait(60, happened.is_set)
    assert counted.second < 50


def test_what_runs_beside_a_call_ends_with_its_own_person_or_with_the_call() -> None:
    counted = clock(leaves_at=5)
    side = SideClock(counted, lambda: False, leaves_at=2)
    side.wait(1)
    with pytest.raises(SideOver):
        side.wait(2)
    assert counted.second == 2
    with pytest.raises(HungUp):
        SideClock(counted, lambda: False).wait(9)
    assert counted.second == 5


def test_what_runs_beside_a_call_ends_when_it_is_over() -> None:
    counted, over = clock(speed=1), threading.Event()
    side = SideClock(counted, over.is_set)

    def end() -> None:
        over.set()
        side.wake()

    threading.Timer(0.02, end).start()
    with pytest.raises(SideOver):
        side.wait(60)


def test_a_clock_can_go_by_another_one_which_may_stand_still() -> None:
    followed, counted = clock(), clock(leaves_at=7)

    def follow() -> None:
        with pytest.raises(HungUp):
            counted.wait(99, course=lambda: followed.second + 2)

    follower = threading.Thread(target=follow)
    follower.start()
    followed.wait(4)
    eventually(lambda: counted.second == 6)
    time.sleep(0.02)  # 20 seconds, if real time counted
    assert counted.second == 6
    followed.wait(2)
    follower.join(120)
    assert counted.second == 7
