"""Signing in with the company's own provider, over OpenID Connect."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Flask
from sqlalchemy import DateTime, String
from sqlalchemy.orm import Mapped, mapped_column

from callpanel.extensions import Base

provider = Blueprint("provider", __name__, url_prefix="/sign-in/company")


def init_app(app: Flask) -> None:
    """Add the views."""
    app.register_blueprint(provider)


class Identity(Base):
    """Who somebody is to a provider.

    Attributes:
        issuer: the provider.
        subject: what it calls them, for ever; an address may become somebody else's.
        user_id: whose account it is.
        at: when it became theirs.
    """

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(32), index=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
