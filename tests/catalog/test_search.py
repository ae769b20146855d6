"""What searches stand on: the last digits of a number."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.factories import a_call


@pytest.mark.parametrize(
    ("number", "tail"),
    [
        ("+34600111222", "222111"),
        ("1004", "4001"),
        ("anonymous", ""),
        ("client:ana600111", ""),
        ("", ""),
    ],
)
def test_the_tail_is_the_last_digits_backwards(number: str, tail: str) -> None:
    assert replace(a_call(), customer_number=number).tail == tail
