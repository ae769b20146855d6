"""How Alembic finds the tables of the accounts: through the app."""

from __future__ import annotations

from alembic import context
from flask import current_app

from callpanel.extensions import db, make_file

make_file(db.engine)
with db.engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        **current_app.extensions["migrate"].configure_args,
    )
    with context.begin_transaction():
        context.run_migrations()
