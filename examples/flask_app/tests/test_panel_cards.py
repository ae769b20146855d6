"""A card number that is spoken: decided on the page of its call, by who may."""

from __future__ import annotations

import re

import pytest
from panel_house import BLOCKED, PLAIN, Browser, call_sid, recording_sid
from sqlalchemy import insert

from twirec import Actor, Archive, CardCut, CardCutState, CardPart, CardSpan, ErasureScope, Role
from twirec.catalog.card_tables import card_cuts
from twirec.catalog.database import to_row

SID = recording_sid(PLAIN)
PAGE = f"/calls/{call_sid(PLAIN)}"
DECIDE = f"/recordings/{SID}/card-number"
SPANS = (
    CardSpan(CardPart.NUMBER, Role.CUSTOMER, 61.0, 75.5),
    CardSpan(CardPart.CODE, None, 80.0, 81.5),
)
EVA = Actor("eva", "supervisor")
COPY = {"object_name": "derivatives/x.wav", "size": 1, "crc32c": "", "own_sha256": "1" * 64}
YES = {"decision": "approve", "guard": "2.5", "reason": "PCI DSS"}


@pytest.fixture
def spoken(archive: Archive) -> None:
    with archive.catalog.database.write() as connection:
        for number in (PLAIN, BLOCKED):
            found = CardCut(recording_sid(number), archive.now(), "", SPANS)
            connection.execute(insert(card_cuts), to_row(found, card_cuts))


def known(archive: Archive) -> CardCut:
    cut = archive.cards.of(SID, by=EVA)
    assert cut is not None
    return cut


def test_it_is_shown_and_cut_out_where_a_supervisor_says_so(
    spoken: None, archive: Archive, supervisor: Browser
) -> None:
    page = supervisor.get(PAGE).text
    assert "A card number is spoken" in page
    assert f'href="/calls/{SID}?t=61.0#{SID}"' in page
    assert "customer: its number" in page
    assert "Somebody: its code" in page
    assert "Nobody has decided whether it is cut out." in page
    page = supervisor.post(DECIDE, YES, follow_redirects=True).text
    assert "A worker cuts it out, and listens to what is left." in page
    assert DECIDE not in page
    cut = known(archive)
    assert (cut.state, cut.guard, cut.reason) == (CardCutState.APPROVED, 2.5, "PCI DSS")
    page = supervisor.post(DECIDE, YES, follow_redirects=True).text
    assert f"What was found in {SID} is approved already." in page


def test_it_is_said_to_be_none(spoken: None, archive: Archive, admin: Browser) -> None:
    no = {**YES, "decision": "refuse", "reason": "a meter"}
    page = admin.post(DECIDE, no, follow_redirects=True).text
    assert "Nothing is cut out." in page
    assert "Perhaps a card number is spoken" in page
    assert "It is no card number" not in page, "which is decided"
    assert known(archive).state is CardCutState.REFUSED
    admin.post(DECIDE, YES)
    assert known(archive).state is CardCutState.APPROVED


def test_what_is_cut_is_cut_again_with_more_silence_and_its_copy_is_what_is_heard(
    spoken: None, archive: Archive, admin: Browser
) -> None:
    copy = {"object_name": "derivatives/x.wav", "state": CardCutState.CUT, "guard": 1.0}
    with archive.catalog.database.write() as connection:
        connection.execute(card_cuts.update().values(copy))
    page = admin.get(PAGE).text
    assert "Cut it out all the same, or with more silence" in page
    assert "What is heard is the copy" not in page
    admin.post(DECIDE, YES)
    assert (known(archive).state, known(archive).guard) == (CardCutState.APPROVED, 2.5)
    assert "What is heard is the copy without what was cut out before." in admin.get(PAGE).text


def test_a_reason_has_to_be_given_and_what_is_held_is_not_cut(
    spoken: None, archive: Archive, admin: Browser
) -> None:
    page = admin.post(DECIDE, {**YES, "reason": ""}, follow_redirects=True).text
    assert "Reason:" in page
    archive.custody.hold(SID, case="C-7", reason="x", by=Actor("bo", "admin"))
    page = admin.post(DECIDE, YES, follow_redirects=True).text
    assert "It is held, or may not leave: nothing is cut out of it." in page
    assert known(archive).state is CardCutState.PROPOSED


def test_why_a_copy_is_not_given_is_said(spoken: None, archive: Archive, admin: Browser) -> None:
    with archive.catalog.database.write() as connection:
        connection.execute(card_cuts.update().values(state=CardCutState.FAILED))
    assert "Try more silence." in admin.get(PAGE).text


def test_an_auditor_sees_nothing_of_it(spoken: None, auditor: Browser) -> None:
    assert "its number" not in auditor.get(PAGE).text


def test_that_something_waits_stands_on_every_page_of_who_sees_health(
    spoken: None, admin: Browser
) -> None:
    assert "A card number is spoken in 1 recording: decide whether it is cut out." in (
        admin.get("/health").text
    ), "what is blocked is not counted"


def test_that_only_the_original_is_destroyed_is_said_to_who_approves_it(
    spoken: None, archive: Archive, admin: Browser
) -> None:
    with archive.catalog.database.write() as connection:
        connection.execute(card_cuts.update().values(state=CardCutState.CUT, **COPY))
    asked = archive.custody.erase(
        SID, reason="PCI", by=Actor("ana", "admin"), now=True, ground="PCI DSS", original=True
    )
    said = "a recording as it was archived; its copy without card numbers stays"
    for path in ("/approvals", "/erasures", f"/erasures/{asked.id}"):
        assert said in admin.get(path).text, path


def test_the_original_alone_is_ordered_to_be_destroyed_from_the_page_of_its_call(
    spoken: None, archive: Archive, admin: Browser, supervisor: Browser
) -> None:
    form = {"what": SID, "how": "original", "reason": "PCI", "ground": "PCI DSS"}
    page = admin.post("/erasures", form)
    assert page.status_code == 400
    assert f"there is no copy of {SID} without card numbers" in page.text
    with archive.catalog.database.write() as connection:
        connection.execute(card_cuts.update().values(state=CardCutState.CUT, **COPY))
    link = f"/erasures?of={SID}&amp;how=original"
    assert link not in supervisor.get(PAGE).text, "who may not erase"
    assert link in admin.get(PAGE).text
    assert 'value="original"' not in admin.get("/erasures").text, "no card numbers are looked for"
    page = admin.get(link.replace("&amp;", "&")).text
    assert re.search(r'<input [^>]*checked[^>]*value="original"', page)
    assert "Say why the law allows it." in admin.post("/erasures", {**form, "ground": ""}).text
    page = admin.post("/erasures", form, follow_redirects=True).text
    assert "a recording as it was archived; its copy without card numbers stays" in page
    (asked,) = archive.custody.certificates.list(by=Actor("bo", "admin"))
    assert (asked.scope, asked.ground) == (ErasureScope.ORIGINAL, "PCI DSS")


def test_what_is_found_after_the_original_was_destroyed_is_decided_too(
    spoken: None, archive: Archive, supervisor: Browser
) -> None:
    with archive.catalog.database.write() as connection:
        connection.execute(card_cuts.update().values(replaced_at=archive.now()))
    page = supervisor.get(PAGE).text
    assert "The recording as it was archived is destroyed" in page
    assert "stays in the bucket" not in page
    assert DECIDE in page
