"""What a consent to being recorded for a case covers, row by row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.factories import STARTED, a_call, a_consent, a_recording, call_sid, recording_sid
from twirec.calls.ledger import BY_REST
from twirec.custody.case_consent import begun_by, covered
from twirec.model.cases import CaseStep, CaseStepKind
from twirec.model.records import CallRecord
from twirec.model.states import Custody, State
from twirec.model.vocabulary import ConsentOutcome


def said(second: float, answer: str, call: int = 1) -> CaseStep:
    at = STARTED + timedelta(seconds=second)
    return CaseStep(1, CaseStepKind.CONSENT, at, "ana", answer, "spoken", call_sid(call))


def begun(second: float) -> CaseStep:
    at = STARTED + timedelta(seconds=second)
    return CaseStep(1, CaseStepKind.RECORDING, at, "ana", recording_sid(), call_sid=call_sid())


KEY = {"method": "key", "outcome": ConsentOutcome.GRANTED}
OF_A_CASE = {**KEY, "leg": "R-7KM-482-4", "method": "spoken"}
LASTS = {"started_at": STARTED + timedelta(seconds=10), "duration": 50}

ROWS: dict[str, tuple[list[CaseStep], dict[str, Any], dict[str, Any], float | None]] = {
    "nobody asked": ([], {}, LASTS, None),
    "before it began": ([said(5, "granted")], {}, LASTS, 0.0),
    "as it began, in whole seconds": ([said(11.4, "granted")], {}, LASTS, 0.0),
    "while it went on": ([said(30.2, "granted")], {}, LASTS, 21.0),
    "said again after the call": ([said(30, "granted"), said(900, "granted")], {}, LASTS, 20.0),
    "when it was over": ([said(61, "granted")], {}, LASTS, None),
    "when the call was over": ([said(101, "granted")], {}, {**LASTS, "duration": 500}, None),
    "refused": ([said(5, "granted"), said(30, "refused")], {}, LASTS, None),
    "granted after a no": ([said(5, "refused"), said(30, "granted")], {}, LASTS, 20.0),
    "in another call": ([said(5, "granted", call=2)], {}, LASTS, None),
    "by a key when the call began": ([], KEY, LASTS, 0.0),
    "for another case": ([], OF_A_CASE, LASTS, None),
    "begun for the case": ([said(9, "granted"), begun(9)], {}, {**LASTS, "started_at": None}, 0.0),
    "begun by a yes that was a no": (
        [said(9, "granted"), begun(9), said(20, "refused"), said(30, "granted")], {}, LASTS, 20.0
    ),
    "goes on": ([said(90, "granted")], {}, {**LASTS, "state": State.RECORDING}, 80.0),
    "blocked": ([said(5, "granted")], {}, {**LASTS, "custody": Custody.BLOCKED}, None),
    "destroyed": ([said(5, "granted")], {}, {**LASTS, "state": State.ERASED}, None),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_a_yes_covers_what_is_recorded_from_its_moment_on(row: str) -> None:
    steps, consent, recording, second = ROWS[row]
    record = CallRecord(
        a_call(ended_at=STARTED + timedelta(seconds=100)),
        consents=(a_consent(**consent),),
        recordings=(a_recording(**recording),),
    )
    assert [start for _, start in covered(record, steps)] == ([] if second is None else [second])


ORPHAN = {"source": BY_REST, "started_at": STARTED + timedelta(seconds=9)}

BEGUN: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "over the API, since the yes": (OF_A_CASE, ORPHAN, True),
    "as soon as that, in whole seconds": (OF_A_CASE, {**ORPHAN, "started_at": STARTED}, True),
    "nobody knows when": (OF_A_CASE, {**ORPHAN, "started_at": None}, True),
    "before it": (OF_A_CASE, {**ORPHAN, "started_at": STARTED - timedelta(seconds=9)}, False),
    "by the dial": (OF_A_CASE, {**ORPHAN, "source": "DialVerb"}, False),
    "of an agent's leg, who took the call": (OF_A_CASE, {**ORPHAN, "leg": call_sid(2)}, False),
    "with no yes for this case": (KEY, ORPHAN, False),
}


def test_what_a_yes_began_is_known_also_where_no_step_tells_of_it() -> None:
    for row, (consent, recording, is_begun) in BEGUN.items():
        record = CallRecord(
            a_call(),
            consents=(a_consent(**{**consent, "at": STARTED + timedelta(seconds=1)}),),
            recordings=(a_recording(**recording),),
        )
        expected = [recording_sid()] if is_begun else []
        assert begun_by(record, OF_A_CASE["leg"], []) == expected, row
        assert begun_by(record, OF_A_CASE["leg"], [begun(9)]) == [recording_sid()], row
