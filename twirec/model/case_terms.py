"""How long a case may take, by its kind: what the law orders, or less, as the company says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from twirec.model.cases import CaseKind
from twirec.model.errors import InvalidQuery


class TermUnit(StrEnum):
    """What a term counts."""

    WORKING_DAYS = "working days"
    DAYS = "days"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class CaseTerm:
    """How long a case may take."""

    count: int
    unit: TermUnit

    def __str__(self) -> str:
        """Return it in words: `15 working days`."""
        return f"{self.count} {self.unit}"


LEGAL: Mapping[CaseKind, CaseTerm] = {
    CaseKind.QUERY: CaseTerm(15, TermUnit.WORKING_DAYS),
    CaseKind.COMPLAINT: CaseTerm(15, TermUnit.WORKING_DAYS),
    CaseKind.INCIDENT: CaseTerm(15, TermUnit.WORKING_DAYS),
    CaseKind.BILLING: CaseTerm(5, TermUnit.DAYS),
    CaseKind.OUTAGE: CaseTerm(2, TermUnit.HOURS),
}
"""Ley 10/2025, art. 17.1, 17.3 and 17.2. Of *cinco días* it does not say that they are working
days: calendar days are the shorter reading, and so the one that is never too late."""

TO_COMPLETE = CaseTerm(10, TermUnit.WORKING_DAYS)
"""For the customer, to complete what was incomplete (art. 13.3)."""

_ONE = re.compile(r"(?P<kind>[a-z]+)\s*=\s*(?P<count>\d{1,3})")


def read_terms(text: str) -> Mapping[CaseKind, CaseTerm]:
    """Return the terms of a company that promises shorter ones: `complaint=10, billing=3`.

    A number counts what the law's term of that kind counts: working days, days or hours.

    Raises:
        InvalidQuery: it cannot be understood, or a term is longer than the law's.
    """
    terms = dict(LEGAL)
    for part in text.split(","):
        said = _ONE.fullmatch(part.strip().lower())
        if said is None or said["kind"] not in set(CaseKind):
            raise InvalidQuery(
                f"write the kinds ({', '.join(CaseKind)}) each with a number, with commas between: "
                "complaint=10, outage=1."
            )
        kind, count = CaseKind(said["kind"]), int(said["count"])
        legal = LEGAL[kind]
        if not 1 <= count <= legal.count:
            raise InvalidQuery(f"{kind}: the law's term is {legal}; give 1 to {legal.count}.")
        terms[kind] = CaseTerm(count, legal.unit)
    return terms
