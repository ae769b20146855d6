"""How many may ask at once, by a clock that a test moves."""

from __future__ import annotations

import threading

import pytest

from twirec.backfill.throttle import GROW, ONE_ANSWER, Throttle


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


def never() -> bool:
    return False


def always() -> bool:
    return True


def test_all_may_ask_until_the_vendor_is_busy(clock: Clock) -> None:
    throttle = Throttle(8, clock)
    assert throttle.limit == 8
    throttle.busy()
    assert throttle.limit == 4


def test_it_halves_again_and_again_and_stops_at_one(clock: Clock) -> None:
    throttle = Throttle(8, clock)
    limits = []
    for _ in range(5):
        throttle.busy()
        limits.append(throttle.limit)
        clock.time += ONE_ANSWER
    assert limits == [4, 2, 1, 1, 1]


def test_busy_answers_that_come_together_are_one(clock: Clock) -> None:
    throttle = Throttle(32, clock)
    for _ in range(20):
        throttle.busy()
        clock.time += ONE_ANSWER / 40
    assert throttle.limit == 16


def test_it_grows_by_one_at_a_time_up_to_the_most(clock: Clock) -> None:
    throttle = Throttle(4, clock)
    throttle.busy()
    limits = []
    for _ in range(4):
        clock.time += GROW
        limits.append(throttle.limit)
    assert limits == [3, 4, 4, 4]


def test_it_does_not_grow_while_the_vendor_is_busy(clock: Clock) -> None:
    throttle = Throttle(8, clock)
    throttle.busy()
    clock.time += GROW * 0.9
    throttle.busy()
    clock.time += GROW * 0.9
    assert throttle.limit == 2


def test_when_one_is_too_many_nobody_asks_for_a_while_that_doubles(clock: Clock) -> None:
    throttle = Throttle(1, clock)
    pauses = []
    for _ in range(7):
        throttle.busy()
        begun = clock.time
        while not is_open(throttle):
            clock.time += 1.0
        pauses.append(clock.time - begun)
    assert pauses == [2, 4, 8, 16, 32, 60, 60]
    clock.time += GROW
    throttle.busy()
    clock.time += ONE_ANSWER
    assert is_open(throttle)


def is_open(throttle: Throttle) -> bool:
    with throttle.turn(always) as mine:
        return mine


def test_what_the_vendor_asked_to_wait_is_waited(clock: Clock) -> None:
    throttle = Throttle(2, clock)
    throttle.busy(30.0)
    clock.time += 29.0
    with throttle.turn(always) as mine:
        assert not mine
    clock.time += 1.0
    with throttle.turn(always) as mine:
        assert mine


def test_no_more_than_the_limit_are_in_at_once(clock: Clock) -> None:
    throttle = Throttle(2, clock)
    throttle.busy()
    with throttle.turn(never) as first, throttle.turn(always) as second:
        assert (first, second) == (True, False)
    with throttle.turn(always) as third:
        assert third


def test_who_waits_comes_in_when_another_leaves(clock: Clock) -> None:
    throttle = Throttle(1, clock)
    came = threading.Event()

    def come() -> None:
        with throttle.turn(never):
            came.set()

    with throttle.turn(never):
        other = threading.Thread(target=come)
        other.start()
        assert not came.wait(0.05)
    assert came.wait(120)
    other.join()


def test_a_turn_ends_also_with_an_error(clock: Clock) -> None:
    throttle = Throttle(1, clock)
    with pytest.raises(KeyError), throttle.turn(never):
        raise KeyError
    with throttle.turn(always) as mine:
        assert mine
