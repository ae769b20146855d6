"""A recorded call with everything that evidence shows, and an authority that seals it."""

from __future__ import annotations

import dataclasses
import io
import ssl
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from tests.factories import STARTED, a_call, a_consent, call_sid, recording_sid, wording_of
from tests.house import AT_VENDOR, House
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.evidence.check import check_evidence
from twirec.model.access import Actor
from twirec.model.evidence import EvidenceCheck
from twirec.model.vocabulary import ConsentOutcome
from twirec.sandbox.authority import Authority
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

ANA = Actor("ana", "admin")
SOUND = wav(4, 2)

Make = Callable[..., bytes]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority, with its time-stamping service."""
    with Authority(tmp_path_factory.mktemp("authority"), "Ejemplo S. L.") as authority:
        yield authority


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another one, whom nobody knows."""
    return Authority(tmp_path_factory.mktemp("stranger"), "Somebody else")


@pytest.fixture(scope="session")
def sealed_settings(authority: Authority) -> Settings:
    """Settings with a seal."""
    return dataclasses.replace(
        Settings.from_env(ENVIRONMENT),
        seal=str(authority.seal),
        seal_password=authority.password,
        tsa_url=authority.url,
    )


@pytest.fixture(scope="session")
def sealed(sealed_settings: Settings) -> Iterator[House]:
    """A house in which one call was recorded, with a pause, and heard once: to be copied."""
    house = House(sealed_settings, MemoryBucket())
    archive = house.archive
    wording = wording_of(archive)
    archive.catalog.announcements.keep(wording, STARTED)
    archive.catalog.ledger.open_call(
        a_call(call_sid=call_sid(2), announcement=wording.hash, leg=call_sid(2))
    )
    archive.catalog.consents.record(
        a_consent(
            call_sid=call_sid(2),
            leg=call_sid(2),
            announcement=wording.hash,
            outcome=ConsentOutcome.GRANTED,
            key="1",
            method="key",
        ),
        None,
    )
    house.vendor.add_recording(dataclasses.replace(AT_VENDOR, call_sid=call_sid(2)), SOUND)
    house.tell(call_sid=call_sid(2))
    house.work_on()
    with archive.recordings.open(recording_sid(), by=ANA, purpose="claim") as heard:
        for _ in heard:
            pass
    house.time += timedelta(days=1)
    yield house
    archive.close()


@pytest.fixture
def sealed_house(sealed: House) -> Iterator[House]:
    """A copy of it, to be changed."""
    house = sealed.copy()
    yield house
    house.archive.close()


def packing(house: House) -> Make:
    """Return what makes a package of a house's recording."""

    def make(form: str, **more: str) -> bytes:
        stream = house.archive.custody.evidence(
            recording_sid(), form=form, by=ANA, purpose="claim", **more
        )
        with stream:
            return b"".join(stream)

    return make


@pytest.fixture
def make(sealed_house: House) -> Make:
    """What makes a package of its recording."""
    return packing(sealed_house)


@pytest.fixture(scope="session")
def made(sealed: House) -> Make:
    """What gives the package of an untouched house, which is made once of each form."""
    return cache(lambda form: packing(sealed.copy())(form))


def write(folder: Path, name: str, data: bytes) -> Path:
    """Write a file; return where."""
    path = folder / name
    path.write_bytes(data)
    return path


def checked(package: bytes, authority: Authority | None = None) -> EvidenceCheck:
    """Check a package, trusting an authority or nobody."""
    trusted = [ssl.PEM_cert_to_DER_cert(authority.root.read_text())] if authority else []
    return check_evidence(io.BytesIO(package), trusted)
