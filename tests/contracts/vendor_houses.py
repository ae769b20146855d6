"""Vendors with a hand that puts things into them: in memory, and Twilio's against the sandbox."""

import hashlib
import io
import uuid
import wave
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta

import requests

from twirec.adapters.memory_vendor import MemoryVendor
from twirec.adapters.twilio import Credentials, TwilioClients, TwilioVendor
from twirec.model.errors import (
    MediaIsErrorPage,
    MediaTruncated,
    TwirecError,
    VendorBusy,
    VendorRefused,
    VendorUnavailable,
)
from twirec.model.ports import Vendor
from twirec.model.vendor import (
    RecordingStatus,
    VendorCall,
    VendorParticipant,
    VendorRecording,
    VoiceRoute,
)
from twirec.sandbox import ALWAYS, Application, Call, Fault, Faults, Party, Sandbox

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class House(ABC):
    """A vendor, and the hand that puts things into it."""

    vendor: Vendor
    account: str

    @abstractmethod
    def add(
        self,
        *,
        seconds: int = 2,
        started_at: datetime = NOON,
        status: str = "completed",
        dual: bool = True,
    ) -> VendorRecording:
        """Put in a recording and its call, and return what the vendor should say of it."""

    @abstractmethod
    def dial(self, numbers: Sequence[str]) -> str:
        """Put in a call from +34911000111 whose TwiML rang these numbers, and return its SID.

        The first number answered; the others did not.
        """

    @abstractmethod
    def meet(self, room: str, names: Sequence[str]) -> list[str]:
        """Let clients of these names meet in a conference, where they stay; return their legs."""

    @abstractmethod
    def point(self, routes: Sequence[VoiceRoute]) -> None:
        """Let addresses point somewhere, as from `NOON` on; an application's is `AP`."""

    @abstractmethod
    def refusing_routes(self) -> AbstractContextManager[None]:
        """Let the credentials see no routes."""

    @abstractmethod
    def sha256(self, sid: str) -> str:
        """SHA-256 of the media in two channels, in hex."""

    @abstractmethod
    def break_media(self, sid: str, error: TwirecError) -> None:
        """Let the media of a recording fail with such an error."""


class MemoryHouse(House):
    def __init__(self) -> None:
        self.vendor: MemoryVendor = MemoryVendor()
        self.account = "AC" + "0a" * 16
        self._media: dict[str, bytes] = {}

    def add(
        self,
        *,
        seconds: int = 2,
        started_at: datetime = NOON,
        status: str = "completed",
        dual: bool = True,
    ) -> VendorRecording:
        number = f"{len(self._media):032x}"
        recording = VendorRecording(
            sid=f"RE{number}",
            account_sid=self.account,
            call_sid=f"CA{number}",
            status=RecordingStatus(status),
            created_at=started_at,
            started_at=started_at,
            duration=seconds if status == "completed" else None,
            channels=2 if dual else 1,
            source="DialVerb",
        )
        ended_at = started_at + timedelta(seconds=seconds)
        call = VendorCall(
            sid=f"CA{number}",
            account_sid=self.account,
            from_="+34600111222",
            to="+34911000111",
            direction="inbound",
            status="completed",
            started_at=started_at,
            ended_at=ended_at,
            duration=seconds,
        )
        self._media[recording.sid] = _wav(seconds, 2 if dual else 1)
        self.vendor.add_call(call)
        done = status == "completed"
        self.vendor.add_recording(recording, self._media[recording.sid] if done else b"")
        return recording

    def dial(self, numbers: Sequence[str]) -> str:
        parent = f"CA{uuid.uuid4().hex}"
        self.vendor.add_call(
            VendorCall(
                sid=parent,
                account_sid=self.account,
                from_="client:ana",
                to="",
                direction="inbound",
                status="completed",
                started_at=NOON,
            )
        )
        for number in numbers:
            leg = VendorCall(
                sid=f"CA{uuid.uuid4().hex}",
                account_sid=self.account,
                from_="+34911000111",
                to=number,
                direction="outbound-dial",
                status="completed" if number == numbers[0] else "no-answer",
                parent_call_sid=parent,
                started_at=NOON,
            )
            self.vendor.add_call(leg)
        return parent

    def meet(self, room: str, names: Sequence[str]) -> list[str]:
        conference = f"CF{uuid.uuid4().hex}"
        legs = [f"CA{uuid.uuid4().hex}" for _ in names]
        for leg in legs:
            self.vendor.live.let_in(room, VendorParticipant(self.account, conference, leg, NOON))
        return legs

    def point(self, routes: Sequence[VoiceRoute]) -> None:
        for route in routes:
            self.vendor.routes.append((self.account, route))

    @contextmanager
    def refusing_routes(self) -> Iterator[None]:
        self.vendor.faults.add("voice_routes", VendorRefused("Authorization error", status=403))
        yield

    def sha256(self, sid: str) -> str:
        return hashlib.sha256(self._media[sid]).hexdigest()

    def break_media(self, sid: str, error: TwirecError) -> None:
        reading = isinstance(error, MediaTruncated)
        self.vendor.faults.add("read" if reading else "media", error)


class SandboxHouse(House):
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._application: Application | None = None
        self.account = sandbox.account_sid
        self.vendor = TwilioVendor(
            TwilioClients(
                {self.account: Credentials(sandbox.api_key, sandbox.api_secret)},
                api_url=sandbox.url,
                sleep=lambda seconds: None,
            )
        )

    def add(
        self,
        *,
        seconds: int = 2,
        started_at: datetime = NOON,
        status: str = "completed",
        dual: bool = True,
    ) -> VendorRecording:
        added = self._sandbox.add_recording(
            seconds=seconds, started_at=started_at, status=status, dual=dual
        )
        return VendorRecording(
            sid=added.sid,
            account_sid=self.account,
            call_sid=added.call_sid,
            status=RecordingStatus(status),
            created_at=started_at,
            started_at=started_at,
            duration=added.duration,
            channels=2,
            source="DialVerb",
            error_code=added.error_code,
        )

    def meet(self, room: str, names: Sequence[str]) -> list[str]:
        twiml = f"<Response><Dial><Conference>{room}</Conference></Dial></Response>"
        for name in names:
            self._sandbox.party(f"client:{name}", Party(hangs_up_after=900))
        return [self._place(f"client:{name}", twiml).sid for name in names]

    def dial(self, numbers: Sequence[str]) -> str:
        self._sandbox.number("+34911000111", voice_url="http://127.0.0.1:9/")
        for number in numbers:
            answers = number == numbers[0]
            self._sandbox.party(number, Party(answers=answers, hangs_up_after=1.0))
        nouns = "".join(f"<Number>{number}</Number>" for number in numbers)
        twiml = f'<Response><Dial callerId="+34911000111">{nouns}</Dial></Response>'
        call = self._place("client:ana", twiml)
        call.wait(120)
        return call.sid

    def _place(self, to: str, twiml: str) -> Call:
        placed = requests.post(
            f"{self._sandbox.url}/2010-04-01/Accounts/{self.account}/Calls.json",
            auth=(self._sandbox.api_key, self._sandbox.api_secret),
            data={"From": "+34911000111", "To": to, "Twiml": twiml},
            timeout=120,
        )
        [call] = [one for one in self._sandbox.calls if one.sid == placed.json()["sid"]]
        return call

    def point(self, routes: Sequence[VoiceRoute]) -> None:
        for route in routes:
            if route.address.startswith("whatsapp:"):
                self._sandbox.addresses.sender(route.address, application=self._application)
            elif route.address.startswith("AP"):
                self._application = self._sandbox.application(voice_url=route.voice_url)
            elif route.address.startswith("+"):
                self._sandbox.number(
                    route.address,
                    voice_url=route.voice_url,
                    application=self._application if route.served_by.startswith("AP") else None,
                    trunk_sid=route.served_by if route.served_by.startswith("TK") else None,
                    since=route.since,
                )
            else:
                self._sandbox.addresses.domain(route.address, voice_url=route.voice_url)

    @contextmanager
    def refusing_routes(self) -> Iterator[None]:
        self._sandbox.hazards.hides_numbers = True
        yield
        self._sandbox.hazards.hides_numbers = False

    def sha256(self, sid: str) -> str:
        return self._sandbox.sha256(sid)

    def break_media(self, sid: str, error: TwirecError) -> None:
        faults = {
            MediaIsErrorPage: Fault.XML_WITH_200,
            MediaTruncated: Fault.TRUNCATED,
            VendorBusy: Fault.BUSY,
            VendorUnavailable: Fault.UNAVAILABLE,
        }
        [found] = [one for one in self._sandbox.recordings if one.sid == sid]
        found.faults = Faults(media={faults[type(error)]: ALWAYS})


def _wav(seconds: int, channels: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(bytes(range(250)) * (seconds * 64) * channels)
    return file.getvalue()
