"""What `twirec doctor` looks at, and what it says: facts as they were found, and results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

CATALOG_HEADER = "Twirec-Catalog"
"""The header in which the company's app says which catalog it works with."""

UNAVAILABLE = "unavailable"
"""What it says there when its catalog does not answer."""


class Level(StrEnum):
    """How bad a result is. Only `FAILED` makes the doctor fail."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "not checked"


class Check(StrEnum):
    """What is checked; each has its line in `docs/doctor.md`."""

    SETTINGS = "settings"
    CREDENTIALS = "credentials"
    TOKENS = "other tokens"
    API_KEY = "API key"
    CLOCK = "clock"
    DEFAULT_RECORDING = "default recording"
    EXTERNAL_STORAGE = "external storage"
    MEDIA_ACCESS = "media access"
    GEO_PERMISSIONS = "geo permissions"
    NUMBERS = "numbers"
    PUBLIC_URL = "public URL"
    VIEW = "voice view"
    FALLBACK = "fallback"
    BUCKET = "bucket"
    UNIFORM_ACCESS = "uniform access"
    PUBLIC_ACCESS = "public access"
    RETENTION = "retention"
    SOFT_DELETE = "soft delete"
    LIFECYCLE = "lifecycle"
    FOLDER_PERMISSIONS = "folder permissions"
    BUCKET_DISK = "bucket disk"
    PRIVATE_KEYS = "private keys"
    DATABASE = "database"
    DATABASE_FILE = "database file"
    DATABASE_DISK = "database disk"
    QUEUE = "queue"
    POLICY = "policy"
    RULES = "retention rules"
    TRANSCRIPTS = "transcripts"
    AUDIT = "audit log"
    ANCHORS = "anchors"
    NOT_OURS = "not ours"
    KEPT = "kept at Twilio"
    PARKED = "parked"
    PLACES = "relative paths"
    SAME_CATALOG = "same catalog"
    MARK = "bucket mark"
    INSTALLATIONS = "other installations"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found.

    Attributes:
        check: what was checked.
        level: how bad it is.
        what: one sentence without secrets; it may name the company's own numbers, so it is shown
            and never logged.
        fix: what to do; empty where there is nothing to do.
    """

    check: Check
    level: Level
    what: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """An account at Twilio.

    Attributes:
        status: Twilio's word, `active`, `suspended` or `closed`.
        answered_at: what the time is by Twilio's clock, UTC; None if it did not say.
    """

    status: str
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class DialPermission:
    """Which numbers of a country Twilio lets an account dial.

    https://www.twilio.com/docs/voice/api/dialingpermissions-country-resource

    Attributes:
        country: ISO 3166.
        ordinary: those of little risk.
        special: premium numbers and the like.
        fraud: ranges that are known from toll fraud.
    """

    country: str
    ordinary: bool
    special: bool = False
    fraud: bool = False


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """What of an account can be called, and where Twilio turns then.

    Sources: https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource,
    https://www.twilio.com/docs/usage/api/applications,
    https://www.twilio.com/docs/voice/sip/api/sip-domain-resource and
    https://www.twilio.com/docs/whatsapp/api/senders.

    Attributes:
        address: a number in E.164, `whatsapp:` and one, the name of a SIP domain, or the SID of a
            TwiML application, `AP…`.
        voice_url, voice_method: whom a call asks for TwiML.
        fallback_url, fallback_method: who is asked when that fails.
        status_callback, status_method: who is told when a call has ended.
        served_by: the SID of the TwiML application or trunk that serves it in their stead.
    """

    address: str
    voice_url: str = ""
    voice_method: str = ""
    fallback_url: str = ""
    fallback_method: str = ""
    status_callback: str = ""
    status_method: str = ""
    served_by: str | None = None


@dataclass(frozen=True, slots=True)
class AppAnswer:
    """What answers under an address of the company's app.

    Attributes:
        status: the HTTP status.
        location: where a redirect leads, whole; empty if it is none.
        text: the beginning of what was answered.
        catalog: the identity of the catalog that the app says it works with; empty if it says none.
    """

    status: int
    location: str = ""
    text: str = ""
    catalog: str = ""


@dataclass(frozen=True, slots=True)
class DeletionRule:
    """A lifecycle rule that deletes live objects.

    Attributes:
        days: after how many days; None if it does not depend on an object's age alone.
        prefixes: what names it is for begin with; none for all.
    """

    days: int | None
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BucketFacts:
    """How a bucket at Google Cloud Storage is set up. None where the bucket did not say.

    Attributes:
        location: where it is, such as `EUROPE-WEST1`.
        uniform_access: whether only roles decide who may read, and no object's own list.
        public_access_prevention: `enforced` or `inherited`.
        retention_days: for how long nothing can be deleted; 0 without a retention policy.
        holds_by_default: whether new objects are held, so that they cannot be deleted.
        soft_delete_days: how long what was deleted can be brought back; 0 when switched off.
        deletion_rules: the lifecycle rules that delete live objects.
    """

    location: str | None
    uniform_access: bool | None
    public_access_prevention: str | None
    retention_days: float
    holds_by_default: bool
    soft_delete_days: float | None
    deletion_rules: tuple[DeletionRule, ...]


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """A folder that serves as a bucket.

    Attributes:
        mode: its permission bits; None if it is not made yet.
        problem: why nothing can be written there; empty if it can.
        free_bytes: the room on its disk.
    """

    mode: int | None
    problem: str
    free_bytes: int


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """A catalog's database, as far as it can be seen without changing it.

    Attributes:
        revision: the version of its tables; None if there are none.
        head: the version that this library works with.
        is_known: whether this library knows `revision`.
        file: the facts of the file of a SQLite database; None for another.
    """

    revision: str | None
    head: str
    is_known: bool
    file: DatabaseFile | None


@dataclass(frozen=True, slots=True)
class DatabaseFile:
    """The file of a SQLite database.

    Attributes:
        mode: its permission bits.
        journal: SQLite's word for how it survives crashes, `wal` as it should be.
        network: the file system, if it is one on another machine; None on a local disk.
        free_bytes: the room on its disk.
    """

    mode: int
    journal: str
    network: str | None
    free_bytes: int
