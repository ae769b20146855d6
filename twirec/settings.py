"""The settings, from the environment. All problems are reported at once, by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from twirec.addresses import api_url, is_here, notify_url, public_url
from twirec.calls.numbers import is_country
from twirec.calls.own_wordings import read_wordings
from twirec.calls.policy import check_fits
from twirec.calls.wordings import WORDINGS, Wording, check_said
from twirec.model.errors import InvalidQuery, SettingsError
from twirec.model.policy import Policy
from twirec.model.ports import PrivateKey
from twirec.model.words import ConsentMode, LegalBasis, Uninformed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the library needs to know. Secrets do not show in its `repr`.

    Attributes:
        account_sid: `TWILIO_ACCOUNT_SID`.
        credentials: per account, user and password for Twilio's API: an API key
            (`TWILIO_API_KEY`, `TWILIO_API_SECRET`) or the account and its token.
        auth_tokens: per account, the tokens that may have signed a request: `TWILIO_AUTH_TOKEN`
            and `TWIREC_TWILIO_AUTH_TOKENS` (`AC…=token1,token2;AC…=…`).
        public_url: `TWIREC_PUBLIC_URL`, under which Twilio reaches the app.
        bucket: `TWIREC_BUCKET`, `gs://bucket/prefix` or `file:///folder`.
        company: `TWIREC_COMPANY`, who records; spoken in the announcement.
        privacy_info: `TWIREC_PRIVACY_INFO`, where to learn more; spoken in the announcement.
        legal_basis: `TWIREC_LEGAL_BASIS` (GDPR art. 6.1).
        consent_mode: `TWIREC_CONSENT_MODE`: how callers are told or asked where no policy says
            otherwise.
        database_url: `TWIREC_DATABASE_URL`, a SQLAlchemy URL.
        api_url: `TWIREC_TWILIO_API_URL`, another host for Twilio's API; None for Twilio's own.
        region: `TWILIO_REGION`, only together with the edge.
        edge: `TWILIO_EDGE`.
        decryption_keys: `TWIREC_DECRYPTION_KEYS` (`CR…=/path/key.pem;CR…=env:NAME`), the private
            keys for recordings that Twilio encrypted, by the SID of the public one.
        notify_url: `TWIREC_NOTIFY_URL`, a webhook of the company's own; None tells nobody.
        notify_secret: `TWIREC_NOTIFY_SECRET`, which signs what it is told.
        language: `TWIREC_LANGUAGE`, of the announcement, BCP 47.
        uninformed_agents: `TWIREC_UNINFORMED_AGENTS`: what becomes of a call to an agent who is
            not in the register.
        sweep_every: `TWIREC_SWEEP_EVERY`, in minutes: how often a worker sweeps; 0 for never.
        wordings: what is said, by language: ours, with what the file `TWIREC_ANNOUNCEMENTS` says
            otherwise.
        country: `TWIREC_COUNTRY`, ISO 3166: how a number without prefix is read.
        timezone: `TWIREC_TIMEZONE`: what a person means by "Tuesday at five".
        clock_speed: `TWIREC_CLOCK_SPEED`: how much faster than life the sandbox plays calls.
    """

    account_sid: str
    credentials: Mapping[str, tuple[str, str]] = field(repr=False)
    auth_tokens: Mapping[str, tuple[str, ...]] = field(repr=False)
    public_url: str
    bucket: str
    company: str
    privacy_info: str
    legal_basis: LegalBasis
    consent_mode: ConsentMode = ConsentMode.ANNOUNCE
    database_url: str = field(default="sqlite:///twirec.db", repr=False)
    api_url: str | None = None
    region: str | None = None
    edge: str | None = None
    uninformed_agents: Uninformed = Uninformed.WARN
    decryption_keys: Mapping[str, PrivateKey] = field(default_factory=dict, repr=False)
    notify_url: str | None = field(default=None, repr=False)
    notify_secret: str = field(default="", repr=False)
    language: str = "es-ES"
    sweep_every: timedelta = timedelta(minutes=15)
    wordings: Mapping[str, Wording] = field(default_factory=lambda: WORDINGS, repr=False)
    country: str = "ES"
    timezone: tzinfo = field(default_factory=lambda: ZoneInfo("Europe/Madrid"))
    clock_speed: float = 1.0

    @property
    def policy(self) -> Policy:
        """What holds for a call of which no change of the policy says anything."""
        return Policy(
            on=True,
            mode=self.consent_mode,
            language=self.language,
            legal_basis=self.legal_basis,
        )

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings.

        Raises:
            SettingsError: some are missing or wrong; the message names every one of them.
        """
        settings, problems = cls.read(environ)
        if problems:
            raise SettingsError(problems)
        return settings

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> tuple[Settings, tuple[str, ...]]:
        """Return the settings as far as they are right, and what is wrong with the others."""
        return _Reader(environ).settings()


class _Reader:
    """Reads one setting after the other and remembers what is wrong with each."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[str] = []

    def settings(self) -> tuple[Settings, tuple[str, ...]]:
        account_sid = self.read("TWILIO_ACCOUNT_SID", _account, "")
        tokens = self._tokens(account_sid)
        settings = Settings(
            account_sid=account_sid,
            credentials=self._credentials(account_sid, tokens),
            auth_tokens=tokens,
            public_url=self.read("TWIREC_PUBLIC_URL", public_url, ""),
            bucket=self.read("TWIREC_BUCKET", _bucket, ""),
            company=self.read("TWIREC_COMPANY", str, ""),
            privacy_info=self.read("TWIREC_PRIVACY_INFO", str, ""),
            legal_basis=self.read("TWIREC_LEGAL_BASIS", _legal_basis, LegalBasis.CONTRACT),
            consent_mode=self.read("TWIREC_CONSENT_MODE", _mode, ConsentMode.ANNOUNCE),
            uninformed_agents=self.read("TWIREC_UNINFORMED_AGENTS", _uninformed, Uninformed.WARN),
            sweep_every=self.read("TWIREC_SWEEP_EVERY", _minutes, timedelta(minutes=15)),
            database_url=self.read("TWIREC_DATABASE_URL", str, "sqlite:///twirec.db"),
            api_url=self.read("TWIREC_TWILIO_API_URL", api_url, None),
            region=self.read("TWILIO_REGION", str, None),
            edge=self.read("TWILIO_EDGE", str, None),
            decryption_keys=self._decryption_keys(),
            notify_url=self.read("TWIREC_NOTIFY_URL", notify_url, None),
            notify_secret=self.read("TWIREC_NOTIFY_SECRET", _secret, ""),
            language=self.read("TWIREC_LANGUAGE", str, "es-ES"),
            wordings=self.read("TWIREC_ANNOUNCEMENTS", _wordings, WORDINGS),
            country=self.read("TWIREC_COUNTRY", _country, "ES"),
            timezone=self.read("TWIREC_TIMEZONE", ZoneInfo, ZoneInfo("Europe/Madrid")),
            clock_speed=self.read("TWIREC_CLOCK_SPEED", _speed, 1.0),
        )
        self._check_together(settings)
        return settings, tuple(self._problems)

    def read(self, name: str, parse: Callable[[str], T], default: T) -> T:
        """Return a setting; one of `REQUIRED` that is missing is a problem."""
        value = self._environ.get(name, "").strip()
        if not value:
            if name in REQUIRED:
                self._problems.append(f"{name} is missing: {REQUIRED[name]}")
            return default
        try:
            return parse(value)
        except (ValueError, KeyError) as error:
            reason = error.args[0] if isinstance(error, ValueError) else "it is not known here"
            self._problems.append(f"{name} is wrong: {reason}")
            return default

    def _tokens(self, account_sid: str) -> dict[str, tuple[str, ...]]:
        own = self.read("TWILIO_AUTH_TOKEN", str, "")
        none: dict[str, tuple[str, ...]] = {}
        tokens = self.read("TWIREC_TWILIO_AUTH_TOKENS", _token_table, none)
        if own:
            rotated = tuple(token for token in tokens.get(account_sid, ()) if token != own)
            tokens[account_sid] = (own, *rotated)
        return tokens

    def _credentials(
        self, account_sid: str, tokens: Mapping[str, tuple[str, ...]]
    ) -> dict[str, tuple[str, str]]:
        credentials = {account: (account, first) for account, (first, *_) in tokens.items()}
        key = self.read("TWILIO_API_KEY", str, "")
        secret = self.read("TWILIO_API_SECRET", str, "")
        if bool(key) != bool(secret):
            self._problems.append("TWILIO_API_KEY and TWILIO_API_SECRET go together: give both.")
        if key and secret:
            credentials[account_sid] = (key, secret)
        return credentials

    def _decryption_keys(self) -> Mapping[str, PrivateKey]:
        table = self.read("TWIREC_DECRYPTION_KEYS", str, "")
        if not table:
            return {}
        try:
            from twirec.adapters.decryption import read_keys

            return read_keys(table, self._environ)
        except ImportError:
            self._problems.append("TWIREC_DECRYPTION_KEYS needs: pip install 'twirec[encryption]'.")
        except SettingsError as error:
            self._problems += [f"TWIREC_DECRYPTION_KEYS: {problem}" for problem in error.problems]
        return {}

    def _check_together(self, settings: Settings) -> None:
        notify = ("TWIREC_NOTIFY_URL", "TWIREC_NOTIFY_SECRET")
        if len({bool(self.read(name, str, "")) for name in notify}) > 1:
            self._problems.append(f"{' and '.join(notify)} go together: give both.")
        if bool(settings.region) != bool(settings.edge) and not settings.api_url:
            self._problems.append(
                "TWILIO_REGION and TWILIO_EDGE go together: hosts with a region only are gone."
            )
        try:
            check_fits(settings.consent_mode, settings.legal_basis)
        except InvalidQuery as error:
            self._problems.append(f"TWIREC_CONSENT_MODE and TWIREC_LEGAL_BASIS: {error}")
        try:
            check_said(settings.wordings, settings.language, settings.consent_mode)
        except InvalidQuery as error:
            self._problems.append(f"TWIREC_LANGUAGE is wrong: {error}")
        if settings.clock_speed != 1.0 and not is_here(settings.api_url):
            self._problems.append(
                "TWIREC_CLOCK_SPEED is only for the sandbox: "
                "TWIREC_TWILIO_API_URL does not name this machine."
            )


REQUIRED: Mapping[str, str] = {
    "TWILIO_ACCOUNT_SID": "the account that owns the numbers, AC…",
    "TWILIO_AUTH_TOKEN": "the account's token, which proves that a request is Twilio's",
    "TWIREC_PUBLIC_URL": "where Twilio reaches the app, such as https://calls.example.com",
    "TWIREC_BUCKET": "where recordings are kept, gs://bucket/prefix or file:///folder",
    "TWIREC_COMPANY": "who records; callers hear it",
    "TWIREC_PRIVACY_INFO": "where callers learn more and exercise their rights; they hear it",
    "TWIREC_LEGAL_BASIS": "consent, contract, legitimate_interest or legal_obligation",
}
"""The settings without a default, and what each is."""


def _account(value: str) -> str:
    if not re.fullmatch("AC[0-9a-fA-F]{32}", value):
        raise ValueError("an account SID is AC and 32 hex digits.")
    return value


def _token_table(value: str) -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for entry in filter(None, (part.strip() for part in value.split(";"))):
        account, _, tokens = entry.partition("=")
        listed = tuple(filter(None, (token.strip() for token in tokens.split(","))))
        if not listed:
            raise ValueError("write it as AC…=token1,token2;AC…=token.")
        table[_account(account.strip())] = listed
    return table


def _secret(value: str) -> str:
    if len(value) < 32:
        raise ValueError("give at least 32 characters, such as `openssl rand -hex 32` makes.")
    return value


def _bucket(value: str) -> str:
    url = urlsplit(value)
    folder = url.scheme == "file" and not url.netloc and len(url.path) > 1
    if not (folder or (url.scheme == "gs" and url.netloc)):
        raise ValueError("write gs://bucket/prefix or file:///folder.")
    return value


def _legal_basis(value: str) -> LegalBasis:
    return LegalBasis(_one_of(LegalBasis, value))


def _mode(value: str) -> ConsentMode:
    return ConsentMode(_one_of(ConsentMode, value))


def _minutes(value: str) -> timedelta:
    if not value.isascii() or not value.isdigit() or int(value) > 24 * 60:
        raise ValueError("give whole minutes, up to 1440; 0 for never.")
    return timedelta(minutes=int(value))


def _uninformed(value: str) -> Uninformed:
    return Uninformed(_one_of(Uninformed, value))


def _one_of(words: type[StrEnum], value: str) -> str:
    known = [word.value for word in words]
    if value not in known:
        raise ValueError(f"choose one of {', '.join(known)}.")
    return value


def _wordings(value: str) -> Mapping[str, Wording]:
    file = Path(value)
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise ValueError(f"{value} cannot be read: {error.strerror}.") from None
    return read_wordings(text, lambda name: (file.parent / name).read_bytes())


def _country(value: str) -> str:
    if not is_country(value):
        raise ValueError("give an ISO 3166 code, such as ES.")
    return value


def _speed(value: str) -> float:
    speed = float(value)
    if not 0 < speed <= 1000:
        raise ValueError("give a number above 0 and up to 1000.")
    return speed
