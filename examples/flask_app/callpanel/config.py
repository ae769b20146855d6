"""The settings of the app itself; those of twirec stand beside them in the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import cast

from flask import current_app
from sqlalchemy import create_engine
from sqlalchemy.exc import ArgumentError

from callpanel.lines import NUMBER, is_target
from callpanel.signing import SIGNING_NAMES, Signing
from twirec import Archive, misread_settings

NAMES = (
    "CALLPANEL_SECRET_KEY",
    "CALLPANEL_LINES",
    "CALLPANEL_NUMBER_NAMES",
    "CALLPANEL_DATABASE_URL",
    "CALLPANEL_METRICS_TOKEN",
    "CALLPANEL_PROXIES",
    "CALLPANEL_SERVE",
    "CALLPANEL_PAUSE_REMINDER",
    *SIGNING_NAMES,
)
"""Every setting of the app. A new one is a line here, and one in the table of `docs/panel.md`."""

SHORTEST_SECRET = 32
"""Characters."""

DATABASE = Path("callpanel.db")
"""Where accounts are unless somebody says otherwise: beside the catalog."""


class Serve(StrEnum):
    """What a process serves: what Twilio calls, the pages that staff open, or both."""

    PHONE = "phone"
    PANEL = "panel"
    BOTH = "both"

    @property
    def phone(self) -> bool:
        """Whether it serves what Twilio calls."""
        return self is not Serve.PANEL

    @property
    def panel(self) -> bool:
        """Whether it serves the pages that staff open."""
        return self is not Serve.PHONE


@dataclass(frozen=True, slots=True)
class Config:
    """What the app needs to know. Secrets do not show in its `repr`.

    Attributes:
        secret_key: `CALLPANEL_SECRET_KEY`, signs sessions; 32 characters or more.
        lines: `CALLPANEL_LINES`, the company's own numbers and whom each connects:
            `+34911000111=+34911222333;+34911000112=client:ana,client:berta`.
        database_url: `CALLPANEL_DATABASE_URL`, of the accounts of staff; by default a
            SQLite file, `callpanel.db`.
        metrics_token: `CALLPANEL_METRICS_TOKEN`, who may read `/metrics`; empty for nobody.
        proxies: `CALLPANEL_PROXIES`, how many proxies in front are trusted to say who asks.
        pause_reminder: `CALLPANEL_PAUSE_REMINDER`, seconds after which an agent is reminded of a
            pause; 0 for never.
        serve: `CALLPANEL_SERVE`, what this process serves: `phone`, `panel` or `both`.
        signing: how staff sign in.
        number_names: `CALLPANEL_NUMBER_NAMES`, what own numbers are called.
    """

    secret_key: str = field(repr=False)
    lines: Mapping[str, tuple[str, ...]]
    database_url: str
    metrics_token: str = field(default="", repr=False)
    proxies: int = 0
    serve: Serve = Serve.BOTH
    pause_reminder: int = 60
    signing: Signing = field(default_factory=Signing)
    number_names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> tuple[Config, list[str]]:
        """Return the settings as far as they are right, and what is wrong with the others."""
        misread = misread_settings(environ, "CALLPANEL_", NAMES)
        problems: list[str] = []
        environ = {name: value for name, value in environ.items() if name not in misread}
        config = cls(
            secret_key=_secret(environ, "CALLPANEL_SECRET_KEY", problems),
            lines=_lines(environ, problems),
            database_url=_database(environ, problems),
            metrics_token=_secret(environ, "CALLPANEL_METRICS_TOKEN", problems, needed=False),
            proxies=_proxies(environ, problems),
            serve=_serve(environ, problems),
            number_names=_names(environ, problems),
            pause_reminder=_reminder(environ, problems),
            signing=Signing.read(environ, problems),
        )
        if "TWIREC_AUDIT_KEY" not in environ:
            problems.append("TWIREC_AUDIT_KEY is missing: `openssl rand -hex 32` makes one.")
        missing_or_wrong = [each for each in problems if each.split()[0] not in misread]
        return config, [*misread.values(), *missing_or_wrong]


def config() -> Config:
    """Return the settings of the app that answers the present request."""
    return cast(Config, current_app.config["CALLPANEL"])


def archive() -> Archive:
    """Return the archive of the app that answers the present request."""
    return cast(Archive, current_app.extensions["archive"])


def _secret(
    environ: Mapping[str, str], name: str, problems: list[str], *, needed: bool = True
) -> str:
    value = environ.get(name, "").strip()
    if not value and needed:
        problems.append(f"{name} is missing: `openssl rand -hex 32` makes one.")
    elif value and len(value) < SHORTEST_SECRET:
        problems.append(f"{name} is too short: give {SHORTEST_SECRET} characters or more.")
    return value


def _database(environ: Mapping[str, str], problems: list[str]) -> str:
    value = environ.get("CALLPANEL_DATABASE_URL", "").strip()
    url = value or f"sqlite:///{DATABASE.resolve()}"
    try:
        create_engine(url)
    except (ArgumentError, ImportError, ValueError):  # of a port that is none
        problems.append("CALLPANEL_DATABASE_URL is wrong: write a URL such as sqlite:///file.db.")
    return url


def _lines(environ: Mapping[str, str], problems: list[str]) -> Mapping[str, tuple[str, ...]]:
    wrong = (
        "CALLPANEL_LINES is {}: write each own number and whom it connects, such as "
        "+34911000111=+34911222333;+34911000112=client:ana,client:berta."
    )
    said = [line for line in environ.get("CALLPANEL_LINES", "").split(";") if line.strip()]
    lines: dict[str, tuple[str, ...]] = {}
    for line in said:
        number, _, targets = (part.strip() for part in line.partition("="))
        connected = tuple(target.strip() for target in targets.split(","))
        if number in lines or not NUMBER.fullmatch(number) or not all(map(is_target, connected)):
            problems.append(wrong.format("wrong"))
            return {}
        lines[number] = connected
    if not lines:
        problems.append(wrong.format("missing"))
    return lines


def _names(environ: Mapping[str, str], problems: list[str]) -> Mapping[str, str]:
    said = [each for each in environ.get("CALLPANEL_NUMBER_NAMES", "").split(";") if each.strip()]
    pairs = [[part.strip() for part in each.split("=", 1)] for each in said]
    if all(len(pair) == 2 and NUMBER.fullmatch(pair[0]) and pair[1] for pair in pairs):
        return {pair[0]: pair[1] for pair in pairs}
    problems.append(
        "CALLPANEL_NUMBER_NAMES is wrong: write each own number and its name, such as "
        "+34911000111=Repairs;+34911000112=Sales."
    )
    return {}


def _proxies(environ: Mapping[str, str], problems: list[str]) -> int:
    value = environ.get("CALLPANEL_PROXIES", "0").strip() or "0"
    if not (value.isascii() and value.isdigit() and int(value) < 10):
        problems.append("CALLPANEL_PROXIES is wrong: give how many proxies there are, such as 1.")
        return 0
    return int(value)


def _serve(environ: Mapping[str, str], problems: list[str]) -> Serve:
    value = environ.get("CALLPANEL_SERVE", "").strip() or Serve.BOTH
    try:
        return Serve(value)
    except ValueError:
        problems.append(f"CALLPANEL_SERVE is wrong: choose {', '.join(Serve)}.")
        return Serve.BOTH


def _reminder(environ: Mapping[str, str], problems: list[str]) -> int:
    value = environ.get("CALLPANEL_PAUSE_REMINDER", "").strip() or "60"
    if not (value.isascii() and value.isdigit() and int(value) <= 24 * 3600):
        problems.append(
            "CALLPANEL_PAUSE_REMINDER is wrong: give whole seconds, such as 60; 0 for never."
        )
        return 60
    return int(value)
