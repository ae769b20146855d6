"""A catalog that takes long: waiting for it never looks like listening to the announcement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, Response

from tests.factories import call_sid, part_of
from tests.webhooks.calling import LONG_ENOUGH, VOICE, Clock, is_recording
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.model.vocabulary import ConsentMode, Outcome, Reason
from twirec.testing import ACCOUNT_SID, SignedPosts

PARENT, CHILD = call_sid(1), call_sid(2)
DIALLED = {"CallSid": PARENT, "From": "client:ana", "To": "+34600111222"}
WHISPER = {"CallSid": CHILD, "ParentCallSid": PARENT, "From": "+34911000111", "To": "+34600111222"}
AT_ONCE = timedelta(seconds=1)
STALL = timedelta(seconds=30)


Stall = Callable[..., None]


@pytest.fixture
def stall(twirec_archive: Archive, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Stall:
    """Let the catalog take half a minute for something, so many times."""

    def stall(method: str, times: int = 100) -> None:
        stalls = [STALL] * times
        part, name = part_of(twirec_archive.catalog, method)
        does = getattr(part, name)

        def slow(*args: Any, **kwargs: Any) -> Any:
            clock.advance(stalls.pop() if stalls else timedelta())
            return does(*args, **kwargs)

        monkeypatch.setattr(part, name, slow)

    return stall


@pytest.mark.parametrize("method", ["ledger.open_call", "consents.of", "announcements.get"])
def test_a_notice_that_failed_is_not_taken_for_heard(
    method: str, post: SignedPosts, twirec_archive: Archive, clock: Clock, stall: Stall
) -> None:
    if method == "ledger.open_call":
        stall(method, times=1)
    post("/voice", VOICE)
    clock.advance(AT_ONCE)
    twirec_archive.webhooks.announcing.forget()  # as another process, which reads it anew
    stall(method)
    assert not is_recording(post("/twirec/connect", VOICE))
    assert twirec_archive.calls.get(call_sid()).call.reason is Reason.ANNOUNCEMENT_FAILED


@pytest.mark.parametrize("method", ["ledger.announce", "consents.of", "announcements.get"])
def test_a_notice_that_failed_for_who_was_dialled_starts_no_recording(
    method: str, post: SignedPosts, twirec_archive: Archive, clock: Clock, stall: Stall
) -> None:
    post("/dial", DIALLED)
    if method == "ledger.announce":
        stall(method, times=1)
    post("/twirec/announce", WHISPER)
    clock.advance(2 * AT_ONCE)
    twirec_archive.webhooks.announcing.forget()
    stall(method)
    post(f"/twirec/announced/{PARENT}/0", WHISPER)
    assert twirec_archive.calls.get(PARENT).call.reason is Reason.ANNOUNCEMENT_FAILED
    assert isinstance(twirec_archive.vendor, MemoryVendor)
    assert list(twirec_archive.vendor.recordings(ACCOUNT_SID)) == []


def test_a_question_that_failed_is_not_taken_for_put(
    post: SignedPosts, twirec_archive: Archive, clock: Clock, stall: Stall
) -> None:
    twirec_archive.policy.change(by="test", why="test", mode=ConsentMode.OPT_OUT)
    post("/voice", VOICE)
    clock.advance(LONG_ENOUGH)
    stall("ledger.announce", times=1)
    post("/twirec/connect", VOICE)
    clock.advance(timedelta(seconds=6))  # five of them waits for a key
    assert not is_recording(post("/twirec/consent/1", VOICE))
    assert twirec_archive.calls.get(call_sid()).call.reason is Reason.ANNOUNCEMENT_FAILED


def test_who_hears_it_out_in_spite_of_a_slow_catalog_is_recorded(
    post: SignedPosts, clock: Clock, stall: Stall
) -> None:
    stall("ledger.open_call", times=1)
    stall("ledger.announce", times=1)
    post("/voice", VOICE)
    clock.advance(LONG_ENOUGH)
    assert is_recording(post("/twirec/connect", VOICE))


def test_a_call_goes_on_unrecorded_when_the_catalog_stays_slow(
    post: SignedPosts, twirec_archive: Archive, stall: Stall
) -> None:
    stall("ledger.open_call")
    stall("ledger.announce")
    assert not is_recording(post("/voice", VOICE))
    call = twirec_archive.calls.get(call_sid()).call
    assert (call.outcome, call.reason) == (Outcome.NOT_RECORDED, Reason.CATALOG_DOWN)


# --- our answer takes long to leave -----------------------------------------------------------


@pytest.mark.parametrize("seconds", [1, 30])
def test_an_answer_that_leaves_late_was_not_listened_to_on_its_way(
    app: Flask, post: SignedPosts, twirec_archive: Archive, clock: Clock, seconds: int
) -> None:
    def hold_up(response: Response) -> Response:
        clock.advance(timedelta(seconds=seconds))
        return response

    app.after_request_funcs[None] = [hold_up]
    post("/voice", VOICE).close()
    app.after_request_funcs.clear()
    clock.advance(timedelta(seconds=10 - seconds) if seconds < 10 else AT_ONCE)
    assert is_recording(post("/twirec/connect", VOICE)) is (seconds < 10)


def test_neither_was_one_to_who_was_dialled(
    app: Flask, post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    def hold_up(response: Response) -> Response:
        clock.advance(STALL)
        return response

    post("/dial", DIALLED)
    app.after_request_funcs[None] = [hold_up]
    post("/twirec/announce", WHISPER).close()
    app.after_request_funcs.clear()
    clock.advance(AT_ONCE)
    post(f"/twirec/announced/{PARENT}/0", WHISPER)
    assert twirec_archive.calls.get(PARENT).call.reason is Reason.ANNOUNCEMENT_FAILED
