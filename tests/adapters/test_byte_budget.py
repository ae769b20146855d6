from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from twirec.adapters.byte_budget import ByteBudget


def test_a_reservation_is_granted_while_there_is_room_and_given_back() -> None:
    budget = ByteBudget(100)
    with budget.reserve(60) as first, budget.reserve(40) as second:
        assert (first.granted, second.granted, budget.free) == (60, 40, 0)
    assert budget.free == 100


def test_a_reservation_is_given_back_after_an_error() -> None:
    budget = ByteBudget(100)
    try:
        with budget.reserve(60):
            raise ValueError
    except ValueError:
        assert budget.free == 100


def test_nobody_waits_longer_than_the_patience() -> None:
    budget = ByteBudget(100, patience=0.05)
    with budget.reserve(60), budget.reserve(60) as late:
        assert late.granted == 0
    assert budget.free == 100


def test_what_can_never_be_granted_is_not_waited_for() -> None:
    with ByteBudget(100, patience=3600).reserve(101) as reservation:
        assert reservation.granted == 0


def test_shrinking_lets_another_in_and_nothing_is_given_back_twice() -> None:
    budget = ByteBudget(100, patience=120)

    def wait_for_room() -> int:
        with budget.reserve(60) as reservation:
            return reservation.granted

    with ThreadPoolExecutor(1) as pool, budget.reserve(100) as reservation:
        waiting = pool.submit(wait_for_room)
        reservation.shrink(40)
        assert waiting.result(timeout=120) == 60
        reservation.shrink(80)
        assert (reservation.granted, budget.free) == (40, 60)
    assert budget.free == 100


def test_many_threads_never_hold_more_than_the_total() -> None:
    budget = ByteBudget(100, patience=120)
    lock, held, most = threading.Lock(), 0, 0

    def work(amount: int) -> int:
        nonlocal held, most
        with budget.reserve(amount) as reservation:
            with lock:
                held += reservation.granted
                most = max(most, held)
            time.sleep(0.001)
            with lock:
                held -= reservation.granted
            return reservation.granted

    amounts = [10, 35, 60, 100] * 25
    with ThreadPoolExecutor(16) as pool:
        granted = list(pool.map(work, amounts))
    assert granted == amounts
    assert most <= 100
    assert budget.free == 100
