"""The settings, from the environment. All problems are reported at once, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from twirec.adapters.smtp import MailServer
from twirec.calls.dialling import EU, DialRules
from twirec.calls.wordings import WORDINGS, Wording
from twirec.model.cards import CardNumbers
from twirec.model.case_terms import LEGAL, CaseTerm
from twirec.model.cases import CaseKind
from twirec.model.errors import SettingsError
from twirec.model.hints import QueueKind
from twirec.model.ownership import OURS, Adopt
from twirec.model.policy import Policy
from twirec.model.ports import PrivateKey
from twirec.model.purposes import Purposes
from twirec.model.transcript import ANNOUNCED, NO_TRANSCRIPTS, TranscriptRule
from twirec.model.vocabulary import ConsentMode, LegalBasis, Uninformed
from twirec.settings.unread import unread_settings

T = TypeVar("T")

THREE_YEARS = timedelta(days=3 * 365 + 1)
"""When the gravest infringements of data protection prescribe (LOPDGDD art. 72); others sooner."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the library needs to know. Secrets do not show in its `repr`.

    Attributes:
        account_sid: `TWILIO_ACCOUNT_SID`.
        credentials: per account, user and password for Twilio's API: an API key
            (`TWILIO_API_KEY`, `TWILIO_API_SECRET`) or the account and its token.
        auth_tokens: per account, the tokens that may have signed a request: `TWILIO_AUTH_TOKEN`
            and `TWIREC_TWILIO_AUTH_TOKENS` (`AC…=token1,token2;AC…=…`).
        shared_keys: per account, the secrets of the keys that may have signed a request where a
            Webhook Rule of Twilio's says so, by key: `TWIREC_TWILIO_SHARED_KEYS`
            (`AC…=webhooks_sharedkey_…:secret,…;AC…=…`).
        public_url: `TWIREC_PUBLIC_URL`, under which Twilio reaches the app.
        bucket: `TWIREC_BUCKET`, `gs://bucket/prefix` or `file:///folder`.
        company: `TWIREC_COMPANY`, who records; spoken in the announcement.
        privacy_info: `TWIREC_PRIVACY_INFO`, where to learn more; spoken in the announcement.
        legal_basis: `TWIREC_LEGAL_BASIS` (GDPR art. 6.1).
        consent_mode: `TWIREC_CONSENT_MODE`: how callers are told or asked where no policy says
            otherwise.
        database_url: `TWIREC_DATABASE_URL`, a SQLAlchemy URL.
        queue: `TWIREC_QUEUE`: who says that something is due.
        celery_broker: `TWIREC_CELERY_BROKER`: the URL of Celery's broker.
        tasks_queue: `TWIREC_TASKS_QUEUE`: the queue of Cloud Tasks, by its whole name.
        tasks_service_account: `TWIREC_TASKS_SERVICE_ACCOUNT`: the e-mail of the one service account
            whose tokens are believed where Google calls.
        tasks_url: `TWIREC_TASKS_URL`: where Cloud Tasks reaches the app that does the work, and the
            audience of those tokens; empty for the public URL.
        tasks_emulator: `TWIREC_TASKS_EMULATOR`: another host for Cloud Tasks, `host:port`.
        api_url: `TWIREC_TWILIO_API_URL`, another host for Twilio's API; None for Twilio's own.
        region: `TWILIO_REGION`, only together with the edge.
        edge: `TWILIO_EDGE`.
        decryption_keys: `TWIREC_DECRYPTION_KEYS` (`CR…=/path/key.pem;CR…=env:NAME`), the private
            keys for recordings that Twilio encrypted, by the SID of the public one.
        notify_url: `TWIREC_NOTIFY_URL`, a webhook of the company's own; None tells nobody.
        notify_secret: `TWIREC_NOTIFY_SECRET`, which signs what it is told.
        seal: `TWIREC_SEAL`, the PKCS#12 file that seals evidence, or `env:NAME` of a variable that
            holds it in base64; empty for none.
        seal_password: `TWIREC_SEAL_PASSWORD`, of that file.
        tsa_url: `TWIREC_TSA_URL`, the authority that says when evidence was sealed (RFC 3161);
            empty for none.
        audit_key: `TWIREC_AUDIT_KEY`, of the HMACs that stand for numbers in the audit log.
        purposes: `TWIREC_PURPOSES`: what recordings are listened to, converted and downloaded for;
            once it is set, nobody hears one without saying which.
        language: `TWIREC_LANGUAGE`, of the announcement, BCP 47.
        uninformed_agents: `TWIREC_UNINFORMED_AGENTS`: what becomes of a call to an agent who is
            not in the register.
        sweep_every: `TWIREC_SWEEP_EVERY`, in minutes: how often a worker sweeps; 0 for never.
        check_every: `TWIREC_CHECK_EVERY`, in days: in what time workers read every recording back;
            nothing for never.
        check_rate: `TWIREC_CHECK_RATE`, in MB: bytes a second that they read for that at the most.
        adopt: `TWIREC_ADOPT`: what is taken over of what the accounts have: what is this app's own
            (`ours`), recordings of numbers that are named (`numbers:+34…,+34…`), or `all`.
        blocked_for: `TWIREC_BLOCKED_FOR`, in days: how long what is blocked is kept for judges and
            authorities before it is destroyed.
        keep_at_twilio: `TWIREC_KEEP_AT_TWILIO`: for a trial: nothing is deleted at Twilio, but what
            is ordered to be erased.
        wordings: what is said, by language: ours, with what the file `TWIREC_ANNOUNCEMENTS` says
            otherwise.
        ffmpeg: `TWIREC_FFMPEG`, the path of an ffmpeg of the machine's own; None for the one that
            comes with the extra `audio`.
        listening_copies: `TWIREC_LISTENING_COPY`, the formats of smaller copies that are kept
            beside every original, the first one first.
        transcripts: `TWIREC_TRANSCRIPTS`: of which calls a machine writes down what is said.
        transcript_model: `TWIREC_TRANSCRIPT_MODEL`: the folder of the model that does, or the name
            of one that faster-whisper fetches where there is a network.
        transcript_language: `TWIREC_TRANSCRIPT_LANGUAGE`, ISO 639; `announced` for that of the
            call's announcement, `auto` for what the machine hears.
        card_numbers: `TWIREC_CARD_NUMBERS`: whether it is proposed to cut card numbers out of what
            a transcript has one in.
        transcript_threads: `TWIREC_TRANSCRIPT_THREADS`: how many threads of the machine it works
            with.
        country: `TWIREC_COUNTRY`, ISO 3166: how a number without prefix is read.
        dial_countries: `TWIREC_DIAL_COUNTRIES`: where agents may dial to besides that country,
            ISO 3166: those that are named, `EU` for its members, or `all`.
        dial_also: `TWIREC_DIAL_ALSO`: what may be dialled whatever its kind and country, as
            `DialRules.also`.
        sip_headers: `TWIREC_SIP_HEADERS`: the SIP headers of calls that are kept, `X-…`.
        event_streams: `TWIREC_EVENT_STREAMS`: whether recordings are taken from Twilio's Event
            Streams as well.
        agents_hear_their_own: `TWIREC_AGENTS_HEAR_THEIR_OWN`: whether an agent may hear the
            recordings of their own calls.
        longest_pause: `TWIREC_LONGEST_PAUSE`, in seconds: when a worker ends a pause that nobody
            ended; None for never.
        case_contact: `TWIREC_CASE_CONTACT`: where customers turn about their cases, as receipts say
            it; empty for `privacy_info`.
        smtp: `TWIREC_SMTP_URL`, the server that sends receipts; None for none.
        smtp_from: `TWIREC_SMTP_FROM`, from whom they come.
        case_terms: `TWIREC_CASE_TERMS`: how long customers' cases may take, by their kinds.
        holidays_at: `TWIREC_HOLIDAYS`: the country, perhaps with its region, whose holidays are no
            working days; empty for `country`.
        extra_holidays: `TWIREC_EXTRA_HOLIDAYS`: further ones, as `WorkingDays.extra`.
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
    queue: QueueKind = QueueKind.POLL
    celery_broker: str = field(default="", repr=False)
    tasks_queue: str = ""
    tasks_service_account: str = ""
    tasks_url: str = ""
    tasks_emulator: str = ""
    api_url: str | None = None
    region: str | None = None
    edge: str | None = None
    uninformed_agents: Uninformed = Uninformed.WARN
    decryption_keys: Mapping[str, PrivateKey] = field(default_factory=dict, repr=False)
    notify_url: str | None = field(default=None, repr=False)
    notify_secret: str = field(default="", repr=False)
    seal: str = ""
    seal_password: str = field(default="", repr=False)
    tsa_url: str = field(default="", repr=False)
    audit_key: str = field(default="", repr=False)
    shared_keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    purposes: Purposes = Purposes()  # noqa: RUF009 - it is frozen
    language: str = "es-ES"
    sweep_every: timedelta = timedelta(minutes=15)
    adopt: Adopt = OURS
    keep_at_twilio: bool = False
    check_every: timedelta = timedelta(days=365)
    check_rate: int = 2_000_000
    blocked_for: timedelta = THREE_YEARS
    wordings: Mapping[str, Wording] = field(default_factory=lambda: WORDINGS, repr=False)
    country: str = "ES"
    dial_countries: frozenset[str] = EU
    dial_also: tuple[str, ...] = ()
    sip_headers: tuple[str, ...] = ()
    event_streams: bool = False
    agents_hear_their_own: bool = False
    timezone: tzinfo = field(default_factory=lambda: ZoneInfo("Europe/Madrid"))
    clock_speed: float = 1.0
    ffmpeg: str | None = None
    listening_copies: tuple[str, ...] = ()
    transcripts: TranscriptRule = NO_TRANSCRIPTS
    transcript_model: str = "base"
    transcript_language: str = ANNOUNCED
    transcript_threads: int = 1
    card_numbers: CardNumbers = CardNumbers.OFF
    longest_pause: timedelta | None = None
    case_contact: str = ""
    smtp: MailServer | None = None
    smtp_from: str = ""
    case_terms: Mapping[CaseKind, CaseTerm] = field(default_factory=lambda: LEGAL)
    holidays_at: str = ""
    extra_holidays: tuple[str, ...] = ()

    @property
    def dial_rules(self) -> DialRules:
        """Where agents may dial to."""
        return DialRules(self.country, self.dial_countries, self.dial_also)

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
            SettingsError: some are missing or wrong; the message names every one of them, and a
                `.env` in this folder that has settings which are missing.
        """
        settings, problems = cls.read(environ)
        if problems:
            hint = unread_settings(environ, Path.cwd())
            raise SettingsError([*problems, hint] if hint else problems)
        return settings

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> tuple[Settings, tuple[str, ...]]:
        """Return the settings as far as they are right, and what is wrong with the others."""
        from twirec.settings.environment import Reader

        return Reader(environ).settings()
