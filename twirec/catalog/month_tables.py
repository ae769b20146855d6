"""The table of statements about months, beside those of `tables`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table

from twirec.catalog.column_types import UtcDateTime
from twirec.catalog.tables import NAME, metadata

month_statements = Table(
    "month_statements",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("month", String(7), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("by", String(255), nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("gaps", Integer, nullable=False),
    Column("sealed", Boolean, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("object_name", NAME, nullable=False),
    Column("previous", String(32), nullable=False),
    Index("ix_month_statements_month_at", "month", "at"),
)
