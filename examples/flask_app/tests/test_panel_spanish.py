"""On Spanish pages nothing is English: no text of the catalog, no raw word, no error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from html import unescape
from inspect import getmembers, isclass
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from panel_house import (
    BLOCKED,
    ERASED,
    GOING_ON,
    HIDDEN,
    NUMBERS,
    OUT,
    OWN_NUMBER,
    PARKED,
    PLAIN,
    REFUSED,
    Browser,
    call_sid,
    recording_sid,
)
from sqlalchemy import text as sql

import callpanel
import twirec
from twirec import Actor, Archive, Direction, Kept

SPANISH = {"Accept-Language": "es"}
CATALOG = Path(callpanel.__file__).parent / "translations/es/LC_MESSAGES/messages.po"
ANA, EVA = Actor("ana", "admin"), Actor("eva", "admin")

FALSE_FRIENDS = ("abandonad", "perdid", "en espera", "aparcad", "en cola")
"""What call centres say of calls, and these pages would say of recordings."""

ALIKE = frozenset(
    {"agent", "admin", "no", "audio", "total", "normal", "general", "sid", "error", "decide"}
)
"""English words that are Spanish too, or names."""


def english() -> Iterator[re.Pattern[str]]:
    """Yield what finds each text of the catalog that is another one in Spanish, its blanks open."""
    with CATALOG.open("rb") as file:
        messages = read_po(file, locale="es")
    spanish = {text.lower() for message in messages for text in _texts(message.string)}
    for message in messages:
        for text in _texts(message.id):
            if len(text) < 3 or text.lower() in spanish or text.lower() in ALIKE:
                continue
            parts = re.split(r"%\(\w+\)[sd]", text)
            if max(map(len, parts)) < 3:
                continue
            yield re.compile(r"(?<!\w)" + ".*?".join(map(re.escape, parts)) + r"(?!\w)")


def _texts(said: object) -> tuple[str, ...]:
    return said if isinstance(said, tuple) else (str(said),) if said else ()


def raw_words() -> set[str]:
    """Return the words of the library's vocabularies that nobody takes for Spanish."""
    kinds = [kind for _, kind in getmembers(twirec, isclass) if issubclass(kind, StrEnum)]
    return {each.value for kind in kinds for each in kind if "_" in each.value}


def texts(page: str) -> list[str]:
    """Return what is read of a page, piece by piece, without what is somebody's own or quoted."""
    page = re.sub(r"<(script|style|code|blockquote|time)\b.*?</\1>", " ", page, flags=re.DOTALL)
    page = re.sub(r'<button[^>]*lang="en".*?</button>', " ", page, flags=re.DOTALL)
    said = re.findall(r'(?:aria-label|placeholder|title|alt|data-label)="([^"]*)"', page)
    plain = re.sub(r"<[^>]+>", "\n", page)
    return [unescape(each).strip() for each in (*plain.splitlines(), *said) if each.strip()]


@pytest.fixture
def everything(archive: Archive) -> Archive:
    """The house with entries of every action and outcome, changes of the policy, and errors."""
    archive.policy.change(on=False, number=OWN_NUMBER, direction=Direction.IN, by=ANA, why="prueba")
    for action in (*twirec.Action, "sign_in", "sign_out", "refused", "user_add", "export_audit"):
        for outcome in twirec.AuditOutcome:
            detail = {"error": "BucketUnavailable", "or_more": True, "direction": "in"}
            sid = recording_sid(PLAIN)
            archive.audit.record(action, by=ANA, sid=sid, outcome=outcome, detail=detail)
    archive.audit.record("erase", by="ana", detail={"a new one": "x", "error": "SomethingNew"})
    with archive.catalog.database.write() as connection:
        for sid, columns in (
            (
                recording_sid(PARKED),
                "last_error = 'VendorUnavailable: no', standstill = 'undecided'",
            ),
            (recording_sid(OUT), "custody = 'quarantined'"),
        ):
            where = {"sid": sid}
            connection.execute(sql(f"UPDATE recordings SET {columns} WHERE sid = :sid"), where)  # noqa: S608
    return archive


@pytest.fixture
def in_custody(everything: Archive) -> list[str]:
    """Let something stand on each page of what is kept, given, held and erased; return the pages.

    What people write is written in Spanish, since the pages show it as it is.
    """
    custody, plain = everything.custody, recording_sid(PLAIN)
    for name, kept, more in (
        ("todas", Kept.RECORDINGS, {"at_end": "block", "number": OWN_NUMBER}),
        ("informadas", Kept.RECORDINGS, {"at_end": "destroy", "consent": "informed"}),
        ("llamadas", Kept.CALLS, {"direction": "in", "case": "*"}),
        ("notas", Kept.NOTES, {}),
    ):
        custody.retention.set(name, "6 years", by=ANA, reason="acordado", kept=kept, **more)
    seen = custody.retention.preview(by=ANA)
    custody.retention.apply(confirm=seen.confirm, by=ANA, reason="acordado")
    custody.retention.remove("todas", by=ANA, reason="prueba")
    custody.hold(plain, case="C-7", reason="un pleito", by=ANA)
    custody.unhold(plain, case="C-7", reason="terminó", by=EVA)
    order = {"authority": "Juzgado 3", "reference": "DP 7", "reason": "oficio"}
    asked = custody.release(recording_sid(BLOCKED), by=EVA, **order)
    custody.approvals.approve(asked.id, by=ANA)
    now = {"now": True, "ground": "art. 17", "reason": "lo pide"}
    erasures = [
        custody.erase(call_sid(PLAIN), reason="lo pide", by=ANA),
        custody.erase(recording_sid(HIDDEN), by=EVA, **now),
        custody.erase(NUMBERS[PARKED], by=ANA, **now),
        custody.erase(NUMBERS[GOING_ON], by=EVA, **now),
    ]
    custody.approvals.approve(erasures[3].approval, by=ANA)
    requests = custody.access_requests
    requests.identify("AR-1", how="DNI", by=ANA)
    requests.decide("AR-1", "left_out", sid=call_sid(PLAIN), why="no es suya", by=ANA)
    requests.extend("AR-1", why="son muchas", months=2, by=ANA)
    refused = requests.open(NUMBERS[OUT], name="Bo", since="2026-11-01", by=ANA)
    requests.refuse(refused.key, why="no es quien dice", by=ANA)
    late = requests.open(NUMBERS[HIDDEN], name="Sol", received="2026-10-01", by=ANA)
    cases, taken = everything.cases, everything.cases.open(call_sid(REFUSED), "outage", by=ANA)
    closed = cases.open(call_sid(OUT), "query", content="una duda", by=ANA).case.key
    cases.note(closed, "llamó otra vez", by=ANA)
    cases.close(closed, notified_at="today", how="por correo", resolution="resuelto", by=ANA)
    cases.consent(taken.case.key, "refused", by=ANA)
    cases.incomplete(taken.case.key, "la factura", by=ANA)
    return [
        *("/cases?all=1", f"/cases/{closed}", f"/cases/{taken.case.key}"),
        *(f"/cases/{taken.case.key}/call", f"/calls/{call_sid(OUT)}/cases"),
        *("/retention", "/retention/preview", "/approvals", "/erasures", "/requests?all=1"),
        *("/requests", "/disclosures", f"/disclosures/{plain}", "/requests/AR-99"),
        *(f"/requests/{key}" for key in ("AR-1", refused.key, late.key)),
        *(f"/erasures/{each.id}" for each in erasures),
    ]


def pages() -> list[str]:
    calls = (PLAIN, HIDDEN, GOING_ON, PARKED, ERASED, REFUSED, OUT)
    return [
        *("/calls", "/recording", "/health", "/users", "/audit", "/account", "/nowhere"),
        *("/calls?after=nonsense", f"/recordings/{recording_sid(ERASED)}/audio"),
        *(f"/calls/{call_sid(number)}" for number in calls),
    ]


def test_no_page_in_spanish_has_an_english_text_a_raw_word_or_a_false_friend(
    everything: Archive,
    in_custody: list[str],
    admin: Browser,
    auditor: Browser,
    agent: Browser,
    client: Browser,
) -> None:
    patterns, raw = list(english()), raw_words()
    assert len(patterns) > 400
    assert len(raw) > 30
    found: list[str] = []
    visits = [(admin, path) for path in [*pages(), *in_custody]]
    visits += [(auditor, path) for path in in_custody if not path.startswith("/disclosures/")]
    visits += [(agent, "/desk"), (client, "/sign-in")]
    for browser, path in visits:
        page = browser.get(path, headers=SPANISH, follow_redirects=True).text
        assert '<html lang="es">' in page, path
        assert 'lang="en">' not in page.replace('value="en" lang="en">', ""), path
        for text in texts(page):
            whole = [each.pattern for each in patterns if each.search(text)]
            found += [f"{path}: {text!r} is {each}" for each in whole]
            found += [f"{path}: {text!r} has {each}" for each in raw if each in text]
            found += [f"{path}: {text!r}" for each in FALSE_FRIENDS if each in text.lower()]
            if re.search(r"(?<![\d:/-])\d{1,2}:\d\d(?![\d:])", text) and "time" not in text:
                found += [f"{path}: {text!r} looks like a time of day"] if _is_offset(text) else []
    assert found == []


def _is_offset(text: str) -> bool:
    """Whether a text is only a length: times of day stand in `time`, which is not read here."""
    return re.fullmatch(r"\d{1,2}:\d\d", text) is not None


def test_an_english_text_would_be_found() -> None:
    patterns = list(english())
    for text in ("being recorded", "Switch recording on or off", "the oldest from Monday"):
        assert any(each.search(text) for each in patterns), text
    assert not any(each.search("grabándose") for each in patterns)
