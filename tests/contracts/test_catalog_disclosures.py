"""The contract of the catalog's part for disclosures: what is counted, and what ends a link."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests.factories import STARTED, a_call, a_recording, recording_sid
from twirec.catalog import Catalog
from twirec.catalog.disclosures import Attempt, Proofs
from twirec.catalog.tables import recordings
from twirec.model.access import Actor
from twirec.model.audit import AuditDraft
from twirec.model.disclosures import (
    MOST_WRONG_CODES,
    ConsentMethod,
    Disclosure,
    DisclosureConsent,
    DisclosureGround,
)
from twirec.model.errors import CustodyRefused, NotConsented, NotFound
from twirec.model.states import Custody, State

SID, SOON = recording_sid(), STARTED + timedelta(days=1)
EVA = Actor("eva", "admin")
PROOFS = Proofs("a" * 64, "b" * 64, "c" * 32)


def entry(action: str = "disclose") -> AuditDraft:
    return AuditDraft(STARTED, "eva", "admin", action, SID)


def a_disclosure(**changes: Any) -> Disclosure:
    fields: dict[str, Any] = {
        "id": "DI" + "1" * 32,
        "recording_sid": SID,
        "recipient": "a lawyer",
        "purpose": "a claim",
        "ground": DisclosureGround.COURT_ORDER,
        "reference": "7/2026",
        "consents": (),
        "conversion": "",
        "by": "eva",
        "at": STARTED,
        "expires_at": SOON,
    }
    return Disclosure(**fields | changes)


def a_consent(**changes: Any) -> DisclosureConsent:
    said = ("customer", "", "a lawyer", "a claim", date(2026, 11, 3), ConsentMethod.WRITING)
    return DisclosureConsent(SID, *said, "a letter", "eva", STARTED, **changes)


@pytest.fixture(autouse=True)
def recording(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    catalog.recordings.adopt(a_recording())
    become(catalog, state=State.RELEASED, custody=Custody.ACTIVE)


def become(catalog: Catalog, **facts: Any) -> None:
    with catalog.database.write() as connection:
        connection.execute(update(recordings).where(recordings.c.sid == SID).values(**facts))


def test_what_is_written_comes_back(catalog: Catalog) -> None:
    disclosures = catalog.disclosures
    said = disclosures.add_consent(a_consent(), entry("consent"))
    given = disclosures.give(a_disclosure(consents=(said.id,)), PROOFS, entry())
    assert disclosures.consents(SID) == [disclosures.consent(said.id)] == [said]
    assert disclosures.of(SID) == [disclosures.get(given.id)] == [given]
    assert disclosures.links.by_link("a" * 64) == given
    assert disclosures.links.by_link("b" * 64) is None
    for missing in (lambda: disclosures.get("DI0"), lambda: disclosures.consent(7)):
        with pytest.raises(NotFound):
            missing()


def test_pages_are_newest_first_and_leave_out_what_is_hidden(catalog: Catalog) -> None:
    names = [f"DI{number:032x}" for number in range(5)]
    for number, name in enumerate(names):
        at = STARTED + timedelta(minutes=number // 2)  # two at the same time
        proofs = Proofs(f"{number:064x}", "", "")
        catalog.disclosures.give(a_disclosure(id=name, at=at), proofs, entry())
    page = catalog.disclosures.page(EVA, 2)
    found = [each.id for each in page]
    while page:
        page = catalog.disclosures.page(EVA, 2, (page[-1].at, page[-1].id))
        found += [each.id for each in page]
    assert found == names[::-1]
    assert catalog.disclosures.page(Actor("bo", "agent"), 9) == []


def test_nothing_stands_on_what_was_withdrawn(catalog: Catalog) -> None:
    disclosures = catalog.disclosures
    one, two = (disclosures.add_consent(a_consent(), entry("consent")) for _ in range(2))
    on_one = disclosures.give(a_disclosure(consents=(one.id,)), PROOFS, entry())
    on_two = a_disclosure(id="DI2", consents=(two.id,))
    disclosures.give(on_two, Proofs("d" * 64, "", ""), entry())
    withdrawn, ended = disclosures.withdraw(one.id, "letter", entry("withdraw"))
    assert (withdrawn.withdrawn_why, ended) == ("letter", [on_one.id])
    assert disclosures.get(on_one.id).revoked_at == STARTED
    assert disclosures.get("DI2").revoked_at is None
    with pytest.raises(NotConsented):
        disclosures.give(a_disclosure(id="DI3", consents=(one.id,)), PROOFS, entry())


def test_a_try_is_counted_before_it_is_judged(catalog: Catalog) -> None:
    links, given = (
        catalog.disclosures.links,
        catalog.disclosures.give(a_disclosure(), PROOFS, entry()),
    )
    tried = together(12, lambda: links.attempt(given.id, entry("open_link")))
    counted = [each for each in tried if isinstance(each, Attempt)]
    assert sorted(each.left for each in counted) == list(range(MOST_WRONG_CODES))
    assert {(each.code_hash, each.salt) for each in counted} == {("b" * 64, "c" * 32)}
    assert len([e for e in catalog.audit.entries(0, 99) if e.action == "open_link"]) == 5
    links.take_back(given.id, entry("open_link"))
    assert catalog.disclosures.get(given.id).wrong_codes == MOST_WRONG_CODES - 1


def test_of_several_at_once_as_many_open_it_as_may(catalog: Catalog) -> None:
    links = catalog.disclosures.links
    given = catalog.disclosures.give(a_disclosure(openings=3), PROOFS, entry())
    opened = together(8, lambda: links.open(given.id, "e" * 64, SOON, entry("open_link")))
    assert len([each for each in opened if each]) == 3
    assert catalog.disclosures.get(given.id).opened == 3
    assert len([e for e in catalog.audit.entries(0, 99) if e.action == "open_link"]) == 3


def test_what_is_blocked_opens_nothing(catalog: Catalog) -> None:
    links = catalog.disclosures.links
    given = catalog.disclosures.give(a_disclosure(openings=2), PROOFS, entry())
    assert links.open(given.id, "e" * 64, SOON, entry("open_link"))
    assert links.by_ticket("a" * 64, "e" * 64, STARTED)
    assert links.by_ticket("a" * 64, "e" * 64, SOON) is None
    become(catalog, custody=Custody.BLOCKED)
    assert links.by_ticket("a" * 64, "e" * 64, STARTED) is None
    assert links.open(given.id, "f" * 64, SOON, entry("open_link")) is None
    with pytest.raises(CustodyRefused):
        catalog.disclosures.give(a_disclosure(id="DI2"), PROOFS, entry())


def together(many: int, do: Any) -> list[Any]:
    """Do the same in several threads at once, and return what each gave."""
    came: list[Any] = []
    begin = threading.Barrier(many)

    def each() -> None:
        begin.wait()
        came.append(do())

    threads = [threading.Thread(target=each) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came
