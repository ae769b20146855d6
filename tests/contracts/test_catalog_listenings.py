"""A listening is one entry that begins it and one that ends it, however many pieces it takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.factories import STARTED, recording_sid
from twirec.catalog import Catalog
from twirec.catalog.audit import IDLE, MOST_SPANS, Listenings, Span, joined
from twirec.model.audit import AuditDraft, AuditEntry, AuditOutcome, AuditQuery

HEARD = AuditDraft(STARTED, "ana", "supervisor", "listen", sid=recording_sid())
A_SECOND = timedelta(seconds=1)


def log(catalog: Catalog) -> list[AuditEntry]:
    return catalog.audit.log(AuditQuery())[::-1]


def hear(
    catalog: Catalog, span: Span, count: int | None = None, error: str = "", over: bool = False
) -> int:
    number = catalog.listenings.begin(HEARD, "a", span, alone=False)
    length = (span[1] or 0) - span[0] if count is None else count
    catalog.listenings.end(number, span, length, STARTED, error=error, over=over)
    return number


def test_an_hour_in_pieces_is_two_entries(catalog: Catalog) -> None:
    for start in range(0, 1100, 10):
        hear(catalog, (start, start + 10))
    (tried,) = log(catalog)
    assert (tried.outcome, tried.by, tried.role) == ("tried", "ana", "supervisor")
    assert catalog.listenings.close_idle(STARTED + IDLE - A_SECOND) == 0
    assert catalog.listenings.close_idle(STARTED + IDLE) == 1
    tried, done = log(catalog)
    assert (done.outcome, done.role, done.sid) == ("done", "supervisor", recording_sid())
    assert done.detail == {"tried": tried.seq, "bytes": [[0, 1100]]}
    assert catalog.listenings.close_idle(STARTED + IDLE) == 0


def test_what_was_skipped_is_not_heard(catalog: Catalog) -> None:
    hear(catalog, (0, 10))
    hear(catalog, (50, 60), count=5)
    hear(catalog, (5, 20))
    hear(catalog, (90, 99), count=0)
    hear(catalog, (20, 30), over=True)
    assert log(catalog)[-1].detail["bytes"] == [[0, 30], [50, 55]]


def test_of_what_is_still_being_sent_the_worst_is_supposed(catalog: Catalog) -> None:
    catalog.listenings.begin(HEARD, "a", (0, 10), alone=True)
    catalog.listenings.begin(HEARD, "a", (0, None), alone=True)
    catalog.listenings.close_idle(STARTED + IDLE)
    closed = [(each.outcome, each.detail) for each in log(catalog)[2:]]
    assert closed == [
        ("done", {"tried": 1, "bytes": [[0, 10]], "cut_short": True}),
        ("done", {"tried": 2, "bytes": [], "cut_short": True}),
    ]


@pytest.mark.parametrize(
    ("count", "error", "outcome", "detail"),
    [
        (0, "", "failed", {"bytes": [], "error": "nothing was read"}),
        (0, "ObjectNotFound", "failed", {"bytes": [], "error": "ObjectNotFound"}),
        (4, "BytesDiffer", "failed", {"bytes": [[0, 4]], "error": "BytesDiffer"}),
        (4, "", "done", {"bytes": [[0, 4]]}),
    ],
)
def test_it_is_done_only_if_something_was_heard(
    catalog: Catalog, count: int, error: str, outcome: str, detail: dict[str, object]
) -> None:
    hear(catalog, (0, 10), count, error, over=True)
    ended = log(catalog)[-1]
    assert (ended.outcome, ended.detail) == (outcome, {"tried": 1, **detail})


def test_others_and_later_ones_are_listenings_of_their_own(catalog: Catalog) -> None:
    others = [
        replace(HEARD, by="eva"),
        replace(HEARD, role="admin"),
        replace(HEARD, action="download"),
        replace(HEARD, sid=recording_sid(2)),
        replace(HEARD, detail={"purpose": "claim"}),
        replace(HEARD, detail={"purpose": "quality"}),
    ]
    numbers = {hear(catalog, (0, 10)), hear(catalog, (10, 20))}
    assert len(numbers) == 1
    numbers |= {catalog.listenings.begin(each, "a", (0, 10), alone=False) for each in others}
    numbers.add(catalog.listenings.begin(HEARD, "b", (0, 10), alone=False))
    numbers.add(catalog.listenings.begin(HEARD, "a", (0, 10), alone=True))
    assert len(numbers) == 9
    same = replace(HEARD, detail={"purpose": "claim"})
    assert catalog.listenings.begin(same, "a", (10, 20), alone=False) in numbers
    later = replace(HEARD, at=STARTED + IDLE)
    catalog.listenings.begin(later, "b", (0, 10), alone=False)
    catalog.listenings.begin(replace(HEARD, at=STARTED + 3 * IDLE), "b", (0, 10), alone=False)
    assert [each.outcome for each in log(catalog)] == [AuditOutcome.TRIED] * 11


def test_who_comes_back_after_a_while_begins_anew(catalog: Catalog) -> None:
    first = hear(catalog, (0, 10))
    again = catalog.listenings.begin(replace(HEARD, at=STARTED + IDLE), "a", (0, 5), alone=False)
    assert again != first
    assert [each.outcome for each in log(catalog)] == ["tried", "done", "tried"]


def test_an_entry_holds_no_endless_list(catalog: Catalog) -> None:
    for start in range(0, 2 * MOST_SPANS + 2, 2):
        hear(catalog, (start, start + 1))
    tried, done, again = log(catalog)
    assert (tried.outcome, done.outcome, again.outcome) == ("tried", "done", "tried")
    assert len(done.detail["bytes"]) == MOST_SPANS  # type: ignore[arg-type]


def test_what_is_closed_already_is_not_entered_again(catalog: Catalog) -> None:
    number = catalog.listenings.begin(HEARD, "a", (0, 10), alone=True)
    listenings: Listenings = catalog.listenings
    listenings.end(number, (0, 10), 10, STARTED, error="", over=True)
    listenings.end(number, (0, 10), 10, STARTED, error="", over=True)
    assert [each.outcome for each in log(catalog)] == ["tried", "done"]


def test_what_ends_leaves_alone_what_is_still_being_sent(catalog: Catalog) -> None:
    first = catalog.listenings.begin(HEARD, "a", (0, 10), alone=True)
    assert catalog.listenings.begin(HEARD, "a", (10, 20), alone=False) == first
    catalog.listenings.end(first, (0, 10), 10, STARTED, error="", over=True)
    assert [each.outcome for each in log(catalog)] == ["tried"]
    catalog.listenings.end(first, (10, 20), 10, STARTED, error="", over=True)
    assert log(catalog)[-1].detail == {"tried": first, "bytes": [[0, 20]]}


def test_spans_that_touch_are_one() -> None:
    assert joined([[5, 5], [3, 5], [0, 3], [9, 9], [7, 8]]) == [[0, 5], [7, 8]]
