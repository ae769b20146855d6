"""What follows a failed try, for each error there is, and what it costs."""

from __future__ import annotations

import inspect
from unittest.mock import Mock

import pytest

from tests.factories import a_recording
from twirec.jobs.retrying import (
    EVENTS,
    LISTENING_COPIES,
    MAILS,
    TRANSFERS,
    Retry,
    judge,
    pause,
    said,
)
from twirec.jobs.worker import Kind
from twirec.model import errors
from twirec.model.errors import TwirecError
from twirec.model.records import Recording
from twirec.model.states import State
from twirec.transfers.transfer import Transfer

HEALS = "tried again, parked after all tries, then once at each sweep"
PASSES = "tried again, parked after all tries until somebody decides"
SETTING = "parked at once, then once at each sweep"
FINAL = "parked at once until somebody decides"

TABLE = {
    HEALS: """
        VendorError VendorUnavailable VendorBusy VendorRefused NotAtVendor MediaNotReady
        BucketError BucketUnavailable BucketRefused BucketNotOurs UploadDropped ObjectNotFound
        ObjectHeld ObjectKept ArchivedGone
        CatalogError CatalogUnavailable CertificatesUnavailable TimeStampUnavailable
    """,
    PASSES: """
        MediaIsErrorPage MediaNotDescribed MediaTruncated MediaNotAuthentic VerificationFailed
        EventNotTaken MailNotSent HintNotTaken ConversionFailed ConversionStalled WorkerAway
        HearingFailed
        AppError AppUnreachable AppNotTrusted
    """,
    SETTING: """
        DecryptionError DecryptionKeyMissing DecryptionKeyWrong
        AudioToolsMissing LetterToolsMissing EvidenceToolsMissing SealUnusable
        SpeechToolsMissing ModelUnusable MailServerUnusable
        JournalError JournalForeign AuditBroken JournalUnreadable
    """,
    FINAL: """
        TwirecError RequestRefused MalformedRequest NotFound InvalidQuery NotDialled
        CaseChanged
        LookedAtNothing
        NotPaused NotResumed NotStopped MediaError NotAudio MediaMismatch EncryptionUnknown
        ObjectExists BytesDiffer ObjectDiffers LabelsTooLong LeaseLost CatalogNotEmpty CatalogNewer
        Stopped
        MailRefused
        CustodyRefused NotConsented LinkClosed CodeWrong NoEvidence NothingThere
    """,
}
TRANSFERRING = Transfer.kind(Mock(), prepare=Mock(), refill=Mock())
FOLLOWS = {name: follows for follows, names in TABLE.items() for name in names.split()}
ALL = {
    name: error
    for name, error in inspect.getmembers(errors, inspect.isclass)
    if issubclass(error, TwirecError)
}


def follows(
    error: Exception, state: State = State.COMPLETED, kind: Kind[Recording] = TRANSFERRING
) -> str:
    name = f"{type(error).__name__}: said before"
    tries = kind.retry.tries
    first = judge(error, a_recording(state=state, attempts=1), kind.retry)
    parked = a_recording(state=state, attempts=tries, last_error=name)
    last = judge(error, parked, kind.retry)
    undecided = last.hopeless and kind.waits_for_somebody(parked)
    assert not last.again
    if first.again:
        return PASSES if undecided else HEALS
    assert first == last
    return FINAL if undecided else SETTING


def test_of_every_error_it_is_said_what_follows() -> None:
    assert {name: follows(error.__new__(error)) for name, error in ALL.items()} == FOLLOWS


@pytest.mark.parametrize("state", [State.ARCHIVED, State.ERASING])
def test_what_has_only_to_be_deleted_waits_for_nobody(state: State) -> None:
    for name, error in ALL.items():
        assert follows(error.__new__(error), state) in {HEALS, SETTING}, name


@pytest.mark.parametrize("retry", [EVENTS, LISTENING_COPIES, MAILS])
def test_of_what_no_sweep_tries_that_is_tried_again_which_may_ever_go_well(retry: Retry) -> None:
    for name, error in ALL.items():
        verdict = judge(error.__new__(error), a_recording(attempts=1), retry)
        assert verdict.again == (FOLLOWS[name] != FINAL), name
    assert not judge(KeyError("size"), a_recording(attempts=retry.tries), retry).again


@pytest.mark.parametrize("retry", [TRANSFERS, EVENTS, LISTENING_COPIES, MAILS])
def test_pauses_double_are_spread_and_have_an_end_however_often_it_was_tried(retry: Retry) -> None:
    down = errors.VendorUnavailable("down")
    firsts = [pause(1, down, retry) for _ in range(99)]
    assert 0.75 * retry.first <= min(firsts) < max(firsts) <= 1.25 * retry.first
    assert 1.5 * retry.first <= pause(2, down, retry) <= 2.5 * retry.first
    assert pause(10**6, down, retry) <= 1.25 * retry.longest


def test_an_e_mail_is_tried_for_about_a_day() -> None:
    waits = [min(MAILS.first * 2.0**n, MAILS.longest) for n in range(MAILS.tries - 1)]
    assert 20 < sum(waits) / 3600 < 28


def test_of_a_mistake_in_the_library_nothing_is_written_down_but_its_name() -> None:
    assert said(KeyError("+34600111222")) == "KeyError in the library; the log has more."
    assert said(errors.BucketRefused("It is full.")) == "BucketRefused: It is full."


def test_a_mistake_in_the_library_may_pass_and_is_not_repeated_for_ever() -> None:
    assert follows(KeyError("size")) == PASSES


def test_what_comes_once_after_an_outage_is_not_what_the_outage_was() -> None:
    after = a_recording(
        state=State.COMPLETED, attempts=TRANSFERS.tries + 1, last_error="VendorUnavailable: down"
    )
    verdict = judge(errors.MediaTruncated("it broke off"), after, TRANSFERS)
    assert (verdict.again, verdict.hopeless) == (False, False)


def test_what_came_twice_is_not_of_the_moment() -> None:
    for before in (
        "KeyError in the library; the log has more.",
        "KeyError: size",
    ):
        tried = a_recording(attempts=TRANSFERS.tries, last_error=before)
        assert judge(KeyError("size"), tried, TRANSFERS).hopeless
