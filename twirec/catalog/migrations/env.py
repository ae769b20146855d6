"""How Alembic reaches the database: on the connection that it is given."""

from __future__ import annotations

from alembic import context

from twirec.catalog.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter most things in place
)
context.run_migrations()
