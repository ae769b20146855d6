"""How the value of each setting is read. A wrong one is a `ValueError` that says the fix."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parseaddr
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from twirec.audio.ffmpeg import is_installed
from twirec.audio.formats import FORMATS
from twirec.calls.address import is_country
from twirec.calls.dialling import EU, EVERYWHERE
from twirec.calls.own_wordings import read_wordings
from twirec.calls.wordings import Wording
from twirec.catalog.urls import database_url
from twirec.model.cards import CardNumbers
from twirec.model.given import unspeakable
from twirec.model.hints import QueueKind
from twirec.model.ownership import Adopt
from twirec.model.transcript import ANNOUNCED, DETECTED, TranscriptRule
from twirec.model.vocabulary import ConsentMode, Direction, LegalBasis, Uninformed

MOST_THREADS = 64

LONGEST_SPOKEN = 300
"""Characters of who records, and of where to learn more: a part of what is said."""


def account_sid(value: str) -> str:
    """Return the SID of an account."""
    if not re.fullmatch("AC[0-9a-fA-F]{32}", value):
        key = " This is an API key: TWILIO_API_KEY." if value.startswith("SK") else ""
        raise ValueError(f"an account SID is AC and 32 hex digits.{key}")
    return value


def region(value: str) -> str:
    """Return a region of Twilio's (https://www.twilio.com/docs/global-infrastructure)."""
    if not re.fullmatch("[a-z]{2}[0-9]", value):
        raise ValueError("give a region such as ie1, in small letters; dublin is an edge.")
    return value


def edge(value: str) -> str:
    """Return an edge of Twilio's (https://www.twilio.com/docs/global-infrastructure)."""
    if not re.fullmatch("[a-z]+(-[a-z]+)*", value):
        raise ValueError("give an edge such as dublin, in small letters; ie1 is a region.")
    return value


def token_table(value: str) -> dict[str, tuple[str, ...]]:
    """Return the tokens of each account, from `AC…=token1,token2;AC…=token`."""
    table: dict[str, tuple[str, ...]] = {}
    for entry in filter(None, (part.strip() for part in value.split(";"))):
        account, _, tokens = entry.partition("=")
        listed = tuple(filter(None, (token.strip() for token in tokens.split(","))))
        if not listed:
            raise ValueError("write it as AC…=token1,token2;AC…=token.")
        table[account_sid(account.strip())] = listed
    return table


def key_table(value: str) -> dict[str, dict[str, str]]:
    """Return the shared keys of each account, from `AC…=KEY:secret,KEY:secret;AC…=KEY:secret`."""
    table: dict[str, dict[str, str]] = {}
    for entry in filter(None, (part.strip() for part in value.split(";"))):
        account, _, keys = entry.partition("=")
        pairs = [key.strip().partition(":") for key in keys.split(",") if key.strip()]
        if not pairs or not all(name and secret for name, _, secret in pairs):
            raise ValueError("write it as AC…=webhooks_sharedkey_…:secret,webhooks_sharedkey_…:…")
        table.setdefault(account_sid(account.strip()), {}).update(
            {name.strip(): secret.strip() for name, _, secret in pairs}
        )
    return table


def secret(value: str) -> str:
    """Return what is long enough to sign with."""
    if len(value) < 32:
        raise ValueError("give at least 32 characters, such as `openssl rand -hex 32` makes.")
    return value


def mail_sender(value: str) -> str:
    """Return from whom e-mails come, as it is: `mail@example.com`, or `Name <mail@example.com>`."""
    name, address = parseaddr(value)
    if not re.fullmatch(r"[^\s@]+@[^\s@]+\.[^\s@]+", address) or "\n" in name:
        raise ValueError("write an address, such as Acme <cases@example.com>.")
    return value


def authority_url(value: str) -> str:
    """Return where a time-stamping authority is, as it is. It may hold a name and a password."""
    url = urlsplit(value)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("write the authority's address, such as https://tsa.example.com/tsr.")
    return value


def bucket_url(value: str) -> str:
    """Return where recordings are kept, as it is."""
    url = urlsplit(value)
    folder = url.scheme == "file" and not url.netloc and len(url.path) > 1
    if not (folder or (url.scheme == "gs" and url.netloc)):
        raise ValueError("write gs://bucket/prefix or file:///folder.")
    return value


def catalog(value: str) -> str:
    """Return the URL of a database that the catalog can be on, as it is."""
    database_url(value)
    return value


_PACKAGE_OF = {QueueKind.CELERY: "celery", QueueKind.CLOUD_TASKS: "google.cloud.tasks_v2"}


def queue(value: str) -> QueueKind:
    """Return who says that something is due, if what it needs is installed."""
    kind = QueueKind(_one_of(QueueKind, value))
    if kind in _PACKAGE_OF and not is_there(_PACKAGE_OF[kind]):
        raise ValueError(f"it needs: pip install 'twirec[{kind}]'.")
    return kind


def is_there(package: str) -> bool:
    """Say whether a package is installed, without loading it."""
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # not even what it is in
        return False


def broker(value: str) -> str:
    """Return the URL of a broker of Celery's, as it is."""
    if urlsplit(value).scheme not in {"redis", "rediss", "amqp", "amqps", "sentinel", "unix"}:
        raise ValueError("give the URL of Redis or RabbitMQ: redis://… or amqp://….")
    return value


def tasks_queue(value: str) -> str:
    """Return the whole name of a queue of Cloud Tasks."""
    if not re.fullmatch("projects/[^/]+/locations/[a-z0-9-]+/queues/[A-Za-z0-9-]+", value):
        raise ValueError("write projects/PROJECT/locations/REGION/queues/QUEUE.")
    return value


def service_account(value: str) -> str:
    """Return the e-mail of a service account."""
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.gserviceaccount\.com", value):
        raise ValueError("give its e-mail, NAME@PROJECT.iam.gserviceaccount.com.")
    return value


def host_and_port(value: str) -> str:
    """Return a host and its port, as they are."""
    if not re.fullmatch(r"[\w.-]+:[0-9]+", value):
        raise ValueError("write it as host:port, such as 127.0.0.1:8123.")
    return value


def legal_basis(value: str) -> LegalBasis:
    """Return a legal basis (GDPR art. 6.1)."""
    return LegalBasis(_one_of(LegalBasis, value))


def mode(value: str) -> ConsentMode:
    """Return a consent mode."""
    return ConsentMode(_one_of(ConsentMode, value))


def minutes(value: str) -> timedelta:
    """Return a span of whole minutes; 0 for never."""
    if not value.isascii() or not value.isdigit() or int(value) > 24 * 60:
        raise ValueError("give whole minutes, up to 1440; 0 for never.")
    return timedelta(minutes=int(value))


def days(value: str) -> timedelta:
    """Return a span of whole days; a hundred years at the most."""
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 36_525:
        raise ValueError("give whole days, 1 to 36525.")
    return timedelta(days=int(value))


def days_or_never(value: str) -> timedelta:
    """Return a span of whole days, ten years at the most; nothing for never."""
    if not value.isascii() or not value.isdigit() or int(value) > 3660:
        raise ValueError("give whole days, up to 3660; 0 for never.")
    return timedelta(days=int(value))


def megabytes(value: str) -> int:
    """Return bytes, of whole MB."""
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 1000:
        raise ValueError("give whole MB, 1 to 1000.")
    return int(value) * 1_000_000


def pause_seconds(value: str) -> timedelta:
    """Return how long a pause may last: long enough for a card number to be said."""
    if not value.isascii() or not value.isdigit() or not 30 <= int(value) <= 24 * 3600:
        raise ValueError("give whole seconds, 30 to 86400; leave it out for no end.")
    return timedelta(seconds=int(value))


def adopt(value: str) -> Adopt:
    """Return what is taken over of what the accounts have."""
    if value in {"ours", "all"}:
        return Adopt(everything=value == "all")
    word, _, listed = value.partition(":")
    numbers = frozenset(re.sub(r"[\s()./-]", "", each) for each in listed.split(","))
    if word != "numbers" or not all(re.fullmatch(r"\+[1-9][0-9]{4,14}", each) for each in numbers):
        raise ValueError("write ours, all, or numbers:+34911000111,+34911000222 (E.164).")
    return Adopt(numbers=numbers)


def transcripts(value: str) -> TranscriptRule:
    """Return of which calls a machine writes down what is said."""
    if value in {"off", "all"}:
        return TranscriptRule(everything=value == "all")
    directions: set[Direction] = set()
    numbers: dict[str, frozenset[Direction]] = {}
    for entry in (part.strip() for part in value.split(",")):
        number, colon, direction = entry.rpartition(":") if ":" in entry else (entry, "", "")
        number = re.sub(r"[\s()./-]", "", number)
        if entry in set(Direction):
            directions.add(Direction(entry))
        elif re.fullmatch(r"\+[1-9][0-9]{4,14}", number) and (
            not colon or direction in set(Direction)
        ):
            both = frozenset({Direction(direction)} if colon else Direction)
            numbers[number] = numbers.get(number, frozenset()) | both
        else:
            raise ValueError(
                "write off, all, or a list of in, out and own numbers (E.164), such as "
                "+34911000111,+34911000222:in."
            )
    return TranscriptRule(directions=frozenset(directions), numbers=numbers)


def transcript_model(value: str) -> str:
    """Return a folder's path as it is, or the name of a model."""
    if not re.fullmatch(r"[\w./~ @+-]+", value):
        raise ValueError("give a folder, or a name such as base, small or large-v3-turbo.")
    return value


def transcript_language(value: str) -> str:
    """Return a language (ISO 639), or how it is told."""
    if value not in {ANNOUNCED, DETECTED} and not re.fullmatch("[a-z]{2,3}", value):
        raise ValueError(f"give a language such as es, {ANNOUNCED} or {DETECTED}.")
    return value


def card_numbers(value: str) -> CardNumbers:
    """Return what happens where a card number is spoken."""
    if value not in set(CardNumbers):
        raise ValueError(f"write {CardNumbers.PROPOSE} or {CardNumbers.OFF}.")
    return CardNumbers(value)


def threads(value: str) -> int:
    """Return how many threads work together."""
    if not re.fullmatch("[0-9]{1,2}", value) or not 1 <= int(value) <= MOST_THREADS:
        raise ValueError(f"give a whole number from 1 to {MOST_THREADS}.")
    return int(value)


def switch(value: str) -> bool:
    """Return whether something is switched on."""
    if value not in {"0", "1"}:
        raise ValueError("write 1 for yes, or 0 for no.")
    return value == "1"


def uninformed(value: str) -> Uninformed:
    """Return what becomes of a call to an agent who is not in the register."""
    return Uninformed(_one_of(Uninformed, value))


def _one_of(words: type[StrEnum], value: str) -> str:
    known = [word.value for word in words]
    if value not in known:
        raise ValueError(f"choose one of {', '.join(known)}.")
    return value


def wordings(value: str) -> Mapping[str, Wording]:
    """Return our wordings, with what the file of that name says otherwise."""
    file = Path(value)
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise ValueError(f"{value} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ValueError(f"{value} is not UTF-8; save it as UTF-8.") from None
    return read_wordings(text, lambda name: (file.parent / name).read_bytes())


def spoken(value: str) -> str:
    """Return what callers hear of the company."""
    if unspeakable(value):
        raise ValueError("it has control characters; leave them out.")
    if len(value) > LONGEST_SPOKEN:
        raise ValueError(f"it is longer than {LONGEST_SPOKEN} characters.")
    return value


def timezone(value: str) -> ZoneInfo:
    """Return a time zone by its name in the IANA database."""
    try:
        return ZoneInfo(value)
    except (OSError, ValueError, LookupError):
        raise ValueError(f"{value} is no time zone; give one such as Europe/Madrid.") from None


def country(value: str) -> str:
    """Return a country, ISO 3166."""
    if not is_country(value):
        raise ValueError("give an ISO 3166 code, such as ES.")
    return value


def dial_countries(value: str) -> frozenset[str]:
    """Return where agents may dial to, from `ES,EU,GB` or `all`."""
    if value == "all":
        return EVERYWHERE
    codes = {code.strip() for code in value.split(",")}
    if unknown := sorted(code for code in codes - {"EU"} if not is_country(code)):
        named = ", ".join(unknown)
        raise ValueError(f"{named}: give ISO 3166 codes and EU, such as ES,EU,GB; or all.")
    return frozenset(codes - {"EU"}) | (EU if "EU" in codes else frozenset())


def dial_also(value: str) -> tuple[str, ...]:
    """Return what may be dialled besides, from `+34902,11888,@pbx.example.com`."""
    listed = tuple(each.strip().lower() for each in value.split(","))
    if not all(re.fullmatch(r"\+[1-9][0-9]{0,14}|[0-9]{2,6}|@[a-z0-9.-]+", it) for it in listed):
        raise ValueError("write beginnings of numbers, and hosts: +34902,11888,@pbx.example.com.")
    return listed


def sip_headers(value: str) -> tuple[str, ...]:
    """Return the SIP headers of calls that are kept, from `X-Customer,X-Queue`.

    Twilio passes on those that begin with `X-`, and `User-to-User`:
    https://www.twilio.com/docs/voice/api/receiving-sip
    """
    listed = tuple(each.strip() for each in value.split(","))
    if not all(re.fullmatch(r"(?i:x-[a-z0-9-]{1,60}|user-to-user)", each) for each in listed):
        raise ValueError("write names of headers that begin with X-: X-Customer,X-Queue.")
    return listed


def listening_copies(value: str) -> tuple[str, ...]:
    """Return the names of formats that can be made, with both sides in them: `opus,mp3`."""
    known = [made.name for made in FORMATS.values() if not made.mono]
    chosen = tuple(each.strip() for each in value.split(","))
    if not set(chosen) <= set(known) or len(set(chosen)) < len(chosen):
        raise ValueError(f"choose one of {', '.join(known)}, or several, each once: opus,mp3.")
    if not is_installed():
        raise ValueError("it needs: pip install 'twirec[audio]'.")
    return chosen


def program(value: str) -> str:
    """Return the path of a program, as it is."""
    if not (Path(value).is_absolute() and Path(value).is_file() and os.access(value, os.X_OK)):
        raise ValueError(f"{value} is not the whole path of a program that may be run.")
    return value


def speed(value: str) -> float:
    """Return how much faster than life the sandbox plays calls."""
    wrong = ValueError("give a number above 0 and up to 1000.")
    try:
        speed = float(value)
    except ValueError:
        raise wrong from None
    if not 0 < speed <= 1000:
        raise wrong
    return speed
