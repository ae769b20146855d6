"""The ports of bucket, vendor, private key, speech and queue: what the library needs of each.

Every adapter of a port runs the same suite (`tests/contracts`). What is written here is what the
suite checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from typing import Protocol, runtime_checkable

from twirec.model.bucket import OtherGeneration, StoredObject
from twirec.model.encryption import Encryption
from twirec.model.errors import ObjectNotFound
from twirec.model.hints import Hint
from twirec.model.transcript import Heard, SpeechFacts
from twirec.model.vendor import (
    Media,
    RecordingStatus,
    VendorCall,
    VendorParticipant,
    VendorRecording,
    VoiceRoute,
)

Finish = Callable[[], Mapping[str, str]]
"""Called when all bytes were read and before the object can be seen. It checks what was received
and returns the labels that are only known then; if it raises, nothing is published."""


class Bucket(Protocol):
    """Where the bytes are kept.

    Names are relative to the configured prefix. Every method raises `BucketUnavailable` when the
    bucket cannot be reached (after bounded retries) and `BucketRefused` when it forbids the
    request, does not exist or is full.
    """

    def put(
        self,
        name: str,
        chunks: Iterable[bytes],
        *,
        content_type: str,
        labels: Mapping[str, str],
        custom_time: datetime,
        finish: Finish,
    ) -> StoredObject:
        """Write an object, only if none of that name is there.

        The chunks are consumed once, in order, in bounded memory. After the last one `finish` is
        called exactly once; its labels are added to `labels`. The answer is the bucket's own
        description of what it holds, read or received after the last byte and the last label were
        written, never an echo of what was sent.

        If `chunks` or `finish` raises, that error comes through and no object is visible, now or
        later. If the process dies, either nothing is visible or the whole object is, perhaps
        without the labels of `finish`. `put` does not read `chunks` to the end when the object is
        already there and it knows.

        Raises:
            ObjectExists: an object of that name is there; it was not touched.
            UploadDropped: the bucket gave the upload up, and no object is there. Beginning anew,
                with new chunks, may go well.
        """
        ...

    def stat(self, name: str) -> StoredObject:
        """Describe the live object of that name.

        Raises:
            ObjectNotFound: there is none.
        """
        ...

    def label(self, name: str, generation: int, labels: Mapping[str, str]) -> StoredObject:
        """Add labels to a generation (others stay), and return the bucket's description after it.

        Raises:
            ObjectNotFound: that generation is not the live one.
        """
        ...

    def open_range(
        self,
        name: str,
        start: int = 0,
        end: int | None = None,
        *,
        generation: int | None = None,
    ) -> Iterator[bytes]:
        """Stream the bytes from `start` up to and without `end` (to the end when None).

        A range that begins at or after the object's end is empty. All chunks are of one
        generation: of that one, or when None of the one that is live at the call. What is not a
        part of that object, or not all of the part, is an error, never a chunk or a quiet end.

        A part is given only if the whole still has the checksum by which the bucket describes it;
        that of all bytes is for the reader to compare.

        Raises:
            ObjectNotFound: there is none, or not in that generation (before the first chunk).
            BytesDiffer: the whole has not that checksum any more (before the first chunk).
        """
        ...

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Describe all live objects whose name begins with `prefix`, in order of their names.

        What is there and cannot be described has a `problem`, and the listing goes on; so has a
        folder that cannot be looked into, also one above `prefix`.
        """
        ...

    def others(self, prefix: str) -> Iterator[OtherGeneration]:
        """Describe what the bucket has of objects whose name begins with `prefix`, but the live.

        That is older generations, where it keeps them, which `delete` deletes; and what was deleted
        and can be brought back for a time, which nothing deletes earlier. In a bucket that keeps
        neither there is none.
        """
        ...

    def delete(self, name: str, generation: int) -> None:
        """Delete that generation for good. If it is not there, that is done already.

        Raises:
            ObjectHeld: it is held; it is there still.
            ObjectKept: the bucket's retention policy keeps it until a date.
        """
        ...

    def hold(
        self, name: str, generation: int, held: bool, labels: Mapping[str, str]
    ) -> StoredObject:
        """Hold a generation, or let it go, and add labels, all of it or nothing.

        What is held cannot be deleted until it is let go; its labels can be changed. Doing it again
        changes nothing. Returns the bucket's description after it.

        Raises:
            ObjectNotFound: that generation is not the live one.
        """
        ...

    def close(self) -> None:
        """Close connections. Nothing is used after it."""
        ...


def delete_named(bucket: Bucket, name: str) -> None:
    """Delete the object of a name, whichever it is; done already if it is not there.

    Args:
        bucket: where it is.
        name: its name in the bucket.

    Raises:
        ObjectHeld, ObjectKept: the bucket does not let it go.
        BucketError: the bucket refused, or did not answer.
    """
    with suppress(ObjectNotFound):
        bucket.delete(name, bucket.stat(name).generation)


class LiveCalls(Protocol):
    """Calls that go on at Twilio: placing one, who is in it, and what is recorded of it.

    What every method of `Vendor` may raise, these may too.
    """

    def place_call(
        self,
        account_sid: str,
        *,
        from_: str,
        to: str,
        url: str,
        fallback_url: str,
        ended_url: str,
        finds_machines: bool = True,
        send_digits: str = "",
    ) -> VendorCall:
        """Place a call, and let Twilio find out whether a machine answers, unless told not to.

        Twilio asks `url` for TwiML when somebody answered, `fallback_url` when that or another
        document of the call failed, and tells `ended_url` of the end. `send_digits` are pressed
        once it answered, `w` being half a second. It is sent once: whether a
        request that got no answer placed a call is not known.

        Raises:
            VendorRefused: a number is wrong, or the account may not call.
        """
        ...

    def participants(self, account_sid: str, room: str) -> list[VendorParticipant]:
        """Fetch who is in the conference of that name now, in no order.

        None where no such conference is in progress. Who has left is not told of.
        """
        ...

    def start_recording(self, account_sid: str, call_sid: str, *, status_url: str) -> str:
        """Record a call that goes on, from now on, in two channels; return the recording's SID.

        Somebody on the phone waits for this: it is tried once, for three seconds at the most.

        Raises:
            VendorRefused: the call does not go on (any more).
        """
        ...

    def set_recording(
        self, account_sid: str, call_sid: str, sid: str, status: RecordingStatus
    ) -> RecordingStatus:
        """Pause a recording (silence takes the place of the sound), resume it or end it.

        Somebody waits for this, and may ask again: it is tried once, for three seconds at the most.

        Returns what Twilio says of it after that: only this says whether it was done.
        """
        ...


class Vendor(Protocol):
    """Twilio, as far as it is needed during calls and after them.

    Every method may raise `VendorUnavailable`, `VendorBusy` or `VendorRefused`, after bounded
    and jittered retries of its own. URLs are built from SIDs and the configured host; credentials
    go to no other host.
    """

    @property
    def live(self) -> LiveCalls:
        """What is done to calls that go on."""
        ...

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that there are credentials for, `AC…`."""
        ...

    def recordings(
        self,
        account_sid: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        call_sid: str | None = None,
        hurry: bool = False,
    ) -> Iterator[VendorRecording]:
        """List recordings page by page, deleted ones left out.

        `since` and `until` (UTC) cut by creation. Twilio's own filter is by day, so the adapter
        asks for whole days and cuts exactly itself. In a hurry, as somebody waits for this, each
        page is tried once, for three seconds at the most.
        """
        ...

    def recording(self, account_sid: str, sid: str) -> VendorRecording:
        """Fetch a recording's metadata.

        Raises:
            NotAtVendor: Twilio does not know it, or deleted it.
        """
        ...

    def call(self, account_sid: str, sid: str, *, hurry: bool = False) -> VendorCall:
        """Fetch a call. In a hurry it is tried once, for three seconds at the most.

        Raises:
            NotAtVendor: Twilio does not know it.
        """
        ...

    def calls(self, account_sid: str, *, since: datetime, until: datetime) -> Iterator[VendorCall]:
        """List calls that ended, and went on in a span (UTC), page by page; `until` is exclusive.

        Legs that a call dialled are left out. What failed before it began is there too.
        """
        ...

    def legs(self, account_sid: str, call_sid: str) -> list[VendorCall]:
        """Fetch the legs that a call dialled, those that did not answer too, in no order.

        None for a call that dialled nobody, or that Twilio does not know, or not any more.
        """
        ...

    def voice_routes(self, account_sid: str) -> list[VoiceRoute]:
        """Fetch where the account's numbers, SIP domains and TwiML applications point, in no order.

        WhatsApp senders too, where Twilio tells of them; where it does not, none is returned.

        Raises:
            VendorRefused: the credentials may not see them.
        """
        ...

    def media(
        self, account_sid: str, sid: str, *, encrypted: bool = False
    ) -> AbstractContextManager[Media]:
        """Open the media as WAV, in two channels, or in one where Twilio has no two (400).

        What is encrypted is opened as it is stored, still encrypted: Twilio cannot convert it, so
        it is not asked for any channels, and its content type need not be audio.

        Leaving the context closes the connection. Only a 200 with an audio content type is opened.

        Raises:
            MediaNotReady: 404; it may come yet, or be gone: `recording` tells.
            MediaIsErrorPage: a 200 with text instead of audio, which may pass.
            NotAudio: a 200 with something else.
            MediaTruncated: while reading: the body ended before the announced length.
        """
        ...

    def delete(self, account_sid: str, sid: str) -> None:
        """Delete a recording. Not found is done.

        Raises:
            VendorRefused: Twilio will not delete it (it is not `completed`).
        """
        ...

    def delete_call(self, account_sid: str, sid: str) -> None:
        """Delete Twilio's record of a call, or of a leg, that ended. Not found is done.

        https://www.twilio.com/docs/voice/api/call-resource#delete-a-call-resource

        Raises:
            VendorRefused: it goes on, or the credentials may not delete it.
        """
        ...

    def close(self) -> None:
        """Close connections. Nothing is used after it."""
        ...


Decrypt = Callable[[Iterable[bytes]], Iterator[bytes]]
"""Takes the chunks of an encrypted recording's media and yields the plain bytes, in bounded memory.

Nothing that it yields is proven before it ended without an error.

Raises:
    MediaNotAuthentic: at the end: the bytes are not those that Twilio encrypted.
"""


class PrivateKey(Protocol):
    """The private half of a key pair, of which Twilio has the public half."""

    def opens(self, encryption: Encryption) -> Decrypt:
        """Return what decrypts the media of the recording that was encrypted like that.

        Raises:
            EncryptionUnknown: the encryption is described in a way that is not known.
            DecryptionKeyWrong: it was encrypted for another key.
        """
        ...


class SpeechModel(Protocol):
    """What hears speech, and says the words of it.

    It is used by one thread at a time, whoever asks: others wait.
    """

    def problem(self) -> str:
        """Return why it cannot be used here, in a sentence with the fix; empty where it can.

        It is asked often, and looks only at what costs nothing: what is known not to load stays so
        until its files change.
        """
        ...

    def facts(self) -> SpeechFacts:
        """Return what decides what it hears.

        Raises:
            SpeechToolsMissing: what runs it is not installed.
            ModelUnusable: it is not there.
        """
        ...

    def hear(
        self, samples: bytes, rate: int, language: str | None, heartbeat: Callable[[], object]
    ) -> Heard:
        """Return the words of some minutes of one channel.

        Args:
            samples: of 16 bits, little endian.
            rate: of them, a second.
            language: in which they are, ISO 639; None where it is to say so itself.
            heartbeat: called every now and then meanwhile; what it raises ends the hearing.

        Raises:
            SpeechToolsMissing: what runs it is not installed.
            ModelUnusable: it is missing or broken.
            HearingFailed: it did not hear it to its end.
        """
        ...

    def rest(self) -> None:
        """Let its memory go, until it is used again."""
        ...


@runtime_checkable
class HintQueue(Protocol):
    """Where it is said that something is due, such as a broker of tasks.

    A hint is no promise. It may be lost, late, doubled or told of what is done already: who gets
    one asks the catalog, which alone knows what is due, and whom it hands that out to.
    """

    def put(self, hint: Hint) -> None:
        """Hand a hint over, within some seconds. One that it has already is handed over.

        Raises:
            HintNotTaken: it is away, or refused it; the message has no secret.
        """
        ...

    def close(self) -> None:
        """Close connections. Nothing is used after it."""
        ...
