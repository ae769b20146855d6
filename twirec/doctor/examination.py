"""All checks, one after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from twirec.adapters.gcs_inspect import GcsInspector
from twirec.adapters.twilio import Credentials, TwilioClients
from twirec.adapters.twilio_inspect import TwilioInspector
from twirec.doctor.audit_log import audit_results
from twirec.doctor.bucket import bucket_results
from twirec.doctor.disks import database_results, folder_results
from twirec.doctor.fallbacks import fallback_results
from twirec.doctor.identity import identity_results
from twirec.doctor.numbers import is_ours, number_results
from twirec.doctor.ownership import ownership_results
from twirec.doctor.places import place_results
from twirec.doctor.policy import policy_results
from twirec.doctor.private_keys import private_key_results
from twirec.doctor.public_url import public_url_results
from twirec.doctor.queue import queue_results
from twirec.doctor.results import failed, guarded, ok, unknown
from twirec.doctor.retention import retention_results
from twirec.doctor.transcripts import transcript_results
from twirec.doctor.vendor import vendor_results
from twirec.doctor.voice_view import call_results, view_results
from twirec.model.inspection import Check, CheckResult, Level, OwnAddress
from twirec.settings import Settings

WHERE_TWILIO_IS = ("TWIREC_TWILIO_API_URL ", "TWILIO_REGION ", "TWILIO_EDGE ")
"""Settings with which, while they are wrong, another host would be asked."""


def utc_now() -> datetime:
    """Return the time, UTC."""
    return datetime.now(UTC)


def examine(
    environ: Mapping[str, str] | None = None,
    *,
    now: Callable[[], datetime] = utc_now,
    voice: Sequence[str] = (),
) -> Iterator[CheckResult]:
    """Look at an installation; yield each result as soon as it is made.

    A check that cannot be made is one failed result, and the others go on.

    Args:
        environ: where the settings are; without it, the environment of this process.
        now: the clock of this machine, UTC.
        voice: views to try besides those that the numbers point at: paths below the public URL,
            such as `/voice`, or whole URLs.
    """
    environ = os.environ if environ is None else environ
    settings, problems = Settings.read(environ)
    for problem in problems:
        yield failed(Check.SETTINGS, problem, "Correct it in the environment.")
    if not problems:
        yield ok(Check.SETTINGS, "All settings can be read.")
    yield from place_results(settings)
    yield from private_key_results(environ)
    called: list[OwnAddress] = []
    catalogs: list[str] = []
    public_url = list(_public_url(settings, catalogs))
    reached = all(each.level is Level.OK for each in public_url)
    if any(problem.startswith(WHERE_TWILIO_IS) for problem in problems):
        yield unknown(Check.CREDENTIALS, "Where Twilio is to be asked is not said rightly.")
    else:
        for result in _twilio(settings, now, called):
            yield result if reached else _later(result, settings.public_url)
    yield from public_url
    if reached:
        voice_urls = [one.voice_url for one in called if is_ours(one, settings.public_url)]
        yield from view_results(settings, [*voice_urls, *_whole(settings, voice)])
    else:
        yield unknown(Check.VIEW, "No view is tried before the app answers: see public URL.")
    yield from fallback_results(settings, called)
    yield from _bucket(settings.bucket)
    database = list(_database(settings, problems))
    yield from database
    if not problems:
        yield from guarded(Check.QUEUE, partial(queue_results, settings, now()))
    if not problems and all(each.level is not Level.FAILED for each in database):
        yield from guarded(Check.VIEW, partial(call_results, settings))
        yield from guarded(Check.POLICY, partial(policy_results, settings, now()))
        yield from guarded(Check.RULES, partial(retention_results, settings))
        yield from guarded(Check.TRANSCRIPTS, partial(transcript_results, settings, now()))
        yield from guarded(Check.AUDIT, partial(audit_results, settings, now()))
        yield from guarded(Check.NOT_OURS, partial(ownership_results, settings))
    if settings.bucket and any(each.level is Level.OK for each in database[:1]):
        others = [one.voice_url for one in called if not is_ours(one, settings.public_url)]
        look = partial(identity_results, settings, catalogs, others if called else None)
        yield from guarded(Check.MARK, look)


def _database(settings: Settings, problems: Sequence[str]) -> Iterator[CheckResult]:
    if any(problem.startswith("TWIREC_DATABASE_URL ") for problem in problems):
        yield unknown(Check.DATABASE, "TWIREC_DATABASE_URL is wrong: which one is not known.")
        return
    yield from guarded(Check.DATABASE, partial(database_results, settings.database_url))


def _later(result: CheckResult, public_url: str) -> CheckResult:
    """What is to be set at Twilio may name the public URL, which has to be right before."""
    if not public_url or public_url not in result.fix:
        return result
    return replace(result, fix=f"Mend the public URL first, see there. {result.fix}")


def _has_account(settings: Settings) -> bool:
    return bool(settings.account_sid) and settings.account_sid in settings.auth_tokens


def _whole(settings: Settings, voice: Sequence[str]) -> list[str]:
    return [
        each if "://" in each else f"{settings.public_url}/{each.lstrip('/')}" for each in voice
    ]


def _twilio(
    settings: Settings, now: Callable[[], datetime], called: list[OwnAddress]
) -> Iterator[CheckResult]:
    if not _has_account(settings):
        yield unknown(Check.CREDENTIALS, "Account SID or auth token is not set, or wrong.")
        return
    look = partial(_inspect_twilio, settings, now, called)
    yield from guarded(Check.CREDENTIALS, look)


def _inspect_twilio(
    settings: Settings, now: Callable[[], datetime], called: list[OwnAddress]
) -> Iterator[CheckResult]:
    credentials = {sid: Credentials(*pair) for sid, pair in settings.credentials.items()}
    clients = TwilioClients(
        credentials,
        api_url=settings.api_url,
        region=settings.region,
        edge=settings.edge,
        pool_size=1,
        timeout=(5.0, 10.0),  # somebody waits for the answer
    )
    with closing(clients):
        twilio = TwilioInspector(clients)
        yield from vendor_results(twilio, settings, now)
        if settings.public_url:
            look = partial(number_results, twilio, settings.public_url, called)
            yield from guarded(Check.NUMBERS, look)


def _public_url(settings: Settings, catalogs: list[str]) -> Iterator[CheckResult]:
    if not settings.public_url or not _has_account(settings):
        yield unknown(
            Check.PUBLIC_URL, "Public URL, account SID or auth token is not set, or wrong."
        )
        return
    yield from guarded(Check.PUBLIC_URL, partial(public_url_results, settings, catalogs))


def _bucket(url: str) -> Iterator[CheckResult]:
    place = urlsplit(url)
    if place.scheme == "gs":
        yield from guarded(Check.BUCKET, partial(_google, place.netloc, place.path.strip("/")))
    elif place.scheme == "file":
        yield from guarded(Check.BUCKET, partial(folder_results, Path(unquote(place.path))))
    else:
        yield unknown(Check.BUCKET, "The bucket is not set, or wrong.")


def _google(name: str, prefix: str) -> Iterator[CheckResult]:
    with closing(GcsInspector(name)) as bucket:
        yield from bucket_results(bucket, name, f"{prefix}/" if prefix else "")
