"""A model that hears real speech, and what it heard of a call: once for all tests of this folder.

One worker runs them all (`tests/scheduling.py`): the call takes the model half a minute of CPU.
"""

from __future__ import annotations

import io
import json
import os
import wave
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.factories import recording_sid
from tests.house import AT_VENDOR, House
from tests.whisper_base import PLACE
from twirec.adapters import whisper as adapter
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.whisper import Whisper
from twirec.archive import Archive
from twirec.audio.conversion import decode
from twirec.audio.ffmpeg import find_ffmpeg
from twirec.audio.formats import FORMATS
from twirec.model.transcript import Transcript
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

HERE = Path(__file__).parent
SPEECH = HERE / "dispute.flac"
"""A call of 83 seconds, in Spanish, made of read sentences: channel 1 customer, 2 agent."""
SAID: list[dict[str, Any]] = json.loads((HERE / "dispute.json").read_text())
"""What is said in it: when it starts and how long it takes, who says it, and the text."""
RATE = 8000


@pytest.fixture(scope="session")
def whisper() -> Iterator[Whisper]:
    """Whisper base, which `make whisper-base` puts beside the tests."""
    if not (PLACE / "model.bin").is_file():
        skip = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        skip("the model that hears speech is not there: make whisper-base")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adapter, "NICE", 0)  # behind all other tests it would be the last one
        model = Whisper(str(PLACE))
        yield model
        model.rest()


def samples(name: Path = SPEECH) -> bytes:
    """The samples of a file of speech, at 8 kHz, 16 bits, two channels in turns."""
    chunks = iter([name.read_bytes()])
    return b"".join(decode(find_ffmpeg(None), chunks, FORMATS["flac"], rate=RATE, channels=2))


def as_wav(pcm: bytes, channels: int = 2) -> bytes:
    """A WAV file as Twilio serves it."""
    written = io.BytesIO()
    with wave.open(written, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(pcm)
    return written.getvalue()


@dataclass(frozen=True)
class Dispute:
    """A call that was recorded, archived and heard.

    Attributes:
        archive: where it is.
        sid: of the recording.
        transcript: what was heard in it.
    """

    archive: Archive
    sid: str
    transcript: Transcript


@pytest.fixture(scope="session")
def dispute(whisper: Whisper) -> Iterator[Dispute]:
    """The call of `dispute.flac`, with its transcript as the model wrote it."""
    settings = Settings.from_env({**ENVIRONMENT, "TWIREC_TRANSCRIPTS": "all"})
    house = House(settings, MemoryBucket(), speech=whisper)
    media = as_wav(samples())
    seconds = round((len(media) - 44) / 4 / RATE)
    house.vendor.add_recording(replace(AT_VENDOR, duration=seconds), media)
    house.tell(duration=seconds)
    house.work()
    transcript = house.archive.transcripts.get(recording_sid(), by="ana")
    yield Dispute(house.archive, recording_sid(), transcript)
    house.archive.close()
