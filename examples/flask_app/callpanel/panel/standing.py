"""What stands still: the bar on every page, and the words of the health page.

It is looked at every few seconds at the most, whoever opens pages: a few rows by their indexes, and
what workers remember of the bucket. No page waits for a bucket.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flask import Flask, current_app
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from callpanel.auth import may
from callpanel.config import archive, config
from callpanel.panel.show import moment
from callpanel.roles import Permission
from twirec import Alarm, AlarmKind, Archive, Direction, TwirecError, alarms

FRESH_FOR = 10.0
"""Seconds for which what was seen holds, in each process."""

FOR_ALL = frozenset({AlarmKind.RECORDING_OFF})
"""What an agent is told too."""

FOR_SEARCHERS = FOR_ALL | {
    AlarmKind.WORKER_AWAY,
    AlarmKind.BUCKET_AWAY,
    AlarmKind.QUEUE_OLD,
    AlarmKind.SWEEP_LATE,
    AlarmKind.CASES_OVERDUE,
    AlarmKind.MAILS_FAILED,
    AlarmKind.MAILS_LATE,
}
"""What those are told who look for calls: why a new recording is not there."""

SINCE = {
    AlarmKind.RECORDING_OFF: _l("Recording is switched off for all calls since %(time)s."),
    AlarmKind.WORKER_AWAY: _l(
        "No worker runs since %(time)s: recordings stay at Twilio until one is started."
    ),
    AlarmKind.BUCKET_AWAY: _l(
        "The bucket has not answered since %(time)s: nothing is copied, played or taken out."
    ),
    AlarmKind.QUEUE_OLD: _l("A recording has been waiting to be copied since %(time)s."),
    AlarmKind.MAILS_LATE: _l("A receipt of a case has been waiting to be sent since %(time)s."),
    AlarmKind.SWEEP_LATE: _l(
        "What Twilio did not tell of was last looked for on %(time)s: a worker should do it."
    ),
    AlarmKind.AUDIT_LATE: _l("The audit log was last verified on %(time)s: a worker should do it."),
    AlarmKind.RETENTION_LATE: _l(
        "What has to go by the rules of retention waits since %(time)s: a worker should do it."
    ),
    AlarmKind.ANCHOR_LATE: _l(
        "The audit log was last anchored on %(time)s: a worker should do it."
    ),
    AlarmKind.STAMP_LATE: _l(
        "Anchors of the audit log have been waiting for their time stamp since %(time)s."
    ),
}
"""What is said where it is known since when."""

WITHOUT = {
    AlarmKind.RECORDING_OFF: _l("Recording is switched off for all calls."),
    AlarmKind.WORKER_AWAY: _l(
        "No worker has ever run: recordings stay at Twilio until one is started."
    ),
    AlarmKind.BUCKET_AWAY: _l(
        "The bucket has never answered: nothing is copied, played or taken out."
    ),
    AlarmKind.SWEEP_LATE: _l("What Twilio did not tell of was never looked for."),
    AlarmKind.AUDIT_LATE: _l("The audit log was never verified."),
    AlarmKind.AUDIT_BROKEN: _l("The audit log was changed by other means than this app."),
}
"""What is said where it never was as it has to be, or nobody knows since when."""


TO_DO = {
    AlarmKind.RECORDING_OFF: _l("It is switched on again on the page Recording."),
    AlarmKind.WORKER_AWAY: _l(
        "Start one with: twirec work (systemctl start twirec-worker), and look at its log."
    ),
    AlarmKind.BUCKET_AWAY: _l(
        "Look at what twirec doctor says of the bucket: its name, the key, the network, the disk."
    ),
    AlarmKind.AUDIT_BROKEN: _l(
        "Keep a copy of the database before anything else is done, and tell who is responsible."
    ),
    AlarmKind.CASES_OVERDUE: _l("They are the first ones on the page Cases: tell the customers."),
    AlarmKind.MAILS_FAILED: _l(
        "The page Cases names them: send each again, or deliver it by another way."
    ),
    AlarmKind.MAILS_LATE: _l(
        "The workers need TWIREC_SMTP_URL too; if they have it, their log says what the server of "
        "mail answers."
    ),
    AlarmKind.QUEUE_OLD: _l("If workers run, their log says why it is not copied."),
    AlarmKind.SWEEP_LATE: _l("If workers run, their log says why they do not sweep."),
    AlarmKind.AUDIT_LATE: _l("If workers run, their log says why they do not verify it."),
    AlarmKind.RETENTION_LATE: _l("If workers run, their log says why they do not look."),
    AlarmKind.ANCHOR_LATE: _l("If workers run, their log says why they do not anchor it."),
    AlarmKind.STAMP_LATE: _l(
        "The time-stamping authority (TWIREC_TSA_URL) does not answer: ask who runs it."
    ),
    AlarmKind.UNDECIDED: _l("Decide each on the page of its call; they are listed below."),
    AlarmKind.CARD_NUMBERS: _l(
        "Decide each on the page of its call: twirec cards list names them."
    ),
    AlarmKind.PARKED: _l("The next sweep tries them again; a button below does it now."),
    AlarmKind.DIFFERENCES: _l("They are listed below: bring the file back from a backup."),
}
"""What is to be done about it."""


@dataclass(slots=True)
class Seen:
    """What an app saw last.

    Attributes:
        alarms: what stood still.
        error: why the catalog could not be asked then; None if it could.
        at: when that was, by the steady clock.
        turn: of many requests one looks.
    """

    alarms: tuple[Alarm, ...] = ()
    error: TwirecError | None = None
    at: float = float("-inf")
    turn: threading.Lock = field(default_factory=threading.Lock)


def init_app(app: Flask) -> None:
    """Give templates what stands still."""
    app.context_processor(
        lambda: {
            "standing_still": _for_who_asks,
            "alarm_words": said_of,
            "what_to_do": lambda alarm: TO_DO[alarm.kind],
        }
    )


def standing_still() -> tuple[Alarm, ...]:
    """Return what stands still, as it was seen some seconds ago at the most.

    Nothing, if the catalog cannot be asked: each page and probe says that by itself.
    """
    try:
        return seen_lately()
    except TwirecError:
        return ()


def seen_lately() -> tuple[Alarm, ...]:
    """Return what stands still, as it was seen some seconds ago at the most.

    Raises:
        CatalogError: the catalog could not be asked then.
    """
    seen: Seen = current_app.extensions.setdefault("callpanel-standing", Seen())
    if time.monotonic() - seen.at >= FRESH_FOR and seen.turn.acquire(blocking=False):
        try:
            seen.alarms, seen.error = look(archive(), config().lines), None
        except TwirecError as error:
            seen.alarms, seen.error = (), error
        finally:
            seen.at = time.monotonic()
            seen.turn.release()
    if seen.error is not None:
        raise seen.error
    return seen.alarms


def look(archive: Archive, lines: Mapping[str, object]) -> tuple[Alarm, ...]:
    """Return what stands still now.

    Raises:
        CatalogError: the catalog cannot be asked.
    """
    scopes = [(number, way) for number in ("", *lines) for way in Direction]
    decisions = archive.policy.of_all(scopes)
    off: datetime | None = None
    if not any(each.policy.on for each in decisions):
        off = max((each.switched.at for each in decisions if each.switched), default=archive.now())
    stats = archive.operations.stats(by="callpanel")
    return alarms(stats, archive.now(), sweep_every=archive.settings.sweep_every, off=off)


def _for_who_asks() -> list[Alarm]:
    kinds: Callable[[AlarmKind], bool] = FOR_ALL.__contains__
    if may(Permission.SEE_HEALTH):
        kinds = set(AlarmKind).__contains__
    elif may(Permission.SEARCH):
        kinds = FOR_SEARCHERS.__contains__
    return [each for each in standing_still() if kinds(each.kind)]


def said_of(alarm: Alarm) -> str:
    """Return a sentence that says what stands still, and since when."""
    kind, count = alarm.kind, alarm.count
    if kind is AlarmKind.CASES_OVERDUE:
        return str(
            ngettext(
                "%(num)d case is overdue: tell the customer at once.",
                "%(num)d cases are overdue: tell the customers at once.",
                count,
            )
        )
    if kind is AlarmKind.MAILS_FAILED:
        return str(
            ngettext(
                "%(num)d receipt of a case could not be delivered by e-mail.",
                "%(num)d receipts of cases could not be delivered by e-mail.",
                count,
            )
        )
    if kind is AlarmKind.UNDECIDED:
        return str(
            ngettext(
                "%(num)d recording waits for a decision.",
                "%(num)d recordings wait for a decision.",
                count,
            )
        )
    if kind is AlarmKind.CARD_NUMBERS:
        return str(
            ngettext(
                "A card number is spoken in %(num)d recording: decide whether it is cut out.",
                "Card numbers are spoken in %(num)d recordings: decide whether they are cut out.",
                count,
            )
        )
    if kind is AlarmKind.PARKED:
        return str(
            ngettext(
                "%(num)d recording could not be copied.",
                "%(num)d recordings could not be copied.",
                count,
            )
        )
    if kind is AlarmKind.DIFFERENCES:
        return str(
            ngettext(
                "%(num)d file is not what was archived.",
                "%(num)d files are not what was archived.",
                count,
            )
        )
    if alarm.since is None:
        return str(WITHOUT[kind])
    return str(SINCE[kind] % {"time": moment(alarm.since)})
