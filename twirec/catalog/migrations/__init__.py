"""The history of the tables. Made by Alembic, shipped in the wheel."""
