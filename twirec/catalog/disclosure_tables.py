"""The tables of what is given to others, and of who consented to it."""

from __future__ import annotations

from sqlalchemy import Column, Date, Index, Integer, String, Table, Text

from twirec.catalog.column_types import TupleJson, UtcDateTime, word
from twirec.catalog.tables import metadata
from twirec.model.disclosures import ConsentMethod, DisclosureGround

disclosure_consents = Table(
    "disclosure_consents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_sid", String(34), nullable=False, index=True),
    Column("participant", String(255), nullable=False),
    Column("name", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("given_on", Date, nullable=False),
    Column("how", word(ConsentMethod, 16), nullable=False),
    Column("evidence", Text, nullable=False),
    Column("by", String(255), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("withdrawn_at", UtcDateTime),
    Column("withdrawn_by", String(255), nullable=False, server_default=""),
    Column("withdrawn_why", Text, nullable=False, server_default=""),
)

disclosures = Table(
    "disclosures",
    metadata,
    Column("id", String(34), primary_key=True),
    Column("recording_sid", String(34), nullable=False, index=True),
    Column("recipient", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("ground", word(DisclosureGround, 16), nullable=False),
    Column("reference", Text, nullable=False),
    Column("consents", TupleJson(), nullable=False),
    Column("conversion", Text, nullable=False),
    Column("by", String(255), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("openings", Integer, nullable=False),
    Column("opened", Integer, nullable=False, server_default="0"),
    Column("first_opened_at", UtcDateTime),
    Column("last_opened_at", UtcDateTime),
    Column("wrong_codes", Integer, nullable=False, server_default="0"),
    Column("revoked_at", UtcDateTime),
    Column("revoked_by", String(255), nullable=False, server_default=""),
    Column("revoked_why", Text, nullable=False, server_default=""),
    # Of the secrets only what proves them, and that in no journal: a catalog that was made anew
    # cannot know how often a link was opened since, so its links are dead.
    Column("link_hash", String(64)),
    Column("code_hash", String(64)),
    Column("salt", String(32)),
    Column("ticket_hash", String(64)),
    Column("ticket_until", UtcDateTime),
    Index("ix_disclosures_link_hash", "link_hash", unique=True),
)
