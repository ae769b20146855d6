"""The catalog on SQLAlchemy: SQLite by default, PostgreSQL when one machine is not enough."""
