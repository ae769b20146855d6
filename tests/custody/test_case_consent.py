"""What a consent to being recorded for a case covers, row by row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.factories import STARTED, a_call, a_consent, a_recording, call_sid, recording_sid
from twirec.custody.case_consent import covered
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
