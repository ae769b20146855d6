"""What an audit asks of a year: each case with its times, terms met or missed, and waits."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail
from twirec.custody.document import Document, Facts, Heading, Paragraph
from twirec.custody.document_pdf import Sealing, check_installed, sealed_pdf
from twirec.model.access import Actor, Deed, acting, check_ever
from twirec.model.audit import Action, AuditDraft, Detail
from twirec.model.cases import (
    ATTENDED_WITHIN,
    CallWait,
    Case,
    CaseCall,
    CaseStep,
    CaseStepKind,
    YearlyFigures,
)
from twirec.model.given import understood, whole
from twirec.settings import Settings

FIRST_YEAR, LAST_YEAR = 2000, 9998
LOT = 200
"""Lines that are written at once."""

COLUMNS = (
    *("case", "kind", "language", "received", "consent", "consent_at", "recording_began"),
    *("receipts_made", "receipts_delivered", "delivered_by", "asked_for_more", "completed"),
    *("term_began", "term_ended", "told", "told_by", "state", "in_time", "why_late"),
)


@understood
class CaseYears:
    """Years of cases, for the audit (Ley 10/2025, art. 21 and 22).

    Args:
        settings: the company and its zone.
        catalog: cases and calls.
        seal: gives the company's seal; None where there is none.
        trail: who took it out.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        seal: Callable[[], Sealing | None],
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._seal = seal
        self._trail = trail
        self._now = now

    def cases(self, year: int, *, by: Actor | str) -> Iterator[bytes]:
        """Yield the cases that were opened in a year as CSV, a line each, without numbers.

        Args:
            year: in the company's zone.
            by: who takes it out.

        Raises:
            CustodyRefused: it is not for them.
            InvalidQuery: that is no year.
        """
        self._enter(year, by, "cases")
        return _csv(COLUMNS, (self._line(*each) for each in self._cases(year)))

    def waits(self, year: int, *, by: Actor | str) -> Iterator[bytes]:
        """Yield for how long each call in of a year waited for a person as CSV, without numbers.

        Args:
            year: in the company's zone.
            by: who takes it out.

        Raises:
            CustodyRefused: it is not for them.
            InvalidQuery: that is no year.
        """
        self._enter(year, by, "waits")
        rows = (
            (
                each.call_sid,
                self._moment(each.started_at),
                self._moment(each.attended_at),
                "" if each.seconds is None else f"{each.seconds:.0f}",
            )
            for each in self._waits(year)
        )
        return _csv(("call", "rang", "taken", "waited_seconds"), rows)

    def figures(self, year: int, *, by: Actor | str) -> YearlyFigures:
        """Return the figures of a year.

        Args:
            year: in the company's zone.
            by: who asks.

        Raises:
            CustodyRefused: it is not for them.
            InvalidQuery: that is no year.
        """
        self._enter(year, by, "figures")
        return self._figures(year)

    def statement(self, year: int, *, by: Actor | str) -> bytes:
        """Return the figures of a year as a PDF, sealed where the company has a seal.

        Args:
            year: in the company's zone.
            by: who takes it out.

        Raises:
            CustodyRefused: it is not for them.
            InvalidQuery: that is no year.
            LetterToolsMissing: the extra `letters` is not installed.
            SealUnusable: the seal of the settings cannot be used.
            TimeStampUnavailable: the authority of time does not answer.
        """
        check_installed()
        self._enter(year, by, "statement")
        document = statement(self._figures(year), self._settings.company)
        return sealed_pdf(document, self._now(), self._seal())

    def _figures(self, year: int) -> YearlyFigures:
        calls = attended = within = 0
        total = 0.0
        for wait in self._waits(year):
            calls += 1
            if wait.seconds is not None:
                attended += 1
                total += wait.seconds
                within += wait.seconds < ATTENDED_WITHIN
        cases, in_time, late = self._catalog.known_cases.count_year(*self._span(year), self._now())
        mean = total / attended if attended else None
        return YearlyFigures(year, calls, attended, within, mean, cases, in_time, late)

    def _enter(self, year: int, by: Actor | str, what: str) -> AuditDraft:
        actor = acting(by)
        known = whole("year", year, FIRST_YEAR, LAST_YEAR)
        detail: Detail = {"step": what, "year": known}
        with self._trail.attempt(Action.CASE, actor, detail=detail) as done:
            check_ever(actor, Deed.OVERSEE, "What was of a year")
        self._trail.append(done)
        return done

    def _span(self, year: int) -> tuple[datetime, datetime]:
        zone = self._settings.timezone
        since, until = (datetime(each, 1, 1, tzinfo=zone) for each in (year, year + 1))
        return since.astimezone(UTC), until.astimezone(UTC)

    def _cases(
        self, year: int
    ) -> Iterator[tuple[Case, tuple[CaseCall, ...], tuple[CaseStep, ...]]]:
        span = self._span(year)
        page = self._catalog.known_cases.of_year(*span)
        while page:
            yield from page
            page = self._catalog.known_cases.of_year(*span, after=page[-1][0].id)

    def _waits(self, year: int) -> Iterator[CallWait]:
        span = self._span(year)
        page = self._catalog.known_cases.waits(*span)
        while page:
            yield from page
            last = (page[-1].started_at, page[-1].call_sid)
            page = self._catalog.known_cases.waits(*span, after=last)

    def _line(
        self, case: Case, calls: Sequence[CaseCall], steps: Sequence[CaseStep]
    ) -> Sequence[str]:
        def at(kind: CaseStepKind) -> str:
            return " ".join(self._moment(each.at) for each in steps if each.kind is kind)

        delivered = [each.how for each in steps if each.kind is CaseStepKind.DELIVERED]
        late = case.in_time is False or case.overdue(self._now())
        return (
            *(case.key, case.kind, case.language, self._moment(case.opened_at)),
            " ".join(each.answer for each in calls),
            " ".join(self._moment(each.answered_at) for each in calls),
            at(CaseStepKind.RECORDING),
            at(CaseStepKind.RECEIPT),
            at(CaseStepKind.DELIVERED),
            "; ".join(delivered),
            at(CaseStepKind.INCOMPLETE),
            at(CaseStepKind.COMPLETED),
            self._moment(case.term_began_at),
            self._moment(case.due_at),
            self._moment(case.notified_at),
            case.how,
            case.state,
            "" if case.in_time is None else ("yes" if case.in_time else "no"),
            _why_late(case) if late else "",
        )

    def _moment(self, at: datetime | None) -> str:
        if at is None:
            return ""
        return at.astimezone(self._settings.timezone).isoformat(timespec="seconds")


def statement(figures: YearlyFigures, company: str) -> Document:
    """Return the statement about a year."""
    share, mean = figures.share_within, figures.mean_seconds
    title = f"{company}: complaints by telephone, {figures.year}"
    return Document(
        title=title,
        language="en",
        author=company,
        blocks=[
            Heading(title, 1),
            Heading("Cases (Ley 10/2025, art. 17)"),
            Facts(
                (
                    ("Opened", str(figures.cases)),
                    ("Told within the term", str(figures.in_time)),
                    ("Told late, or overdue", str(figures.late)),
                )
            ),
            Heading("Waiting for a person (art. 10.3)"),
            Facts(
                (
                    ("Calls in", str(figures.calls)),
                    ("Taken by a person", str(figures.attended)),
                    (
                        "Of these, within 3 minutes",
                        "not known" if share is None else f"{share:.2%}",
                    ),
                    ("On average", "not known" if mean is None else f"{mean:.0f} s"),
                )
            ),
            Paragraph(
                "From ringing to the person, by what Twilio told of each call. Calls that nobody "
                "took, or of which it did not tell, are not among those taken."
            ),
        ],
    )


def _why_late(case: Case) -> str:
    if case.notified_at is None:
        return "the customer was not told yet"
    return f"told {case.notified_at - case.due_at} after the term" if case.due_at else ""


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """Yield a table as CSV (RFC 4180), some lines at a time."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for count, row in enumerate(rows, 1):
        writer.writerow([_cell(each) for each in row])
        if count % LOT == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _cell(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
