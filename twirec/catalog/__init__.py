"""The database: tables, migrations, one class a subject. SQLAlchemy only here."""

from twirec.catalog.catalog import Catalog

__all__ = ["Catalog"]
