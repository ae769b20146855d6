"""The database: its tables, its migrations, and what is read and written. SQLAlchemy only here."""
