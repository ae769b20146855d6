"""Every error the library raises, as one tree.

`TwirecError` is the root of what can go wrong while running. `retryable` and
`lasting` say whether time can mend it; the worker reads them in one place
(`jobs/retrying.py`), and `tests/jobs/test_retrying.py` is the table of all.
`SettingsError` stands outside the tree, so that no retry loop swallows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime


class SettingsError(Exception):
    """One or more settings are missing or wrong. The message names every one of them."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["These settings need attention:", *problems]))


class TwirecError(Exception):
    """The root of all errors of the library.

    Attributes:
        retryable: whether the same may go well within minutes, so that it is tried again.
        lasting: whether it is an outage or a setting, which may last for hours and be mended from
            outside: then each sweep tries once more. What is not lasting, and failed as often as
            it is tried, waits until somebody decides.
    """

    retryable = False
    lasting = False


class RequestRefused(TwirecError):
    """A request is not proven to come from Twilio, or an event not proven to come from twirec.

    Answer 403.
    """


class MalformedRequest(TwirecError):
    """A signed request lacks a field or has one of the wrong form. The message names the field."""


class NotFound(TwirecError):
    """The catalog has no such call or recording.

    Attributes:
        hidden: whether there is one that who asked may not know of. The message does not say so.
    """

    def __init__(self, message: str, *, hidden: bool = False) -> None:
        super().__init__(message)
        self.hidden = hidden


class CaseChanged(TwirecError):
    """A call's case number is not any more the one that who changes it has seen."""


class InvalidQuery(TwirecError):
    """What somebody asked for cannot be understood. The message names the field and the fix."""


class NotDialled(InvalidQuery):
    """Nobody may dial that: the rules of who may be dialled, as against toll fraud, forbid it."""


# --- vendor ---------------------------------------------------------------------------------


class LookedAtNothing(TwirecError):
    """A sweep had nothing to look at where there has to be something: a setting is wrong."""


class VendorError(TwirecError):
    """Twilio answered with an error, or not at all.

    Args:
        message: one sentence without secrets or phone numbers.
        status: the HTTP status, if there was an answer.
        code: Twilio's own error code (https://www.twilio.com/docs/api/errors), if it gave one.
    """

    retryable = True
    lasting = True

    def __init__(self, message: str, *, status: int | None = None, code: int | None = None) -> None:
        self.status = status
        self.code = code
        facts = [f"HTTP {status}"] if status else []
        facts += [f"Twilio error {code}"] if code else []
        super().__init__(f"{message} ({', '.join(facts)})" if facts else message)


class CertificatesUnavailable(TwirecError):
    """Google's certificates are not there (yet): whether a request is Google's cannot be told."""

    retryable = True
    lasting = True


class VendorUnavailable(VendorError):
    """Twilio could not be reached, timed out or answered 5xx."""


class VendorBusy(VendorError):
    """Twilio answered 429 / 20429: too many requests at once. Never processed, safe to repeat."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, status=status, code=code)
        self.retry_after = retry_after
        """Seconds that Twilio asked to wait, if it did."""


class VendorRefused(VendorError):
    """Twilio answered 401, 403 or another 4xx. An operator has to mend something."""


class NotAtVendor(VendorError):
    """Twilio has no such resource (404 / 20404)."""


class MediaNotReady(VendorError):
    """The media is not to be had yet (404 just after the callback, or still processing)."""


class MediaIsErrorPage(MediaNotReady):
    """Twilio sent an error page with status 200 in the place of the media, as it may for a while.

    For longer than some minutes it is not that any more.
    """

    lasting = False


class MediaNotDescribed(MediaNotReady):
    """Twilio does not say (yet) when the recording began, or how long it is."""

    lasting = False


class NotPaused(VendorError):
    """Twilio did not say that the recording is paused: it may be recording still."""

    retryable = False
    lasting = False


class NotResumed(VendorError):
    """Twilio did not say that the recording goes on: it may be silent still."""

    retryable = False
    lasting = False


class NotStopped(VendorError):
    """Twilio did not say that the recording has ended: it may be recording still."""

    retryable = False
    lasting = False


# --- media ----------------------------------------------------------------------------------


class MediaError(TwirecError):
    """What was received is not the recording that Twilio described. Nothing was stored.

    The next download brings the same bytes, so time mends only what may have broken off.
    """


class NotAudio(MediaError):
    """What was received is not a PCM WAV file, but another format."""


class MediaTruncated(MediaError):
    """Fewer bytes arrived than the file or the response announced."""

    retryable = True


class MediaMismatch(MediaError):
    """Channels or duration differ from what Twilio says of the recording, asked for once more."""


class MediaNotAuthentic(MediaError):
    """What was received is not, or not all of, what Twilio encrypted."""

    retryable = True


class DecryptionError(TwirecError):
    """An encrypted recording cannot be decrypted with what there is. Nothing was stored.

    Nothing was asked of the vendor either, and a key may be added: each sweep tries once more.
    """

    lasting = True


class EncryptionUnknown(DecryptionError):
    """Twilio describes the encryption in a way that is not known."""

    lasting = False


class DecryptionKeyMissing(DecryptionError):
    """No private key is configured for the public key that Twilio encrypted with."""


class DecryptionKeyWrong(DecryptionError):
    """The private key that is configured is not the other half of Twilio's public key."""


# --- bucket ---------------------------------------------------------------------------------


class BucketError(TwirecError):
    """The bucket refused, failed or does not answer."""

    retryable = True
    lasting = True


class BucketUnavailable(BucketError):
    """The bucket could not be reached, timed out or answered 429 or 5xx."""


class UploadDropped(BucketUnavailable):
    """The bucket gave an upload up in its middle, and no object is there: begin anew."""


class BucketRefused(BucketError):
    """The bucket forbids it, does not exist, or is full. An operator has to mend something.

    Args:
        message: what is wrong, with the bucket's own reason.
        fix: what to do about it; empty where the message says it.
    """

    def __init__(self, message: str, *, fix: str = "") -> None:
        self.fact = message
        self.fix = fix
        super().__init__(f"{message} {fix}".rstrip())


class ObjectKept(BucketRefused):
    """The bucket's retention policy lets an object not be deleted before a date.

    Args:
        message: what is wrong, with the bucket's own reason.
        until: when it can be deleted, UTC.
        fix: what to do about it.
    """

    def __init__(self, message: str, *, until: datetime, fix: str = "") -> None:
        self.until = until
        super().__init__(message, fix=fix)


class BucketNotOurs(BucketRefused):
    """The bucket's mark is missing or another catalog's: nothing is written or deleted there.

    An unmounted folder, another bucket, or a database that is not its own. Once that is mended,
    what waited goes on.
    """


class ObjectHeld(BucketRefused):
    """An object is held in the bucket itself, which does not delete it until that is lifted."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is held in the bucket.", fix=LIFT)


LIFT = "If a hold of twirec's is on it, lift that; else ask who held it there."


class ObjectExists(BucketError):
    """An object of that name is there already; nothing was written."""

    retryable = False
    lasting = False


class ObjectNotFound(BucketError):
    """There is no such object or generation (any more)."""


class BytesDiffer(BucketError):
    """What the bucket holds, or gives, is not what was put there. Nothing of it is to be trusted.

    It does not pass: somebody has to look.

    Args:
        object_name: which object.
        why: what differs.
    """

    retryable = False

    def __init__(self, object_name: str, why: str) -> None:
        self.why = why
        super().__init__(f"{object_name} is not what was put there: {why}.")

    lasting = False


class VerificationFailed(BucketError):
    """Size or checksum that the bucket gives is missing or not that of what was received."""

    lasting = False


class ObjectDiffers(VerificationFailed):
    """An object of that name is there and holds other bytes. It is never replaced."""

    retryable = False


class ArchivedGone(VerificationFailed):
    """The bucket does not hold (any more) what was archived: the vendor's copy has to stay."""

    lasting = True


class LabelsTooLong(VerificationFailed):
    """What is to be said of a recording does not fit into its object's labels."""

    retryable = False


# --- catalog --------------------------------------------------------------------------------


class CatalogError(TwirecError):
    """The catalog could not do what was asked."""

    retryable = True
    lasting = True


class CatalogUnavailable(CatalogError):
    """The database cannot be reached, is locked for too long, or is full."""


class CatalogNewer(CatalogUnavailable):
    """The catalog's tables are of a newer version of the library: time does not mend that."""

    retryable = False
    lasting = False


class LeaseLost(CatalogError):
    """Somebody else has the recording now, or the lease ran out: commit nothing."""

    retryable = False
    lasting = False


class CatalogNotEmpty(CatalogError):
    """A catalog is to be made anew where there is one already."""

    retryable = False
    lasting = False


# --- journal --------------------------------------------------------------------------------


class JournalError(TwirecError):
    """The journal in the bucket cannot be read or written.

    What is to be erased waits for it, as an operator has to mend it.
    """

    lasting = True


class JournalForeign(JournalError):
    """The journal was written by another catalog, or by a newer copy of this one."""


class AuditBroken(JournalError):
    """The audit log is not any more what the journal in the bucket says it was."""


class JournalUnreadable(JournalError):
    """An object of the journal is torn, damaged, or of a newer version of the library."""


# --- events ---------------------------------------------------------------------------------


class EventNotTaken(TwirecError):
    """The company's own webhook refused an event, or it is not known whether it took it."""

    retryable = True


class MailNotSent(TwirecError):
    """An e-mail was not taken by the company's mail server, or nobody knows whether it was."""

    retryable = True


class MailServerUnusable(MailNotSent):
    """The mail server offers no TLS, has no certificate to trust, or refuses who sends."""

    retryable = False
    lasting = True


class MailRefused(MailNotSent):
    """The mail server refused the address or the e-mail for good, or nothing may leave any more."""

    retryable = False


# --- work -----------------------------------------------------------------------------------


class Stopped(TwirecError):
    """The worker was asked to stop while at this recording; it gave it back untouched."""


class WorkerAway(TwirecError):
    """No worker lives: recordings stay at Twilio until one does."""

    retryable = True


# --- queues ---------------------------------------------------------------------------------


class HintNotTaken(TwirecError):
    """A queue was not told that something is due. Workers find it without."""

    retryable = True


# --- the company's own app ------------------------------------------------------------------


class AppError(TwirecError):
    """The company's own app could not be asked under its public URL."""

    retryable = True


class AppUnreachable(AppError):
    """Nothing answers under the public URL."""


class AppNotTrusted(AppError):
    """What answers under the public URL has no TLS certificate that can be trusted."""


# --- listening ------------------------------------------------------------------------------


class CustodyRefused(TwirecError):
    """A recording may not leave: it is not there (any more), in quarantine, or blocked."""


class NothingThere(CustodyRefused):
    """They may, and there is nothing of it in this state: it was erased, or has not come yet."""


class NotConsented(CustodyRefused):
    """Somebody who is heard has not consented to that disclosure. The message says who."""


class LinkClosed(TwirecError):
    """A link opens nothing (any more), or never did. It does not say why: anybody may ask."""


class CodeWrong(TwirecError):
    """The code is not that of the link.

    Attributes:
        left: how many more may be tried.
    """

    def __init__(self, left: int) -> None:
        self.left = left
        super().__init__(f"code: that is not the code of this link; {left} more may be tried.")


class ConversionFailed(TwirecError):
    """ffmpeg did not convert it. The message ends with ffmpeg's last words.

    A machine that is short of memory or of room for a moment does that too.
    """

    retryable = True


class ConversionStalled(ConversionFailed):
    """ffmpeg neither took nor gave a byte for too long, and was ended."""


class AudioToolsMissing(TwirecError):
    """What converts audio is not installed. The message names the fix."""

    lasting = True


class SpeechToolsMissing(TwirecError):
    """What writes down what is said is not installed. The message names the fix."""

    lasting = True


class ModelUnusable(TwirecError):
    """The model that writes down what is said is missing or broken. The message names the fix."""

    lasting = True


class HearingFailed(TwirecError):
    """The model did not hear something to its end. A machine short of memory does that too."""

    retryable = True


# --- evidence -------------------------------------------------------------------------------


class EvidenceToolsMissing(TwirecError):
    """What makes and checks evidence is not installed. The message names the fix."""

    lasting = True


class SealUnusable(TwirecError):
    """There is no seal, or it cannot be used. The message names the fix."""

    lasting = True


class TimeStampUnavailable(TwirecError):
    """The time-stamping authority does not answer, or not as it has to."""

    retryable = True
    lasting = True


class NoEvidence(TwirecError):
    """A file is no evidence package, or cannot be read as one."""


class LetterToolsMissing(TwirecError):
    """What makes PDFs is not installed. The message names the fix."""

    lasting = True
