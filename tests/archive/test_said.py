"""Calls are found by what was said in them, best first, by who may hear it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from tests.factories import STARTED, a_call, a_recording, call_sid, recording_sid
from twirec.archive import Archive
from twirec.catalog.database import to_row
from twirec.catalog.sentences import replace
from twirec.catalog.tables import calls, recordings
from twirec.model.access import Actor
from twirec.model.audit import stand_in
from twirec.model.errors import InvalidQuery
from twirec.model.states import Custody, State
from twirec.model.transcript import Sentence
from twirec.model.vocabulary import Role

ADMIN, AUDITOR, AGENT = (Actor("eva", role) for role in ("admin", "auditor", "agent"))
A_DAY = timedelta(days=1)

SAID = (
    Sentence(Role.AGENT, 0.0, 4.5, "La tarifa tiene una permanencia de doce meses.", 0.9),
    Sentence(Role.CUSTOMER, 5.0, 8.0, "Eso no me lo", 0.9),
    Sentence(Role.AGENT, 8.5, 9.0, "Sí.", 0.9),
    Sentence(Role.CUSTOMER, 9.2, 12.0, "dijo tu compañero.", 0.9),
    Sentence(Role.CUSTOMER, 90.0, 92.0, "Muchas gracias.", 0.9),
)
"""In the first call; in the second an agent says the first, and the machine is less sure."""


@pytest.fixture
def archive(twirec_archive: Archive) -> Archive:
    twirec_archive.now = lambda: STARTED + 10 * A_DAY
    catalog = twirec_archive.catalog
    for number in (1, 2, 3):
        call = a_call(
            call_sid=call_sid(number),
            started_at=STARTED + number * A_DAY,
            customer_number=f"+3460011122{number}",
        )
        catalog.ledger.open_call(call)
        catalog.recordings.adopt(
            a_recording(sid=recording_sid(number), call_sid=call_sid(number), state=State.RELEASED)
        )
    set_custody(twirec_archive, custody=Custody.ACTIVE)
    doubted = Sentence(Role.AGENT, 3.0, 7.0, "Con permanencia de 12 meses.", 0.5)
    with catalog.database.write() as connection:
        replace(connection, call_sid(1), recording_sid(1), SAID)
        replace(connection, call_sid(2), recording_sid(2), [doubted])
    return twirec_archive


def set_custody(archive: Archive, sid: str | None = None, **values: Any) -> None:
    these = update(recordings) if sid is None else update(recordings).where(recordings.c.sid == sid)
    with archive.catalog.database.write() as connection:
        connection.execute(these.values(**values))


def found(archive: Archive, text: str, by: Actor = ADMIN, **asked: Any) -> list[tuple[str, float]]:
    page = archive.calls.search(text, by=by, **asked)
    assert [*dict.fromkeys(each.call_sid for each in page.sentences)] == [
        record.call.call_sid for record in page.calls
    ]
    assert page.count == len(page.calls)
    assert page.next is None
    return [(each.recording_sid[-1], each.starts) for each in page.sentences]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('said:"permanencia de doce meses"', [("1", 0.0), ("2", 3.0)]),  # the surer one first
        ('dicho "permanencia de 12 meses" 600111222', [("2", 3.0)]),
        ('said "permanencia de 12 meses" until 24 Nov 2026', [("1", 0.0)]),
        ('since 25 Nov 2026 said "permanencia de 12 meses"', [("2", 3.0)]),
        ('said "permanencia de 12 meses" last month', [("1", 0.0), ("2", 3.0)]),
        ('said "permanencia de 12 meses" last year', []),
        ('customer said "permanencia de doce meses"', []),
        ('agente dijo: "permanencia de doce meses"', [("1", 0.0), ("2", 3.0)]),
        ("said by the customer: dijo", [("1", 9.2)]),
        ('dicho por el cliente "eso no me lo dijo tu compañero"', [("1", 5.0)]),  # over the border
        ('said "compañero muchas gracias"', []),  # not over a minute of silence
        ('said "permanencia de doce años"', []),
        (f'{call_sid(2)} said "permanencia"', [("2", 3.0)]),
        ('said "permanencia" agent ana', []),
    ],
)
def test_what_was_said_is_found_best_first(
    archive: Archive, text: str, where: list[tuple[str, float]]
) -> None:
    assert found(archive, text) == where


def test_a_sentence_says_who_said_it_and_how_sure_that_is(archive: Archive) -> None:
    best, other = archive.calls.search(said="permanencia", by=ADMIN).sentences
    assert (best.call_sid, best.side, best.text) == (call_sid(1), Role.AGENT, SAID[0].text)
    assert (best.score, other.score) == (98, 90)


def test_only_who_may_hear_a_recording_finds_what_was_said_in_it(archive: Archive) -> None:
    text = 'said "permanencia de doce meses"'
    assert found(archive, text, AUDITOR) == found(archive, text, AGENT) == []
    assert found(archive, text, Actor("ana", "supervisor")) == [("1", 0.0), ("2", 3.0)]
    for hidden in (
        {"custody": Custody.QUARANTINED},
        {"custody": Custody.BLOCKED},
        {"state": State.ERASING},
        {"state": State.ERASED},
    ):
        set_custody(archive, recording_sid(1), **hidden)
        assert found(archive, text) == [("2", 3.0)], hidden
        set_custody(archive, recording_sid(1), custody=Custody.ACTIVE, state=State.RELEASED)


def test_a_search_by_words_is_on_the_log_without_the_words(archive: Archive) -> None:
    archive.calls.search('said:"Permanencia" 600111221', by=ADMIN)
    (entry,) = archive.audit.log()
    key = archive.settings.audit_key
    assert entry.action == "search"
    assert entry.number == stand_in("+34600111221", key)
    assert entry.detail == {"calls": 1, "said": stand_in("permanencia", key)}


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"text": "said"}, "'said' needs"),
        ({"text": 'said "¿?"'}, "said: give words"),
        ({"text": 'said "a" said "b"'}, "is a second said"),
        ({"text": "said permanencia", "said": "meses"}, "said: say it once"),
        ({"said_by": "customer"}, "said_by: give said too"),
        ({"said": "meses", "said_by": "boss"}, "said_by: "),
    ],
)
def test_what_cannot_be_looked_for_is_refused(
    archive: Archive, asked: dict[str, Any], why: str
) -> None:
    with pytest.raises(InvalidQuery, match=why):
        archive.calls.search(**asked, by=ADMIN)


def test_what_was_said_comes_on_one_page(archive: Archive) -> None:
    turned = archive.calls.search(limit=1, by=ADMIN).next
    with pytest.raises(InvalidQuery, match="after: "):
        archive.calls.search(said="meses", after=turned, by=ADMIN)
    page = archive.calls.search(said="permanencia", limit=1, by=ADMIN)
    assert (len(page.sentences), page.count, page.exact) == (1, 2, True)


@pytest.mark.parametrize("limit", [1, 20])
def test_words_are_found_in_all_calls_of_a_number_not_in_its_newest(
    archive: Archive, limit: int
) -> None:
    with archive.catalog.database.write() as connection:
        newer = [
            to_row(
                a_call(
                    call_sid=call_sid(number),
                    started_at=STARTED + 5 * A_DAY + timedelta(minutes=number),
                    customer_number="+34600111221",
                ),
                calls,
            )
            for number in range(100, 130)
        ]
        connection.execute(insert(calls), newer)
    assert found(archive, 'said "permanencia" 600111221', limit=limit) == [("1", 0.0)]
