"""How a call stands: the same word in the list, on its page and at the agent's desk."""

from __future__ import annotations

import re

from panel_house import (
    BLOCKED,
    ERASED,
    GOING_ON,
    HIDDEN,
    OF_ANOTHER,
    OUT,
    PARKED,
    PLAIN,
    REFUSED,
    Browser,
    call_sid,
    recording_sid,
)

from callpanel.vocabulary import CALL_STATES
from twirec import CallState

STANDS = {
    PLAIN: "archived",
    HIDDEN: "archived",
    GOING_ON: "being recorded",
    OF_ANOTHER: "being recorded",
    PARKED: "copying failed",
    ERASED: "erased",
    BLOCKED: "recorded",
    REFUSED: "not recorded",
    OUT: "archived",
}
"""By the calls of the house."""

BADGE = r'<span class="badge [a-z_]+">(.*?)</span>'


def test_every_state_has_its_word() -> None:
    assert set(CALL_STATES) == {each.value for each in CallState}


def test_a_call_has_one_word_wherever_it_is_shown(admin: Browser, agent: Browser) -> None:
    rows = admin.get("/calls").text.split("<tr id=")[1:]
    for number, word in STANDS.items():
        (row,) = (each for each in rows if f"/calls/{call_sid(number)}" in each)
        page = admin.get(f"/calls/{call_sid(number)}").text
        assert re.findall(BADGE, row) == [word], number
        assert re.findall(BADGE, page)[0] == word, number
    desk = agent.get("/desk").text
    assert re.findall('<span class="state">(.*?)</span>', desk) == [STANDS[GOING_ON]]


def test_what_failed_is_tried_again_where_that_is_shown(admin: Browser, auditor: Browser) -> None:
    again = f'action="/recordings/{recording_sid(PARKED)}/decision"'
    for path in ("/calls", f"/calls/{call_sid(PARKED)}"):
        assert again in admin.get(path).text, path
        assert again not in auditor.get(path).text, path
    answer = admin.post(f"/recordings/{recording_sid(PARKED)}/decision", {"decision": "retry"})
    page = admin.get(answer.headers["Location"]).text
    assert re.findall(BADGE, page)[0] == "recording on its way"
    assert again not in page
