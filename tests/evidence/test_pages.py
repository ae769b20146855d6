"""The pages of long and full calls: nothing is cut off, and tables go on with their heads."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.evidence.conftest import write
from tests.evidence.test_evidence import run
from tests.factories import ACCOUNT, STARTED, a_call, a_consent, a_recording, call_sid
from twirec.audio.drawing import svg
from twirec.custody.document_pdf import pdf
from twirec.evidence.report import report
from twirec.model.announcements import Announcement
from twirec.model.audit import AuditEntry, AuditOutcome
from twirec.model.evidence import CaseFacts, EvidenceForm, RecordingFacts
from twirec.model.records import CallRecord, Leg, Pause
from twirec.model.transcript import Sentence, Transcript
from twirec.model.vocabulary import ConsentOutcome, Role
from twirec.model.waveform import Side, Span, Waveform

WORDING = Announcement("es-ES", "Polly", "Le informamos de que esta llamada va a ser grabada.")
AGENTS = tuple(
    Leg(ACCOUNT, call_sid(100 + each), call_sid(), STARTED, f"client:agent{each}")
    for each in range(5)
)
HALF = 1800.0


def side(role: Role) -> Side:
    """Return one side of an hour, as it is measured: 2,000 peaks, and a span in every minute."""
    spans = tuple(Span(60.0 * each, 60.0 * each + 30) for each in range(60))
    return Side(tuple((each % 40) / 40 for each in range(2000)), spans, role=role)


HOUR = Waveform(2 * HALF, 8000, 16, (side(Role.CUSTOMER), side(Role.AGENT)))


def sentence(number: int) -> Sentence:
    """Return one of an hour of sentences, by turns, each of a name of its own."""
    starts = 12.0 * number
    return Sentence((Role.CUSTOMER, Role.AGENT)[number % 2], starts, starts + 9, f"n{number}.", 0.9)


def heard(number: int) -> AuditEntry:
    """Return an entry of somebody who heard the call."""
    at = STARTED + timedelta(days=number)
    return AuditEntry(
        at=at, by="ana", role="admin", action="listen", sid="RE1", outcome=AuditOutcome.DONE,
        seq=number, hash=f"{number:064}", previous="",
    )  # fmt: skip


def facts(**more: object) -> RecordingFacts:
    """Return what is known of a call with five legs, pauses, and an hour of sound."""
    recording = a_recording(duration=3600, sha256="ab" * 32, size=115_200_044)
    consent = a_consent(announcement=WORDING.hash, outcome=ConsentOutcome.GRANTED, key="1")
    pauses = tuple(
        Pause(recording.sid, at, f"agent{each}", at + timedelta(seconds=9))
        for each in range(30)
        for at in [STARTED + timedelta(minutes=each)]
    )
    record = CallRecord(a_call(announcement=WORDING.hash), (consent,), (recording,), pauses, AGENTS)
    heard_in_it = Transcript(
        recording.sid, "ab" * 32, "small", "cd" * 32, {}, "es", STARTED, 2 * HALF,
        tuple(map(sentence, range(300))),
    )  # fmt: skip
    return RecordingFacts(
        recording, record, waveform=HOUR, picture=svg(HOUR, width=1600, height=256),
        entries=tuple(map(heard, range(1, 60))), transcript=heard_in_it,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("language", "heads", "said"),
    [
        ("en", ("Heard by the machine", "Time (UTC)"), "since 11:15:00"),
        ("es", ("Lo que entendió la máquina", "Hora (UTC)"), "desde las 11:15:00"),
    ],
)
def test_nothing_of_a_full_call_is_cut_off(
    language: str, heads: tuple[str, str], said: str, tmp_path: Path
) -> None:
    case = CaseFacts(
        (facts(),), {WORDING.hash: WORDING}, {}, "", "Ejemplo S. L.", "Europe/Madrid", language,
        STARTED, "admin", "claim", None, "1",
    )  # fmt: skip
    pages = report(
        case, EvidenceForm.PDF, (), subject="Ejemplo S. L.", issuer="An authority",
        has_time=True, file_name="our case.pdf",
    )  # fmt: skip
    made = write(tmp_path, "case.pdf", pdf(pages, STARTED))
    sheets = run(tmp_path, f"pdftotext -layout {made.name} -").split("\f")[:-1]
    text = "\n".join(sheets)
    for leg in AGENTS:
        assert f"{leg.agent}, {said}" in text
        assert leg.leg_sid in text
    for number in range(300):
        assert f" n{number}." in text
    for number in range(30):
        assert f"agent{number}" in text
    assert text.count("agent29") == 1  # the chain of custody gives no names
    assert WORDING.hash in text  # on one line, to be copied
    assert "1:00:00" in text
    assert "pdfsig 'our case.pdf'" in text
    assert "twirec verify 'our case.pdf' --trust ca.pem" in text
    assert all(any(head in sheet for sheet in sheets) for head in heads)
    for sheet in sheets:  # a table that goes on has its head
        if any(f" n{number}." in sheet for number in range(300)):
            assert heads[0] in sheet
        if sum(line.strip().startswith("2026-12-") for line in sheet.splitlines()) > 3:
            assert heads[1] in sheet
    boxes = run(tmp_path, f"pdftotext -bbox {made.name} -")
    places = [line for line in boxes.splitlines() if line.strip().startswith("<word")]
    edges = [float(each.split('xMax="')[1].split('"')[0]) for each in places]
    lowest = [float(each.split('yMax="')[1].split('"')[0]) for each in places]
    assert max(edges) <= 595.3 - 20 * 72 / 25.4 + 1
    assert max(lowest) <= 841.9 - 20
