from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twirec.adapters.gcs_upload import regroup


@given(st.lists(st.binary(max_size=40)), st.integers(1, 16))
def test_regrouping_keeps_every_byte_in_order(chunks: list[bytes], size: int) -> None:
    pieces = list(regroup(chunks, size))
    assert b"".join(pieces) == b"".join(chunks)
    assert all(len(piece) == size for piece, _ in pairwise(pieces))
    assert all(0 < len(piece) <= size for piece in pieces)


def test_a_piece_comes_as_soon_as_it_is_full() -> None:
    chunks = iter([b"ab", b"cd", b"ef"])
    assert next(regroup(chunks, 4)) == b"abcd"
    assert next(chunks) == b"ef"


@pytest.mark.parametrize("chunks", [[], [b""], [b"", b""]])
def test_no_bytes_make_no_piece(chunks: list[bytes]) -> None:
    assert list(regroup(chunks, 4)) == []
