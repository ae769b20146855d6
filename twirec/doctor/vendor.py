"""Whether Twilio is set up as it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from twirec.adapters.twilio_inspect import TwilioInspector
from twirec.doctor.dialling import dialling_results
from twirec.doctor.results import failed, guarded, ok, unknown, warning
from twirec.model.clock import BEFORE_ALL
from twirec.model.errors import NotAtVendor, VendorRefused
from twirec.model.inspection import AccountFacts, Check, CheckResult, Level
from twirec.model.vendor import RecordingStatus, VendorRecording
from twirec.settings import Settings

SKEW_WARNED, SKEW_FAILED = 5, 60
"""Seconds that our clock may differ from Twilio's. Announcements are timed to the second, and
listings, leases and retention are cut by time."""

NEWEST = 50
"""How many recordings are looked at."""


def vendor_results(
    twilio: TwilioInspector, settings: Settings, now: Callable[[], datetime]
) -> Iterator[CheckResult]:
    """Check each account; what needs credentials is checked only where they work."""
    for sid in twilio.accounts:
        yield from guarded(Check.CREDENTIALS, partial(_account, twilio, settings, sid, now))


def _account(
    twilio: TwilioInspector, settings: Settings, sid: str, now: Callable[[], datetime]
) -> Iterator[CheckResult]:
    token, *others = settings.auth_tokens[sid]
    try:
        facts = twilio.account(sid, token)
    except (VendorRefused, NotAtVendor) as error:
        yield failed(
            Check.CREDENTIALS,
            f"The auth token of {sid} does not open the account: {error}.",
            "Copy account SID and auth token from the Twilio console; with TWILIO_REGION, those of "
            "that region.",
        )
        return
    yield check_status(sid, facts)
    if sid == settings.account_sid:
        yield check_clock(facts.answered_at, now())
    yield from guarded(Check.TOKENS, partial(_other_tokens, twilio, sid, others))
    if settings.credentials[sid] != (sid, token):
        key = list(guarded(Check.API_KEY, partial(_api_key, twilio, sid)))
        yield from key
        if any(each.level is Level.FAILED for each in key):  # all that follows would fail by it
            return
    yield from _hazards(twilio, sid)
    if sid == settings.account_sid:  # whose numbers call
        look = partial(dialling_results, twilio, sid, settings.dial_rules)
        yield from guarded(Check.GEO_PERMISSIONS, look)


def _hazards(twilio: TwilioInspector, sid: str) -> Iterator[CheckResult]:
    yield from guarded(Check.DEFAULT_RECORDING, partial(_default_recording, twilio, sid))
    yield from guarded(Check.EXTERNAL_STORAGE, partial(_newest_recording, twilio, sid))


def check_status(sid: str, facts: AccountFacts) -> CheckResult:
    """Check that an account is in use."""
    if facts.status == "active":
        return ok(Check.CREDENTIALS, f"{sid} is active and opens with its auth token.")
    return failed(
        Check.CREDENTIALS,
        f"Twilio says that {sid} is {facts.status}: calls fail.",
        "Reactivate the account in the Twilio console, or ask Twilio's support.",
    )


def check_clock(theirs: datetime | None, ours: datetime) -> CheckResult:
    """Compare our clock with Twilio's, which is exact to a second."""
    if theirs is None:
        return unknown(Check.CLOCK, "Twilio's answer does not say what time it is.")
    skew = abs((ours - theirs).total_seconds())
    what = f"The clock differs by {skew:.0f} s from Twilio's."
    if ours > theirs and skew > SKEW_WARNED:
        what += " It is fast: recordings seem to begin before consents, and are quarantined."
    fix = "Switch on time synchronisation: timedatectl set-ntp true"
    if skew > SKEW_FAILED:
        return failed(Check.CLOCK, what, fix)
    return warning(Check.CLOCK, what, fix) if skew > SKEW_WARNED else ok(Check.CLOCK, what)


def _other_tokens(twilio: TwilioInspector, sid: str, tokens: list[str]) -> Iterator[CheckResult]:
    """Try the tokens that may sign besides the first, as while one is replaced."""
    for place, token in enumerate(tokens, start=2):
        try:
            twilio.account(sid, token)
        except VendorRefused:
            yield warning(
                Check.TOKENS,
                f"Token {place} of {sid} is not, or no longer, the account's.",
                "Remove it from TWIREC_TWILIO_AUTH_TOKENS: who has it can still sign requests.",
            )
        else:
            yield ok(Check.TOKENS, f"Token {place} of {sid} is the account's too.")


def _api_key(twilio: TwilioInspector, sid: str) -> Iterator[CheckResult]:
    try:
        twilio.newest_recordings(sid, 1)
    except (VendorRefused, NotAtVendor) as error:
        yield failed(
            Check.API_KEY,
            f"TWILIO_API_KEY and TWILIO_API_SECRET do not open the recordings of {sid}: {error}",
            "Give a main or standard key of that account and region, SK…, with its own secret; a "
            "restricted key needs the permissions for recordings, calls and numbers.",
        )
        return
    yield ok(Check.API_KEY, "TWILIO_API_KEY may read recordings.")


def _default_recording(twilio: TwilioInspector, sid: str) -> Iterator[CheckResult]:
    if not twilio.has_voice_settings:
        yield unknown(
            Check.DEFAULT_RECORDING,
            "Account defaults can be asked for only in the region us1; see the Twilio console.",
        )
    elif twilio.records_by_default(sid):
        yield failed(
            Check.DEFAULT_RECORDING,
            f"{sid} has a Recording Account Default Configuration: calls are recorded before "
            "anybody was told.",
            "Delete it: Twilio console, Voice, Recordings, Configurations.",
        )
    else:
        yield ok(Check.DEFAULT_RECORDING, f"{sid} records nothing by itself.")


def _newest_recording(twilio: TwilioInspector, sid: str) -> Iterator[CheckResult]:
    recordings = twilio.newest_recordings(sid, NEWEST)
    finished = [one for one in recordings if one.status is RecordingStatus.COMPLETED]
    newest = max(finished, key=lambda one: one.created_at or BEFORE_ALL, default=None)
    yield check_storage(sid, newest)
    at_twilio = next((one for one in finished if not one.external), None)
    yield from guarded(Check.MEDIA_ACCESS, partial(_media_access, twilio, sid, at_twilio))


def check_storage(sid: str, newest: VendorRecording | None) -> CheckResult:
    """Check by the newest recording that Twilio stores recordings itself."""
    if newest is None:
        return unknown(
            Check.EXTERNAL_STORAGE, f"{sid} has no finished recording at Twilio to tell by."
        )
    if newest.external:
        return failed(
            Check.EXTERNAL_STORAGE,
            f"Twilio puts the recordings of {sid} into an S3 bucket, as {newest.sid}: they cannot "
            "be copied.",
            "Switch external storage off: Twilio console, Voice, Settings, General.",
        )
    return ok(Check.EXTERNAL_STORAGE, f"Twilio itself stores the recordings of {sid}.")


def _media_access(
    twilio: TwilioInspector, sid: str, recording: VendorRecording | None
) -> Iterator[CheckResult]:
    if recording is None:
        yield unknown(
            Check.MEDIA_ACCESS, f"{sid} has no finished recording at Twilio to try it on."
        )
        return
    yield check_media(sid, twilio.media_status(sid, recording.sid))


def check_media(sid: str, status: int) -> CheckResult:
    """Check that media was refused to somebody without credentials."""
    if status in {401, 403}:
        return ok(Check.MEDIA_ACCESS, f"Media of {sid} is given to nobody without credentials.")
    if status < 300:
        return failed(
            Check.MEDIA_ACCESS,
            f"Media of {sid} is given to anybody who knows its address.",
            "Switch on HTTP Basic Authentication for media access: Twilio console, Voice, "
            "Settings, General.",
        )
    return unknown(
        Check.MEDIA_ACCESS, f"Twilio answered {status} to a request without credentials."
    )
