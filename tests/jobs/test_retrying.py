"""What follows a failed try, for each error there is, and what it costs."""

from __future__ import annotations

import inspect

import pytest

from tests.factories import a_recording
from twirec.jobs.retrying import LONGEST_RETRY, MOST_ATTEMPTS, judge, pause
from twirec.model import errors
from twirec.model.errors import TwirecError
from twirec.model.states import State

HEALS = "tried again, parked after all tries, then once at each sweep"
PASSES = "tried again, parked after all tries until somebody decides"
SETTING = "parked at once, then once at each sweep"
FINAL = "parked at once until somebody decides"

TABLE = {
    HEALS: """
        VendorError VendorUnavailable VendorBusy VendorRefused NotAtVendor MediaNotReady
        BucketError BucketUnavailable BucketRefused BucketNotOurs UploadDropped ObjectNotFound
        ArchivedGone
        CatalogError CatalogUnavailable
    """,
    PASSES: """
        MediaIsErrorPage MediaNotDescribed MediaTruncated MediaNotAuthentic VerificationFailed
        EventNotTaken ConversionFailed ConversionStalled WorkerAway
        AppError AppUnreachable AppNotTrusted
    """,
    SETTING: """
        DecryptionError DecryptionKeyMissing DecryptionKeyWrong
        AudioToolsMissing JournalError JournalForeign AuditBroken JournalUnreadable
    """,
    FINAL: """
        TwirecError RequestRefused MalformedRequest NotFound InvalidQuery LookedAtNothing
        NotPaused NotResumed NotStopped MediaError NotAudio MediaMismatch EncryptionUnknown
        ObjectExists BytesDiffer ObjectDiffers LabelsTooLong LeaseLost CatalogNotEmpty CatalogNewer
        Stopped
        CustodyRefused
    """,
}
FOLLOWS = {name: follows for follows, names in TABLE.items() for name in names.split()}
ALL = {
    name: error
    for name, error in inspect.getmembers(errors, inspect.isclass)
    if issubclass(error, TwirecError)
}


def follows(error: Exception, state: State = State.COMPLETED) -> str:
    said = f"{type(error).__name__}: said before"
    first = judge(error, a_recording(state=state, attempts=1))
    last = judge(error, a_recording(state=state, attempts=MOST_ATTEMPTS, last_error=said))
    assert not last.again
    if first.again:
        return PASSES if last.undecided else HEALS
    assert first == last
    return FINAL if last.undecided else SETTING


@pytest.mark.parametrize("name", sorted(ALL | FOLLOWS))
def test_of_every_error_it_is_said_what_follows(name: str) -> None:
    assert follows(ALL[name].__new__(ALL[name])) == FOLLOWS[name]


@pytest.mark.parametrize("name", sorted(ALL))
@pytest.mark.parametrize("state", [State.ARCHIVED, State.ERASING])
def test_what_has_only_to_be_deleted_waits_for_nobody(name: str, state: State) -> None:
    assert follows(ALL[name].__new__(ALL[name]), state) in {HEALS, SETTING}


def test_the_pause_has_an_end_however_often_it_was_tried() -> None:
    assert pause(10**6, errors.VendorUnavailable("down")) <= 1.25 * LONGEST_RETRY


def test_a_mistake_in_the_library_may_pass_and_is_not_repeated_for_ever() -> None:
    assert follows(KeyError("size")) == PASSES


def test_what_comes_once_after_an_outage_is_not_what_the_outage_was() -> None:
    after = a_recording(
        state=State.COMPLETED, attempts=MOST_ATTEMPTS + 1, last_error="VendorUnavailable: down"
    )
    verdict = judge(errors.MediaTruncated("it broke off"), after)
    assert (verdict.again, verdict.undecided) == (False, False)
