"""A company with calls of several people, of whom some ask what is kept of them."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import datetime, timedelta
from typing import Any

from tests.audio.hearing import SECONDS, TALK
from tests.factories import (
    ACCOUNT,
    STARTED,
    a_call,
    a_consent,
    a_recording,
    call_sid,
    recording_sid,
)
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_speech import MemorySpeech
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.model.access import Actor
from twirec.model.announcements import Announcement
from twirec.model.crc32c import Crc32c
from twirec.model.states import Custody, State
from twirec.model.vocabulary import Role
from twirec.settings import Settings

ANA, BOB = "+34600111222", "+34600333444"
EVA = Actor("eva", "admin")
WORDING = Announcement("es-ES", "Polly.Lucia", "Esta llamada se graba.")
HEARD = ("Quiero darme de baja.", "Eso no se puede.")
"""What a machine hears: the customer, and the agent."""
NOW = STARTED + timedelta(days=2)


def company(settings: Settings) -> Archive:
    """Return an archive in memory, whose clock stands two days after the first call."""
    archive = Archive(
        settings,
        bucket=MemoryBucket(),
        vendor=MemoryVendor(),
        speech=MemorySpeech(HEARD),
        now=lambda: NOW,
    )
    archive.set_up()
    archive.catalog.announcements.keep(WORDING, STARTED)
    return archive


def add_call(
    archive: Archive,
    number: int,
    customer: str = ANA,
    *,
    at: datetime = STARTED,
    media: bytes = TALK,
    recording: dict[str, Any] | None = None,
    **call: Any,
) -> str:
    """Add a call with a recording that is archived, and return the recording's SID."""
    line = a_call(call_sid=call_sid(number), customer_number=customer, started_at=at, **call)
    archive.catalog.ledger.open_call(line)
    consent = a_consent(call_sid=line.call_sid, leg=line.call_sid, announcement=WORDING.hash, at=at)
    archive.catalog.consents.record(consent, None)
    sid, name = recording_sid(number), f"recordings/{recording_sid(number)}.wav"
    fields: dict[str, Any] = {
        "sid": sid,
        "call_sid": line.call_sid,
        "account_sid": ACCOUNT,
        "state": State.RELEASED,
        "custody": Custody.ACTIVE,
        "started_at": at,
        "duration": SECONDS,
        "channel_map": (Role.CUSTOMER, Role.AGENT),
        "object_name": name,
        "size": len(media),
        "crc32c": str(Crc32c(media)),
        "sha256": hashlib.sha256(media).hexdigest(),
        "due_at": None,
    }
    put: dict[str, Any] = {"content_type": "", "labels": {}, "custom_time": at}
    archive.bucket.put(name, [media], **put, finish=dict)
    archive.catalog.recordings.adopt(a_recording(**fields | (recording or {})))
    return sid


def transcribe(archive: Archive, sid: str) -> None:
    """Have a machine write down what is said in a recording."""
    archive.transcripts.request(sid, by=EVA)
    archive.jobs.do("transcript", sid)


def asked(archive: Archive, number: str = ANA, **said: Any) -> str:
    """Let somebody ask who proved who they are, and return the request's key."""
    requests = archive.custody.access_requests
    opened = requests.open(number, name="Ana Íñiguez", by=EVA, **{"language": "en", **said})
    return requests.identify(opened.key, how="identity card", by=EVA).key


def unpacked(archive: Archive, key: str) -> dict[str, bytes]:
    """Make a request's archive, check its sums, and return its files."""
    with archive.custody.access_requests.pack(key, by=EVA) as stream:
        made = io.BytesIO(b"".join(stream))
    with zipfile.ZipFile(made) as packed:
        assert packed.testzip() is None
        files = {name: packed.read(name) for name in packed.namelist()}
    sums = dict(line.split("  ")[::-1] for line in files["SHA256SUMS"].decode().splitlines())
    assert sums.keys() == files.keys() - {"SHA256SUMS"}
    for name, sha256 in sums.items():
        assert hashlib.sha256(files[name]).hexdigest() == sha256, name
    return files
