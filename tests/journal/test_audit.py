"""The audit log in the journal: it comes back, and its end cannot be cut off unseen."""

from __future__ import annotations

import pytest

from tests import tampering
from tests.house import House
from twirec.archive import Archive


@pytest.fixture
def audited(house: House) -> House:
    for number in range(3):
        house.archive.audit.record("sign_in", by="ana", detail={"n": number})
    house.archive.journal.write()
    return house


def tamper(house: House, statement: str) -> None:
    with house.archive.catalog.database.write() as connection:
        tampering.rewrite(connection, "audit", statement)


CUT = "DELETE FROM audit WHERE seq = 3"
CHANGE = "UPDATE audit SET hash = 'f' WHERE seq = 3"


def test_a_log_whose_end_was_cut_off_is_found_by_the_journal(audited: House) -> None:
    tamper(audited, CUT)
    assert audited.archive.audit.verify().broken_at == 3
    head = audited.archive.journal.audit_head()
    assert audited.archive.audit.verify(head).broken_at == 3


@pytest.mark.parametrize("statement", [CUT, CHANGE])
def test_the_journal_that_proves_it_is_not_written_over(audited: House, statement: str) -> None:
    tamper(audited, statement)
    (problem,) = audited.archive.journal.write().problems.values()
    assert "AuditBroken" in problem
    assert "journal/2026/11/23/000001.jsonl" in problem


def test_a_log_that_goes_on_is_journalled(audited: House) -> None:
    audited.archive.audit.record("sign_out", by="ana")
    assert audited.archive.journal.write().written == 1
    head = audited.archive.journal.audit_head()
    assert head == audited.archive.audit.head()
    assert audited.archive.audit.verify(head).whole


def test_the_log_comes_back_whole_and_goes_on(audited: House) -> None:
    settings = audited.archive.settings
    new = Archive(settings, bucket=audited.bucket, now=lambda: audited.time)
    assert new.journal.rebuild(by="ana").problems == {}
    made, *before = new.audit.log()
    assert (made.action, before) == ("rebuild", audited.archive.audit.log())
    new.audit.record("sign_in", by="eva")
    assert new.audit.verify(new.journal.audit_head()).whole
    assert new.journal.write().problems == {}
    new.catalog.close()


def test_without_a_log_there_is_no_head(house: House) -> None:
    house.archive.journal.write()
    assert house.archive.journal.audit_head() is None
