"""Who is in a conference, as a catalog has it, without what follows from it."""

from __future__ import annotations

from twirec.catalog import Catalog
from twirec.catalog.agents import snapshot_of, write_joining
from twirec.model.agents import ConferenceEvent, ConferenceSnapshot


def join(catalog: Catalog, event: ConferenceEvent) -> None:
    """Write down that somebody joined a conference."""
    with catalog.database.write() as connection:
        write_joining(catalog.database, connection, event)


def who_is_in(catalog: Catalog, account_sid: str, conference_sid: str) -> ConferenceSnapshot:
    """Return who is in a conference."""
    with catalog.database.read() as connection:
        return snapshot_of(connection, account_sid, conference_sid)
