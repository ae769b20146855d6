"""What a recording is listened to for: the list, and what is on it."""

from __future__ import annotations

import pytest

from twirec import InvalidQuery, Purposes
from twirec.model.purposes import LABELS, read_purposes

OWN = Purposes(("claim", "Formación"), required=True)


@pytest.mark.parametrize(
    ("purposes", "given", "found"),
    [
        (Purposes(), None, ""),
        (Purposes(), "claim", "claim"),
        (Purposes(), " Claim ", "claim"),
        (OWN, "FORMACIÓN", "Formación"),
        (OWN, "claim", "claim"),
    ],
)
def test_what_is_on_the_list_may_be_said(purposes: Purposes, given: str | None, found: str) -> None:
    assert purposes.find(given) == found
    if found or not purposes.required:
        purposes.check(given)


@pytest.mark.parametrize(
    ("purposes", "given", "said"),
    [
        (Purposes(), "fun", "^purpose: it is none; choose claim, quality, request"),
        (Purposes(), "", "^purpose: say what the recording is for; choose"),
        (OWN, None, "^purpose: say what the recording is for; choose claim, Formación"),
        (OWN, "quality", "^purpose: it is none; choose claim, Formación"),
    ],
)
def test_what_is_not_is_refused_by_name(purposes: Purposes, given: str | None, said: str) -> None:
    with pytest.raises(InvalidQuery, match=said):
        purposes.check(given)


def test_people_read_the_list_in_their_language() -> None:
    for word in Purposes().words:
        assert OWN.label(word, "es-ES") == LABELS[word]["es"] != OWN.label(word, "en")
    assert OWN.label("claim", "ca-ES") == "complaint or dispute"
    assert OWN.label("Formación", "en") == "Formación"


@pytest.mark.parametrize(
    "value",
    ["", "claim,", ",", "claim,Claim", "a" * 41, "claim;quality", "\x1b", "call +34600111222", "-"],
)
def test_a_list_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"write"):
        read_purposes(value)


def test_a_list_is_kept_in_its_order() -> None:
    assert read_purposes(" quality, Formación de agentes ,claim") == Purposes(
        ("quality", "Formación de agentes", "claim"), required=True
    )
