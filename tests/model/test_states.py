from __future__ import annotations

from itertools import product

import pytest

from twirec.model.states import MAY_BECOME, State, advance


def test_every_state_says_what_it_may_become() -> None:
    assert set(MAY_BECOME) == set(State)


def test_news_never_move_a_recording_but_by_the_table() -> None:
    for current, told in product(State, State):
        reached = advance(current, told)
        assert reached is (told if told in MAY_BECOME[current] else current), (current, told)


@pytest.mark.parametrize("told", [state for state in State if state is not State.ERASED])
def test_what_is_erased_stays_erased(told: State) -> None:
    assert advance(State.ERASED, told) is State.ERASED


def test_nothing_is_released_that_was_not_archived() -> None:
    assert [state for state, after in MAY_BECOME.items() if State.RELEASED in after] == [
        State.ARCHIVED
    ]
