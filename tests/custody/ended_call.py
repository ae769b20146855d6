"""A call that was recorded and has ended, about which there is a case."""

from __future__ import annotations

from sqlalchemy import update

from tests.house import House
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.catalog.tables import calls, recordings
from twirec.settings import Settings


def ended_call(settings: Settings) -> House:
    """Return the company where it was."""
    house = House(settings, MemoryBucket())
    house.record(wav(4.0, channels=2))
    house.work()
    with house.archive.catalog.database.write() as connection:
        connection.execute(update(calls).values(ended_at=house.time))
        connection.execute(update(recordings).values(started_at=house.time))
    return house
