"""Announcements, kept for ever."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from twirec.catalog import tables
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.tables import announcements
from twirec.model.announcements import Announcement, Audio
from twirec.model.errors import NotFound


class Announcements:
    """The wordings that callers hear, and the audio files of the company's own.

    Each is kept for ever under the hash of its content, and never changed: a consent names by it
    what was said, as long as anybody may ask. That one is in the bucket too is written down here.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, announcement: Announcement, at: datetime) -> None:
        """Keep a wording under its hash, for ever. Doing it again changes nothing."""
        with self._database.write() as connection:
            keep_wording(self._database, connection, announcement, at)

    def keep_audio(self, audio: Audio, at: datetime) -> None:
        """Keep a file of an announcement under its hash, for ever. Again changes nothing."""
        row = {"hash": audio.hash, "data": audio.data, "kept_at": at}
        with self._database.write() as connection:
            self._database.insert_once(connection, tables.audio, row)

    def audio(self, hash_: str) -> bytes:
        """Return the file of that hash.

        Raises:
            NotFound: no audio of that hash was ever played.
        """
        statement = select(tables.audio.c.data).where(tables.audio.c.hash == hash_)
        with self._database.read() as connection:
            data: bytes | None = connection.scalar(statement)
        if data is None:
            raise NotFound(f"No audio with the hash {hash_} was ever played.")
        return data

    def get(self, hash_: str) -> Announcement:
        """Return the wording of that hash.

        Raises:
            NotFound: no wording of that hash was ever played.
        """
        statement = select(announcements).where(announcements.c.hash == hash_)
        with self._database.read() as connection:
            row = connection.execute(statement).first()
        if row is None:
            raise NotFound(f"No announcement with the hash {hash_} was ever played.")
        return to_model(Announcement, row)

    def unpublished(self) -> list[Announcement]:
        """Return the wordings that are not in the bucket yet."""
        statement = select(announcements).where(announcements.c.published_at.is_(None))
        with self._database.read() as connection:
            return to_models(Announcement, connection.execute(statement))

    def published(self, hash_: str, at: datetime) -> None:
        """Write down that a wording is in the bucket."""
        with self._database.write() as connection:
            connection.execute(
                update(announcements).where(announcements.c.hash == hash_).values(published_at=at)
            )


def keep_wording(
    database: Database, connection: Connection, announcement: Announcement, at: datetime
) -> None:
    """Keep a wording in a transaction; see `Announcements.keep`."""
    row = to_row(announcement, announcements) | {"kept_at": at}
    database.insert_once(connection, announcements, row)
