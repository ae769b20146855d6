"""The settings, read from the environment. All problems are reported at once, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from twirec.adapters.decryption import read_keys
from twirec.adapters.smtp import read_server
from twirec.calls.dialling import EU
from twirec.calls.policy import check_fits
from twirec.calls.wordings import WORDINGS, check_said, transcribing
from twirec.calls.working_days import read_days, read_place
from twirec.model.cards import CardNumbers
from twirec.model.case_terms import LEGAL, read_terms
from twirec.model.errors import InvalidQuery, SettingsError
from twirec.model.hints import QueueKind
from twirec.model.ownership import OURS
from twirec.model.ports import PrivateKey
from twirec.model.purposes import Purposes, read_purposes
from twirec.model.transcript import ANNOUNCED, NO_TRANSCRIPTS
from twirec.model.vocabulary import ConsentMode, LegalBasis, Uninformed
from twirec.settings import values
from twirec.settings.addresses import api_url, is_here, notify_url, public_url
from twirec.settings.names import NAMES, REQUIRED, SPOKEN, alike, misread_settings
from twirec.settings.settings import THREE_YEARS, Settings

T = TypeVar("T")


class Reader:
    """Reads one setting after the other and remembers what is wrong with each."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._misread = misread_settings(environ, "TWIREC_", NAMES, spoken=SPOKEN)
        self._problems: list[str] = []

    def settings(self) -> tuple[Settings, tuple[str, ...]]:
        """Return the settings as far as they are right, and what is wrong with the others."""
        self._problems += [
            problem
            for name, problem in self._misread.items()
            if name not in REQUIRED or self._environ[name].strip()
        ]
        account_sid = self.read("TWILIO_ACCOUNT_SID", values.account_sid, "")
        tokens = self._tokens(account_sid)
        settings = Settings(
            account_sid=account_sid,
            credentials=self._credentials(account_sid, tokens),
            auth_tokens=tokens,
            shared_keys=self.read("TWIREC_TWILIO_SHARED_KEYS", values.key_table, {}),
            public_url=self.read("TWIREC_PUBLIC_URL", public_url, ""),
            bucket=self.read("TWIREC_BUCKET", values.bucket_url, ""),
            company=self.read("TWIREC_COMPANY", values.spoken, ""),
            privacy_info=self.read("TWIREC_PRIVACY_INFO", values.spoken, ""),
            legal_basis=self.read("TWIREC_LEGAL_BASIS", values.legal_basis, LegalBasis.CONTRACT),
            consent_mode=self.read("TWIREC_CONSENT_MODE", values.mode, ConsentMode.ANNOUNCE),
            uninformed_agents=self.read(
                "TWIREC_UNINFORMED_AGENTS", values.uninformed, Uninformed.WARN
            ),
            sweep_every=self.read("TWIREC_SWEEP_EVERY", values.minutes, timedelta(minutes=15)),
            database_url=self.read("TWIREC_DATABASE_URL", values.catalog, "sqlite:///twirec.db"),
            queue=self.read("TWIREC_QUEUE", values.queue, QueueKind.POLL),
            celery_broker=self.read("TWIREC_CELERY_BROKER", values.broker, ""),
            tasks_queue=self.read("TWIREC_TASKS_QUEUE", values.tasks_queue, ""),
            tasks_service_account=self.read(
                "TWIREC_TASKS_SERVICE_ACCOUNT", values.service_account, ""
            ),
            tasks_url=self.read("TWIREC_TASKS_URL", public_url, ""),
            tasks_emulator=self.read("TWIREC_TASKS_EMULATOR", values.host_and_port, ""),
            check_every=self.read("TWIREC_CHECK_EVERY", values.days_or_never, timedelta(days=365)),
            check_rate=self.read("TWIREC_CHECK_RATE", values.megabytes, 2_000_000),
            blocked_for=self.read("TWIREC_BLOCKED_FOR", values.days, THREE_YEARS),
            keep_at_twilio=self.read("TWIREC_KEEP_AT_TWILIO", values.switch, False),
            adopt=self.read("TWIREC_ADOPT", values.adopt, OURS),
            api_url=self.read("TWIREC_TWILIO_API_URL", api_url, None),
            region=self.read("TWILIO_REGION", values.region, None),
            edge=self.read("TWILIO_EDGE", values.edge, None),
            decryption_keys=self._decryption_keys(),
            notify_url=self.read("TWIREC_NOTIFY_URL", notify_url, None),
            notify_secret=self.read("TWIREC_NOTIFY_SECRET", values.secret, ""),
            seal=self.read("TWIREC_SEAL", str, ""),
            seal_password=self.read("TWIREC_SEAL_PASSWORD", str, ""),
            tsa_url=self.read("TWIREC_TSA_URL", values.authority_url, ""),
            audit_key=self.read("TWIREC_AUDIT_KEY", values.secret, ""),
            purposes=self.read("TWIREC_PURPOSES", read_purposes, Purposes()),
            language=self.read("TWIREC_LANGUAGE", str, "es-ES"),
            wordings=self.read("TWIREC_ANNOUNCEMENTS", values.wordings, WORDINGS),
            country=self.read("TWIREC_COUNTRY", values.country, "ES"),
            dial_countries=self.read("TWIREC_DIAL_COUNTRIES", values.dial_countries, EU),
            dial_also=self.read("TWIREC_DIAL_ALSO", values.dial_also, ()),
            sip_headers=self.read("TWIREC_SIP_HEADERS", values.sip_headers, ()),
            agents_hear_their_own=self.read("TWIREC_AGENTS_HEAR_THEIR_OWN", values.switch, False),
            event_streams=self.read("TWIREC_EVENT_STREAMS", values.switch, False),
            longest_pause=self.read("TWIREC_LONGEST_PAUSE", values.pause_seconds, None),
            case_contact=self.read("TWIREC_CASE_CONTACT", str, ""),
            smtp=self.read("TWIREC_SMTP_URL", read_server, None),
            smtp_from=self.read("TWIREC_SMTP_FROM", values.mail_sender, ""),
            case_terms=self.read("TWIREC_CASE_TERMS", read_terms, LEGAL),
            holidays_at=self.read("TWIREC_HOLIDAYS", read_place, ""),
            extra_holidays=self.read("TWIREC_EXTRA_HOLIDAYS", read_days, ()),
            timezone=self.read("TWIREC_TIMEZONE", values.timezone, ZoneInfo("Europe/Madrid")),
            clock_speed=self.read("TWIREC_CLOCK_SPEED", values.speed, 1.0),
            listening_copies=self.read("TWIREC_LISTENING_COPY", values.listening_copies, ()),
            transcripts=self.read("TWIREC_TRANSCRIPTS", values.transcripts, NO_TRANSCRIPTS),
            transcript_model=self.read("TWIREC_TRANSCRIPT_MODEL", values.transcript_model, "base"),
            transcript_language=self.read(
                "TWIREC_TRANSCRIPT_LANGUAGE", values.transcript_language, ANNOUNCED
            ),
            transcript_threads=self.read("TWIREC_TRANSCRIPT_THREADS", values.threads, 1),
            card_numbers=self.read("TWIREC_CARD_NUMBERS", values.card_numbers, CardNumbers.OFF),
            ffmpeg=self.read("TWIREC_FFMPEG", values.program, None),
        )
        if settings.transcripts:
            settings = replace(settings, wordings=transcribing(settings.wordings))
        self._check_together(settings)
        self._check_queue(settings)
        return settings, tuple(self._problems)

    def read(self, name: str, parse: Callable[[str], T], default: T) -> T:
        """Return a setting; one of `REQUIRED` that is missing is a problem."""
        known = NAMES[name]
        value = self._environ.get(name, "").strip()
        if not value:
            if known.required:
                self._problems.append(f"{name} is missing: {known.what}{self._instead(name)}")
            return default
        if name in self._misread:
            return default
        try:
            return parse(value)
        except (ValueError, KeyError) as error:
            reason = error.args[0] if isinstance(error, ValueError) else "it is not known here"
            self._problems.append(f"{name} is wrong: {reason}")
            return default

    def _instead(self, name: str) -> str:
        set_ = alike(name, self._environ, NAMES)
        return f" ({set_} is set: did you mean this one?)" if set_ else ""

    def _tokens(self, account_sid: str) -> dict[str, tuple[str, ...]]:
        own = self.read("TWILIO_AUTH_TOKEN", str, "")
        none: dict[str, tuple[str, ...]] = {}
        tokens = self.read("TWIREC_TWILIO_AUTH_TOKENS", values.token_table, none)
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
            return read_keys(table, self._environ)
        except SettingsError as error:
            self._problems += [f"TWIREC_DECRYPTION_KEYS: {problem}" for problem in error.problems]
        return {}

    def _check_queue(self, settings: Settings) -> None:
        """Check that what the queue needs is there: nothing else would say that it is not told."""
        needed = {
            QueueKind.CELERY: ("TWIREC_CELERY_BROKER",),
            QueueKind.CLOUD_TASKS: ("TWIREC_TASKS_QUEUE", "TWIREC_TASKS_SERVICE_ACCOUNT"),
        }
        for name in needed.get(settings.queue, ()):
            if not self._environ.get(name, "").strip():
                self._problems.append(f"TWIREC_QUEUE={settings.queue} needs {name}.")
        on_postgres = settings.database_url.startswith("postgresql")
        if settings.queue is QueueKind.POSTGRES and not on_postgres:
            self._problems.append(
                "TWIREC_QUEUE=postgres needs a catalog on PostgreSQL: see TWIREC_DATABASE_URL."
            )

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
            reason = str(error).removeprefix("language: ")
            alike = [
                each for each in settings.wordings if each[:2] == settings.language[:2].lower()
            ]
            meant = f" Did you mean {' or '.join(alike)}?" if alike else ""
            known = settings.language in settings.wordings
            self._problems.append(f"TWIREC_LANGUAGE is wrong: {reason}{'' if known else meant}")
        if settings.clock_speed != 1.0 and not is_here(settings.api_url):
            self._problems.append(
                "TWIREC_CLOCK_SPEED is only for the sandbox: "
                "TWIREC_TWILIO_API_URL does not name this machine."
            )
