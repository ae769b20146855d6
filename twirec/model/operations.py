"""What an operator asks of the catalog: figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from twirec.model.states import Custody, State
from twirec.model.vocabulary import Outcome, Reason


@dataclass(frozen=True, slots=True)
class Stats:
    """What the archive holds and waits for. Words that nothing is counted under are not there.

    Attributes:
        recordings: how many, by state; what is `released` was deleted at the vendor. What is
            blocked is not among them.
        custody: how many, by custody.
        calls: how many, by outcome.
        not_recorded: how many calls were not recorded, by reason.
        numbers_not_known: calls without a number: Twilio does not know them (any more).
        size: bytes in the bucket, of what is not blocked.
        seconds: of what was recorded and not lost, erased or blocked.
        waiting: recordings in progress, due, or being worked on.
        oldest_waiting: when the oldest of them was recorded, UTC; None if none waits.
        parked: recordings of which something is left to do, and trying again ended.
        undecided: those of them that time does not mend: somebody has to accept them, give them up
            or let them be tried again.
        given_up: recordings that somebody gave up; Twilio has them.
        differences: objects that are not what was put there, and that nobody looked at yet.
        events_waiting: events that the company's own webhook has not taken yet.
        events_parked: events that it did not take for about a day.
        kept_for_trial: recordings that are archived and stay at Twilio while a trial lasts.
        kept_at_vendor: recordings that are archived and stay at Twilio until somebody says
            otherwise.
        not_ours: recordings at Twilio that are not this installation's own, and are left alone:
            those of the last 30 days that sweeps saw, and rows that an earlier setting adopted.
        not_ours_newest: the SIDs of the newest of them, `MOST_NAMED` at the most.
        swept: until when each account was swept, UTC; None if it never was.
        worker_seen: when a worker last said that it lives, UTC; None if none ever did.
        bucket_seen: when the bucket last answered a worker, UTC; None if it never did.
        bucket_failed: when it last did not, or was not this catalog's, UTC; None if that never was.
        audit_verified: when the audit log was last looked at to its end, UTC; None if it never was.
        audit_problem: what is wrong with it; empty if nothing is known to be.
        read_back: when workers last read recordings back from the bucket to compare them, UTC; None
            if they never did.
        read_back_oldest: when the recording that has waited the longest was read back, UTC; None if
            some never was.
        anchored_at: when the audit log was last anchored in the bucket, UTC; None if it never was.
        anchored_entries: how many entries it had then.
        unstamped_since: since when anchors wait for the authority of time, UTC; None if none does,
            as of an installation that has no such authority.
        access_requests_overdue: requests of people who want to know what is kept of them whose
            term is over.
        cases_overdue: cases of customers whose term is over, and who were not told.
        mails_waiting: e-mails with receipts of cases that no mail server took yet.
        mails_waiting_since: when the oldest of them was asked for, UTC; None if none waits.
        mails_failed: those that could not be delivered, and of which nothing else took the place.
        transcripts_waiting: transcripts that a worker has to make, or to make anew.
        transcripts_parked: those that failed too often.
        card_numbers: recordings in which a card number was found, of which nobody has decided.
        cards_parked: copies without card numbers that could not be made.
        retention_rules: rules in force that say how long recordings are kept; without any, none is
            ever destroyed.
        retention_late: since when something waits to be looked at whether its time is over, UTC;
            None if nothing does.
        callbacks: Twilio's status callbacks that were believed, by its word for the status; those
            of erased recordings are not kept.
    """

    recordings: Mapping[State, int]
    custody: Mapping[Custody, int]
    calls: Mapping[Outcome, int]
    not_recorded: Mapping[Reason, int]
    size: int
    seconds: int
    waiting: int
    oldest_waiting: datetime | None
    parked: int
    differences: int = 0
    undecided: int = 0
    given_up: int = 0
    events_waiting: int = 0
    events_parked: int = 0
    kept_for_trial: int = 0
    kept_at_vendor: int = 0
    not_ours: int = 0
    not_ours_newest: tuple[str, ...] = ()
    swept: Mapping[str, datetime | None] = field(default_factory=dict)
    callbacks: Mapping[str, int] = field(default_factory=dict)
    numbers_not_known: int = 0
    worker_seen: datetime | None = None
    audit_verified: datetime | None = None
    audit_problem: str = ""
    read_back: datetime | None = None
    read_back_oldest: datetime | None = None
    anchored_at: datetime | None = None
    anchored_entries: int = 0
    unstamped_since: datetime | None = None
    access_requests_overdue: int = 0
    cases_overdue: int = 0
    mails_waiting: int = 0
    mails_waiting_since: datetime | None = None
    mails_failed: int = 0
    bucket_seen: datetime | None = None
    bucket_failed: datetime | None = None
    transcripts_waiting: int = 0
    transcripts_parked: int = 0
    card_numbers: int = 0
    cards_parked: int = 0
    retention_rules: int = 0
    retention_late: datetime | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """What was recorded on one day, in the company's zone.

    Attributes:
        day: the date.
        recordings: how many began on it and were not lost or erased.
        seconds: how long they are together.
    """

    day: date
    recordings: int
    seconds: int
