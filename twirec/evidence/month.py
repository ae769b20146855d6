"""A statement about a month: the list of its calls, what it adds up to, and its pages.

Numbers are nowhere in it: calls and recordings are named by their SIDs, and it may be kept for as
long as somebody likes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import IO, Any
from zoneinfo import ZoneInfo

from twirec.custody.access_words import MONTHS
from twirec.custody.document import (
    Block,
    Commands,
    Document,
    Facts,
    Heading,
    Paragraph,
    Points,
    Table,
)
from twirec.custody.document_pdf import Attachment, sealed_pdf
from twirec.evidence.manifest import JSON, MANIFEST, canonical, utc
from twirec.evidence.month_claims import CALLS, CALLS_COLUMNS, GAPS, GAPS_COLUMNS, MONTH_SCHEMA
from twirec.evidence.seal import Seal
from twirec.evidence.texts import language_of, moment
from twirec.model.months import MOST_NAMED, Gap, GapKind, MonthCall, MonthFacts, Standing

IN_MEMORY = 1_000_000
"""Bytes of a list beyond which it waits on a disk."""

CSV = "text/csv"


class MonthList:
    """Writes what was found into lists on a disk, and counts it.

    Attributes:
        calls: how many there are.
        standings, reasons, gaps: how many of each.
        verified, blocked, destroyed, by_rule: recordings.
        named: the first gaps.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.standings: Counter[Standing] = Counter()
        self.reasons: Counter[str] = Counter()
        self.gaps: Counter[GapKind] = Counter()
        self.verified = self.blocked = self.destroyed = self.by_rule = 0
        self.named: list[Gap] = []
        self._calls, self._gaps = _Sheet(CALLS_COLUMNS), _Sheet(GAPS_COLUMNS)

    def add(self, found: MonthCall | Gap) -> None:
        """Add a call, or what belongs to no call that is known."""
        if isinstance(found, Gap):
            self._gap(found)
            return
        self.calls += 1
        self.standings[found.standing] += 1
        if found.reason and found.standing is Standing.NOT_RECORDED:
            self.reasons[found.reason.value] += 1
        self.verified += len(found.recordings) if not found.gaps else 0
        self.blocked += found.blocked
        self.destroyed += found.destroyed
        self.by_rule += found.by_rule
        for gap in found.gaps:
            self._gap(gap)
        self._calls.write(
            found.account_sid,
            found.call_sid,
            utc(found.began_at),
            found.standing.value,
            found.reason.value if found.reason else "",
            " ".join(f"{sid}:{sha256}" for sid, sha256 in found.recordings),
            found.blocked,
            found.destroyed,
            found.by_rule,
            " ".join(f"{gap.kind.value}:{gap.sid}" for gap in found.gaps),
        )

    def _gap(self, gap: Gap) -> None:
        self.gaps[gap.kind] += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(gap)
        self._gaps.write(gap.kind.value, gap.sid, gap.call_sid)

    @property
    def closed(self) -> bool:
        """Whether every call is explained."""
        return not self.gaps

    def lists(self) -> Iterator[tuple[str, bytes]]:
        """Yield the two lists, each with its name."""
        yield CALLS, self._calls.read()
        yield GAPS, self._gaps.read()

    def close(self) -> None:
        """Let go of the files."""
        self._calls.close()
        self._gaps.close()


class _Sheet:
    def __init__(self, columns: tuple[str, ...]) -> None:
        # for as long as the list is made, which is closed by `close`
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        self._text = io.TextIOWrapper(self._file, encoding="utf-8", newline="")
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._writer.writerow(columns)

    def write(self, *values: object) -> None:
        self._writer.writerow(values)

    def read(self) -> bytes:
        self._text.flush()
        self._file.seek(0)
        return self._file.read()

    def close(self) -> None:
        self._text.close()


def statement(facts: MonthFacts, listed: MonthList, seal: Seal | None, file_name: str) -> bytes:
    """Return a statement: a PDF/A-3 with its lists and its manifest inside, sealed if there is one.

    Args:
        facts: what it says.
        listed: what was found.
        seal: the company's; None for none.
        file_name: by which its pages say how to check it.

    Raises:
        LetterToolsMissing: the extra `letters` is not installed.
        TimeStampUnavailable: the authority of time does not answer, or not as it has to.
    """
    said = words(facts.language)
    inside = dict(listed.lists())
    attached = [
        Attachment(name, data, CSV, said["of_calls"] if name == CALLS else said["of_gaps"])
        for name, data in inside.items()
    ]
    data = _manifest(facts, listed, inside, sealed=seal is not None)
    attached.append(Attachment(MANIFEST, data, JSON, said["of_manifest"]))
    pages = Document(
        said["title"].format(month=_month(facts)),
        facts.language,
        facts.company,
        list(_pages(facts, listed, seal, file_name)),
        said["page"],
    )
    return sealed_pdf(pages, facts.made_at, seal, attached)


def _manifest(
    facts: MonthFacts, listed: MonthList, inside: Mapping[str, bytes], *, sealed: bool
) -> bytes:
    head, before, anchor = facts.head, facts.previous, facts.anchor
    return canonical(
        {
            "schema": MONTH_SCHEMA,
            "id": facts.id,
            "month": facts.span.name,
            "timezone": facts.zone,
            "since": utc(facts.span.since),
            "until": utc(facts.span.until),
            "company": facts.company,
            "made_at": utc(facts.made_at),
            "made_by_role": facts.made_by,
            "software": f"twirec {facts.version}",
            "sealed": sealed,
            "closed": listed.closed,
            "compared": {
                "accounts": list(facts.accounts),
                "from": utc(facts.compared_from),
                "until": utc(facts.compared_until),
                "other_calls": facts.others,
            },
            "calls": listed.calls,
            "standings": {each.value: count for each, count in sorted(listed.standings.items())},
            "reasons": dict(sorted(listed.reasons.items())),
            "recordings": {
                "verified": listed.verified,
                "blocked": listed.blocked,
                "destroyed": listed.destroyed,
                "destroyed_by_rule": listed.by_rule,
            },
            "gaps": {each.value: count for each, count in sorted(listed.gaps.items())},
            "audit_head": {"seq": head.seq, "hash": head.hash} if head else None,
            "anchor": {
                "number": anchor.anchor,
                "at": utc(anchor.at),
                "entries": anchor.entries,
                "sha256": anchor.digest,
                "stamped_at": utc(anchor.stamped_at),
            }
            if anchor
            else None,
            "previous": {"id": before.id, "at": utc(before.at), "sha256": before.sha256}
            if before
            else None,
            "files": {
                name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
                for name, data in inside.items()
            },
        }
    )


def _pages(
    facts: MonthFacts, listed: MonthList, seal: Seal | None, file_name: str
) -> Iterator[Block]:
    said = words(facts.language)
    month, company = _month(facts), facts.company
    at = _Clock(facts)
    yield Heading(said["title"].format(month=month), 1)
    gaps = listed.gaps.total()
    verdict = "closed" if listed.closed else "not_closed"
    yield Heading(said[verdict])
    yield Paragraph(
        said[f"{verdict}_is"].format(month=month, company=company, calls=listed.calls, gaps=gaps)
    )
    if seal is None:
        yield Paragraph(said["not_sealed"])
    yield Facts(tuple(_about(facts, seal, at)))
    yield Heading(said["calls"])
    yield Table((said["what"], said["count"]), (0.82, 0.18), tuple(_counts(facts.language, listed)))
    yield Heading(said["recordings"])
    counts = ("verified", "blocked", "destroyed", "by_rule")
    yield Table(
        (said["what"], said["recordings"]),
        (0.82, 0.18),
        tuple((said[name], str(getattr(listed, name))) for name in counts),
    )
    if gaps:
        yield Heading(said["gaps"])
        kinds = said["gap"]
        yield Points(
            tuple(f"{kinds[each.value]}: {count}" for each, count in sorted(listed.gaps.items()))
        )
        rows = tuple(
            (kinds[f"{gap.kind.value}_short"], gap.sid, gap.call_sid) for gap in listed.named
        )
        columns = (said["gap_kind"], said["gap_sid"], said["gap_call"])
        yield Table(columns, (0.24, 0.38, 0.38), rows)
        if gaps > len(listed.named):
            yield Paragraph(said["more_gaps"].format(more=gaps - len(listed.named)))
    yield Heading(said["compared"])
    yield Points(tuple(_compared(facts, at)))
    yield Heading(said["check"])
    yield Paragraph(said["check_is"] if seal else said["check_unsealed"])
    yield Commands(tuple(_commands(file_name, seal)))
    if seal:
        yield Paragraph(said["check_root"].format(issuer=seal.issuer))
    yield Heading(said["not_proven"])
    yield Points(tuple(said[f"not_proven_{number}"] for number in range(1, 4)))


def _about(facts: MonthFacts, seal: Seal | None, at: _Clock) -> Iterator[tuple[str, str]]:
    said = words(facts.language)
    yield said["statement"], facts.id
    yield said["company"], facts.company
    yield said["month"], f"{_month(facts)} ({facts.zone})"
    yield said["since"], at(facts.span.since)
    yield said["until"], at(facts.span.until)
    yield said["made"], f"{at(facts.made_at)}, twirec {facts.version}"
    if seal:
        yield said["sealed_by"], seal.subject
    if facts.head:
        head = said["head_is"].format(seq=facts.head.seq, hash=facts.head.hash)
        yield said["head"], head
    if facts.anchor:
        anchor = facts.anchor
        yield (
            said["anchor"],
            said["anchor_is"].format(
                number=anchor.anchor, at=at(anchor.at), entry=anchor.entries, sha256=anchor.digest
            ),
        )
    if facts.previous:
        before = facts.previous
        yield (
            said["previous"],
            said["previous_is"].format(id=before.id, at=at(before.at), sha256=before.sha256),
        )


def _counts(language: str, listed: MonthList) -> Iterator[tuple[str, str]]:
    said = words(language)
    for standing in Standing:
        if count := listed.standings[standing]:
            yield said["standing"][standing.value], str(count)
        if standing is Standing.NOT_RECORDED:
            for reason, number in sorted(listed.reasons.items()):
                yield f"    - {said['reason'].get(reason, reason)}", str(number)
    yield said["all"], str(listed.calls)


def _compared(facts: MonthFacts, at: _Clock) -> Iterator[str]:
    said = words(facts.language)
    when = {"since": at(facts.compared_from), "until": at(facts.compared_until)}
    yield said["compared_calls"].format(accounts=", ".join(facts.accounts), **when)
    for name in ("compared_lines", "compared_objects", "compared_unknown"):
        yield said[name]
    if facts.others:
        yield said["compared_others"].format(count=facts.others)


def _commands(file_name: str, seal: Seal | None) -> Iterable[str]:
    if seal:
        yield f"pdfsig {file_name}"
    yield f"pdfdetach -saveall {file_name}"
    yield f"sha256sum {CALLS} {GAPS}"
    yield f"wc -l < {CALLS}"
    if seal:
        yield f"twirec verify {file_name} --trust ca.pem"


class _Clock:
    """Says a moment in the company's zone, and in UTC."""

    def __init__(self, facts: MonthFacts) -> None:
        self._zone = ZoneInfo(facts.zone)

    def __call__(self, at: datetime) -> str:
        return moment(at, self._zone)


def _month(facts: MonthFacts) -> str:
    said = words(facts.language)
    year, number = facts.span.name.split("-")
    names = MONTHS["es" if said["language"] == "es" else "en"]
    return str(said["month_is"]).format(month=names[int(number) - 1], year=year)


def words(language: str) -> Mapping[str, Any]:
    """Return the words of a statement in a language.

    Args:
        language: BCP 47; Spanish where it begins with `es`, else English.
    """
    return _read()[language_of(language)]


@cache
def _read() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads((files("twirec.evidence") / "months.toml").read_text(encoding="utf-8"))
