from __future__ import annotations

from itertools import pairwise

import pytest
import requests
import responses
from hypothesis import given
from hypothesis import strategies as st

from twirec.adapters.gcs_upload import SMALL, Parts, ResumableUpload, regroup


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


def test_a_chunk_that_fits_is_passed_on_as_it_is() -> None:
    chunk = bytes(4)
    pieces = list(regroup([chunk, b"ab", chunk, b"cd"], 4))
    assert pieces[0] is chunk
    assert pieces[1:] == [b"ab\0\0", b"\0\0cd"]


@given(st.lists(st.binary(min_size=1, max_size=9), max_size=9), st.integers(0, 90))
def test_parts_are_sent_from_a_byte_on(parts: list[bytes], begin: int) -> None:
    whole = b"".join(parts)
    rest = whole[min(begin, len(whole)) :]
    assert Parts(parts).len == len(whole)
    assert b"".join(Parts(parts)._from(begin)) == rest


@pytest.mark.parametrize("begin", [0, 1, SMALL, SMALL + 7])
def test_a_large_body_is_not_joined_and_has_its_length(begin: int) -> None:
    parts = [bytes([number]) * SMALL for number in range(3)]
    body = Parts(parts).body(begin)
    assert isinstance(body, Parts)
    request = requests.Request("PUT", "https://storage.googleapis.com/", data=body).prepare()
    assert request.headers["Content-Length"] == str(3 * SMALL - begin)
    assert b"".join(body) == b"".join(parts)[begin:]


def send_two_pieces(*ranges: str | None) -> None:
    """Send two pieces of ten bytes to a session that answers with these ranges."""
    address = "https://storage.googleapis.com/upload?upload_id=1"
    with requests.Session() as session, responses.RequestsMock() as google_side:
        for told in ranges:
            google_side.put(address, status=308, headers={"Range": told} if told else {})
        upload = ResumableUpload(session, address, retry=lambda request: request, timeout=(1, 1))
        upload.send(Parts([bytes(10)]))
        upload.send(Parts([bytes(10)]))


def test_a_session_that_has_what_it_was_sent_is_written_to() -> None:
    send_two_pieces("bytes=0-9", "bytes=0-19")


@pytest.mark.parametrize(
    "ranges",
    [("bytes=0-9", "bytes=0-5"), ("bytes=0-9", None), ("bytes=0-10",)],
    ids=["less than it had", "nothing any more", "more than it was sent"],
)
def test_a_session_that_has_not_what_it_was_sent_is_given_up(ranges: tuple[str | None]) -> None:
    with pytest.raises(requests.ConnectionError, match="has not what it was sent"):
        send_two_pieces(*ranges)
