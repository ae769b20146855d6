"""The tables of the accounts, as Alembic makes them."""
