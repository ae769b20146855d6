"""Announcements, kept for ever, and remembered times."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from twirec.catalog import tables
from twirec.catalog.database import Database
from twirec.catalog.rows import to_announcement
from twirec.catalog.tables import announcements, marks
from twirec.model.announcements import Announcement, Audio
from twirec.model.errors import NotFound


class Keepsakes:
    """The part of the catalog that remembers wordings and times."""

    database: Database

    def keep_announcement(self, announcement: Announcement, at: datetime) -> None:
        """Keep a wording under its hash, for ever. Doing it again changes nothing."""
        values = {
            "hash": announcement.hash,
            "language": announcement.language,
            "voice": announcement.voice,
            "text": announcement.text,
            "question": announcement.question,
            "audio": announcement.audio,
            "question_audio": announcement.question_audio,
            "seconds": announcement.seconds,
            "question_seconds": announcement.question_seconds,
            "kept_at": at,
        }
        with self.database.write() as connection:
            self.database.insert_once(connection, announcements, values)

    def keep_audio(self, audio: Audio, at: datetime) -> None:
        """Keep a file of an announcement under its hash, for ever."""
        kept = {"hash": audio.hash, "data": audio.data, "kept_at": at}
        with self.database.write() as connection:
            self.database.insert_once(connection, tables.audio, kept)

    def audio(self, hash_: str) -> bytes:
        """Return the file of that hash."""
        statement = select(tables.audio.c.data).where(tables.audio.c.hash == hash_)
        with self.database.read() as connection:
            data: bytes | None = connection.scalar(statement)
        if data is None:
            raise NotFound(f"No audio with the hash {hash_} was ever played.")
        return data

    def announcement(self, hash_: str) -> Announcement:
        """Return the wording of that hash."""
        statement = select(announcements).where(announcements.c.hash == hash_)
        with self.database.read() as connection:
            row = connection.execute(statement).first()
        if row is None:
            raise NotFound(f"No announcement with the hash {hash_} was ever played.")
        return to_announcement(row)

    def unpublished_announcements(self) -> list[Announcement]:
        """Return the wordings that are not in the bucket yet."""
        statement = select(announcements).where(announcements.c.published_at.is_(None))
        with self.database.read() as connection:
            return [to_announcement(row) for row in connection.execute(statement)]

    def published(self, hash_: str, at: datetime) -> None:
        """Write down that a wording is in the bucket."""
        with self.database.write() as connection:
            connection.execute(
                update(announcements).where(announcements.c.hash == hash_).values(published_at=at)
            )

    def mark(self, name: str) -> datetime | None:
        """Return a remembered time, such as where the last sweep ended; None if there is none."""
        with self.database.read() as connection:
            return connection.scalar(select(marks.c.at).where(marks.c.name == name))

    def take_turn(self, name: str, now: datetime, every: timedelta) -> bool:
        """Whether it is the caller's turn to do what is done every so often, and by one only."""
        with self.database.write() as connection:
            if self.database.insert_once(connection, marks, {"name": name, "at": now}):
                return True
            over = or_(marks.c.at <= now - every, marks.c.at > now + every)
            due = (marks.c.name == name) & over
            return connection.execute(update(marks).where(due).values(at=now)).rowcount == 1

    def set_mark(self, name: str, at: datetime) -> None:
        """Remember a time under a name."""
        with self.database.write() as connection:
            changed = connection.execute(update(marks).where(marks.c.name == name).values(at=at))
            if changed.rowcount == 0:
                self.database.insert_once(connection, marks, {"name": name, "at": at})
