"""What is said by its name in a search, and what is left when a part of it is taken away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from twirec.model.errors import InvalidQuery
from twirec.search.phrase import Asked, ask

NOW = datetime(2026, 11, 24, 11, tzinfo=UTC)
CALL, RECORDING = "CA" + "0123456789abcdef" * 2, "RE" + "ABCDEF0123456789" * 2

# ruff: noqa: E501 - a row is a line

# What is said; then what is understood of each part, and what is left without it.
SAID = [
    ("1222", ["number 1222 <"]),
    ("ending in 1222", ["number 1222 <"]),
    ("1222 yesterday", ["number 1222 < yesterday", "time < 1222"]),
    ("yesterday 1222", ["number 1222 < yesterday", "time < 1222"]),
    ("terminado en 1222, ayer a las 5", ["number 1222 < ayer a las 5", "time < terminado en 1222"]),
    ("ayer 600 11 12 22 a las 5", ["number +34600111222 < ayer a las 5", "time < 600 11 12 22"]),
    ("client:ana ayer", ["number client:ana < ayer", "time < client:ana"]),
    ("oculto el martes", ["number anonymous < el martes", "time < oculto"]),
    ("case R-2026/17", ["case R-2026/17 <"]),
    ("caso: EXP-77", ["case EXP-77 <"]),
    ("expediente=77", ["case 77 <"]),
    ("case 77", ["case 77 <"]),
    ("1222 case 77 ayer", ["number 1222 < case 77 ayer", "case 77 < 1222 ayer", "time < 1222 case 77"]),
    ("note refund", ["note refund <"]),
    ('nota "pide la devolución" ayer', ["note pide la devolución < ayer", 'time < nota "pide la devolución"']),
    ("note «asks, twice»", ["note asks, twice <"]),
    ("note “1222 yesterday” 3444", ["note 1222 yesterday < 3444", "number 3444 < note “1222 yesterday”"]),
    ("agent client:ana", ["agent client:ana <"]),
    ("agente ana", ["agent client:ana <"]),
    ('agente "911 22 23 33" hoy', ["agent +34911222333 < hoy", 'time < agente "911 22 23 33"']),
    ("agent 911222333", ["agent +34911222333 <"]),
    ("agent sip:ana@pbx.example.com", ["agent sip:ana@pbx.example.com <"]),
    ("agent client:ana client:berta", ["agent client:ana < client:berta", "number client:berta < agent client:ana"]),
    (CALL, [f"sid {CALL} <"]),
    (f"{RECORDING} yesterday", [f"sid {RECORDING} < yesterday", f"time < {RECORDING}"]),
]  # fmt: skip

REFUSED = [
    ("case", "'case' needs"),
    ("1222 agente", "'agente' needs"),
    ("agente de ayer", "'agente' needs"),
    ('note ""', "'note' needs"),
    ("case 77 case 78", "'78' is a second case"),
    (f"{CALL} {RECORDING}", "is a second sid"),
    (f"{CALL}0", "is not understood"),
    ("agent 1222", "agent: give a number"),
    ("agent anonymous", "agent: give a number"),
    ("client:ana client:berta", "'client' is not understood"),
    ("showcase 77", "'showcase' is not understood"),
    ("cases 77", "'cases' is not understood"),
    ("agentes ana", "'agentes' is not understood"),
    ("nota1 ana", "'nota' is not understood"),
    ('"refund"', "'refund' is not understood"),
    ("agent ana refund", "'refund' is not understood"),
]


def asked(text: str) -> Asked:
    zone = ZoneInfo("Europe/Madrid")
    return ask(text, now=NOW, zone=zone, country="ES", within=timedelta(minutes=30))


@pytest.mark.parametrize(("text", "parts"), SAID, ids=[text for text, _ in SAID])
def test_each_part_is_understood_and_what_is_left_asks_for_the_rest(
    text: str, parts: list[str]
) -> None:
    said = asked(text)
    shown = [" ".join(f"{each.part} {each.value} < {each.without}".split()) for each in said.parts]
    assert shown == parts
    for part in said.parts:
        rest = asked(part.without)
        others = [(each.part, each.value, each.since) for each in said.parts if each != part]
        assert [(each.part, each.value, each.since) for each in rest.parts] == others


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_is_not_understood_is_said(text: str, why: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        asked(text)
    assert why in str(refused.value)
